//! The task that owns a worker's leases: it renews what it holds, counts the live workers of its
//! role (a ZSET of heartbeats by Redis' own clock), and carries out what the plan says.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::{join_all, try_join_all};
use prometheus::{IntCounter, IntGauge};
use redis::{AsyncCommands as _, RedisResult, pipe};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use super::{Holder, Items, Lease, Owned, plan};
use crate::{
    redis::{Commands, scripts},
    telemetry::Condition,
};

/// Rounds within a lease's time to live: several may fail before it is lost.
const ROUNDS_PER_TTL: u32 = 5;
/// The longest pause between rounds, which is also how long what was given up lies idle.
const ROUND_MAX: Duration = Duration::from_secs(1);

/// How a role's leases are kept.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Names the ZSET of live workers and the log lines.
    pub role: &'static str,
    /// How long a lease, and a worker's being counted, outlives its last renewal.
    pub ttl: Duration,
}

/// Where the keeper tells how it fares.
#[derive(Clone, Debug)]
pub struct Reports {
    /// All there is to lease, whoever holds it.
    pub items: IntGauge,
    pub owned: IntGauge,
    pub lost: IntCounter,
    pub errors: IntCounter,
    /// Holds while Redis answers.
    pub redis: Condition,
}

/// Owns a worker's leases.
#[derive(Debug)]
pub struct Keeper<I: Items> {
    items: I,
    settings: Settings,
    commands: Commands,
    reports: Reports,
    token: Arc<str>,
    owned: watch::Sender<BTreeMap<I::Item, Lease>>,
    /// What was listed last, so that everything is released in the end, also a lease whose taking
    /// was not confirmed.
    listed: Vec<I::Item>,
}

impl<I: Items> Keeper<I> {
    /// The keeper to run, and what it holds. `commands` should carry nothing large, so that
    /// renewals never wait.
    pub fn new(
        items: I,
        settings: Settings,
        commands: Commands,
        reports: Reports,
    ) -> (Self, Owned<I::Item>) {
        let (sender, owned) = watch::channel(BTreeMap::new());
        // One token for the life of the process: a lease whose renewal went through without our
        // knowing is still recognized as ours.
        let token = Uuid::new_v4().to_string().into();
        let keeper = Self {
            items,
            settings,
            commands,
            reports,
            token,
            owned: sender,
            listed: Vec::new(),
        };
        (keeper, owned)
    }

    /// Keeps leases until `stop`, then waits until nobody works under them, and releases them.
    ///
    /// # Errors
    /// None; the signature is that of a named task.
    pub async fn run(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        let period = (self.settings.ttl / ROUNDS_PER_TTL).min(ROUND_MAX);
        let mut rounds = tokio::time::interval(period);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !stop.is_cancelled() {
            let round = async {
                rounds.tick().await;
                self.round().await
            };
            // A round that is cut off here may have taken a lease without noting it: in the end
            // everything that bears our token is released.
            let result = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                result = round => result,
            };
            self.report(&result);
        }
        self.owned.closed().await;
        if let Err(error) = self.release_all().await {
            warn!(role = self.settings.role, %error, "leases can't be released, they will expire");
        }
        Ok(())
    }

    fn report(&mut self, result: &RedisResult<()>) {
        self.drop_expired();
        self.reports.owned.set(self.owned.borrow().len() as i64);
        match result {
            Ok(()) => self.reports.redis.holds(),
            Err(error) => {
                self.reports.errors.inc();
                self.reports.redis.fails(error.to_string());
                warn!(role = self.settings.role, %error, "leases can't be renewed");
            }
        }
    }

    async fn round(&mut self) -> RedisResult<()> {
        // First of all, so that nothing slow stands before it.
        self.renew().await?;
        let workers = self.count_workers().await?;
        self.listed = self.items.list(&mut self.commands).await?;
        self.reports.items.set(self.listed.len() as i64);
        let holders = self.holders().await?;
        let plan = plan(&holders, workers, rand::random::<u32>() as usize);
        let listed = |item: &I::Item| self.listed.contains(item);
        let unlisted: Vec<_> = self
            .owned
            .borrow()
            .keys()
            .filter(|item| !listed(item))
            .cloned()
            .collect();
        self.release(plan.release).await?;
        self.release(unlisted).await?;
        self.take(plan.take).await
    }

    /// Renews each lease that is held, and drops those that turn out to be another's.
    async fn renew(&mut self) -> RedisResult<()> {
        let held = self.owned.borrow().clone();
        let renewals = held.into_iter().map(|(item, lease)| {
            let asking = self.ask(lease.key().to_owned());
            async move { (item, lease, asking.await) }
        });
        let mut failure = None;
        let mut lost = Vec::new();
        for (item, lease, answer) in join_all(renewals).await {
            match answer {
                Ok(Some(until)) => lease.extend(until),
                Ok(None) => lost.push(item),
                Err(error) => failure = Some(error),
            }
        }
        self.drop_lost(&lost);
        failure.map_or(Ok(()), Err)
    }

    /// Takes or renews one lease. Gives until when it is certain to be ours, counted from before
    /// Redis was asked; `None` when it is another's.
    fn ask(&self, key: String) -> impl Future<Output = RedisResult<Option<Instant>>> + use<I> {
        let (mut commands, token) = (self.commands.clone(), Arc::clone(&self.token));
        let ttl = self.settings.ttl;
        async move {
            let until = Instant::now() + ttl;
            let ours: u64 = scripts::LEASE_TAKE
                .key(key)
                .arg(&*token)
                .arg(ttl.as_millis() as u64)
                .invoke_async(&mut commands)
                .await?;
            Ok((ours == 1).then_some(until))
        }
    }

    /// Says that this worker is alive, and counts those who said so within a lease's life.
    async fn count_workers(&mut self) -> RedisResult<usize> {
        let key = self.commands.keyspace().workers(self.settings.role);
        let (now, _added): (u64, u64) = scripts::STAMP
            .key(&key)
            .arg(&*self.token)
            .invoke_async(&mut self.commands)
            .await?;
        let dead_before = now.saturating_sub(self.settings.ttl.as_millis() as u64);
        let (workers,): (usize,) = pipe()
            .zrembyscore(&key, "-inf", format!("({dead_before}"))
            .ignore()
            .zcard(&key)
            .query_async(&mut self.commands)
            .await?;
        Ok(workers)
    }

    async fn holders(&mut self) -> RedisResult<Vec<(I::Item, Holder)>> {
        if self.listed.is_empty() {
            return Ok(Vec::new());
        }
        let mut get = pipe();
        for item in &self.listed {
            get.get(self.items.key(item));
        }
        let tokens: Vec<Option<String>> = get.query_async(&mut self.commands).await?;
        let owned = self.owned.borrow();
        let holder = |item: &I::Item, token: Option<String>| match token {
            _ if owned.contains_key(item) => Holder::Me,
            // Ours without our knowing: taking it confirms it.
            Some(token) if *token != *self.token => Holder::Another,
            _ => Holder::Nobody,
        };
        let listed = self.listed.iter().cloned();
        Ok(listed
            .zip(tokens)
            .map(|(item, token)| (item.clone(), holder(&item, token)))
            .collect())
    }

    async fn take(&mut self, items: Vec<I::Item>) -> RedisResult<()> {
        let requests = items.into_iter().map(|item| {
            let key = self.items.key(&item);
            let asking = self.ask(key.clone());
            async move { RedisResult::Ok((item, key, asking.await?)) }
        });
        let answers = try_join_all(requests).await?;
        let token = &self.token;
        let granted: Vec<_> = answers
            .into_iter()
            .filter_map(|(item, key, until)| Some((item, Lease::new(key, token.clone(), until?))))
            .collect();
        if !granted.is_empty() {
            info!(
                role = self.settings.role,
                count = granted.len(),
                "took leases"
            );
            self.owned.send_modify(|owned| owned.extend(granted));
        }
        Ok(())
    }

    /// Gives up leases. Who works under one is told before it is free for others.
    async fn release(&mut self, items: Vec<I::Item>) -> RedisResult<()> {
        if items.is_empty() {
            return Ok(());
        }
        info!(
            role = self.settings.role,
            count = items.len(),
            "releasing leases"
        );
        self.forget(&items);
        self.delete(items).await
    }

    async fn release_all(&mut self) -> RedisResult<()> {
        let mut items = std::mem::take(&mut self.listed);
        let owned: Vec<_> = self.owned.borrow().keys().cloned().collect();
        items.extend(owned);
        items.sort();
        items.dedup();
        self.forget(&items);
        self.delete(items).await?;
        self.commands
            .zrem(
                self.commands.keyspace().workers(self.settings.role),
                &*self.token,
            )
            .await
    }

    async fn delete(&self, items: Vec<I::Item>) -> RedisResult<()> {
        let deletions = items.into_iter().map(|item| {
            let (mut commands, token) = (self.commands.clone(), Arc::clone(&self.token));
            let key = self.items.key(&item);
            async move {
                scripts::DELETE_IF_EQUAL
                    .key(key)
                    .arg(&*token)
                    .invoke_async::<u64>(&mut commands)
                    .await
            }
        });
        try_join_all(deletions).await.map(|_| ())
    }

    fn drop_expired(&mut self) {
        let owned = self.owned.borrow();
        let expired = owned.iter().filter(|(_, lease)| !lease.is_held());
        let expired: Vec<_> = expired.map(|(item, _)| item.clone()).collect();
        drop(owned);
        self.drop_lost(&expired);
    }

    fn drop_lost(&mut self, items: &[I::Item]) {
        if !items.is_empty() {
            warn!(
                role = self.settings.role,
                count = items.len(),
                "lost leases"
            );
            self.reports.lost.inc_by(items.len() as u64);
            self.forget(items);
        }
    }

    fn forget(&self, items: &[I::Item]) {
        self.owned.send_modify(|owned| {
            for item in items {
                if let Some(lease) = owned.remove(item) {
                    lease.lose();
                }
            }
        });
    }
}
