//! One room on one gateway, decided purely: which event goes to whom, in which order, and what is
//! missing.
//!
//! The contract: a member gets every message after the position it was released at, once, in
//! order. Events come from pub/sub, which may drop or (after a repair) double them; `seq` tells.

use std::{collections::VecDeque, mem};

use parlor_shared::{
    event::{Event, MessageEvent, Position},
    id::{SessionId, UserId},
};

use gathered::Gathered;
use members::Members;

use super::{
    frames::Frames,
    ring::Ring,
    view::{self, Kind},
};
use crate::websocket::Frame;

/// Live messages that wait for a repair. Beyond it the repair has taken too long to be worth it.
const HELD_MESSAGES: usize = 10_000;
/// Frames that wait for a joining member's history.
const JOINING_FRAMES: usize = 2_000;
/// Epochs that the room has left and whose late messages are dropped.
const LEFT_EPOCHS: usize = 4;

/// Puts frames where a member's sink `S` says: the outbox, or a test's vector.
pub trait Deliver<S> {
    fn deliver(&mut self, sink: &S, frame: &Frame);
    /// The member can't keep up: it is to be closed, to reconnect and resume.
    fn give_up(&mut self, sink: &S);
}

/// What the room needs done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Fetch the messages `from..=to` of `epoch` and call [`Room::repaired`].
    Repair { epoch: Box<str>, from: u64, to: u64 },
    /// Redis has gone back: it has lost, or numbers anew, what the room has seen of `epoch`.
    Renew { epoch: Box<str> },
}

/// What a member that resumes goes on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// What the member says it has, or further, if more was on its way to it on this connection.
    pub epoch: String,
    pub seq: u64,
    /// What came after that, if the ring has it.
    pub messages: Option<Vec<MessageEvent>>,
}

#[derive(Debug)]
struct Member<S> {
    session: SessionId,
    user: UserId,
    sink: S,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// Its history is being read; live frames wait here. `resynced`: it was told meanwhile that
    /// messages are lost, and what waits begins there.
    Joining {
        frames: Vec<Waiting>,
        resynced: bool,
    },
    /// It gets what the room delivers; `ahead`: only from behind this place, which it has from its
    /// history and the room has not reached.
    Live { ahead: Option<Box<Place>> },
}

/// An epoch and a `seq`.
type Place = (Box<str>, u64);

#[derive(Debug)]
struct Waiting {
    /// Of a message; other events have no place in the order.
    position: Option<Place>,
    frame: Frame,
}

/// How far the room has come.
#[derive(Debug)]
enum Progress {
    /// Nobody has told yet where the room stands: messages wait.
    Unknown { held: Vec<MessageEvent> },
    /// Everything up to this was delivered.
    Delivered { epoch: Box<str>, seq: u64 },
    /// The same, and what follows up to `to` is being fetched while live messages wait.
    Repairing {
        epoch: Box<str>,
        seq: u64,
        to: u64,
        held: Vec<MessageEvent>,
    },
}

impl<S> Member<S> {
    /// Takes a frame: now, when its history is there, or not if it has it. `true` if now.
    fn take(&mut self, frame: &Frame, place: Option<&Place>, out: &mut impl Deliver<S>) -> bool {
        match &mut self.phase {
            Phase::Live { ahead } => {
                let has = match (&ahead, place) {
                    (Some(ahead), Some((epoch, seq))) => ahead.0 != *epoch || *seq <= ahead.1,
                    _ => false,
                };
                if has {
                    return false;
                }
                if place.is_some() {
                    *ahead = None;
                }
                out.deliver(&self.sink, frame);
                return true;
            }
            Phase::Joining { frames, .. } if frames.len() < JOINING_FRAMES => {
                frames.push(Waiting {
                    position: place.cloned(),
                    frame: frame.clone(),
                });
            }
            Phase::Joining { frames, .. } => {
                *frames = Vec::new();
                out.give_up(&self.sink);
            }
        }
        false
    }
}

/// The room.
#[derive(Debug)]
pub struct Room<S> {
    kind: Kind,
    members: Members<S>,
    progress: Progress,
    /// Newest last.
    left_epochs: VecDeque<Box<str>>,
    /// The latest time of a message, in ms, since members were last told where the room goes on;
    /// `None` while none was delivered since.
    latest_ms: Option<u64>,
    ring: Ring,
    /// Counters since last asked.
    pub stats: Stats,
}

/// What happened since the counters were last taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub deliveries: u64,
    pub gaps: u64,
    pub repaired_messages: u64,
    pub duplicates: u64,
    pub resyncs: u64,
    pub unreadable: u64,
}

impl<S> Room<S> {
    pub fn new(kind: Kind, ring_messages: usize) -> Self {
        Self {
            kind,
            members: Members::default(),
            progress: Progress::Unknown { held: Vec::new() },
            left_epochs: VecDeque::new(),
            latest_ms: None,
            ring: Ring::new(ring_messages),
            stats: Stats::default(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The last message delivered; `None` while that is unknown or being repaired.
    pub fn settled(&self) -> Option<(&str, u64)> {
        match &self.progress {
            Progress::Delivered { epoch, seq } => Some((epoch, *seq)),
            _ => None,
        }
    }

    /// Lets a member in: its live frames wait until [`Self::release`]. A member that joins again
    /// starts over. For one that resumes from `since`, gives what it goes on from; everything after
    /// that comes live.
    pub fn attach(
        &mut self,
        session: SessionId,
        user: UserId,
        sink: S,
        since: Option<(&str, u64)>,
    ) -> Option<Backlog> {
        let phase = Phase::Joining {
            frames: Vec::new(),
            resynced: false,
        };
        let at = self.members.place(session);
        let delivered = at.and_then(|at| self.delivered_to(&self.members[at]));
        match at {
            Some(at) => self.members[at].phase = phase,
            None => self.members.push(Member {
                session,
                user,
                sink,
                phase,
            }),
        }
        // While a repair is under way the ring ends before what members are about to get; that
        // is no matter: it comes live.
        let (epoch, mut seq) = since?;
        // A client that resumes a room it is in can't know what is on its way to it.
        if let Some((of, delivered)) = delivered
            && *of == *epoch
        {
            seq = seq.max(delivered);
        }
        Some(Backlog {
            epoch: epoch.to_owned(),
            seq,
            messages: self.ring.since(epoch, seq),
        })
    }

    /// The last message that a live member was handed.
    fn delivered_to(&self, member: &Member<S>) -> Option<Place> {
        match (&member.phase, &self.progress) {
            (Phase::Live { ahead: Some(place) }, _) => Some((**place).clone()),
            (
                Phase::Live { ahead: None },
                Progress::Delivered { epoch, seq } | Progress::Repairing { epoch, seq, .. },
            ) => Some((epoch.clone(), *seq)),
            _ => None,
        }
    }

    /// Lets a member out.
    pub fn detach(&mut self, session: SessionId) {
        self.members.remove(session);
    }

    /// Lets out the sessions of a user that get live frames; gives which. One that is just being let
    /// in stays: whether it may be here is being decided.
    pub fn detach_live(&mut self, user: UserId) -> Vec<SessionId> {
        let goes =
            |member: &&Member<S>| member.user == user && matches!(member.phase, Phase::Live { .. });
        let going = self.members.iter().filter(goes);
        let detached: Vec<SessionId> = going.map(|member| member.session).collect();
        for session in &detached {
            self.members.remove(*session);
        }
        detached
    }

    /// Who is in it, each once.
    pub fn users(&self) -> Vec<UserId> {
        let mut users: Vec<UserId> = self.members.iter().map(|member| member.user).collect();
        users.sort_unstable();
        users.dedup();
        users
    }

    /// An event from the bus.
    pub fn event(&mut self, event: Event, out: &mut impl Deliver<S>) -> Vec<Need> {
        match event {
            Event::Message(message) => self.messages([message], out),
            Event::Typing { ref who, .. } => {
                self.tell_typing(&event, who.user.uuid, out);
                Vec::new()
            }
            other => {
                let kind = &self.kind;
                if let Some(frames) =
                    Frames::new(kind.viewers(), |viewer| view::encode(kind, viewer, &other))
                {
                    self.tell_all(&frames, out);
                }
                Vec::new()
            }
        }
    }

    /// What the audit found in Redis: the room's last message. `asked` is what [`Self::settled`]
    /// said before Redis was asked, so that what came live meanwhile is not taken for a loss.
    pub fn audit(
        &mut self,
        asked: (&str, u64),
        found: (&str, u64),
        out: &mut impl Deliver<S>,
    ) -> Vec<Need> {
        let Progress::Delivered { epoch, seq } = &self.progress else {
            return Vec::new();
        };
        if **epoch != *asked.0 {
            return Vec::new();
        }
        if found.0 == asked.0 && found.1 > *seq {
            return self.begin_repair(found.1, Vec::new());
        }
        let of_another = |member: &Member<S>| match &member.phase {
            Phase::Live { ahead } => ahead.as_ref().is_some_and(|place| *place.0 != *found.0),
            Phase::Joining { .. } => false,
        };
        if found.0 == asked.0 && self.members.iter().any(of_another) {
            // A history of an epoch that Redis has forgotten again.
            self.resync(found.0, found.1, out);
            return Vec::new();
        }
        // A new epoch: the room's history began anew. A lower number: Redis has lost what was
        // delivered, by a failover to a replica that was behind.
        if found.0 != asked.0 || found.1 < asked.1 {
            self.resync(found.0, found.1, out);
        }
        if found.0 == asked.0 && found.1 < asked.1 {
            return vec![Need::Renew {
                epoch: found.0.into(),
            }];
        }
        Vec::new()
    }

    /// What a repair fetched, oldest first; `None` if it could not.
    pub fn repaired(
        &mut self,
        fetched: Option<Vec<MessageEvent>>,
        out: &mut impl Deliver<S>,
    ) -> Vec<Need> {
        let Progress::Repairing {
            epoch,
            seq,
            to,
            held,
        } = &mut self.progress
        else {
            return Vec::new();
        };
        let (epoch, seq, to, held) = (epoch.clone(), *seq, *to, mem::take(held));
        self.progress = Progress::Delivered {
            epoch: epoch.clone(),
            seq,
        };
        let asked = fetched.is_some();
        let mut fetched = fetched.unwrap_or_default();
        fetched.retain(|message| message.position.epoch == epoch && message.position.seq > seq);
        let whole = fetched
            .first()
            .is_some_and(|message| message.position.seq == seq + 1);
        if whole {
            self.stats.repaired_messages += fetched.len() as u64;
        } else if let Some(next) = fetched.first().or(held.first()) {
            // What is missing is not in Redis any more either: tell, rather than skip in silence.
            let Position { epoch, seq, .. } = next.position.clone();
            self.resync(&epoch, seq.saturating_sub(1), out);
        } else if asked {
            // Nor is anything behind it: tell now, whenever the next message comes.
            self.resync(&epoch, to, out);
        }
        let mut needs = self.messages(fetched, out);
        if let Progress::Repairing { held: waiting, .. } = &mut self.progress {
            waiting.extend(held);
        } else {
            needs.extend(self.messages(held, out));
        }
        needs
    }

    /// Takes the next message that came.
    fn take_in(
        &mut self,
        message: MessageEvent,
        gathered: &mut Gathered,
        needs: &mut Vec<Need>,
        out: &mut impl Deliver<S>,
    ) {
        match &mut self.progress {
            Progress::Unknown { held } | Progress::Repairing { held, .. } => {
                if held.len() < HELD_MESSAGES {
                    held.push(message);
                    return;
                }
                // Nobody has told in all that time what is missing.
                let Position { epoch, seq, .. } = message.position.clone();
                self.hand_out(gathered, out);
                self.resync(&epoch, seq.saturating_sub(1), out);
                self.gather(message, gathered);
            }
            Progress::Delivered { epoch, .. } => {
                if *epoch != message.position.epoch {
                    if self.left_epochs.contains(&message.position.epoch) {
                        // It was on its way when the room's history began anew.
                        self.stats.duplicates += 1;
                        return;
                    }
                    let Position { epoch, seq, .. } = message.position.clone();
                    if seq > 1 {
                        // It goes on with the numbers of the one before, of which some were
                        // lost; or what it began with was not heard.
                        self.hand_out(gathered, out);
                        self.resync(&epoch, seq - 1, out);
                    } else {
                        self.enter(epoch, 0);
                    }
                }
                needs.extend(self.take_next(message, gathered, out));
            }
        }
    }

    /// Takes a message of the epoch that the room is in.
    fn take_next(
        &mut self,
        message: MessageEvent,
        gathered: &mut Gathered,
        out: &mut impl Deliver<S>,
    ) -> Vec<Need> {
        let Progress::Delivered { seq: last, .. } = self.progress else {
            return Vec::new();
        };
        let next = message.position.seq;
        if next == last + 1 {
            self.gather(message, gathered);
        } else if next <= last {
            // A double is no later than what was delivered: numbers follow time.
            let is_later = |latest| message.position.ms > latest;
            if self.ring.contradicts(&message) || self.latest_ms.is_some_and(is_later) {
                // Redis has lost what was delivered and gives its numbers to other messages.
                let epoch = message.position.epoch.clone();
                self.hand_out(gathered, out);
                self.resync(&epoch, next - 1, out);
                self.gather(message, gathered);
                return vec![Need::Renew { epoch }];
            }
            self.stats.duplicates += 1;
        } else {
            return self.begin_repair(next - 1, vec![message]);
        }
        Vec::new()
    }

    /// Goes on from a position that does not follow from the last one.
    fn enter(&mut self, epoch: Box<str>, seq: u64) {
        self.latest_ms = None;
        let (Progress::Delivered { epoch: left, .. } | Progress::Repairing { epoch: left, .. }) =
            &self.progress
        else {
            self.progress = Progress::Delivered { epoch, seq };
            return;
        };
        if *left != epoch {
            self.left_epochs.push_back(left.clone());
            self.left_epochs.retain(|left| *left != epoch);
            if self.left_epochs.len() > LEFT_EPOCHS {
                self.left_epochs.pop_front();
            }
        }
        self.progress = Progress::Delivered { epoch, seq };
    }

    fn begin_repair(&mut self, to: u64, held: Vec<MessageEvent>) -> Vec<Need> {
        let Progress::Delivered { epoch, seq } = &self.progress else {
            return Vec::new();
        };
        let (epoch, seq) = (epoch.clone(), *seq);
        self.stats.gaps += 1;
        self.progress = Progress::Repairing {
            epoch: epoch.clone(),
            seq,
            to,
            held,
        };
        vec![Need::Repair {
            epoch,
            from: seq + 1,
            to,
        }]
    }

    /// Tells those who are here that somebody types, but not the one who does. Who waits for their
    /// history is not told: it is over before they are in.
    fn tell_typing(&mut self, event: &Event, typist: UserId, out: &mut impl Deliver<S>) {
        let kind = &self.kind;
        let Some(frames) = Frames::new(kind.viewers(), |viewer| view::encode(kind, viewer, event))
        else {
            return;
        };
        for member in self.members.iter() {
            if member.user != typist && matches!(member.phase, Phase::Live { .. }) {
                out.deliver(&member.sink, frames.for_viewer(member.user));
                self.stats.deliveries += 1;
            }
        }
    }

    /// Tells all members what has no place in the order of messages.
    fn tell_all(&mut self, frames: &Frames, out: &mut impl Deliver<S>) {
        for member in self.members.iter_mut() {
            let frame = frames.for_viewer(member.user);
            self.stats.deliveries += u64::from(member.take(frame, None, out));
        }
    }

    /// Goes on from `position`, telling members that something was lost on the way there.
    fn resync(&mut self, epoch: &str, seq: u64, out: &mut impl Deliver<S>) {
        self.stats.resyncs += 1;
        self.ring = mem::take(&mut self.ring).emptied();
        for member in self.members.iter_mut() {
            match &mut member.phase {
                // What members have from their history means nothing any more.
                Phase::Live { ahead } => *ahead = None,
                Phase::Joining { frames, resynced } => {
                    frames.retain(|waiting| waiting.position.is_none());
                    *resynced = true;
                }
            }
        }
        let kind = &self.kind;
        let frames = Frames::new(kind.viewers(), |viewer| {
            Some(view::resync(kind, viewer, epoch, seq))
        });
        if let Some(frames) = frames {
            self.tell_all(&frames, out);
        }
        self.enter(epoch.into(), seq);
    }
}

mod catching_up;
mod gathered;
mod members;
#[cfg(test)]
mod tests;
