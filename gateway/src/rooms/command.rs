//! What a shard of rooms is asked, and the queues that it is asked through.

use std::{sync::Arc, time::Duration};

use parlor_shared::{
    event::MessageEvent,
    id::{ChannelId, SessionId},
};
use tokio::sync::{mpsc, oneshot};

use super::{
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
#[derive(Clone, Copy, Debug)]
pub struct ShardSettings {
    pub ring_messages: usize,
    pub audit_interval: Duration,
}
