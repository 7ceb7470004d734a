//! Looks how many of the owned partitions' events wait for the endpoint, and since when.

use std::time::Duration;

use redis::RedisResult;

use super::metrics::WebhookMetrics;
use crate::{
    backlog::Depth,
    metrics::Metrics,
    watch::{Scope, Watch},
};

/// Several times per scrape, so that what is scraped is fresh.
const INTERVAL: Duration = Duration::from_secs(2);

pub(crate) struct Waiting {
    pub(crate) scope: Scope,
    pub(crate) webhooks: WebhookMetrics,
}

impl Watch for Waiting {
    const INTERVAL: Duration = INTERVAL;
    const FAILURE: &'static str = "can't tell how many events wait for the webhook";

    fn metrics(&self) -> &Metrics {
        &self.scope.metrics
    }

    async fn look(&mut self) -> RedisResult<()> {
        let partitions: Vec<u16> = self.scope.owned.borrow().keys().copied().collect();
        let streams = partitions
            .iter()
            .map(|it| self.scope.keyspace.webhooks(*it));
        let depth = Depth::of(&mut self.scope.commands, streams).await?;
        self.webhooks.waiting.set(depth.entries);
        self.webhooks.waiting_age_seconds.set(depth.age_seconds);
        Ok(())
    }
}
