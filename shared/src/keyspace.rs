//! Every Redis key, stream and channel name, a method each. Nothing else builds one.
//!
//! Each begins with the Parlor's prefix, so that several share one Redis. Behind it a room's keys
//! carry its partition's hash tag, so that they, the partition's stream and the room's pub/sub channel
//! share one cluster slot. What names a channel within Parlor ([`ChannelId`]) has no prefix.

mod changes;
mod family;
mod gateways;
mod partitions;
mod people;
mod photos;
mod prefix;
mod rooms;
pub mod slots;
mod webhooks;

use std::{fmt::Display, sync::Arc};

use uuid::Uuid;

pub use {
    family::{Family, Kind},
    gateways::{notices, probe},
    prefix::Prefix,
};

use crate::id::{self, Address, ChannelId, RoomName};
use slots::crc16;

/// Namespace of the version 5 UUIDs that name the channels of named rooms.
const ROOM_NAMESPACE: Uuid = Uuid::from_u128(0x7061_726c_6f72_4072_8f6f_6d73_0000_0001);

/// The names of one Parlor's keys. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Keyspace {
    prefix: Prefix,
    tags: Arc<[Box<str>]>,
}

impl Keyspace {
    /// The keyspace of `partitions` partitions (1 to 1,024), without a prefix.
    pub fn new(partitions: u16) -> Self {
        Self::with_prefix(Prefix::default(), partitions)
    }

    /// The keyspace of a Parlor that shares its Redis with others.
    pub fn with_prefix(prefix: Prefix, partitions: u16) -> Self {
        Self {
            prefix,
            tags: partitions::tags(partitions.max(1)),
        }
    }

    /// What every name begins with.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// A name that is one of its kind.
    fn one(&self, family: Family) -> String {
        format!("{}{}", self.prefix, family.name())
    }

    /// The name of a family that belongs to `whose`.
    fn of(&self, family: Family, whose: impl Display) -> String {
        format!("{}{}:{whose}", self.prefix, family.name())
    }

    /// The name of a family that belongs to the partition with this tag.
    fn of_tag(&self, family: Family, tag: &str) -> String {
        format!("{}{}:{{{tag}}}", self.prefix, family.name())
    }

    /// The pub/sub channel that what a channel is told goes over.
    pub fn published(&self, channel: &ChannelId) -> ChannelId {
        if self.prefix.is_empty() {
            return channel.clone();
        }
        ChannelId::new(format!("{}{channel}", self.prefix))
    }

    /// The name of the channel that is told something over a pub/sub channel of this Parlor.
    pub fn heard<'a>(&self, published: &'a str) -> Option<&'a str> {
        published.strip_prefix(self.prefix.as_str())
    }

    /// The number of partitions.
    pub fn partitions(&self) -> u16 {
        self.tags.len() as u16
    }

    /// The partition a channel lies in; `None` for a channel that this keyspace didn't name.
    pub fn partition_of(&self, channel: &ChannelId) -> Option<u16> {
        self.partition_of_name(channel.as_str())
    }

    /// The same for a channel's name.
    pub fn partition_of_name(&self, channel: &str) -> Option<u16> {
        let tag = id::tag(channel)?;
        self.tags
            .iter()
            .position(|known| **known == *tag)
            .map(|index| index as u16)
    }

    fn tag(&self, partition: u16) -> &str {
        &self.tags[usize::from(partition) % self.tags.len()]
    }

    fn channel(&self, name: &str) -> ChannelId {
        let partition = crc16(name.as_bytes()) % self.partitions();
        ChannelId::new(format!("{{{}}}{name}", self.tag(partition)))
    }

    /// General's channel: `{p}public`.
    pub fn general(&self) -> ChannelId {
        self.channel("public")
    }

    /// A named room's channel: `{p}<uuid>`, the same for everyone without asking Redis.
    pub fn named_room(&self, room: &RoomName) -> ChannelId {
        self.channel(&Uuid::new_v5(&ROOM_NAMESPACE, room.as_str().as_bytes()).to_string())
    }

    /// A channel for a private room that is about to be made.
    pub fn new_private_room(&self) -> ChannelId {
        self.channel(&Uuid::new_v4().to_string())
    }

    /// The channel of an address that needs no look-up; `None` for a private room.
    pub fn fixed_channel(&self, address: &Address) -> Option<ChannelId> {
        match address {
            Address::General => Some(self.general()),
            Address::Named(room) => Some(self.named_room(room)),
            Address::Private(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{slots::SLOTS, *};

    #[test]
    fn partitions_spread_evenly_over_the_slots() {
        for partitions in [1_u16, 16, 64, 256] {
            let keyspace = Keyspace::new(partitions);
            let width = SLOTS / u32::from(partitions);
            for (index, tag) in keyspace.tags.iter().enumerate() {
                let slot = u32::from(crc16(tag.as_bytes())) % SLOTS;
                assert_eq!(slot / width, index as u32, "tag {tag} of {partitions}");
            }
        }
    }

    #[test]
    fn a_room_and_its_stream_share_a_tag() {
        let keyspace = Keyspace::new(16);
        let room = keyspace.named_room(&RoomName::new("lobby").unwrap());
        let partition = keyspace.partition_of(&room).unwrap();
        let tag = format!("{{{}}}", room.tag().unwrap());
        assert!(keyspace.messages(partition).contains(&tag));
        assert!(keyspace.channel_messages(&room).contains(&tag));
        assert!(keyspace.channel_era(&room).contains(&tag));
        assert_eq!(keyspace.channel_era(&room), keyspace.era(partition));
        assert!(keyspace.general().as_str().ends_with("}public"));
        assert_eq!(keyspace.partition_of(&ChannelId::new("{nobody}x")), None);
    }

    #[test]
    fn rooms_spread_over_partitions() {
        let keyspace = Keyspace::new(16);
        let mut counts = [0; 16];
        for number in 0..1_600 {
            let room = keyspace.named_room(&RoomName::new(&format!("room {number}")).unwrap());
            counts[usize::from(keyspace.partition_of(&room).unwrap())] += 1;
        }
        assert!(
            counts.iter().all(|count| (50..=200).contains(count)),
            "{counts:?}"
        );
    }
}
