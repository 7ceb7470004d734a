//! Names of what a partition has, and the hash tags of partitions.

use std::sync::Arc;

use super::{
    Family, Keyspace,
    slots::{SLOTS, crc16},
};
use crate::id::ChannelId;

impl Keyspace {
    /// STRING: the number of partitions that the data was laid out with. No TTL.
    pub fn partitions_key(&self) -> String {
        self.one(Family::Partitions)
    }

    /// STREAM of the partition's messages that are not persisted yet: fields `c` (channel) and
    /// `m` (an event of [`crate::event`]).
    pub fn messages(&self, partition: u16) -> String {
        self.of_tag(Family::Messages, self.tag(partition))
    }

    /// STRING: the era that the partition's rooms are in, the second half of their epochs. A new one
    /// begins when a gateway finds that Redis has gone back. No TTL.
    pub fn era(&self, partition: u16) -> String {
        self.of_tag(Family::Era, self.tag(partition))
    }

    /// The [`Self::era`] of a channel's partition.
    pub fn channel_era(&self, channel: &ChannelId) -> String {
        self.of_tag(Family::Era, channel.tag().unwrap_or_default())
    }

    /// ZSET of the partition's channels that have history → ms of their newest message.
    pub fn channels(&self, partition: u16) -> String {
        self.of_tag(Family::Channels, self.tag(partition))
    }

    /// STRING: fencing token of the history-worker that owns the partition. TTL 10 s, renewed.
    pub fn history_lease(&self, partition: u16) -> String {
        self.of_tag(Family::HistoryLease, self.tag(partition))
    }
}

/// The smallest numbers whose slots lie in the middle of each partition's share of the slots, so
/// that partitions spread evenly over any number of masters that divides theirs.
pub(super) fn tags(partitions: u16) -> Arc<[Box<str>]> {
    let partitions = u32::from(partitions);
    let target = |partition: u32| (partition * SLOTS + SLOTS / 2) / partitions;
    let mut tags: Vec<Option<Box<str>>> = vec![None; partitions as usize];
    let mut by_slot = vec![None; SLOTS as usize];
    for partition in 0..partitions {
        by_slot[target(partition) as usize] = Some(partition as usize);
    }
    let mut missing = partitions;
    let mut number: u64 = 0;
    while missing > 0 {
        let tag = number.to_string();
        let slot = u32::from(crc16(tag.as_bytes())) % SLOTS;
        if let Some(partition) = by_slot[slot as usize].take() {
            tags[partition] = Some(tag.into());
            missing -= 1;
        }
        number += 1;
    }
    tags.into_iter().flatten().collect()
}
