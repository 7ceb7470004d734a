//! The keys around webhooks.

use super::Keyspace;
use crate::id::ChannelId;

/// The [`Keyspace::webhook_state`] of a channel's partition.
pub fn channel_webhook_state(channel: &ChannelId) -> String {
    webhook_state(channel.tag().unwrap_or_default())
}

fn webhook_state(tag: &str) -> String {
    format!("webhookState:{{{tag}}}")
}

/// The [`Keyspace::webhooks`] of a channel's partition.
pub fn channel_webhooks(channel: &ChannelId) -> String {
    webhooks(channel.tag().unwrap_or_default())
}

fn webhooks(tag: &str) -> String {
    format!("webhooks:{{{tag}}}")
}

impl Keyspace {
    /// HASH, only while webhooks are on: the name of each event that is wanted → `1`, `most` → how many
    /// may wait, `dropped` → how many were not taken since it was last told. No TTL.
    pub fn webhook_state(&self, partition: u16) -> String {
        webhook_state(self.tag(partition))
    }

    /// STREAM of the events that wait to be sent: fields `e` (its name), `c` (channel), `b` (a body in
    /// JSON) and, where somebody joins or leaves, `u` (users in the room from then on). Bounded.
    pub fn webhooks(&self, partition: u16) -> String {
        webhooks(self.tag(partition))
    }

    /// STREAM of the events that were given up: as they were, with `id` and `why`. Bounded.
    pub fn webhooks_dead(&self, partition: u16) -> String {
        format!("webhooksDead:{{{}}}", self.tag(partition))
    }
}
