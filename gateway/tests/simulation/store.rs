//! What Redis and the history-worker keep, in memory: numbering, deduplication, history, who is in
//! which room, and the ways in which a store forgets.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use parlor_gateway::{
    bus::history::{HistoryPage, Range},
    session::effect::Publication,
};
use parlor_shared::{
    clock,
    entry::Entry,
    event::{MessageEvent, Position},
    id::{ChannelId, MessageId, SessionId, UserId},
    protocol::value::Message,
};
use uuid::Uuid;

/// An epoch and a `seq`.
pub type Place = (String, u64);

#[derive(Clone, Debug, Default)]
pub struct Store {
    rooms: BTreeMap<ChannelId, Stored>,
    seen: BTreeMap<(ChannelId, UserId, String), Place>,
    /// Sessions in a room, each with its user.
    seats: BTreeMap<ChannelId, BTreeMap<SessionId, UserId>>,
    epochs: u64,
    /// Rooms of another era begin a new epoch when they are touched.
    era: u64,
    messages: u128,
    /// What a replica has that is behind.
    replica: Option<Box<Self>>,
    /// Messages that the list keeps of a room; older ones are trimmed.
    keep: u64,
}

#[derive(Clone, Debug)]
struct Stored {
    epoch: String,
    era: u64,
    /// The last message from before the epoch.
    begun: u64,
    /// The message `seq` is at `seq - 1`.
    log: Vec<Logged>,
    /// How many of them the history-worker has put into the list.
    persisted: u64,
}

#[derive(Clone, Debug)]
struct Logged {
    event: MessageEvent,
    /// The same, read.
    message: Message,
    client_message_id: String,
}

/// What the publish script gave.
#[derive(Clone, Debug)]
pub struct Published {
    pub place: Place,
    /// What listeners get; none for a message seen before.
    pub event: Option<MessageEvent>,
}

impl Store {
    pub fn new(keep: u64) -> Self {
        Self {
            keep,
            ..Self::default()
        }
    }

    /// The publish script. `knows`: the gateway knows the era; otherwise a room that is behind its
    /// era goes on in its old epoch.
    pub fn publish(&mut self, publication: &Publication, now: u64, knows: bool) -> Published {
        let mut message = publication.message.clone();
        let name = message.client_message_id.clone().unwrap_or_default();
        let key = (
            publication.channel.clone(),
            message.sender_uuid,
            name.clone(),
        );
        if let Some(place) = self.seen.get(&key) {
            return Published {
                place: place.clone(),
                event: None,
            };
        }
        self.messages += 1;
        message.uuid = MessageId(Uuid::from_u128(self.messages));
        let room = if knows {
            self.touched(&publication.channel)
        } else {
            self.room(&publication.channel)
        };
        let place = (room.epoch.clone(), room.log.len() as u64 + 1);
        let event = MessageEvent {
            position: Position {
                epoch: place.0.as_str().into(),
                seq: place.1,
                ms: 1_795_000_000_000 + now,
            },
            body: Bytes::from(serde_json::to_vec(&message).expect("a message is JSON")),
        };
        message.seq = place.1;
        message.epoch.clone_from(&place.0);
        message.created_at = clock::rfc3339(event.position.ms);
        room.log.push(Logged {
            message,
            event: event.clone(),
            client_message_id: name,
        });
        self.seen.insert(key, place.clone());
        Published {
            place,
            event: Some(event),
        }
    }

    fn room(&mut self, channel: &ChannelId) -> &mut Stored {
        let (epochs, era) = (&mut self.epochs, self.era);
        self.rooms.entry(channel.clone()).or_insert_with(|| {
            *epochs += 1;
            Stored {
                epoch: format!("epoch{epochs}"),
                era,
                begun: 0,
                log: Vec::new(),
                persisted: 0,
            }
        })
    }

    /// The room, in an epoch of the era that is.
    fn touched(&mut self, channel: &ChannelId) -> &mut Stored {
        let (era, fresh) = (self.era, self.epochs + 1);
        let room = self.room(channel);
        let behind = room.era != era;
        if behind {
            room.era = era;
            room.epoch = format!("epoch{fresh}");
            room.begun = room.log.len() as u64;
            self.epochs = fresh;
        }
        self.rooms.get_mut(channel).expect("it is there now")
    }

    /// A gateway has found that the store went back.
    pub fn renew(&mut self) {
        self.epochs += 1;
        self.era = self.epochs;
    }

    /// The join script: where the room stands, which begins an epoch if it has none, and whether
    /// this is the user's first session there.
    pub fn join(&mut self, channel: &ChannelId, session: SessionId, user: UserId) -> (Place, bool) {
        let seats = self.seats.entry(channel.clone()).or_default();
        let first = !seats.values().any(|there| *there == user);
        seats.insert(session, user);
        let room = self.touched(channel);
        ((room.epoch.clone(), room.log.len() as u64), first)
    }

    /// The leave script: whether the user is out of the room by this.
    pub fn leave(&mut self, channel: &ChannelId, session: SessionId) -> bool {
        let Some(seats) = self.seats.get_mut(channel) else {
            return false;
        };
        let left = seats.remove(&session);
        left.is_some_and(|user| !seats.values().any(|there| *there == user))
    }

    /// Who is in a room.
    pub fn users(&self, channel: &ChannelId) -> BTreeSet<UserId> {
        let seats = self.seats.get(channel).into_iter().flatten();
        seats.map(|(_, user)| *user).collect()
    }

    /// What an audit finds.
    pub fn audit(&mut self, channel: &ChannelId) -> Option<Place> {
        self.rooms.contains_key(channel).then(|| {
            let room = self.touched(channel);
            (room.epoch.clone(), room.log.len() as u64)
        })
    }

    /// Where the room stands.
    pub fn stands(&self, channel: &ChannelId) -> Option<Place> {
        let room = self.rooms.get(channel)?;
        Some((room.epoch.clone(), room.log.len() as u64))
    }

    /// The first read of a page, that of the stream: up to where it shows messages.
    pub fn tail(&self, channel: &ChannelId) -> Place {
        self.stands(channel).unwrap_or_default()
    }

    /// The second read, that of the list, merged with the first.
    fn read(&self, channel: &ChannelId, tail: &Place, range: Range) -> (Place, Vec<Logged>) {
        let Some(room) = self.rooms.get(channel) else {
            return (Place::default(), Vec::new());
        };
        let shown = if tail.0 == room.epoch {
            tail.1
        } else {
            tail.1.min(room.begun)
        };
        let to = shown.max(room.persisted);
        let trimmed = room.persisted.saturating_sub(self.keep);
        let in_range = |seq: u64| match range {
            Range::Last => true,
            Range::Before(before) => seq < before,
            Range::After(after) => seq > after,
        };
        let found = room
            .log
            .iter()
            .filter(|logged| {
                let seq = logged.event.position.seq;
                seq > trimmed && seq <= to && in_range(seq)
            })
            .map(|logged| {
                let mut logged = logged.clone();
                logged.event.position.epoch = room.epoch.as_str().into();
                logged.message.epoch.clone_from(&room.epoch);
                logged
            })
            .collect();
        ((room.epoch.clone(), room.log.len() as u64), found)
    }

    /// A page, as the gateway reads it.
    pub fn page(
        &self,
        channel: &ChannelId,
        tail: &Place,
        range: Range,
        count: usize,
    ) -> HistoryPage {
        let ((epoch, seq), mut found) = self.read(channel, tail, range);
        let more = found.len() > count;
        match range {
            Range::After(_) => found.truncate(count),
            _ => drop(found.drain(..found.len().saturating_sub(count))),
        }
        let entry = |logged: Logged| Entry::Message(Box::new(logged.message));
        HistoryPage {
            entries: found.into_iter().map(entry).collect(),
            epoch,
            seq,
            more,
        }
    }

    /// What a repair finds of `from..=to`.
    pub fn between(
        &self,
        channel: &ChannelId,
        tail: &Place,
        epoch: &str,
        (from, to): (u64, u64),
    ) -> Vec<MessageEvent> {
        let (_, found) = self.read(channel, tail, Range::After(from - 1));
        found
            .into_iter()
            .map(|logged| logged.event)
            .filter(|event| *event.position.epoch == *epoch && event.position.seq <= to)
            .collect()
    }

    /// The history-worker persists all that waits.
    pub fn persist(&mut self) {
        for room in self.rooms.values_mut() {
            room.persisted = room.log.len() as u64;
        }
    }

    /// Everything is gone.
    pub fn flush(&mut self) {
        self.rooms.clear();
        self.seen.clear();
        self.seats.clear();
    }

    /// A replica takes what there is, and falls behind from here on.
    pub fn replicate(&mut self) {
        let mut copy = self.clone();
        copy.replica = None;
        self.replica = Some(Box::new(copy));
    }

    /// The replica takes over.
    pub fn fail_over(&mut self) {
        if let Some(replica) = self.replica.take() {
            let (epochs, messages) = (self.epochs, self.messages);
            *self = *replica;
            (self.epochs, self.messages) = (epochs, messages);
        }
    }

    /// The messages that clients named, by room: each has to be there once.
    pub fn named(&self) -> BTreeMap<ChannelId, Vec<&str>> {
        self.rooms
            .iter()
            .map(|(channel, room)| {
                let names = room
                    .log
                    .iter()
                    .map(|logged| logged.client_message_id.as_str());
                (channel.clone(), names.collect())
            })
            .collect()
    }
}
