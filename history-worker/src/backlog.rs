//! Looks how much of the owned partitions waits to be persisted, and since when.

use std::time::Duration;

use parlor_shared::redis::Commands;
use redis::{RedisResult, Value, pipe, streams::StreamRangeReply};

use crate::{
    metrics::Metrics,
    watch::{Scope, Watch},
};

/// Several times per scrape, so that what is scraped is fresh.
const INTERVAL: Duration = Duration::from_secs(2);

pub(crate) struct Backlog(pub(crate) Scope);

impl Watch for Backlog {
    const INTERVAL: Duration = INTERVAL;
    const FAILURE: &'static str = "can't tell the backlog";

    fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    async fn look(&mut self) -> RedisResult<()> {
        let partitions: Vec<u16> = self.0.owned.borrow().keys().copied().collect();
        let streams = partitions.iter().map(|it| self.0.keyspace.messages(*it));
        let depth = Depth::of(&mut self.0.commands, streams).await?;
        self.0.metrics.backlog_entries.set(depth.entries);
        self.0.metrics.backlog_age_seconds.set(depth.age_seconds);
        Ok(())
    }
}

/// What waits in streams.
pub(crate) struct Depth {
    pub(crate) entries: i64,
    /// How long the oldest of them has waited, by Redis' clock.
    pub(crate) age_seconds: f64,
}

impl Depth {
    /// Looks at streams in one round trip.
    pub(crate) async fn of(
        commands: &mut Commands,
        streams: impl Iterator<Item = String>,
    ) -> RedisResult<Self> {
        let mut ask = pipe();
        ask.cmd("TIME");
        for stream in streams {
            ask.xlen(&stream);
            ask.xrange_count(stream, "-", "+", 1);
        }
        let replies: Vec<Value> = ask.query_async(commands).await?;
        let mut replies = replies.into_iter();
        let now: (u64, u64) = redis::from_redis_value(replies.next().unwrap_or(Value::Nil))?;
        let now_ms = now.0 * 1_000 + now.1 / 1_000;
        let (mut entries, mut age_ms) = (0, 0);
        while let (Some(length), Some(oldest)) = (replies.next(), replies.next()) {
            entries += redis::from_redis_value::<i64>(length)?;
            let oldest: StreamRangeReply = redis::from_redis_value(oldest)?;
            if let Some(ms) = oldest.ids.first().and_then(|entry| id_ms(&entry.id)) {
                age_ms = age_ms.max(now_ms.saturating_sub(ms));
            }
        }
        Ok(Self {
            entries,
            age_seconds: age_ms as f64 / 1_000.0,
        })
    }
}

/// The time in a stream entry's id.
fn id_ms(id: &str) -> Option<u64> {
    id.split_once('-')?.0.parse().ok()
}
