//! Wires the parts together.

use std::{sync::Arc, time::Duration};

use parlor_shared::{
    config::PresenceConfig,
    lifecycle::Lifecycle,
    redis::{
        Redis, connect,
        lease::{self, Keeper, Reports},
        presence,
    },
    telemetry::{self, AdminServer, Readiness},
};
use tracing::info;

use crate::{announce::Announcer, fate::Grace, lease::Gateways, metrics::Metrics, watch::Watch};

/// How long the release of the leases may take: somewhat more than Redis may take to answer.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(8);

/// Starts the worker's tasks.
///
/// # Errors
/// A sentence for people when the worker can't run as configured.
pub async fn start(config: PresenceConfig, lifecycle: &Lifecycle) -> anyhow::Result<()> {
    let registry = telemetry::Metrics::new("presence-worker")?;
    let metrics = Metrics::register(&registry)?;
    let readiness = Readiness::new(&registry)?;
    let reports = Reports {
        items: metrics.gateways.clone(),
        owned: metrics.gateways_owned.clone(),
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
        let mut for_leases = redis.commands().await;
        connect::check(&mut for_leases).await?;
        anyhow::Ok((for_leases, redis.commands().await))
    };
    let stop = lifecycle.soft();
    let (for_leases, commands) = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        connected = connect => connected?,
    };

    let keeping = lease::Settings {
        role: lease::PRESENCE,
        ttl: config.presence.presence_lease,
    };
    let keyspace = redis.keyspace().clone();
    let gateways = Gateways { keyspace };
    // Leases have a connection of their own: a renewal never waits behind a large batch.
    let (keeper, owned) = Keeper::new(gateways, keeping, for_leases, reports);
    let settings = presence_settings(&config);
    let watch = Watch {
        owned,
        announcer: Announcer::new(commands.clone(), settings, Arc::clone(&metrics)),
        commands,
        settings,
        refresh_interval: config.presence.refresh_interval,
        grace: Grace {
            offline_ms: config.presence.offline_grace.as_millis() as u64,
            dead_after_ms: config.presence.gateway_dead_after.as_millis() as u64,
        },
        metrics,
    };
    lifecycle.spawn("watch", watch.run(stop.clone()));
    lifecycle.spawn("leases", keeper.run(stop));
    Ok(())
}

/// Redis' TTLs are whole seconds; a part of one counts as one, so that no TTL is none.
fn presence_settings(config: &PresenceConfig) -> presence::Settings {
    let seconds = |duration: Duration| duration.as_millis().div_ceil(1_000) as u64;
    presence::Settings {
        status_ttl_seconds: seconds(config.presence.status_ttl),
        session_ttl_seconds: seconds(config.presence.session_ttl),
        guest_ttl_seconds: seconds(config.presence.guest_ttl),
        names_limit: config.presence.presence_names_limit as u64,
    }
}
