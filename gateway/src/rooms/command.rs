//! What a shard of rooms is asked, and the queues that it is asked through.

use std::{sync::Arc, time::Duration};

use parlor_shared::{
    event::MessageEvent,
    id::{ChannelId, SessionId},
    notice::Notice,
    roles::RoomSettings,
};
use tokio::sync::{mpsc, oneshot};

use super::{
    policies::Policies,
    pump::{AuditFlag, BusEvent, Entrance, QUEUE_EVENTS},
    registry::Attach,
    room::Backlog,
};
use crate::bus::history::Audited;

/// What one who resumes goes on from.
pub type Missed = Option<Backlog>;

/// What a shard is asked.
#[derive(Debug)]
pub enum Command {
    Attach {
        attach: Box<Attach>,
        attachment: u64,
        reply: oneshot::Sender<Missed>,
    },
    Subscribed {
        channel: ChannelId,
        generation: u64,
    },
    Release {
        channel: ChannelId,
        session: SessionId,
        epoch: Box<str>,
        seq: u64,
    },
    Detach {
        channel: ChannelId,
        session: SessionId,
        attachment: u64,
    },
    Repaired {
        channel: ChannelId,
        generation: u64,
        messages: Vec<MessageEvent>,
    },
    /// What Redis says; `None` when it could not be asked.
    Audited(Option<Vec<Audited>>),
    OccupancyChanged(ChannelId),
    /// How often a room was moderated and what it is set to; `None` when that could not be asked.
    PolicyFound {
        channel: ChannelId,
        generation: u64,
        found: Option<(u64, Box<RoomSettings>)>,
    },
}

/// A shard's queues, made before the shard.
#[derive(Debug)]
pub struct Inlet {
    pub own: mpsc::UnboundedSender<Command>,
    pub commands: mpsc::UnboundedReceiver<Command>,
    pub events: mpsc::Receiver<BusEvent>,
    pub audit: Arc<AuditFlag>,
}

impl Inlet {
    pub fn new() -> (mpsc::UnboundedSender<Command>, Self, Entrance) {
        let (own, commands) = mpsc::unbounded_channel();
        let (events_in, events) = mpsc::channel(QUEUE_EVENTS);
        let audit = Arc::new(AuditFlag::default());
        let entrance = Entrance {
            events: events_in,
            audit: Arc::clone(&audit),
        };
        (
            own.clone(),
            Self {
                own,
                commands,
                events,
                audit,
            },
            entrance,
        )
    }
}

/// What a shard goes by.
#[derive(Clone, Debug)]
pub struct ShardSettings {
    pub ring_messages: usize,
    pub audit_interval: Duration,
    /// Between two hand-outs of one room's messages at least; zero for none.
    pub batch_delay: Duration,
    pub policies: Policies,
    /// Where orders for users' sessions on this gateway go.
    pub orders: mpsc::Sender<Notice>,
}
