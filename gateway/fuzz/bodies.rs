//! What each target does with its bytes; used by the fuzzer and, on stable, by the test suite.
#![allow(dead_code, reason = "each target uses one")]

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
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
            AuthenticationOutcome, Join, JoinOutcome, Kind as Way, PhotoOutcome, PhotoWork,
            RegistrationOutcome, Room as Joined, Verified,
        },
        rate::SharedBucket,
    },
    websocket::{Decoder, Frame, payloads},
};
use parlor_shared::{
    config::RateLimit,
    event::{Event, Position},
    id::{ChannelId, SessionId, UserId, Username},
    protocol::{
        ClientEnvelope, ErrorBody, ErrorCode, ServerEnvelope, ServerFrame,
        client::{ConnectQuery, Secret},
        server::{PhotoLimits, Ready, Sys},
        value::{Photo, User},
    },
    roles::SiteRole,
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
    let first = Decoder::new(65_536, cut % 2 == 1).feed(&mut whole, &mut expected);
    let mut decoder = Decoder::new(65_536, cut % 2 == 1);
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

fn joined(join: Join, choice: u8) -> Outcome {
    let room = Joined {
        channel: ChannelId::new(format!("{{1}}{:?}", join.address)),
        peer: None,
        messages: Vec::new(),
        changes: Vec::new(),
        marks: BTreeMap::new(),
        users: Vec::new().into(),
        users_total: 1,
        epoch: "e".into(),
        seq: u64::from(choice),
        read: Some(0),
        more: false,
        recovered: choice & 8 == 0,
        standing: None,
    };
    let result = if choice & 4 == 0 {
        Ok(room)
    } else {
        Err(ErrorBody::new(ErrorCode::Unavailable, "away"))
    };
    Outcome::Joined(Box::new(JoinOutcome { join, result }))
}

fn outcome_of(work: Work, choice: u8) -> Option<Outcome> {
    let refused = || ErrorBody::new(ErrorCode::Unavailable, "away");
    let (id, kind) = match work {
        Work::SignUp { id, .. } => (id, Way::SignUp),
        Work::SignIn { id, .. } | Work::SignInGuest { id, .. } | Work::SignInToken { id, .. } => {
            (id, Way::SignIn)
        }
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
        Work::Join(join) => return Some(joined(*join, choice)),
        Work::Photo(PhotoWork::Attach { photo, publication }) => {
            let found = Photo {
                id: photo,
                width: 1,
                height: 1,
                url: None,
                thumbnail_url: None,
            };
            let photo = if choice & 1 == 0 {
                Ok(found)
            } else {
                Err(refused())
            };
            return Some(Outcome::Photo(Box::new(PhotoOutcome {
                publication: *publication,
                photo,
            })));
        }
        Work::FinishResume { id } => return Some(Outcome::Resumed { id }),
        Work::Alter(alteration) => {
            return Some(Outcome::Answer {
                id: alteration.id,
                answer: Err(refused()),
            });
        }
        Work::Choose(choice) => {
            return Some(Outcome::Answer {
                id: choice.id,
                answer: Err(refused()),
            });
        }
        Work::Moderate(work) => {
            return Some(Outcome::Answer {
                id: work.id,
                answer: Err(refused()),
            });
        }
        Work::Verify { .. } => {
            let role = if choice & 2 == 0 {
                SiteRole::Admin
            } else {
                SiteRole::Member
            };
            let verified = Verified {
                role: Ok(role),
                rooms: Vec::new(),
            };
            return Some(Outcome::Verified(verified));
        }
        Work::Users { id, .. }
        | Work::Rooms { id, .. }
        | Work::PrivateRooms { id, .. }
        | Work::History { id, .. }
        | Work::People { id, .. } => {
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
        look: None,
    };
    let identity = if choice & 1 == 0 {
        Ok(Identity {
            user,
            access_key: Secret("k".into()),
            grant: None,
            role: SiteRole::default(),
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
            photos: Some(PhotoLimits {
                bytes: 1_024,
                megapixels: 1,
            }),
        },
    }
}

/// A member that holds the room to its word: what comes follows on what came, or it was told.
struct Member {
    /// The last message.
    epoch: String,
    seq: u64,
    /// Messages are known to be lost before the next one.
    told: bool,
    /// Messages that can't be read take their places and are shown to nobody.
    unreadable: BTreeSet<(String, u64)>,
}

impl Deliver<()> for Member {
    fn deliver(&mut self, (): &(), frames: &Frame) {
        for payload in payloads(frames.plain()) {
            let envelope: ServerEnvelope =
                serde_json::from_slice(payload).expect("a frame of the protocol");
            self.take(envelope.frame);
        }
    }

    fn give_up(&mut self, (): &()) {}
}

impl Member {
    fn take(&mut self, frame: ServerFrame) {
        let place = match frame {
            ServerFrame::ChannelMessage(message) => Some((message.epoch, message.seq)),
            ServerFrame::MessageChange(change) => Some((change.epoch, change.seq)),
            ServerFrame::Sys(Sys::Resync(_)) => {
                self.told = true;
                None
            }
            _ => None,
        };
        if let Some((epoch, seq)) = place {
            let next = if epoch == self.epoch { self.seq + 1 } else { 1 };
            let unreadable = |seq| self.unreadable.contains(&(epoch.clone(), seq));
            assert!(
                self.told || (next <= seq && (next..seq).all(unreadable)),
                "{epoch} {seq} after {} {}",
                self.epoch,
                self.seq
            );
            self.told = false;
            (self.epoch, self.seq) = (epoch, seq);
        }
    }
}

/// Events separated by a zero byte, read and given to a room, which repairs its gaps from all
/// messages among them.
pub fn bus_event(data: &[u8]) {
    let payloads = data.split(|byte| *byte == 0).take(64);
    let events: Vec<Event> = payloads
        .filter_map(|payload| Event::decode(&Bytes::copy_from_slice(payload)).ok())
        .collect();
    let (mut stored, mut unreadable) = (BTreeMap::new(), BTreeSet::new());
    for event in &events {
        if let Event::Message(message) = event {
            let Position { epoch, seq, .. } = message.position.clone();
            if message.entry().is_err() {
                unreadable.insert((epoch.to_string(), seq));
            }
            stored.entry((epoch, seq)).or_insert(message);
        }
    }
    let mut room = Room::new(Kind::General, 4);
    let mut member = Member {
        epoch: "e".to_owned(),
        seq: 0,
        told: false,
        unreadable,
    };
    room.attach(SessionId::default(), UserId::default(), (), None);
    room.release(SessionId::default(), "e", 0, &mut member);
    let mut repairs = 0;
    for event in &events {
        let mut needs = room.event(event.clone(), &mut member);
        while let Some(Need::Repair { epoch, from, to }) = needs.pop() {
            assert!(from <= to);
            repairs += 1;
            assert!(repairs < 1_000, "repairs come to an end");
            let found = stored.range((epoch.clone(), from)..=(epoch, to));
            let found = found.map(|(_, message)| (*message).clone()).collect();
            needs.extend(room.repaired(Some(found), &mut member));
        }
        assert!(room.settled().is_some(), "nothing stays unrepaired");
    }
}
