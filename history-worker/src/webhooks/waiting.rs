//! Looks how many of the owned partitions' events wait for the endpoint, and since when.

use std::{sync::Arc, time::Duration};

use parlor_shared::{
    keyspace::Keyspace,
    redis::{Commands, lease::Owned},
};
use redis::{RedisResult, Value, pipe, streams::StreamRangeReply};

use super::metrics::WebhookMetrics;
use crate::{backlog::id_ms, metrics::Metrics, watch::Watch};

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
        let owned: Vec<u16> = self.owned.borrow().keys().copied().collect();
        let mut ask = pipe();
        ask.cmd("TIME");
        for partition in owned {
            let stream = self.keyspace.webhooks(partition);
            ask.xlen(&stream);
            ask.xrange_count(stream, "-", "+", 1);
        }
        let replies: Vec<Value> = ask.query_async(&mut self.commands).await?;
        let mut replies = replies.into_iter();
        let now: (u64, u64) = redis::from_redis_value(replies.next().unwrap_or(Value::Nil))?;
        let now_ms = now.0 * 1_000 + now.1 / 1_000;
        let (mut events, mut age_ms) = (0, 0);
        while let (Some(length), Some(oldest)) = (replies.next(), replies.next()) {
            events += redis::from_redis_value::<i64>(length)?;
            let oldest: StreamRangeReply = redis::from_redis_value(oldest)?;
            if let Some(ms) = oldest.ids.first().and_then(|entry| id_ms(&entry.id)) {
                age_ms = age_ms.max(now_ms.saturating_sub(ms));
            }
        }
        self.webhooks.waiting.set(events);
        let seconds = age_ms as f64 / 1_000.0;
        self.webhooks.waiting_age_seconds.set(seconds);
        Ok(())
    }
}
