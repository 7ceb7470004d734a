//! Trims rooms that the commits don't: by age, and by count where the limit was lowered.

use std::{sync::Arc, time::Duration};

use parlor_shared::{
    clock,
    id::ChannelId,
    keyspace::Keyspace,
    redis::{
        Commands,
        lease::{Lease, Owned},
        scripts,
    },
};
use redis::{AsyncCommands as _, RedisResult, pipe};
use serde::Deserialize;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::metrics::Metrics;

/// Rooms looked at in one round trip.
const PAGE_ROOMS: usize = 100;
/// Messages of a room looked at in one round trip: at their greatest length, about 3 MiB.
const CHUNK_MESSAGES: usize = 200;

/// How much of a room is kept.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// 0 for no limit.
    pub(crate) messages: u64,
    /// Zero for no limit.
    pub(crate) age: Duration,
}

impl Limits {
    /// Those of a room that is set to keep so many messages for so many seconds: it may keep less
    /// than others, never more. 0 and nothing are no limits of its own.
    fn with(self, own: (Option<u64>, Option<u64>)) -> Self {
        let lower = |site: u64, own: Option<u64>| match (site, own.unwrap_or(0)) {
            (site, 0) => site,
            (0, own) => own,
            (site, own) => site.min(own),
        };
        let age = lower(
            self.age.as_millis() as u64,
            own.1.map(|it| it.saturating_mul(1_000)),
        );
        Self {
            messages: lower(self.messages, own.0),
            age: Duration::from_millis(age),
        }
    }

    /// Before which time messages are too old; `None` if none ever are.
    fn cutoff_ms(self, now_ms: u64) -> Option<u64> {
        let age_ms = self.age.as_millis() as u64;
        (age_ms > 0).then(|| now_ms.saturating_sub(age_ms))
    }
}

pub(crate) struct Trimmer {
    pub(crate) commands: Commands,
    pub(crate) keyspace: Keyspace,
    pub(crate) owned: Owned<u16>,
    pub(crate) interval: Duration,
    pub(crate) limits: Limits,
    pub(crate) metrics: Arc<Metrics>,
}

/// One partition under its lease.
struct Partition {
    lease: Lease,
    /// The key of its channels.
    channels: String,
    /// The key of the photos whose messages are dropped.
    photos_gone: String,
}

impl Trimmer {
    pub(crate) async fn run(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut rounds = tokio::time::interval(self.interval);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is at once, when there are no leases yet.
        rounds.tick().await;
        loop {
            let round = async {
                rounds.tick().await;
                self.round().await
            };
            // What is trimmed is trimmed in steps, so it may end after any of them.
            let dropped = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                dropped = round => dropped,
            };
            match dropped {
                Ok(0) => {}
                Ok(messages) => info!(messages, "trimmed history"),
                Err(error) => {
                    self.metrics.redis_errors.inc();
                    warn!(%error, "can't trim history, trying again next time");
                }
            }
        }
    }

    /// Walks all owned partitions. Gives how many messages it dropped.
    async fn round(&mut self) -> RedisResult<u64> {
        let owned = self.owned.borrow().clone();
        let mut dropped = 0;
        for (number, lease) in owned {
            let partition = Partition {
                lease,
                channels: self.keyspace.channels(number),
                photos_gone: self.keyspace.photos_gone(number),
            };
            dropped += self.walk(&partition).await?;
        }
        Ok(dropped)
    }

    /// Walks a partition's rooms, page by page. What comes or goes meanwhile may be seen twice or
    /// not at all; the next round sees it.
    async fn walk(&mut self, partition: &Partition) -> RedisResult<u64> {
        let (mut cursor, mut dropped) = (0_u64, 0);
        loop {
            let (next, page): (u64, Vec<(String, f64)>) = redis::cmd("ZSCAN")
                .arg(&partition.channels)
                .arg(cursor)
                .arg("COUNT")
                .arg(PAGE_ROOMS)
                .query_async(&mut self.commands)
                .await?;
            let rooms: Vec<_> = page
                .into_iter()
                .map(|(room, _)| ChannelId::new(room))
                .collect();
            for rooms in rooms.chunks(PAGE_ROOMS) {
                dropped += self.page(partition, rooms).await?;
            }
            cursor = next;
            if cursor == 0 || !partition.lease.is_held() {
                return Ok(dropped);
            }
        }
    }

    async fn page(&mut self, partition: &Partition, rooms: &[ChannelId]) -> RedisResult<u64> {
        let mut ask = pipe();
        for room in rooms {
            let list = self.keyspace.channel_messages(room);
            ask.llen(&list).lindex(list, 0);
            ask.cmd("HMGET")
                .arg(self.keyspace.channel_meta(room))
                .arg(&["historyMessages", "historySeconds"]);
        }
        let found: Vec<redis::Value> = ask.query_async(&mut self.commands).await?;
        let now_ms = self.now_ms().await?;
        let mut dropped = 0;
        for (room, reply) in rooms.iter().zip(found.chunks_exact(3)) {
            let length: u64 = redis::from_redis_value(reply[0].clone())?;
            let oldest: Option<Vec<u8>> = redis::from_redis_value(reply[1].clone())?;
            let Some(oldest) = oldest else { continue };
            let own: (Option<u64>, Option<u64>) = redis::from_redis_value(reply[2].clone())?;
            let limits = self.limits.with(own);
            let too_many = length.saturating_sub(limits.messages);
            if limits.messages > 0 && too_many > 0 {
                let count = self.drop_oldest(partition, room, &oldest, too_many).await?;
                self.metrics.trimmed_by_count.inc_by(count);
                dropped += count;
            }
            // A room whose oldest message is young enough costs nothing more.
            let cutoff_ms = limits.cutoff_ms(now_ms);
            if cutoff_ms.is_some_and(|cutoff_ms| created_ms(&oldest) < Some(cutoff_ms)) {
                dropped += self.drop_aged(partition, room, cutoff_ms).await?;
            }
        }
        Ok(dropped)
    }

    /// Drops what is too old of a room, chunk by chunk.
    async fn drop_aged(
        &mut self,
        partition: &Partition,
        room: &ChannelId,
        cutoff_ms: Option<u64>,
    ) -> RedisResult<u64> {
        let mut dropped = 0;
        while partition.lease.is_held() {
            let chunk: Vec<Vec<u8>> = self
                .commands
                .lrange(
                    self.keyspace.channel_messages(room),
                    0,
                    CHUNK_MESSAGES as isize - 1,
                )
                .await?;
            let too_old = leading_before(cutoff_ms, chunk.iter().map(|json| created_ms(json)));
            if too_old == 0 {
                break;
            }
            let count = self
                .drop_oldest(partition, room, &chunk[0], too_old)
                .await?;
            self.metrics.trimmed_by_age.inc_by(count);
            dropped += count;
            // Somebody else trimmed it, or there is no more.
            if count == 0 || (too_old as usize) < chunk.len() {
                break;
            }
        }
        Ok(dropped)
    }

    /// Drops the oldest messages, unless they changed since `oldest` was seen.
    async fn drop_oldest(
        &mut self,
        partition: &Partition,
        room: &ChannelId,
        oldest: &[u8],
        count: u64,
    ) -> RedisResult<u64> {
        let dropped: i64 = scripts::TRIM
            .key(partition.lease.key())
            .key(self.keyspace.channel_messages(room))
            .key(&partition.channels)
            .key(self.keyspace.channel_tallies(room))
            .key(self.keyspace.channel_changes(room))
            .key(self.keyspace.channel_tallies_due(room))
            .key(&partition.photos_gone)
            .arg(partition.lease.token())
            .arg(oldest)
            .arg(count)
            .arg(room.as_str())
            .arg(self.keyspace.channel_votes_stem())
            .arg(self.keyspace.channel_reactions_stem())
            .invoke_async(&mut self.commands)
            .await?;
        Ok(u64::try_from(dropped).unwrap_or_else(|_| {
            partition.lease.lose();
            self.metrics.fenced.inc();
            0
        }))
    }

    /// Redis' clock, in milliseconds since 1970.
    async fn now_ms(&mut self) -> RedisResult<u64> {
        let (seconds, micros): (u64, u64) =
            redis::cmd("TIME").query_async(&mut self.commands).await?;
        Ok(seconds * 1_000 + micros / 1_000)
    }
}

/// How many at the beginning were made before the cut-off. One whose time can't be read goes with
/// an older one that stands after it.
fn leading_before(cutoff_ms: Option<u64>, created: impl Iterator<Item = Option<u64>>) -> u64 {
    let mut leading = 0;
    for (number, ms) in (1..).zip(created) {
        match ms {
            Some(_) if ms < cutoff_ms => leading = number,
            Some(_) => break,
            None => {}
        }
    }
    leading
}

/// When a stored message was made.
fn created_ms(json: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Dated<'a> {
        #[serde(rename = "CreatedAt", borrow)]
        created_at: std::borrow::Cow<'a, str>,
    }
    let dated: Dated<'_> = serde_json::from_slice(json).ok()?;
    clock::parse_rfc3339(&dated.created_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_before_the_cutoff_is_dropped() {
        let leading = |created: &[Option<u64>]| leading_before(Some(10), created.iter().copied());
        assert_eq!(leading(&[Some(1), Some(9), Some(10), Some(2)]), 2);
        assert_eq!(leading(&[None, Some(9), None, Some(11)]), 2);
        assert_eq!(leading(&[None, Some(10)]), 0);
        assert_eq!(leading(&[]), 0);
        assert_eq!(leading_before(None, [Some(1)].into_iter()), 0);
    }

    #[test]
    fn a_room_keeps_less_than_others_and_never_more() {
        let limits = |messages, seconds| Limits {
            messages,
            age: Duration::from_secs(seconds),
        };
        let with = |site: Limits, own| {
            let limits = site.with(own);
            (limits.messages, limits.age.as_secs())
        };
        assert_eq!(with(limits(100, 60), (None, None)), (100, 60));
        assert_eq!(with(limits(100, 60), (Some(10), Some(5))), (10, 5));
        assert_eq!(with(limits(100, 60), (Some(200), Some(90))), (100, 60));
        assert_eq!(with(limits(0, 0), (Some(10), Some(5))), (10, 5));
        assert_eq!(limits(0, 0).cutoff_ms(9), None);
        assert_eq!(limits(0, 5).cutoff_ms(9_000), Some(4_000));
    }

    #[test]
    fn a_stored_message_tells_its_time() {
        let json = br#"{"Message":"x","CreatedAt":"1970-01-01T00:00:01.000Z"}"#;
        assert_eq!(created_ms(json), Some(1_000));
        assert_eq!(created_ms(b"{}"), None);
    }
}
