//! Leaving a room, until Redis knows.

use std::{
    mem,
    time::{Duration, Instant},
};

use parlor_shared::{
    id::ChannelId,
    redis::presence::{self, Left},
};
use tracing::warn;

use super::Connection;

/// When a room that could not be left is left again.
const AGAIN: Duration = Duration::from_secs(1);

/// Rooms that the session is listed in and not a member of: Redis could not be told.
#[derive(Debug, Default)]
pub(super) struct StillListed {
    channels: Vec<ChannelId>,
    /// When to tell Redis again.
    pub next: Option<Instant>,
}

impl StillListed {
    fn add(&mut self, channel: ChannelId) {
        if !self.channels.contains(&channel) {
            self.channels.push(channel);
        }
        self.next = Some(Instant::now() + AGAIN);
    }

    /// The session is in the room again, and meant to be.
    pub fn remove(&mut self, channel: &ChannelId) {
        self.channels.retain(|other| other != channel);
        if self.channels.is_empty() {
            self.next = None;
        }
    }
}

impl Connection {
    /// Out of a room: first its live frames stop, then the others are told.
    pub(super) async fn leave(&mut self, channel: &ChannelId) {
        self.memberships.remove(channel);
        let Some(who) = self.membership_facts() else {
            return;
        };
        let mut commands = self.app.commands.clone();
        let left = presence::leave(&mut commands, self.app.registry_settings, channel, &who);
        match left.await {
            Ok(Left { gone, users }) => {
                self.still_listed.remove(channel);
                if gone && users >= self.app.registry_settings.names_limit {
                    self.app.rooms.occupancy_changed(channel);
                }
            }
            // Should it never work, the session's end takes it out of the room.
            Err(error) => {
                self.app.metrics.redis_errors.inc();
                warn!(%error, "leaving a room could not be noted yet");
                self.still_listed.add(channel.clone());
            }
        }
    }

    /// Tells Redis again what it could not be told.
    pub(super) async fn leave_again(&mut self) {
        for channel in mem::take(&mut self.still_listed).channels {
            self.leave(&channel).await;
        }
    }
}
