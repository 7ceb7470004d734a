//! Hands what the subscriber receives to the shards that own the rooms.
//!
//! It runs on the subscriber connection's own task and never waits: a subscriber that reads slowly
//! is cut off by Redis. What a full shard can't take is dropped and counted, and the shard is told
//! to audit its rooms, which finds and repairs what they missed.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use parlor_shared::redis::pubsub::{Notice, Sink};
use tokio::sync::{Notify, mpsc};

use crate::{
    bus::{guard::Guard, notices::Mailbox, probe::Probe},
    metrics::GatewayMetrics,
};

/// Events that wait for one shard.
pub const QUEUE_EVENTS: usize = 16_384;

/// An event on its way to its room.
#[derive(Debug)]
pub struct BusEvent {
    pub channel: Box<str>,
    pub payload: Bytes,
    pub arrived: Instant,
}

/// The entrance of one shard.
#[derive(Debug)]
pub struct Entrance {
    pub events: mpsc::Sender<BusEvent>,
    pub audit: Arc<AuditFlag>,
}

/// Says that a shard has to audit all its rooms.
#[derive(Debug, Default)]
pub struct AuditFlag {
    wanted: AtomicBool,
    wake: Notify,
}

impl AuditFlag {
    pub fn raise(&self) {
        self.wanted.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Waits until it was raised, and lowers it.
    pub async fn taken(&self) {
        while !self.wanted.swap(false, Ordering::AcqRel) {
            self.wake.notified().await;
        }
    }
}

/// The subscriber's sink.
#[derive(Debug)]
pub struct Pump {
    entrances: Vec<Entrance>,
    probe: Arc<Probe>,
    mailbox: Mailbox,
    guard: Guard,
    metrics: GatewayMetrics,
}

impl Pump {
    pub fn new(
        entrances: Vec<Entrance>,
        probe: Arc<Probe>,
        mailbox: Mailbox,
        guard: Guard,
        metrics: GatewayMetrics,
    ) -> Self {
        Self {
            entrances,
            probe,
            mailbox,
            guard,
            metrics,
        }
    }
}

impl Pump {
    fn audit_all(&self) {
        for entrance in &self.entrances {
            entrance.audit.raise();
        }
    }
}

/// Which of `shards` shards owns a channel.
pub fn shard_of(channel: &str, shards: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    channel.hash(&mut hasher);
    hasher.finish() as usize % shards.max(1)
}

impl Sink for Pump {
    fn message(&self, channel: &str, payload: Bytes) {
        if self.probe.is_own(channel) {
            self.probe.arrived(&payload);
            return;
        }
        if channel == self.mailbox.channel().as_str() {
            self.mailbox.arrived(&payload);
            return;
        }
        // Here, where everything is still in the order in which Redis sent it.
        self.guard.heard(channel, &payload);
        let entrance = &self.entrances[shard_of(channel, self.entrances.len())];
        let event = BusEvent {
            channel: channel.into(),
            payload,
            arrived: Instant::now(),
        };
        if entrance.events.try_send(event).is_err() {
            self.metrics.bus_events_dropped.inc();
            entrance.audit.raise();
        }
    }

    fn notice(&self, notice: Notice) {
        match notice {
            Notice::Connected => {
                self.metrics.subscriber_connects.inc();
                self.probe.connected(true);
                self.guard.connected(true);
                self.audit_all();
            }
            Notice::Mended => self.audit_all(),
            Notice::Disconnected => {
                self.probe.connected(false);
                self.guard.connected(false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use parlor_shared::{id::GatewayId, keyspace::Keyspace, telemetry::Metrics};

    use super::*;

    #[test]
    fn a_shard_that_can_not_take_an_event_is_told_to_audit() {
        let metrics = Metrics::new("gateway").expect("a registry");
        let metrics = GatewayMetrics::new(&metrics).expect("metrics");
        let gateway = GatewayId::random();
        let (mailbox, _notices) = Mailbox::new(gateway, metrics.clone());
        let (events, _queue) = mpsc::channel(1);
        let audit = Arc::new(AuditFlag::default());
        let entrance = Entrance {
            events,
            audit: Arc::clone(&audit),
        };
        let pump = Pump::new(
            vec![entrance],
            Probe::new(gateway),
            mailbox,
            Guard::new(Keyspace::new(1), metrics.clone()),
            metrics.clone(),
        );
        pump.message("room", Bytes::from_static(b"taken"));
        assert_eq!(audit.taken().now_or_never(), None);
        pump.message("room", Bytes::from_static(b"dropped"));
        assert_eq!(metrics.bus_events_dropped.get(), 1);
        assert_eq!(audit.taken().now_or_never(), Some(()));
        assert_eq!(audit.taken().now_or_never(), None, "once is enough");
    }
}
