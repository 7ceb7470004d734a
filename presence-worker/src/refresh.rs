//! Keeps the statuses of one gateway's users from expiring.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use parlor_shared::{
    id::GatewayId,
    redis::{
        Commands,
        lease::Lease,
        presence::{Seat, Settings},
        status,
    },
};
use redis::{RedisResult, pipe};
use tokio::time::Instant;
use tracing::warn;

use crate::metrics::Metrics;

/// Sessions refreshed in one round trip.
const BATCH_SESSIONS: usize = 500;
/// Missing statuses looked into at once.
const RESTORES_AT_ONCE: usize = 32;
/// How many times a session's key is refreshed within its life: it lives much longer than a status.
const SESSION_REFRESHES_PER_TTL: u32 = 12;
/// The pause after a failure, if it is shorter than the usual one: others can't be told later than
/// a status expires.
const RETRY: Duration = Duration::from_secs(1);

pub(crate) struct Refresher {
    pub(crate) gateway: GatewayId,
    pub(crate) lease: Lease,
    pub(crate) commands: Commands,
    pub(crate) settings: Settings,
    pub(crate) interval: Duration,
    pub(crate) metrics: Arc<Metrics>,
}

impl Refresher {
    /// Refreshes at once, since nobody knows when the last owner did, and then again and again as
    /// long as the lease is held.
    pub(crate) async fn run(mut self) {
        let session_interval =
            Duration::from_secs(self.settings.session_ttl_seconds) / SESSION_REFRESHES_PER_TTL;
        let mut sessions_due = Instant::now();
        let watched = self.metrics.freshness.watch();
        // The first pause is shortened, so that gateways taken together are not refreshed together.
        let mut pause = self.interval.mul_f64(rand::random_range(0.5..1.0));
        while self.lease.is_held() {
            let began = Instant::now();
            let with_sessions = began >= sessions_due;
            match self.round(with_sessions).await {
                Ok(()) => {
                    watched.refreshed();
                    self.metrics
                        .refresh_seconds
                        .observe(began.elapsed().as_secs_f64());
                    if with_sessions {
                        sessions_due = began + session_interval;
                    }
                    tokio::time::sleep_until(began + pause).await;
                    pause = self.interval;
                }
                Err(error) => {
                    self.metrics.redis_errors.inc();
                    warn!(gateway = %self.gateway, %error, "can't refresh its users");
                    tokio::time::sleep(RETRY.min(self.interval)).await;
                }
            }
        }
    }

    async fn round(&mut self, with_sessions: bool) -> RedisResult<()> {
        let mut cursor = 0;
        loop {
            let (next, seats) = scan(&mut self.commands, self.gateway, cursor).await?;
            for batch in seats.chunks(BATCH_SESSIONS) {
                if !self.lease.is_held() {
                    return Ok(());
                }
                self.refresh(batch, with_sessions).await?;
            }
            cursor = next;
            if cursor == 0 {
                return Ok(());
            }
        }
    }

    async fn refresh(&mut self, batch: &[Seat], with_sessions: bool) -> RedisResult<()> {
        let mut expire = pipe();
        for seat in batch {
            let ttl = self.settings.status_ttl_seconds as i64;
            expire.expire(self.commands.keyspace().user_status(seat.user), ttl);
        }
        if with_sessions {
            for seat in batch {
                let ttl = self.settings.session_ttl_seconds as i64;
                expire.expire(self.commands.keyspace().user_session(seat.session), ttl);
            }
        }
        let found: Vec<bool> = expire.query_async(&mut self.commands).await?;
        let statuses = batch.iter().zip(found);
        let missing: Vec<Seat> = statuses
            .filter(|(_, found)| !found)
            .map(|(seat, _)| *seat)
            .collect();
        let refreshed = (batch.len() - missing.len()) as u64;
        self.metrics.refreshes.inc_by(refreshed);
        self.restore(missing).await
    }

    async fn restore(&self, missing: Vec<Seat>) -> RedisResult<()> {
        let restores = missing.into_iter().map(|seat| {
            let mut commands = self.commands.clone();
            async move { status::restore(&mut commands, self.settings, seat).await }
        });
        let mut restores = stream::iter(restores).buffer_unordered(RESTORES_AT_ONCE);
        while let Some(restored) = restores.try_next().await? {
            self.metrics.restored.inc_by(u64::from(restored));
        }
        Ok(())
    }
}

/// Reads some of a gateway's sessions. Gives where to go on, 0 at the end. Sessions that come or go
/// meanwhile may be given or not, and any may be given twice.
pub(crate) async fn scan(
    commands: &mut Commands,
    gateway: GatewayId,
    cursor: u64,
) -> RedisResult<(u64, Vec<Seat>)> {
    let (next, fields): (u64, Vec<(String, String)>) = redis::cmd("HSCAN")
        .arg(commands.keyspace().gateway_sessions(gateway))
        .arg(cursor)
        .arg("COUNT")
        .arg(BATCH_SESSIONS)
        .query_async(commands)
        .await?;
    let seat = |(session, user): (String, String)| {
        Some(Seat {
            session: session.parse().ok()?,
            user: user.parse().ok()?,
            gateway,
        })
    };
    Ok((next, fields.into_iter().filter_map(seat).collect()))
}
