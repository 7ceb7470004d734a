//! Puts rooms' frames into outboxes, and writes to each outbox once a batch.

use parlor_shared::protocol::CloseCode;

use super::room::{Deliver, Stats};
use crate::{
    metrics::GatewayMetrics,
    outbox::{Outbox, Pushed},
    websocket::Frame,
};

/// Writes between two looks at whether other tasks wait.
const FLUSHES_PER_TURN: usize = 128;

/// Collects the outboxes that got something, to write to each once.
#[derive(Debug, Default)]
pub struct Writer {
    dirty: Vec<Outbox>,
    /// Members that could not keep up, since last asked.
    pub overflows: u64,
}

impl Deliver<Outbox> for Writer {
    fn deliver(&mut self, sink: &Outbox, frame: &Frame) {
        match sink.push(frame) {
            Pushed::Flush => self.dirty.push(sink.clone()),
            Pushed::Overflow => self.overflows += 1,
            Pushed::Queued | Pushed::Refused => {}
        }
    }

    fn give_up(&mut self, sink: &Outbox) {
        self.overflows += 1;
        sink.close(CloseCode::SlowConsumer);
    }
}

impl Writer {
    /// Writes to every connection that got something.
    pub async fn flush(&mut self) {
        for (at, outbox) in self.dirty.drain(..).enumerate() {
            if at % FLUSHES_PER_TURN == FLUSHES_PER_TURN - 1 {
                tokio::task::yield_now().await;
            }
            outbox.flush();
        }
    }
}

/// Adds what a room has counted.
pub fn count(metrics: &GatewayMetrics, stats: Stats) {
    for (counter, by) in [
        (&metrics.deliveries, stats.deliveries),
        (&metrics.gaps, stats.gaps),
        (&metrics.gap_messages_repaired, stats.repaired_messages),
        (&metrics.duplicates_dropped, stats.duplicates),
        (&metrics.resyncs, stats.resyncs),
        (&metrics.bus_events_unreadable, stats.unreadable),
    ] {
        if by > 0 {
            counter.inc_by(by);
        }
    }
}
