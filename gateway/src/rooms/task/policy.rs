//! What is decided about a room and its users, as it comes to a gateway: from the room's own
//! channel, at once; and, should that have been lost, with the next audit.
//!
//! `policy` of `channelMeta` counts what was decided. An event is the next one, or something was
//! missed: then the room's users are looked up anew.

use parlor_shared::{
    event::{Event, UserChange},
    id::{ChannelId, UserId},
    notice::{Notice, Order, Sessions, Standing},
    redis::moderation,
    roles::{Access, RoomSettings},
};
use tracing::warn;

use super::Rooms;
use crate::rooms::command::Command;

/// How far a room's decisions are known here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nobody has looked yet what was decided before the room came to this gateway.
    #[default]
    Unknown,
    UpTo(u64),
    /// Being looked up; `again`: something came meanwhile that it may not have seen.
    Asking {
        again: bool,
    },
}

impl Rooms {
    /// A room is set otherwise.
    pub(super) fn settings_changed(
        &mut self,
        channel: &str,
        version: u64,
        settings: Box<RoomSettings>,
    ) {
        let shut = settings.closed || settings.access == Access::Invite;
        self.policies.learn(channel, version, &settings);
        self.with_room(channel, |room, out| {
            room.event(Event::Settings { version, settings }, out)
        });
        let in_order = self.heard(channel, version);
        if shut || !in_order {
            self.look_up(channel);
        }
    }

    /// Somebody is something else in a room: out of it, muted, or of another role.
    pub(super) fn user_changed(&mut self, channel: &str, version: u64, change: UserChange) {
        // They were there when it was said.
        self.hand(channel);
        let Some(entry) = self.entries.get_mut(channel) else {
            return;
        };
        if change.removed.is_some() {
            // Nothing more from here on. The session hears of it and leaves; one that is just
            // joining is let in or not by Redis.
            for session in entry.room.detach_live(change.user) {
                entry.attachments.remove(&session);
            }
        }
        let UserChange {
            user,
            role,
            muted,
            removed,
        } = change;
        let (closed, invite) = self.policies.door(channel);
        let standing = Standing {
            channel: channel.to_owned(),
            version,
            role,
            muted,
            removed,
            closed,
            invite,
        };
        let order = Order::Standing(Box::new(standing));
        let notice = Notice::order(user, Sessions::All, order, None);
        let told = self.orders.try_send(notice).is_ok();
        if !told {
            self.metrics.notices_dropped.inc();
        }
        self.drop_if_empty(channel);
        if !self.heard(channel, version) || !told {
            self.look_up(channel);
        }
    }

    /// Notes a decision; `false` when some before it were missed.
    fn heard(&mut self, channel: &str, version: u64) -> bool {
        let Some(entry) = self.entries.get_mut(channel) else {
            return true;
        };
        match entry.heard {
            Heard::UpTo(known) if version > known => {
                entry.heard = Heard::UpTo(version);
                version == known + 1
            }
            // The audit looks what was before.
            _ => true,
        }
    }

    /// What the audit found. Rooms that nobody ever moderated cost nothing.
    pub(super) fn audit_policy(&mut self, channel: &str, found: u64) {
        let Some(entry) = self.entries.get(channel) else {
            return;
        };
        match entry.heard {
            Heard::Unknown if found > 0 => self.look_up(channel),
            Heard::UpTo(known) if found > known => self.look_up(channel),
            _ => {}
        }
    }

    /// Looks up what all of a room's users on this gateway are, and tells their sessions.
    fn look_up(&mut self, channel: &str) {
        let Some(entry) = self.entries.get_mut(channel) else {
            return;
        };
        if let Heard::Asking { again } = &mut entry.heard {
            *again = true;
            return;
        }
        entry.heard = Heard::Asking { again: false };
        let users = entry.room.users();
        let (channel, generation) = (entry.channel.clone(), entry.generation);
        let (own, orders) = (self.own.clone(), self.orders.clone());
        let (history, metrics) = (self.history.clone(), self.metrics.clone());
        tokio::spawn(async move {
            let found = match history.standings(&channel, &users).await {
                Ok((facts, found)) => {
                    for (user, found) in users.into_iter().zip(found) {
                        let notice = as_notice(&channel, user, &facts, found);
                        // Waits: the queue is shorter than a large room.
                        let _ = orders.send(notice).await;
                    }
                    Some((facts.policy, Box::new(facts.settings)))
                }
                Err(error) => {
                    metrics.redis_errors.inc();
                    warn!(%error, "a room's users can't be looked up yet");
                    None
                }
            };
            let _ = own.send(Command::PolicyFound {
                channel,
                generation,
                found,
            });
        });
    }

    /// What was looked up; `None` when Redis could not be asked: the next audit does it again.
    pub(super) fn policy_found(
        &mut self,
        channel: &ChannelId,
        generation: u64,
        found: Option<(u64, Box<RoomSettings>)>,
    ) {
        let Some(entry) = self.entry(channel, generation) else {
            return;
        };
        let Some((version, settings)) = found else {
            entry.heard = Heard::Unknown;
            return;
        };
        let again = entry.heard == Heard::Asking { again: true };
        entry.heard = Heard::UpTo(version);
        if again {
            self.look_up(channel.as_str());
        }
        if self.policies.learn(channel.as_str(), version, &settings) {
            self.with_room(channel.as_str(), |room, out| {
                room.event(Event::Settings { version, settings }, out)
            });
        }
    }
}

fn as_notice(
    channel: &ChannelId,
    user: UserId,
    facts: &moderation::Facts,
    found: moderation::Standing,
) -> Notice {
    let standing = Standing {
        channel: channel.as_str().to_owned(),
        version: facts.policy,
        role: found.role,
        muted: found.muted,
        removed: found.removed,
        closed: facts.settings.closed,
        invite: facts.settings.access == Access::Invite,
    };
    let order = Order::Standing(Box::new(standing));
    Notice::order(user, Sessions::All, order, None)
}
