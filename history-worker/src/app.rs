//! Wires the parts together.

use std::{sync::Arc, time::Duration};

use parlor_shared::{
    config::HistoryConfig,
    lifecycle::Lifecycle,
    redis::{
        Redis, connect,
        lease::{HISTORY, Keeper, Reports, Settings},
    },
    telemetry::{self, AdminServer, Readiness},
};
use tracing::info;

use crate::{
    backlog::Backlog,
    commit::Committer,
    consume::Consumer,
    lease::Partitions,
    metrics::Metrics,
    photos::Photos,
    store::Store,
    tallies::Tallies,
    trim::{Limits, Trimmer},
    watch::{self, Scope},
    webhooks::{Waiting, WebhookMetrics, Webhooks},
};

/// How long a commit in flight and the release of the leases may take: somewhat more than Redis may
/// take to answer each.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(8);

/// Starts the worker's tasks.
///
/// # Errors
/// A sentence for people when the worker can't run as configured.
pub async fn start(config: HistoryConfig, lifecycle: &Lifecycle) -> anyhow::Result<()> {
    let registry = telemetry::Metrics::new("history-worker")?;
    let metrics = Metrics::register(&registry)?;
    let webhook_metrics = WebhookMetrics::register(&registry, metrics.redis_errors.clone())?;
    let readiness = Readiness::new(&registry)?;
    let reports = Reports {
        items: metrics.partitions.clone(),
        owned: metrics.leases_owned.clone(),
        lost: metrics.leases_lost.clone(),
        errors: metrics.redis_errors.clone(),
        redis: readiness.condition("redis"),
    };
    // Before Redis is there, so that the wait for it can be watched.
    let admin = AdminServer::bind(config.common.admin_address, registry, readiness).await?;
    info!(address = %admin.local_addr()?, "serving health and metrics");
    lifecycle.spawn_background("admin server", admin.run(lifecycle.hard()));

    let location = config.common.redis()?;
    info!(redis = %location, "connecting");
    let redis = Redis::at(&location, config.common.keyspace())?;
    let connect = async {
        let mut leases = redis.commands().await;
        connect::check(&mut leases).await?;
        anyhow::Ok((leases, redis.commands().await))
    };
    let stop = lifecycle.soft();
    let (for_leases, commands) = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        connected = connect => connected?,
    };

    let keyspace = redis.keyspace().clone();
    let settings = Settings {
        role: HISTORY,
        ttl: config.history.history_lease,
    };
    let items = Partitions::new(keyspace.clone());
    // Leases have a connection of their own: a renewal never waits behind a large batch.
    let (keeper, owned) = Keeper::new(items, settings, for_leases, reports);
    let committer = Committer {
        commands: commands.clone(),
        keyspace: keyspace.clone(),
        keep_messages: config.history.history_max_messages,
        metrics: Arc::clone(&metrics),
    };
    let trimmer = Trimmer {
        commands: commands.clone(),
        keyspace: keyspace.clone(),
        owned: owned.clone(),
        interval: config.history.trim_interval,
        limits: Limits {
            messages: config.history.history_max_messages,
            age: config.history.history_max_age,
        },
        metrics: Arc::clone(&metrics),
    };
    let scope = Scope {
        commands: commands.clone(),
        keyspace: keyspace.clone(),
        owned: owned.clone(),
        metrics: Arc::clone(&metrics),
    };
    let sender = Webhooks::new(
        commands.clone(),
        keyspace.clone(),
        owned.clone(),
        config.webhooks,
        webhook_metrics.clone(),
    )?;
    let waiting = Waiting {
        scope: scope.clone(),
        webhooks: webhook_metrics,
    };
    let store = Store {
        commands,
        metrics: Arc::clone(&metrics),
        counted: None,
    };
    let consumer = Consumer {
        redis,
        committer,
        keyspace,
        owned,
        batch_entries: config.history.batch_entries,
        metrics,
    };
    lifecycle.spawn("leases", keeper.run(stop.clone()));
    lifecycle.spawn("consumer", consumer.run(stop.clone()));
    lifecycle.spawn("trimmer", trimmer.run(stop.clone()));
    lifecycle.spawn("webhooks", sender.run(stop.clone()));
    lifecycle.spawn("waiting webhooks", watch::run(waiting, stop.clone()));
    lifecycle.spawn("backlog", watch::run(Backlog(scope.clone()), stop.clone()));
    lifecycle.spawn("tallies", watch::run(Tallies(scope.clone()), stop.clone()));
    lifecycle.spawn("photos", watch::run(Photos(scope.clone()), stop.clone()));
    lifecycle.spawn("store", watch::run(store, stop));
    Ok(())
}
