//! Names of what is kept beside messages: reactions and votes.

use super::{Family, Keyspace};
use crate::id::{ChannelId, MessageId};

impl Keyspace {
    /// HASH message → how its reactions and votes stand, for those that have any: a line
    /// `<seq> <times told> <ms of the last time> <poll> <ms when it closes, or 0> <closed>` and, below it,
    /// JSON `{"reactions","results"}` as last told. `poll` is `-` for a message that is none, else the
    /// number of options, `m` or `s` for multiple or single choice, `a` or `n` for anonymous or not.
    /// `deleted` for a deleted message. Trimmed with `channelMessages`.
    pub fn channel_tallies(&self, channel: &ChannelId) -> String {
        self.of(Family::ChannelTallies, channel)
    }

    /// ZSET (all scores 0) of `v:<user>` for each who has voted and `<option>:<user>` for each vote.
    /// Trimmed with `channelMessages`.
    pub fn channel_votes(&self, channel: &ChannelId, message: MessageId) -> String {
        self.of(Family::ChannelVotes, format_args!("{channel}:{message}"))
    }

    /// ZSET (all scores 0) of `<emoji>\0<user>`. Trimmed with `channelMessages`.
    pub fn channel_reactions(&self, channel: &ChannelId, message: MessageId) -> String {
        self.of(
            Family::ChannelReactions,
            format_args!("{channel}:{message}"),
        )
    }

    /// What [`Self::channel_votes`] begins with up to its colon: who trims learns of messages within a
    /// script.
    pub fn channel_votes_stem(&self) -> String {
        self.one(Family::ChannelVotes)
    }

    /// The same of [`Self::channel_reactions`].
    pub fn channel_reactions_stem(&self) -> String {
        self.one(Family::ChannelReactions)
    }

    /// The [`Self::tallies_due`] of a channel's partition.
    pub fn channel_tallies_due(&self, channel: &ChannelId) -> String {
        self.of_tag(Family::TalliesDue, channel.tag().unwrap_or_default())
    }

    /// ZSET `<channel> <message>` → ms when its reactions and votes are to be told, or its poll closes.
    pub fn tallies_due(&self, partition: u16) -> String {
        self.of_tag(Family::TalliesDue, self.tag(partition))
    }
}
