//! A repair: fetches what a room has missed, for as long as that takes.

use parlor_shared::id::ChannelId;
use tokio::sync::mpsc;
use tracing::warn;

use super::REPAIR_RETRY;
use crate::{
    bus::history::History,
    metrics::{Counted, GatewayMetrics},
    rooms::command::Command,
};

/// What is to be fetched, and for whom.
pub(super) struct Repair {
    pub own: mpsc::UnboundedSender<Command>,
    pub history: History,
    pub metrics: GatewayMetrics,
    pub channel: ChannelId,
    /// Which room of this name it is for.
    pub generation: u64,
    pub epoch: Box<str>,
    /// The first and the last `seq`.
    pub range: (u64, u64),
}

/// Fetches in a task of its own and tells the shard.
pub(super) fn spawn(repair: Repair) {
    tokio::spawn(repair.run());
}

impl Repair {
    async fn run(self) {
        let _open = Counted::new(&self.metrics.gaps_open);
        let (from, to) = self.range;
        while !self.own.is_closed() {
            let between = self.history.between(&self.channel, &self.epoch, from, to);
            match between.await {
                Ok(messages) => {
                    let _ = self.own.send(Command::Repaired {
                        channel: self.channel,
                        generation: self.generation,
                        messages,
                    });
                    return;
                }
                Err(error) => {
                    self.metrics.redis_errors.inc();
                    warn!(%error, "a gap can't be repaired yet");
                    tokio::time::sleep(REPAIR_RETRY).await;
                }
            }
        }
    }
}
