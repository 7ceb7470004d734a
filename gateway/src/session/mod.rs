//! What a connection's frames mean, decided purely: a frame and the time in, effects out.
//!
//! The session knows no socket, no Redis and no clock. What it wants done it says in [`Effect`]s;
//! what came of a piece of [`Work`] comes back as an [`Outcome`]. One frame's effects are carried
//! out before the next frame is looked at, except that messages are published without waiting.

mod commands;
pub mod effect;
pub mod mentions;
mod people;
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
    roles::{Rights, RoomRole, SiteRole, Writer},
};

use crate::accounts::Grant;
pub use commands::sign_in::refusal;
pub use effect::{Effect, Effects, Outcome, Work};
pub use people::PeopleWork;
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
    /// On the site.
    role: SiteRole,
    messages: SharedBucket,
    rooms: Vec<Seat>,
    /// The rooms of a `resume` under way.
    resumed: Vec<ResumedRoom>,
    /// What the user's token allows, and until when.
    grant: Option<Box<Grant>>,
}

/// A joined room.
#[derive(Clone, Debug)]
struct Seat {
    address: Address,
    channel: ChannelId,
    /// The other one in a private room.
    peer: Option<Box<User>>,
    role: Option<RoomRole>,
    /// Until when the user may not write, in ms since 1970; 0 for ever.
    muted: Option<u64>,
    /// How often the room had been moderated when the user was last told what they are there.
    version: u64,
}

impl Identified {
    /// Why the user's token keeps them out of a room, if it does.
    fn not_granted(&self, address: &Address) -> Option<ErrorBody> {
        let kept_out = self.grant.as_ref().is_some_and(|it| !it.allows(address));
        kept_out.then(|| {
            let text = "the token does not name this room: sign in with one that does";
            ErrorBody::new(ErrorCode::Forbidden, text)
        })
    }

    fn seat(&self, address: &Address) -> Option<&Seat> {
        self.rooms.iter().find(|seat| seat.address == *address)
    }

    /// Takes a seat, in place of the one in the same room if there is one.
    fn sit(&mut self, seat: Seat) {
        if let Some(known) = self.rooms.iter_mut().find(|it| it.address == seat.address) {
            *known = seat;
            return;
        }
        // Most are in one room, and a seat is not small.
        self.rooms.reserve_exact(1);
        self.rooms.push(seat);
    }

    /// What the user is in a room.
    fn rights(&self, seat: &Seat) -> Rights {
        Rights {
            site: self.role,
            room: seat.role,
        }
    }

    /// The same, and whether they may write there.
    fn writer(&self, seat: &Seat) -> Writer {
        Writer {
            rights: self.rights(seat),
            muted: seat.muted,
        }
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

    /// When the user's token expires, which ends the connection if no fresh one comes until then.
    pub fn granted_until(&self) -> Option<Instant> {
        match &self.state {
            State::Identified(identified) => Some(identified.grant.as_ref()?.until),
            State::Unidentified { .. } => None,
        }
    }

    /// The time that a token grants has passed.
    pub fn on_grant_expired(&self) -> Effects {
        let text = "the token has expired: sign in with a fresh one";
        vec![
            error(None, ErrorBody::new(ErrorCode::SessionExpired, text)),
            Effect::Close(CloseCode::SignedOut),
        ]
    }

    /// The user's role on the site.
    pub fn role(&self) -> SiteRole {
        match &self.state {
            State::Identified(identified) => identified.role,
            State::Unidentified { .. } => SiteRole::Guest,
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
            ClientFrame::Users(search) => commands::lists::users(self, id, search),
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
            ClientFrame::ReadTo(block) => commands::read_cursors::read_to(self, id, &block),
            ClientFrame::Unread(page) => commands::read_cursors::unread(self, id, page),
            ClientFrame::Typing(block) => commands::typing::typing(self, id, &block),
            ClientFrame::Profile(block) => commands::profile::profile(self, id, block),
            ClientFrame::ProfileUpdate(block) => commands::profile::update(self, id, block),
            ClientFrame::PasswordChange(block) => {
                commands::own_sessions::password_change(self, id, block)
            }
            ClientFrame::Sessions => commands::own_sessions::sessions(self, id),
            ClientFrame::SessionEnd(block) => commands::own_sessions::end(self, id, block),
            ClientFrame::Moderation(request) => {
                commands::moderation::moderate(self, id, *request, now)
            }
        }
    }

    /// What another part has for this session to do.
    pub fn on_order(&mut self, order: &Order) -> Effects {
        match order {
            Order::SignedOut => vec![Effect::Close(CloseCode::SignedOut)],
            Order::Look(look) => {
                commands::profile::look(self, look.as_deref());
                Vec::new()
            }
            Order::Verify => commands::standing::verify(self),
            Order::RoomRole {
                room,
                channel,
                role,
            } => commands::standing::role_elsewhere(self, room, channel, *role),
            Order::Standing(standing) => commands::standing::changed(self, standing),
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
            Outcome::ProfileChanged { id, profile } => {
                commands::profile::changed(self, id, profile)
            }
            Outcome::Resumed { id } => commands::resume::finished(self, id),
            Outcome::Verified(found) => commands::standing::verified(self, found),
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

fn perform(id: Option<RequestId>, work: PeopleWork) -> Effect {
    let work = Box::new(work);
    Effect::Perform(Work::People { id, work })
}

fn not_signed_in(id: Option<RequestId>) -> Effects {
    vec![error(
        id,
        ErrorBody::new(ErrorCode::NotSignedIn, "sign in first"),
    )]
}

#[cfg(test)]
mod tests;
