//! What a connection's frames mean, decided purely: a frame and the time in, effects out.
//!
//! The session knows no socket, no Redis and no clock. What it wants done it says in [`Effect`]s;
//! what came of a piece of [`Work`] comes back as an [`Outcome`]. One frame's effects are carried
//! out before the next frame is looked at, except that messages are published without waiting.

mod commands;
pub mod effect;
pub mod rate;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parlor_shared::{
    config::RateLimit,
    id::{Address, ChannelId, SessionId},
    notice::Order,
    protocol::{
        ClientEnvelope, ClientFrame, CloseCode, ErrorBody, ErrorCode, RequestId, ServerEnvelope,
        ServerFrame,
        client::{BadFrame, ConnectQuery, DecodeError, Secret},
        server::{Ready, ResumedRoom},
        value::{RoomRef, User},
    },
};

pub use effect::{Effect, Effects, Outcome, Work};
use rate::{Bucket, SharedBucket};

/// Frames refused by the rate limit, one after the other, until the connection is ended: a client
/// that does not heed the errors is no client.
const REFUSED_FRAMES_IN_A_ROW: u32 = 100;

/// What sessions go by; the same for all of a gateway.
#[derive(Clone, Debug)]
pub struct Rules {
    pub message_characters: usize,
    pub rooms_per_connection: usize,
    pub frame_rate: RateLimit,
    pub history_page: usize,
    pub join_history: usize,
    pub sign_in_timeout: Duration,
    /// What `ready` tells; the session fills in its own id.
    pub ready: Ready,
}

/// One connection's session.
#[derive(Debug)]
pub struct Session {
    id: SessionId,
    rules: Arc<Rules>,
    state: State,
    frames: Bucket,
    refused_in_a_row: u32,
}

#[derive(Debug)]
enum State {
    Unidentified { since: Instant },
    Identified(Box<Identified>),
}

/// Somebody is signed in.
#[derive(Debug)]
struct Identified {
    user: User,
    access_key: Secret,
    messages: SharedBucket,
    rooms: Vec<Seat>,
    /// The rooms of a `resume` under way.
    resumed: Vec<ResumedRoom>,
}

/// A joined room.
#[derive(Clone, Debug)]
struct Seat {
    address: Address,
    channel: ChannelId,
    /// The other one in a private room.
    peer: Option<User>,
}

impl Identified {
    fn seat(&self, address: &Address) -> Option<&Seat> {
        self.rooms.iter().find(|seat| seat.address == *address)
    }
}

impl Session {
    pub fn new(id: SessionId, rules: Arc<Rules>, now: Instant) -> Self {
        let frames = Bucket::new(rules.frame_rate);
        let state = State::Unidentified { since: now };
        Self {
            id,
            rules,
            state,
            frames,
            refused_in_a_row: 0,
        }
    }

    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Who is signed in.
    pub fn user(&self) -> Option<&User> {
        match &self.state {
            State::Identified(identified) => Some(&identified.user),
            State::Unidentified { .. } => None,
        }
    }

    /// When the connection is ended if nobody signs in until then.
    pub fn sign_in_deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Unidentified { since } => Some(*since + self.rules.sign_in_timeout),
            State::Identified(_) => None,
        }
    }

    /// The rooms that are joined.
    pub fn rooms(&self) -> impl Iterator<Item = (&Address, &ChannelId)> {
        let rooms = match &self.state {
            State::Identified(identified) => identified.rooms.as_slice(),
            State::Unidentified { .. } => &[],
        };
        rooms.iter().map(|seat| (&seat.address, &seat.channel))
    }

    /// The connection was made.
    pub fn on_connect(&mut self, query: ConnectQuery) -> Effects {
        let ready = Ready {
            session_uuid: self.id,
            ..self.rules.ready.clone()
        };
        let mut effects = vec![send(None, ServerFrame::Ready(ready))];
        if let Some(nickname) = query.nickname {
            let room = RoomRef {
                recipient_uuid: None,
                room: query.room,
            };
            match room.address() {
                Ok(room) => {
                    effects.push(Effect::Perform(Work::SignInGuest {
                        id: None,
                        nickname,
                        join: Some(room),
                    }));
                }
                Err(bad) => {
                    effects.push(error(
                        None,
                        ErrorBody::new(ErrorCode::Join, bad.to_string()),
                    ));
                    effects.push(Effect::Close(CloseCode::SignInRefused));
                }
            }
        }
        effects
    }

    /// A text frame.
    pub fn on_text(&mut self, text: &str, now: Instant) -> Effects {
        if let Err(wait) = self.frames.take(now) {
            return self.refuse_frame(wait);
        }
        self.refused_in_a_row = 0;
        match ClientEnvelope::decode(text) {
            Ok(ClientEnvelope { id, frame }) => self.dispatch(id, frame, now),
            Err(BadFrame { id, error: bad }) => {
                let code = match bad {
                    DecodeError::BadAddress(_) => ErrorCode::Join,
                    _ => ErrorCode::Malformed,
                };
                vec![
                    Effect::CountRefused,
                    error(id, ErrorBody::new(code, bad.to_string())),
                ]
            }
        }
    }

    /// A ping or a pong: it has no meaning here, but costs as much as any frame.
    pub fn on_control_frame(&mut self, now: Instant) -> Effects {
        match self.frames.take(now) {
            Ok(()) => Vec::new(),
            Err(wait) => self.refuse_frame(wait),
        }
    }

    fn refuse_frame(&mut self, wait: Duration) -> Effects {
        self.refused_in_a_row += 1;
        if self.refused_in_a_row > REFUSED_FRAMES_IN_A_ROW {
            return vec![Effect::Close(CloseCode::Flood)];
        }
        let text = format!("too many frames: wait {} ms", wait.as_millis());
        let body = ErrorBody::new(ErrorCode::RateLimited, text).retry_after(wait);
        vec![Effect::CountRateLimited, error(None, body)]
    }

    fn dispatch(&mut self, id: Option<RequestId>, frame: ClientFrame, now: Instant) -> Effects {
        match frame {
            ClientFrame::SignUp(block) => commands::sign_in::sign_up(id, block),
            ClientFrame::SignIn(block) => commands::sign_in::sign_in(id, block),
            ClientFrame::Resume(block) => commands::resume::resume(self, id, block),
            ClientFrame::SignOut => commands::sign_out::sign_out(self, id, now),
            ClientFrame::Users(page) => commands::lists::users(self, id, page),
            ClientFrame::PrivateRooms(page) => commands::lists::private_rooms(self, id, page),
            ClientFrame::Rooms(page) => commands::lists::rooms(self, id, page),
            ClientFrame::ChannelJoin(block) => commands::channel_join::join(self, id, &block),
            ClientFrame::ChannelLeave(room) => commands::channel_leave::leave(self, id, &room),
            ClientFrame::ChannelMessage(block) => {
                commands::channel_message::message(self, id, block, now)
            }
            ClientFrame::ChannelMessages(block) => {
                commands::channel_messages::history(self, id, &block)
            }
            ClientFrame::Ping => vec![Effect::Pong { id }],
            ClientFrame::MessageEdit(block) => commands::message_change::edit(self, id, block, now),
            ClientFrame::MessageDelete(block) => {
                commands::message_change::delete(self, id, &block, now)
            }
            ClientFrame::MessageReact(block) => commands::message_choice::react(self, id, block),
            ClientFrame::PollVote(block) => commands::message_choice::vote(self, id, block),
            ClientFrame::PollClose(block) => commands::message_choice::close(self, id, &block),
        }
    }

    /// What another part has for this session to do.
    pub fn on_order(&mut self, order: &Order) -> Effects {
        match order {
            Order::SignedOut => vec![Effect::Close(CloseCode::SignedOut)],
        }
    }

    /// What came of a piece of work.
    pub fn on_outcome(&mut self, outcome: Outcome, now: Instant) -> Effects {
        match outcome {
            Outcome::Answer { id, answer } => vec![match answer {
                Ok(frame) => send(id, frame),
                Err(body) => error(id, body),
            }],
            Outcome::Authenticated(outcome) => {
                commands::sign_in::authenticated(self, *outcome, now)
            }
            Outcome::Registered(outcome) => commands::sign_in::registered(self, *outcome),
            Outcome::Joined(outcome) => commands::channel_join::joined(self, *outcome),
            Outcome::Resumed { id } => commands::resume::finished(self, id),
            Outcome::Photo(outcome) => commands::channel_message::with_photo(*outcome),
        }
    }
}

fn send(id: Option<RequestId>, frame: ServerFrame) -> Effect {
    Effect::Send(ServerEnvelope { id, frame })
}

fn error(id: Option<RequestId>, body: ErrorBody) -> Effect {
    send(id, ServerFrame::Error(body))
}

fn not_signed_in(id: Option<RequestId>) -> Effects {
    vec![error(
        id,
        ErrorBody::new(ErrorCode::NotSignedIn, "sign in first"),
    )]
}

#[cfg(test)]
mod tests;
