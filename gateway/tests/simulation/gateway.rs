//! One gateway's state: its connections' sessions and its rooms, as the real one holds them.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use parlor_gateway::{
    connection::pages::Pages,
    rooms::{
        Backlog,
        room::{Deliver, Room},
        view::Kind,
    },
    session::{Effect, Effects, Session, effect::Join},
    websocket::Frame,
};
use parlor_shared::id::{ChannelId, SessionId};

/// Names a connection over the whole run.
pub type ConnectionId = u64;

#[derive(Debug, Default)]
pub struct Gateway {
    pub rooms: BTreeMap<ChannelId, Entry>,
    pub connections: BTreeMap<ConnectionId, Connection>,
    /// Which run of this gateway it is: answers to an earlier one are nobody's.
    pub life: u64,
    /// Which connection of its subscriber it is; `None` while there is none.
    pub line: Option<u64>,
    pub next: u64,
}

#[derive(Debug)]
pub struct Entry {
    pub room: Room<ConnectionId>,
    pub generation: u64,
    pub subscribed: bool,
    pub waiting: Vec<Joining>,
    pub attachments: BTreeMap<SessionId, u64>,
}

#[derive(Debug)]
pub struct Connection {
    pub session: Session,
    pub memberships: BTreeMap<ChannelId, u64>,
    pub texts: VecDeque<String>,
    pub effects: VecDeque<Effect>,
    /// Messages being published; every effect but a publication waits for them.
    pub in_flight: usize,
    /// Work is being done.
    pub busy: bool,
}

/// A join on its way through attaching, the join script and the reads of history.
#[derive(Clone, Debug)]
pub struct Joining {
    pub connection: ConnectionId,
    pub join: Join,
    pub channel: ChannelId,
    pub backlog: Option<Backlog>,
    /// Where the join script found the room.
    pub stands: (String, u64),
    pub tail: (String, u64),
    /// The history that was found.
    pub found: Option<Pages>,
    pub step: JoinStep,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinStep {
    Script,
    TailBehind,
    ListBehind,
    TailFresh,
    ListFresh,
    Roster,
}

/// What rooms put out, in order.
#[derive(Debug, Default)]
pub struct Out {
    pub frames: Vec<(ConnectionId, Bytes)>,
    pub given_up: Vec<ConnectionId>,
}

impl Deliver<ConnectionId> for Out {
    fn deliver(&mut self, sink: &ConnectionId, frame: &Frame) {
        self.frames.push((*sink, frame.plain().clone()));
    }

    fn give_up(&mut self, sink: &ConnectionId) {
        self.given_up.push(*sink);
    }
}

impl Gateway {
    pub fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Lets a session into a room; the room's generation if it is a new one.
    pub fn attach(&mut self, joining: &mut Joining, ring_messages: usize) -> Option<u64> {
        let connection = self.connections.get(&joining.connection)?;
        let (session, user) = (connection.session.id(), joining.join.user.uuid);
        let attachment = self.number();
        let generation = self.number();
        let kind = Kind::new(&joining.join.address, user);
        let mut made = None;
        let entry = self
            .rooms
            .entry(joining.channel.clone())
            .or_insert_with(|| {
                made = Some(generation);
                Entry {
                    room: Room::new(kind, ring_messages),
                    generation,
                    subscribed: false,
                    waiting: Vec::new(),
                    attachments: BTreeMap::new(),
                }
            });
        let since = joining.join.resume.as_ref();
        let since = since.map(|(epoch, seq)| (epoch.as_str(), *seq));
        joining.backlog = entry.room.attach(session, user, joining.connection, since);
        entry.attachments.insert(session, attachment);
        let connection = self.connections.get_mut(&joining.connection)?;
        connection
            .memberships
            .insert(joining.channel.clone(), attachment);
        made
    }

    /// A membership's end; whether the room is gone with it.
    pub fn detach(&mut self, channel: &ChannelId, session: SessionId, attachment: u64) -> bool {
        let Some(entry) = self.rooms.get_mut(channel) else {
            return false;
        };
        if entry.attachments.get(&session) != Some(&attachment) {
            return false;
        }
        entry.attachments.remove(&session);
        entry.room.detach(session);
        let empty = entry.room.is_empty();
        if empty {
            self.rooms.remove(channel);
        }
        empty
    }
}

impl Connection {
    pub fn new(session: Session) -> Self {
        Self {
            session,
            memberships: BTreeMap::new(),
            texts: VecDeque::new(),
            effects: VecDeque::new(),
            in_flight: 0,
            busy: false,
        }
    }

    /// What follows from work comes before what was decided before it.
    pub fn put_first(&mut self, effects: Effects) {
        for effect in effects.into_iter().rev() {
            self.effects.push_front(effect);
        }
    }
}
