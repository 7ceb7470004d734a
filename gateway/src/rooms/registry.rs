//! The handle to all rooms of this gateway.

use std::sync::Arc;

use parlor_shared::{
    id::{ChannelId, SessionId, UserId},
    redis::pubsub::Subscriptions,
};
use tokio::sync::{mpsc, oneshot};

use super::{
    command::{Command, Inlet, ShardSettings},
    pump::{Entrance, shard_of},
    room::Backlog,
    task::Shard,
    view::Kind,
};
use crate::{
    bus::{guard::Guard, history::History},
    metrics::GatewayMetrics,
    outbox::Outbox,
};

/// Rooms by shard. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Registry {
    /// Unbounded: a connection has at most one command under way for each of its rooms, and
    /// leaving, a guard's drop, can't wait.
    shards: Arc<[mpsc::UnboundedSender<Command>]>,
}

/// The shards as they are made, before the subscriber that feeds them exists.
#[derive(Debug)]
pub struct Plan {
    registry: Registry,
    inlets: Vec<Inlet>,
    entrances: Vec<Entrance>,
}

/// A session's place in a room; dropping it leaves.
#[derive(Debug)]
pub struct Membership {
    registry: Registry,
    channel: ChannelId,
    session: SessionId,
    /// Which attachment this is, so that a late drop doesn't undo a newer one.
    attachment: u64,
}

/// A session's places in rooms. Mostly there are few, so they lie in a row that is no longer than
/// it has to be.
#[derive(Debug, Default)]
pub struct Memberships(Vec<Membership>);

impl Memberships {
    pub fn get(&self, channel: &ChannelId) -> Option<&Membership> {
        self.0.iter().find(|it| it.channel == *channel)
    }

    /// Takes a place, in place of the one in the same room if there is one.
    pub fn insert(&mut self, membership: Membership) {
        if let Some(known) = self
            .0
            .iter_mut()
            .find(|it| it.channel == membership.channel)
        {
            *known = membership;
            return;
        }
        self.0.reserve_exact(1);
        self.0.push(membership);
    }

    pub fn remove(&mut self, channel: &ChannelId) {
        self.0.retain(|it| it.channel != *channel);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// What attaching gave.
#[derive(Debug)]
pub struct Attached {
    pub membership: Membership,
    /// For one who resumes.
    pub backlog: Option<Backlog>,
}

/// What attaching needs.
#[derive(Debug)]
pub struct Attach {
    pub channel: ChannelId,
    pub kind: Kind,
    pub session: SessionId,
    pub user: UserId,
    pub outbox: Outbox,
    /// Epoch and seq of the last message that one who resumes has.
    pub since: Option<(String, u64)>,
}

impl Plan {
    /// `shards` shards, one for each core.
    pub fn new(shards: usize) -> Self {
        let (mut senders, mut inlets, mut entrances) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..shards.max(1) {
            let (sender, inlet, entrance) = Inlet::new();
            senders.push(sender);
            inlets.push(inlet);
            entrances.push(entrance);
        }
        Self {
            registry: Registry {
                shards: senders.into(),
            },
            inlets,
            entrances,
        }
    }

    /// Where the subscriber puts events; to be taken once.
    pub fn entrances(&mut self) -> Vec<Entrance> {
        std::mem::take(&mut self.entrances)
    }

    pub fn registry(&self) -> Registry {
        self.registry.clone()
    }

    /// The shards, each to be run as a task.
    pub fn shards(
        self,
        subscriptions: &Subscriptions,
        (history, guard): (&History, &Guard),
        settings: &ShardSettings,
        metrics: &GatewayMetrics,
    ) -> Vec<Shard> {
        let shard = |inlet| {
            Shard::new(
                inlet,
                subscriptions.clone(),
                (history.clone(), guard.clone()),
                settings.clone(),
                metrics.clone(),
            )
        };
        self.inlets.into_iter().map(shard).collect()
    }
}

impl Registry {
    fn shard(&self, channel: &ChannelId) -> &mpsc::UnboundedSender<Command> {
        &self.shards[shard_of(channel.as_str(), self.shards.len())]
    }

    /// Puts a session into a room of this gateway. When it returns, Redis has confirmed the room's
    /// subscription, and live frames wait for [`Membership::release`]: so register here *before*
    /// reading history, and nothing falls between the two.
    ///
    /// # Errors
    /// `None` when the gateway is ending.
    pub async fn attach(&self, attach: Attach) -> Option<Attached> {
        let attachment = rand::random();
        let membership = Membership {
            registry: self.clone(),
            channel: attach.channel.clone(),
            session: attach.session,
            attachment,
        };
        let (reply, attached) = oneshot::channel();
        let shard = self.shard(&attach.channel);
        shard
            .send(Command::Attach {
                attach: Box::new(attach),
                attachment,
                reply,
            })
            .ok()?;
        let backlog = attached.await.ok()?;
        Some(Attached {
            membership,
            backlog,
        })
    }

    /// A large room's count has changed: tell it, at most once a second.
    pub fn occupancy_changed(&self, channel: &ChannelId) {
        let _ = self
            .shard(channel)
            .send(Command::OccupancyChanged(channel.clone()));
    }
}

impl Membership {
    pub fn channel(&self) -> &ChannelId {
        &self.channel
    }

    /// The member has its history up to this position and gets everything after it live.
    pub fn release(&self, epoch: &str, seq: u64) {
        let _ = self.registry.shard(&self.channel).send(Command::Release {
            channel: self.channel.clone(),
            session: self.session,
            epoch: epoch.into(),
            seq,
        });
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let _ = self.registry.shard(&self.channel).send(Command::Detach {
            channel: self.channel.clone(),
            session: self.session,
            attachment: self.attachment,
        });
    }
}
