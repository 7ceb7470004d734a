//! Ends one gateway's sessions that went without a word: those whose connection ended, once the
//! offline grace is over, and all of them when the gateway itself is dead.
//!
//! A gateway that is taken for dead moves from `gateways` to the ZSET of dead ones, and when nothing
//! is left of it to that of awaited ones. Should it be alive after all, it finds itself missing from
//! `gateways`, registers itself and its sessions again, and stands in both. Some of these sessions
//! may have been ended while they were registered, so the reaper, with nothing of its own in
//! flight any more, takes it out of both and awaits it: it finds itself missing once more, and what
//! it registers then stays. One that never beats again may have registered a session meanwhile: if
//! it has, it is dead once more, and otherwise forgotten. Each step may be repeated, so the next
//! owner goes on wherever this one ended.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parlor_shared::{
    id::GatewayId,
    redis::{Commands, lease::Lease, presence::Seat, scripts},
};
use redis::{AsyncCommands as _, RedisResult, pipe};
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use crate::{
    announce::{Announcer, Reason},
    fate::{Fate, Grace, Patience, Signs},
    metrics::Metrics,
    refresh,
};

/// How often it looks, which adds to the grace.
const INTERVAL: Duration = Duration::from_secs(1);
/// Departed sessions looked at in one round trip.
const PAGE_SESSIONS: usize = 500;

pub(crate) struct Reaper {
    pub(crate) gateway: GatewayId,
    pub(crate) lease: Lease,
    pub(crate) commands: Commands,
    pub(crate) announcer: Announcer,
    pub(crate) grace: Grace,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) patience: Patience,
}

impl Reaper {
    /// Reaps as long as the lease is held.
    pub(crate) async fn run(mut self) {
        let mut rounds = tokio::time::interval(INTERVAL);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            if !self.lease.is_held() {
                return;
            }
            if let Err(error) = self.round().await {
                self.metrics.redis_errors.inc();
                self.patience.forget();
                warn!(gateway = %self.gateway, %error, "can't end its sessions, trying again");
            }
        }
    }

    async fn round(&mut self) -> RedisResult<()> {
        let signs = self.signs().await?;
        let still = signs.stands_at().is_some_and(|beat| {
            self.patience
                .has_stood_still(beat, Instant::now(), self.grace)
        });
        match signs.fate(self.grace) {
            Fate::Alive => self.reap_departed(signs.now).await,
            Fate::Silent { .. } | Fate::Missed { .. } if !still => Ok(()),
            Fate::Silent { heartbeat } => {
                if self.condemn(heartbeat).await? {
                    self.tell_of_silence(signs.now - heartbeat).await?;
                    self.reap_dead(signs.now, heartbeat).await?;
                }
                Ok(())
            }
            Fate::Dead { heartbeat } => self.reap_dead(signs.now, heartbeat).await,
            Fate::Revived => self.give_back(signs.now).await,
            Fate::Missed { since } => self.miss(since).await,
            Fate::Back => self.stop_awaiting().await,
            Fate::Awaited | Fate::Gone => Ok(()),
        }
    }

    async fn signs(&mut self) -> RedisResult<Signs> {
        type Reply = ((u64, u64), Option<f64>, Option<f64>, Option<f64>);
        let gateway = self.gateway.to_string();
        let ((seconds, micros), heartbeat, dead_since, awaited_since): Reply = pipe()
            .cmd("TIME")
            .zscore(self.commands.keyspace().gateways(), &gateway)
            .zscore(self.commands.keyspace().gateways_dead(), &gateway)
            .zscore(self.commands.keyspace().gateways_awaited(), &gateway)
            .query_async(&mut self.commands)
            .await?;
        Ok(Signs {
            now: seconds * 1_000 + micros / 1_000,
            heartbeat: heartbeat.map(|ms| ms as u64),
            dead_since: dead_since.map(|ms| ms as u64),
            awaited_since: awaited_since.map(|ms| ms as u64),
        })
    }

    async fn condemn(&mut self, heartbeat: u64) -> RedisResult<bool> {
        scripts::CONDEMN
            .key(self.commands.keyspace().gateways())
            .key(self.commands.keyspace().gateways_dead())
            .arg(self.gateway.to_string())
            .arg(heartbeat)
            .invoke_async(&mut self.commands)
            .await
    }

    /// A gateway that shuts down notes its sessions as departed before it falls silent.
    async fn tell_of_silence(&mut self, silent_ms: u64) -> RedisResult<()> {
        let (sessions, departed) = self.count().await?;
        if sessions > departed {
            self.metrics.dead_gateways.inc();
            warn!(gateway = %self.gateway, silent_ms, sessions, "taking a gateway for dead");
        } else {
            info!(gateway = %self.gateway, silent_ms, "a gateway has ended");
        }
        Ok(())
    }

    /// How many sessions are registered, and how many of these are noted as departed.
    async fn count(&mut self) -> RedisResult<(u64, u64)> {
        pipe()
            .hlen(self.commands.keyspace().gateway_sessions(self.gateway))
            .zcard(self.commands.keyspace().gateway_departed(self.gateway))
            .query_async(&mut self.commands)
            .await
    }

    /// Ends sessions whose connection ended before the grace.
    async fn reap_departed(&mut self, now: u64) -> RedisResult<()> {
        while self.lease.is_held() {
            let before = now.saturating_sub(self.grace.offline_ms);
            let sessions: Vec<String> = self
                .commands
                .zrangebyscore_limit(
                    self.commands.keyspace().gateway_departed(self.gateway),
                    "-inf",
                    before,
                    0,
                    PAGE_SESSIONS as isize,
                )
                .await?;
            if sessions.is_empty() {
                break;
            }
            let full = sessions.len() == PAGE_SESSIONS;
            self.end_departed(sessions).await?;
            if !full {
                break;
            }
        }
        Ok(())
    }

    async fn end_departed(&mut self, sessions: Vec<String>) -> RedisResult<()> {
        let users: Vec<Option<String>> = redis::cmd("HMGET")
            .arg(self.commands.keyspace().gateway_sessions(self.gateway))
            .arg(&sessions)
            .query_async(&mut self.commands)
            .await?;
        let (mut seats, mut strangers) = (Vec::new(), Vec::new());
        for (name, user) in sessions.into_iter().zip(users) {
            let session = name.parse().ok();
            let user = user.and_then(|user| user.parse().ok());
            if let (Some(session), Some(user)) = (session, user) {
                let gateway = self.gateway;
                seats.push((
                    Seat {
                        session,
                        user,
                        gateway,
                    },
                    Reason::Departed,
                ));
            } else {
                strangers.push(name);
            }
        }
        self.announcer.end_all(&self.lease, seats).await?;
        self.forget(strangers).await
    }

    /// Cleans up after sessions without a user: they never signed in, or were ended but for this.
    /// What holds a user in a room is taken away before the session is taken from its user, so there
    /// is nothing else left of them.
    async fn forget(&mut self, strangers: Vec<String>) -> RedisResult<()> {
        if strangers.is_empty() {
            return Ok(());
        }
        let mut forget = pipe();
        for session in strangers.iter().filter_map(|session| session.parse().ok()) {
            forget
                .del(self.commands.keyspace().user_session(session))
                .ignore();
        }
        forget
            .zrem(
                self.commands.keyspace().gateway_departed(self.gateway),
                strangers,
            )
            .ignore()
            .query_async(&mut self.commands)
            .await
    }

    /// Ends all sessions of a dead gateway, page by page, until it turns out to be alive.
    async fn reap_dead(&mut self, now: u64, heartbeat: u64) -> RedisResult<()> {
        self.reap_departed(now).await?;
        let mut cursor = 0;
        loop {
            let (next, seats) = refresh::scan(&mut self.commands, self.gateway, cursor).await?;
            let due = self.due(now, heartbeat, seats).await?;
            self.announcer.end_all(&self.lease, due).await?;
            cursor = next;
            let alive = self.signs().await?.heartbeat.is_some();
            if alive || !self.lease.is_held() {
                // The next round sees what became of it.
                return Ok(());
            }
            if cursor == 0 {
                return self.bury(now).await;
            }
        }
    }

    /// Those of a dead gateway's sessions whose grace is over.
    async fn due(
        &mut self,
        now: u64,
        heartbeat: u64,
        seats: Vec<Seat>,
    ) -> RedisResult<Vec<(Seat, Reason)>> {
        if seats.is_empty() {
            return Ok(Vec::new());
        }
        let mut ask = redis::cmd("ZMSCORE");
        ask.arg(self.commands.keyspace().gateway_departed(self.gateway));
        for seat in &seats {
            ask.arg(seat.session.to_string());
        }
        let departed: Vec<Option<f64>> = ask.query_async(&mut self.commands).await?;
        let due = |(seat, departed): (Seat, Option<f64>)| {
            let (left, reason) = match departed {
                Some(ms) => (ms as u64, Reason::Departed),
                None => (heartbeat, Reason::DeadGateway),
            };
            (left + self.grace.offline_ms <= now).then_some((seat, reason))
        };
        Ok(seats.into_iter().zip(departed).filter_map(due).collect())
    }

    /// Awaits a dead gateway when nothing is left of it. Its hash and its ZSET are gone with their
    /// last entries.
    async fn bury(&mut self, now: u64) -> RedisResult<()> {
        let (sessions, departed) = self.count().await?;
        if sessions > 0 || departed > 0 {
            return Ok(());
        }
        info!(gateway = %self.gateway, "nothing is left of a gateway");
        let gateway = self.gateway.to_string();
        pipe()
            .atomic()
            .zadd(self.commands.keyspace().gateways_awaited(), &gateway, now)
            .ignore()
            .zrem(self.commands.keyspace().gateways_dead(), &gateway)
            .ignore()
            .query_async(&mut self.commands)
            .await
    }

    async fn give_back(&mut self, now: u64) -> RedisResult<()> {
        info!(gateway = %self.gateway, "a gateway taken for dead is alive, it has to register again");
        let gateway = self.gateway.to_string();
        pipe()
            .atomic()
            .zadd(self.commands.keyspace().gateways_awaited(), &gateway, now)
            .ignore()
            .zrem(self.commands.keyspace().gateways(), &gateway)
            .ignore()
            .zrem(self.commands.keyspace().gateways_dead(), &gateway)
            .ignore()
            .query_async(&mut self.commands)
            .await
    }

    /// It did not beat again. Should it just now, it stands in `gateways` too and is given back.
    async fn miss(&mut self, since: u64) -> RedisResult<()> {
        let (sessions, departed) = self.count().await?;
        if sessions == 0 && departed == 0 {
            return self.stop_awaiting().await;
        }
        warn!(gateway = %self.gateway, sessions, "a gateway given back did not return");
        let gateway = self.gateway.to_string();
        pipe()
            .atomic()
            .zadd(self.commands.keyspace().gateways_dead(), &gateway, since)
            .ignore()
            .zrem(self.commands.keyspace().gateways_awaited(), &gateway)
            .ignore()
            .query_async(&mut self.commands)
            .await
    }

    /// Its lease goes with its being listed.
    async fn stop_awaiting(&mut self) -> RedisResult<()> {
        let gateway = self.gateway.to_string();
        self.commands
            .zrem(self.commands.keyspace().gateways_awaited(), gateway)
            .await
    }
}
