//! The session through its frames: texts in, effects out, outcomes fed back by hand.

use std::time::{Duration, Instant};

use parlor_shared::{
    id::{ChannelId, UserId, Username},
    protocol::{
        CloseCode, ErrorCode, ServerFrame,
        client::{ConnectQuery, Secret},
        server::Sys,
        value::User,
    },
    roles::SiteRole,
};

use super::{
    effect::{AuthenticationOutcome, Join, JoinOutcome, Kind, RegistrationOutcome, Room},
    *,
};
use crate::accounts::{Identity, Refusal};

mod connecting;
mod limits;
mod messages;
mod people;
mod rooms;

/// A session and the clock it goes by.
struct Script {
    session: Session,
    now: Instant,
}

fn rules() -> Rules {
    Rules {
        message_characters: 4_000,
        rooms_per_connection: 3,
        frame_rate: RateLimit::Off,
        history_page: 100,
        join_history: 10,
        sign_in_timeout: Duration::from_secs(30),
        ready: Ready {
            session_uuid: SessionId::default(),
            version: "1.2.3".into(),
            ping_interval_ms: 25_000,
            frame_bytes: 65_536,
            message_characters: 4_000,
            history_page: 100,
            guests: true,
            sign_up: true,
            create_rooms: true,
            photos: None,
        },
    }
}

fn person(name: &str) -> User {
    User {
        uuid: UserId::random(),
        username: Username::new(name).expect("a name"),
        online: None,
        guest: false,
        look: None,
    }
}

/// What storage has to say of a room that can be joined.
fn room(channel: &str, seq: u64) -> Room {
    Room {
        channel: ChannelId::new(channel),
        peer: None,
        messages: Vec::new(),
        changes: Vec::new(),
        marks: std::collections::BTreeMap::new(),
        users: Vec::new().into(),
        users_total: 1,
        epoch: "e".into(),
        seq,
        read: None,
        more: false,
        recovered: false,
        standing: None,
    }
}

impl Script {
    fn new() -> Self {
        Self::with(rules())
    }

    fn with(rules: Rules) -> Self {
        let now = Instant::now();
        Self {
            session: Session::new(SessionId::random(), Arc::new(rules), now),
            now,
        }
    }

    /// A script with somebody signed in.
    fn signed_in(name: &str) -> (Self, User) {
        Self::signed_in_with(name, rules(), RateLimit::Off)
    }

    fn signed_in_with(name: &str, rules: Rules, messages: RateLimit) -> (Self, User) {
        let mut script = Self::with(rules);
        let user = person(name);
        let effects = script.sign_in_as(Kind::SignIn, &user, messages);
        assert_eq!(told(&effects), ["authorized", "sys"]);
        (script, user)
    }

    fn text(&mut self, text: &str) -> Effects {
        self.session.on_text(text, self.now)
    }

    fn outcome(&mut self, outcome: Outcome) -> Effects {
        self.session.on_outcome(outcome, self.now)
    }

    fn authenticated(&mut self, kind: Kind, identity: Result<Identity, Refusal>) -> Effects {
        self.outcome(Outcome::Authenticated(Box::new(AuthenticationOutcome {
            id: Some(RequestId::Number(1)),
            kind,
            identity,
        })))
    }

    /// Shows who they are and registers them; the effects of the registration.
    fn sign_in_as(&mut self, kind: Kind, user: &User, messages: RateLimit) -> Effects {
        let mut effects = self.authenticated(kind, Ok(identity(user)));
        let Some(Effect::Perform(Work::Register(authenticated))) = effects.pop() else {
            panic!("an identity is registered: {effects:?}")
        };
        self.outcome(Outcome::Registered(Box::new(RegistrationOutcome {
            authenticated: *authenticated,
            messages: Ok(SharedBucket::new(messages)),
        })))
    }

    /// Joins as a client asks; `answer` is what storage says.
    fn join(&mut self, text: &str, answer: Result<Room, ErrorBody>) -> Effects {
        let join = asked_to_join(self.text(text));
        self.joined(join, answer)
    }

    fn joined(&mut self, join: Join, result: Result<Room, ErrorBody>) -> Effects {
        self.outcome(Outcome::Joined(Box::new(JoinOutcome { join, result })))
    }

    /// The names of the joined rooms' channels, sorted.
    fn channels(&self) -> Vec<String> {
        let mut channels: Vec<String> = self
            .session
            .rooms()
            .map(|(_, channel)| channel.to_string())
            .collect();
        channels.sort();
        channels
    }
}

fn identity(user: &User) -> Identity {
    Identity {
        user: user.clone(),
        access_key: Secret("key".into()),
        grant: None,
        role: SiteRole::default(),
    }
}

fn asked_to_join(effects: Effects) -> Join {
    match only(effects) {
        Effect::Perform(Work::Join(join)) => *join,
        other => panic!("not a join: {other:?}"),
    }
}

/// The only effect.
fn only(effects: Effects) -> Effect {
    let [effect] = <[Effect; 1]>::try_from(effects).expect("one effect");
    effect
}

/// The types of the frames that are sent.
fn told(effects: &[Effect]) -> Vec<&'static str> {
    let kind = |effect: &Effect| match effect {
        Effect::Send(envelope) => Some(envelope.frame.kind()),
        _ => None,
    };
    effects.iter().filter_map(kind).collect()
}

/// All effects, briefly and in order.
fn brief(effects: &[Effect]) -> Vec<String> {
    let word = |effect: &Effect| match effect {
        Effect::Send(envelope) => format!("send {}", envelope.frame.kind()),
        Effect::Publish(publication) => format!("publish {}", publication.channel),
        Effect::Perform(Work::Join(join)) => format!("join {:?}", join.address),
        Effect::Perform(Work::Register(_)) => "register".into(),
        Effect::Perform(Work::Unregister { revoke, .. }) if revoke.is_some() => "revoke".into(),
        Effect::Perform(Work::Unregister { .. }) => "unregister".into(),
        Effect::Perform(Work::FinishResume { .. }) => "finish".into(),
        Effect::Perform(_) => "perform".into(),
        Effect::Release { channel, seq, .. } => format!("release {channel} {seq}"),
        Effect::Leave { channel } => format!("leave {channel}"),
        Effect::Pong { .. } => "pong".into(),
        Effect::Close(code) => format!("close {}", code.code()),
        Effect::CountRefused => "count refused".into(),
        Effect::CountRateLimited => "count rate limited".into(),
        Effect::CountAuthFailure => "count auth failure".into(),
    };
    effects.iter().map(word).collect()
}

/// The error among the effects, and the `id` it repeats.
fn refusal(effects: &[Effect]) -> (Option<RequestId>, &ErrorBody) {
    let errors: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(ServerEnvelope {
                id,
                frame: ServerFrame::Error(body),
            }) => Some((id.clone(), body)),
            _ => None,
        })
        .collect();
    let [error] = <[_; 1]>::try_from(errors).expect("one error");
    error
}

fn assert_refused(effects: &[Effect], code: ErrorCode) {
    let (id, body) = refusal(effects);
    assert_eq!(
        (body.code, body.retryable),
        (code.number(), code.retryable())
    );
    assert_eq!(id, Some(RequestId::Number(1)), "the id is repeated");
}
