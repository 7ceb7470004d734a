//! The keys around webhooks.

use super::{Family, Keyspace};
use crate::id::ChannelId;

impl Keyspace {
    /// The [`Self::webhook_state`] of a channel's partition.
    pub fn channel_webhook_state(&self, channel: &ChannelId) -> String {
        self.of_tag(Family::WebhookState, channel.tag().unwrap_or_default())
    }

    /// The [`Self::webhooks`] of a channel's partition.
    pub fn channel_webhooks(&self, channel: &ChannelId) -> String {
        self.of_tag(Family::Webhooks, channel.tag().unwrap_or_default())
    }

    /// HASH, only while webhooks are on: the name of each event that is wanted → `1`, `most` → how many
    /// may wait, `dropped` → how many were not taken since it was last told. No TTL.
    pub fn webhook_state(&self, partition: u16) -> String {
        self.of_tag(Family::WebhookState, self.tag(partition))
    }

    /// STREAM of the events that wait to be sent: fields `e` (its name), `c` (channel), `b` (a body in
    /// JSON) and, where somebody joins or leaves, `u` (users in the room from then on). Bounded.
    pub fn webhooks(&self, partition: u16) -> String {
        self.of_tag(Family::Webhooks, self.tag(partition))
    }

    /// STREAM of the events that were given up: as they were, with `id` and `why`. Bounded.
    pub fn webhooks_dead(&self, partition: u16) -> String {
        self.of_tag(Family::WebhooksDead, self.tag(partition))
    }
}
