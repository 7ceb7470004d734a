//! Looks at something again and again, for the metrics.

use std::{future::Future, sync::Arc, time::Duration};

use parlor_shared::{
    keyspace::Keyspace,
    redis::{Commands, lease::Owned},
};
use redis::RedisResult;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::metrics::Metrics;

/// What a look at the owned partitions works with.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) commands: Commands,
    pub(crate) keyspace: Keyspace,
    pub(crate) owned: Owned<u16>,
    pub(crate) metrics: Arc<Metrics>,
}

/// What is looked at.
pub(crate) trait Watch: Send {
    const INTERVAL: Duration;
    /// Said when it could not be seen.
    const FAILURE: &'static str;

    fn metrics(&self) -> &Metrics;
    fn look(&mut self) -> impl Future<Output = RedisResult<()>> + Send;
}

/// Looks each interval until `stop`; a look that fails is counted and told, and the next one tries
/// again.
pub(crate) async fn run<W: Watch>(mut watch: W, stop: CancellationToken) -> anyhow::Result<()> {
    let mut ticks = tokio::time::interval(W::INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let look = async {
            ticks.tick().await;
            watch.look().await
        };
        let looked = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            looked = look => looked,
        };
        if let Err(error) = looked {
            watch.metrics().redis_errors.inc();
            warn!(%error, "{}", W::FAILURE);
        }
    }
}
