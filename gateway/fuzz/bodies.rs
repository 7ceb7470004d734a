//! What each target does with its bytes; used by the fuzzer and, on stable, by the test suite.
#![allow(dead_code, reason = "each target uses one")]

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use parlor_gateway::{
    accounts::{Identity, Refusal},
    rooms::{
        room::{Deliver, Need, Room},
        view::Kind,
    },
    session::{
        Effect, Outcome, Rules, Session, Work,
        effect::{
            AuthenticationOutcome, JoinOutcome, Kind as Way, RegistrationOutcome, Room as Joined,
        },
        rate::SharedBucket,
    },
    websocket::Decoder,
};
use parlor_shared::{
    config::RateLimit,
    event::Event,
    id::{ChannelId, SessionId, UserId, Username},
    protocol::{
        ClientEnvelope, ErrorBody, ErrorCode,
        client::{ConnectQuery, Secret},
        server::Ready,
        value::User,
    },
};

/// A client's frame: read or refused, and read again the same after being written.
pub fn client_frame(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match ClientEnvelope::decode(text) {
        Ok(envelope) => {
            let written = serde_json::to_string(&envelope).expect("a frame is JSON");
            assert_eq!(ClientEnvelope::decode(&written), Ok(envelope));
        }
        Err(bad) => {
            // The texts are fixed and short, whatever the frame holds.
            assert!(bad.error.to_string().len() < 300);
        }
    }
}

/// A socket's bytes: any cut gives what the whole gives.
pub fn websocket(data: &[u8]) {
    let Some((cut, data)) = data.split_first() else {
        return;
    };
    let mut whole = data.to_vec();
    let mut expected = VecDeque::new();
    let first = Decoder::new(65_536).feed(&mut whole, &mut expected);
    let mut decoder = Decoder::new(65_536);
    let (mut found, mut second) = (VecDeque::new(), Ok(()));
    for part in data.chunks(usize::from(*cut).max(1)) {
        second = decoder.feed(&mut part.to_vec(), &mut found);
        if second.is_err() {
            break;
        }
    }
    assert_eq!(
        format!("{first:?} {expected:?}"),
        format!("{second:?} {found:?}")
    );
}

/// A session's life: lines of frames, each answered by outcomes that the next byte chooses.
pub fn session(data: &[u8]) {
    let now = Instant::now();
    let mut session = Session::new(SessionId::default(), Arc::new(rules()), now);
    let mut queue: VecDeque<Effect> = session.on_connect(ConnectQuery::default()).into();
    for (number, line) in data.split(|byte| *byte == b'\n').enumerate().take(64) {
        let (choice, text) = line
            .split_first()
            .map_or((0, line), |(first, rest)| (*first, rest));
        let Ok(text) = std::str::from_utf8(text) else {
            continue;
        };
        queue.extend(session.on_text(text, now + Duration::from_millis(number as u64)));
        let mut steps = 0;
        while let Some(effect) = queue.pop_front() {
            steps += 1;
            assert!(steps < 1_000, "effects come to an end");
            if let Effect::Perform(work) = effect
                && let Some(outcome) = outcome_of(work, choice)
            {
                let follow = session.on_outcome(outcome, now);
                follow
                    .into_iter()
                    .rev()
                    .for_each(|effect| queue.push_front(effect));
            }
        }
        assert!(session.rooms().count() <= 100);
        assert!(session.user().is_some() != session.sign_in_deadline().is_some());
    }
}

fn outcome_of(work: Work, choice: u8) -> Option<Outcome> {
    let refused = || ErrorBody::new(ErrorCode::Unavailable, "away");
    let (id, kind) = match work {
        Work::SignUp { id, .. } => (id, Way::SignUp),
        Work::SignIn { id, .. } | Work::SignInGuest { id, .. } => (id, Way::SignIn),
        Work::Resume { id, rooms, .. } => (id, Way::Resume { rooms }),
        Work::Register(authenticated) => {
            let messages = SharedBucket::new(RateLimit::Off);
            return Some(Outcome::Registered(Box::new(RegistrationOutcome {
                authenticated: *authenticated,
                messages: if choice & 2 == 0 {
                    Ok(messages)
                } else {
                    Err(refused())
                },
            })));
        }
        Work::Unregister { .. } => return None,
        Work::Join(join) => {
            let room = Joined {
                channel: ChannelId::new(format!("{{1}}{:?}", join.address)),
                peer: None,
                messages: Vec::new(),
                users: Vec::new(),
                users_total: 1,
                epoch: "e".into(),
                seq: u64::from(choice),
                more: false,
                recovered: choice & 8 == 0,
            };
            let result = if choice & 4 == 0 {
                Ok(room)
            } else {
                Err(refused())
            };
            return Some(Outcome::Joined(Box::new(JoinOutcome {
                join: *join,
                result,
            })));
        }
        Work::FinishResume { id } => return Some(Outcome::Resumed { id }),
        Work::Users { id, .. }
        | Work::Rooms { id, .. }
        | Work::PrivateRooms { id, .. }
        | Work::History { id, .. } => {
            return Some(Outcome::Answer {
                id,
                answer: Err(refused()),
            });
        }
    };
    let user = User {
        uuid: UserId::default(),
        username: Username::new("Ann").expect("a name"),
        online: None,
        guest: true,
    };
    let identity = if choice & 1 == 0 {
        Ok(Identity {
            user,
            access_key: Secret("k".into()),
        })
    } else {
        Err(Refusal::Unavailable)
    };
    let outcome = AuthenticationOutcome { id, kind, identity };
    Some(Outcome::Authenticated(Box::new(outcome)))
}

fn rules() -> Rules {
    Rules {
        message_characters: 4_000,
        rooms_per_connection: 100,
        frame_rate: RateLimit::Off,
        history_page: 100,
        join_history: 10,
        sign_in_timeout: Duration::from_secs(30),
        ready: Ready {
            session_uuid: SessionId::default(),
            version: String::new(),
            ping_interval_ms: 1,
            frame_bytes: 1,
            message_characters: 1,
            history_page: 1,
            guests: true,
            sign_up: true,
            create_rooms: true,
        },
    }
}

struct Frames(Vec<Bytes>);

impl Deliver<()> for Frames {
    fn deliver(&mut self, (): &(), frame: &Bytes) {
        self.0.push(frame.clone());
    }

    fn give_up(&mut self, (): &()) {}
}

/// Events separated by a zero byte, read and given to a room whose repairs find nothing.
pub fn bus_event(data: &[u8]) {
    let mut room = Room::new(Kind::General, 4);
    let mut out = Frames(Vec::new());
    room.attach(SessionId::default(), UserId::default(), (), None);
    room.release(SessionId::default(), "e", 0, &mut out);
    for payload in data.split(|byte| *byte == 0).take(64) {
        let Ok(event) = Event::decode(&Bytes::copy_from_slice(payload)) else {
            continue;
        };
        let mut needs = room.event(event, &mut out);
        while let Some(Need::Repair { from, to, .. }) = needs.pop() {
            assert!(from <= to);
            needs.extend(room.repaired(None, &mut out));
        }
        assert!(room.settled().is_some(), "nothing stays unrepaired");
    }
}
