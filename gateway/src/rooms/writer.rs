//! Writes rooms' frames: straight to the sockets, as long as that takes no longer than others can
//! wait, and the rest of a batch through the outboxes.

use parlor_shared::protocol::CloseCode;

use super::room::{Deliver, Stats};
use crate::{
    metrics::GatewayMetrics,
    outbox::{Outbox, Pushed},
    websocket::Frame,
};

/// Writes of a batch that are done at once, some milliseconds' worth: all that a connection is to
/// the processor's caches is touched once, and no task is woken. A member's messages of one room were
/// gathered before, so a second write comes only of a second room.
const DIRECT_WRITES: usize = 1_024;
/// Writes between two looks at whether other tasks wait.
const FLUSHES_PER_TURN: usize = 256;

/// Writes, or collects the outboxes that got something, to write to each once.
#[derive(Debug, Default)]
pub struct Writer {
    direct: usize,
    dirty: Vec<Outbox>,
    /// Members that could not keep up, since last asked.
    pub overflows: u64,
}

impl Deliver<Outbox> for Writer {
    fn deliver(&mut self, sink: &Outbox, frame: &Frame) {
        let pushed = if self.direct < DIRECT_WRITES {
            self.direct += 1;
            sink.send(frame)
        } else {
            sink.push(frame)
        };
        match pushed {
            Pushed::Flush => self.dirty.push(sink.clone()),
            Pushed::Overflow => self.overflows += 1,
            Pushed::Written | Pushed::Queued | Pushed::Refused => {}
        }
    }

    fn give_up(&mut self, sink: &Outbox) {
        self.overflows += 1;
        sink.close(CloseCode::SlowConsumer);
    }
}

impl Writer {
    /// Writes to every connection that still waits for it, and ends the batch.
    pub async fn flush(&mut self) {
        self.direct = 0;
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
