//! Looks how many of the owned partitions' events wait for the endpoint, and since when.

use std::{sync::Arc, time::Duration};

use parlor_shared::{
    keyspace::Keyspace,
    redis::{Commands, lease::Owned},
};
use redis::RedisResult;

use super::metrics::WebhookMetrics;
use crate::{backlog::Depth, metrics::Metrics, watch::Watch};

/// Several times per scrape, so that what is scraped is fresh.
const INTERVAL: Duration = Duration::from_secs(2);

pub(crate) struct Waiting {
    pub(crate) commands: Commands,
    pub(crate) keyspace: Keyspace,
    pub(crate) owned: Owned<u16>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) webhooks: WebhookMetrics,
}

impl Watch for Waiting {
    const INTERVAL: Duration = INTERVAL;
    const FAILURE: &'static str = "can't tell how many events wait for the webhook";

    fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    async fn look(&mut self) -> RedisResult<()> {
        let partitions: Vec<u16> = self.owned.borrow().keys().copied().collect();
        let streams = partitions.iter().map(|it| self.keyspace.webhooks(*it));
        let depth = Depth::of(&mut self.commands, streams).await?;
        self.webhooks.waiting.set(depth.entries);
        self.webhooks.waiting_age_seconds.set(depth.age_seconds);
        Ok(())
    }
}
