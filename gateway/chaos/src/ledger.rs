//! What is known of each room, put together from what everybody was told: which message has which
//! place. Two who were told differently are a violation at once.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use parlor_shared::{
    id::MessageId,
    protocol::{
        change::{Change, ChangeKind},
        value::Message,
    },
};
use serde::Serialize;

/// A message, by who sent it and as which of theirs in that room. The text and the
/// `clientMessageId` say both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Said {
    pub member: u32,
    /// From 1, in the order of sending.
    pub number: u32,
}

impl Said {
    pub fn text(self, padding: usize) -> String {
        format!("{}:{} {}", self.member, self.number, "x".repeat(padding))
    }

    pub fn id(self) -> String {
        format!("{}:{}", self.member, self.number)
    }

    /// Reads a text or an id.
    pub fn parse(text: &str) -> Option<Self> {
        let (member, number) = text.split_whitespace().next()?.split_once(':')?;
        Some(Self {
            member: member.parse().ok()?,
            number: number.parse().ok()?,
        })
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "member {}'s message {}", self.member, self.number)
    }
}

/// What has a place in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    Said(Said),
    /// A change of this message.
    Change(MessageId, ChangeKind),
}

impl Held {
    /// What a message is; `None` if nobody of ours said it, or its text and its id differ. What was
    /// deleted has only its id left.
    pub fn of(message: &Message) -> Option<Self> {
        let named = message.client_message_id.as_deref().and_then(Said::parse)?;
        let said = message.deleted || Said::parse(&message.message) == Some(named);
        said.then_some(Self::Said(named))
    }

    pub fn said(self) -> Option<Said> {
        match self {
            Self::Said(said) => Some(said),
            Self::Change(..) => None,
        }
    }
}

impl From<Said> for Held {
    fn from(said: Said) -> Self {
        Self::Said(said)
    }
}

impl From<&Change> for Held {
    fn from(change: &Change) -> Self {
        Self::Change(change.uuid, change.change)
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(said) => said.fmt(f),
            Self::Change(uuid, kind) => write!(f, "a change ({kind:?}) of {uuid}"),
        }
    }
}

/// What must not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    Lost,
    Doubled,
    Reordered,
    /// Two were told differently which message has a place.
    Conflict,
    /// What is stored differs from what was told.
    History,
    Presence,
    /// Streams that don't drain.
    Backlog,
    /// A part or a client did something that nobody asked it for.
    Unexpected,
}

/// One thing that happened and must not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    pub kind: Kind,
    pub what: String,
}

impl Violation {
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { kind, what }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.what)
    }
}

/// An epoch's number in its room's log: the order in which it was first heard of.
pub type Epoch = u16;

/// One room's places.
#[derive(Debug, Default)]
pub struct RoomLog {
    epochs: Vec<EpochLog>,
    pub violations: Vec<Violation>,
}

#[derive(Debug)]
struct EpochLog {
    name: String,
    /// By `Seq - 1`.
    held: Vec<Option<Held>>,
}

impl RoomLog {
    /// The number of an epoch.
    pub fn epoch(&mut self, name: &str) -> Epoch {
        let found = self.epochs.iter().position(|epoch| epoch.name == name);
        let at = found.unwrap_or_else(|| {
            self.epochs.push(EpochLog {
                name: name.to_owned(),
                held: Vec::new(),
            });
            self.epochs.len() - 1
        });
        Epoch::try_from(at).unwrap_or(Epoch::MAX)
    }

    /// Somebody was told that this has that place.
    pub fn note(&mut self, epoch: Epoch, seq: u64, held: impl Into<Held>) {
        let held = held.into();
        let log = &mut self.epochs[usize::from(epoch)];
        let Some(at) = seq.checked_sub(1).and_then(|at| usize::try_from(at).ok()) else {
            let what = format!("{held} has the place 0");
            self.violations.push(Violation::new(Kind::Conflict, what));
            return;
        };
        if log.held.len() <= at {
            log.held.resize(at + 1, None);
        }
        match log.held[at] {
            None => log.held[at] = Some(held),
            Some(known) if known == held => {}
            Some(known) => {
                let what = format!("{seq} of {} is {known} and {held}", log.name);
                self.violations.push(Violation::new(Kind::Conflict, what));
            }
        }
    }

    pub fn at(&self, epoch: Epoch, seq: u64) -> Option<Held> {
        let log = self.epochs.get(usize::from(epoch))?;
        let at = usize::try_from(seq.checked_sub(1)?).ok()?;
        log.held.get(at).copied().flatten()
    }

    /// The highest place anybody was told of.
    pub fn last(&self, epoch: Epoch) -> u64 {
        self.epochs
            .get(usize::from(epoch))
            .map_or(0, |log| log.held.len() as u64)
    }

    pub fn name(&self, epoch: Epoch) -> &str {
        &self.epochs[usize::from(epoch)].name
    }

    pub fn epochs(&self) -> usize {
        self.epochs.len()
    }

    /// What is wrong with the places themselves: a message that has two, and senders whose messages
    /// are not in the order of sending.
    pub fn disorder(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        for log in &self.epochs {
            let mut places: HashMap<Said, usize> = HashMap::new();
            let mut last: HashMap<u32, u32> = HashMap::new();
            for (at, held) in log.held.iter().enumerate() {
                let Some(said) = held.and_then(Held::said) else {
                    continue;
                };
                if let Some(before) = places.insert(said, at) {
                    let what = format!("{said} is stored as {} and {}", before + 1, at + 1);
                    found.push(Violation::new(Kind::Doubled, what));
                    continue;
                }
                let before = last.insert(said.member, said.number).unwrap_or(0);
                if before > said.number {
                    let what = format!("{said} stands behind their message {before}");
                    found.push(Violation::new(Kind::Reordered, what));
                }
            }
        }
        found
    }
}

/// All rooms' logs, shared by all members.
#[derive(Debug)]
pub struct Ledger {
    rooms: Vec<Mutex<RoomLog>>,
}

impl Ledger {
    pub fn new(rooms: usize) -> Self {
        Self {
            rooms: (0..rooms).map(|_| Mutex::default()).collect(),
        }
    }

    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    pub fn room(&self, room: usize) -> MutexGuard<'_, RoomLog> {
        self.rooms[room]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
