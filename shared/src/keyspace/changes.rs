//! Names of what is kept beside messages: reactions and votes.

use super::Keyspace;
use crate::id::{ChannelId, MessageId};

/// HASH message → how its reactions and votes stand, for those that have any: a line
/// `<seq> <times told> <ms of the last time> <poll> <ms when it closes, or 0> <closed>` and, below it,
/// JSON `{"reactions","results"}` as last told. `poll` is `-` for a message that is none, else the
/// number of options, `m` or `s` for multiple or single choice, `a` or `n` for anonymous or not.
/// `deleted` for a deleted message. Trimmed with `channelMessages`.
pub fn channel_tallies(channel: &ChannelId) -> String {
    format!("channelTallies:{channel}")
}

/// ZSET (all scores 0) of `v:<user>` for each who has voted and `<option>:<user>` for each vote.
/// Trimmed with `channelMessages`.
pub fn channel_votes(channel: &ChannelId, message: MessageId) -> String {
    format!("{CHANNEL_VOTES}:{channel}:{message}")
}

/// ZSET (all scores 0) of `<emoji>\0<user>`. Trimmed with `channelMessages`.
pub fn channel_reactions(channel: &ChannelId, message: MessageId) -> String {
    format!("{CHANNEL_REACTIONS}:{channel}:{message}")
}

/// What [`channel_votes`] begins with: who trims learns of messages within a script.
pub const CHANNEL_VOTES: &str = "channelVotes";
/// The same of [`channel_reactions`].
pub const CHANNEL_REACTIONS: &str = "channelReactions";

/// The [`Keyspace::tallies_due`] of a channel's partition.
pub fn channel_tallies_due(channel: &ChannelId) -> String {
    tallies_due(channel.tag().unwrap_or_default())
}

fn tallies_due(tag: &str) -> String {
    format!("talliesDue:{{{tag}}}")
}

impl Keyspace {
    /// ZSET `<channel> <message>` → ms when its reactions and votes are to be told, or its poll closes.
    pub fn tallies_due(&self, partition: u16) -> String {
        tallies_due(self.tag(partition))
    }
}
