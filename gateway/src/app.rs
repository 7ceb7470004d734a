//! The wiring: what a gateway is made of, how it starts and how it drains.

mod drain;
mod rules;
mod tasks;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use parlor_shared::{
    config::{GatewayConfig, GatewayLimits, Settings as _},
    id::GatewayId,
    keyspace::Keyspace,
    lifecycle::Lifecycle,
    notice::Notice,
    protocol::{
        ServerFrame,
        server::{Sending, Sys},
    },
    redis::{Commands, Redis, connect, presence, pubsub::Subscriptions},
    telemetry::{AdminServer, Condition, Metrics, Readiness},
};
use tokio::sync::{mpsc, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::info;

use tasks::until_drained;

use crate::{
    accounts::{Directory, DirectorySettings, HashSettings, Passwords},
    bus::{
        cursors::Cursors,
        durability::Durability,
        guard::Guard,
        history::History,
        notices::{Mailbox, Notifier},
        probe::Probe,
        publisher::Publisher,
        typing::Typists,
    },
    connection::{
        Services, client_hint::ClientHints, registrar::Registrar, registry::Connections,
        rosters::Rosters,
    },
    http::Server,
    metrics::GatewayMetrics,
    moderation::{Moderation, Watch},
    outbox::{self, Alarms},
    photos::{self, Photos},
    rooms::{Policies, Registry, command::ShardSettings, pump::Pump, registry::Plan},
    tokens::Tokens,
    user_limits::UserLimits,
};

/// A gateway that runs.
#[derive(Debug)]
pub struct Gateway {
    /// Where people connect to.
    pub address: SocketAddr,
    /// Where health and metrics are.
    pub admin_address: SocketAddr,
}

/// Starts a gateway: waits for Redis, then listens. Its tasks run under `lifecycle`.
///
/// # Errors
/// A sentence for people when an address is taken or Redis' data is laid out otherwise.
pub async fn start(config: GatewayConfig, lifecycle: &Lifecycle) -> anyhow::Result<Gateway> {
    let metrics = Metrics::new("gateway")?;
    let readiness = Readiness::new(&metrics)?;
    let redis_condition = readiness.condition("redis");
    redis_condition.fails("not connected yet");
    let draining = readiness.condition("draining");
    let admin = config.common().admin_address;
    let admin = AdminServer::bind(admin, metrics.clone(), readiness).await?;
    let admin_address = admin.local_addr()?;
    // It outlives the drain: probes and scrapes go on until the end.
    lifecycle.spawn_background("admin server", admin.run(lifecycle.hard()));

    let registry = metrics;
    let metrics = GatewayMetrics::new(&registry)?;
    let most = config.limits.connections_per_gateway;
    metrics.connections_limit.set(most as i64);
    let mut parts = Parts::connect(&config, lifecycle, redis_condition, &metrics).await?;
    let registrar_stop = parts.registrar_stop.clone();
    let notices = parts.take_notices();
    let photos = Photos::open(&config.photos, parts.commands.clone(), &registry)?;
    until_drained(lifecycle, "photos", photos::sweep(photos.clone()));
    let tokens = Tokens::new(&config.jwt).await?;
    if let Some(tokens) = tokens.clone() {
        until_drained(lifecycle, "tokens", tokens.refresh(lifecycle.hard()));
    }
    let app = Arc::new(parts.services(&config, metrics, photos, tokens)?);
    tell_about_redis(&app, app.publisher.up(), lifecycle);
    until_drained(
        lifecycle,
        "mailbox",
        app.connections
            .clone()
            .deliver(notices, app.metrics.clone()),
    );

    let (filling, stopped) = (app.directory.fill_index(), lifecycle.soft());
    lifecycle.tracker().spawn(async move {
        tokio::select! {
            () = filling => {}
            () = stopped.cancelled() => {}
        }
    });

    let connections = TaskTracker::new();
    let server = Server::bind(Arc::clone(&app), &config, connections.clone())?;
    let address = server.address();
    draining.holds();
    info!(%address, %admin_address, gateway = %app.gateway, "ready for connections");
    let stop_accepting = CancellationToken::new();
    lifecycle
        .tracker()
        .spawn(server.run(stop_accepting.clone()));

    let soft = lifecycle.soft();
    lifecycle.spawn("drain", async move {
        soft.cancelled().await;
        drain::drain(&app, &draining, &stop_accepting, &connections).await;
        registrar_stop.cancel();
        Ok(())
    });
    Ok(Gateway {
        address,
        admin_address,
    })
}

/// What is connected to Redis.
struct Parts {
    gateway: GatewayId,
    keyspace: Keyspace,
    commands: Commands,
    registry_settings: presence::Settings,
    history: History,
    rooms: Registry,
    policies: Policies,
    publisher: Publisher,
    notifier: Notifier,
    cursors: Cursors,
    typists: Typists,
    notices: mpsc::Receiver<Notice>,
    connections: Connections,
    outboxes: Arc<outbox::Rules>,
    registrar: Registrar,
    registrar_stop: CancellationToken,
}

impl Parts {
    async fn connect(
        config: &GatewayConfig,
        lifecycle: &Lifecycle,
        condition: Condition,
        metrics: &GatewayMetrics,
    ) -> anyhow::Result<Self> {
        let (redis, commands, durability) = reach(config, lifecycle).await?;
        let gateway = GatewayId::random();
        let keyspace = redis.keyspace().clone();
        let registry_settings = presence::Settings {
            names_limit: config.limits.presence_names_limit as u64,
            ..presence::Settings::default()
        };
        let guard = guard(&redis, &keyspace, metrics);
        let history = History::new(commands.clone(), keyspace.clone());
        let probe = Probe::new(gateway);
        let mut plan = Plan::new(std::thread::available_parallelism().map_or(1, usize::from));
        let (mailbox, notices) = Mailbox::new(gateway, metrics.clone());
        let mailbox_channel = mailbox.channel().clone();
        let (policies, orders) = (Policies::default(), mailbox.queue());
        let pump = Pump::new(
            plan.entrances(),
            Arc::clone(&probe),
            mailbox,
            guard.clone(),
            metrics.clone(),
        );
        let (subscriptions, subscriber) = Subscriptions::new(redis.clone(), pump);
        let rooms = plan.registry();
        let shard_settings = ShardSettings {
            ring_messages: config.limits.ring_events,
            audit_interval: config.limits.audit_interval,
            batch_delay: config.delivery.batch_delay,
            policies: policies.clone(),
            orders: orders.clone(),
        };
        // What is decided on the site reaches sessions like what is decided in a room.
        let watch = Watch::new(commands.clone(), config.limits.audit_interval, orders);
        until_drained(lifecycle, "site watch", watch.run());
        for shard in plan.shards(&subscriptions, (&history, &guard), &shard_settings, metrics) {
            until_drained(lifecycle, "rooms", shard.run());
        }
        until_drained(lifecycle, "subscriber", subscriber);
        // Confirmed some time later: until then people are reached by their lists alone.
        drop(subscriptions.subscribe(&mailbox_channel));
        let (notifier, telling) = Notifier::new(commands.clone(), metrics.clone());
        until_drained(lifecycle, "notifier", telling);
        let (publisher, publishing) = Publisher::new(
            &redis,
            keyspace.clone(),
            config.limits.backlog_high_water,
            durability,
            &guard,
            metrics,
        );
        until_drained(lifecycle, "publisher", publishing);
        let every = config.limits.probe_interval;
        until_drained(
            lifecycle,
            "probe",
            probe.run(
                commands.clone(),
                subscriptions,
                every,
                condition,
                metrics.probe_seconds.clone(),
            ),
        );
        let connections = Connections::default();
        let (registrar, task) = Registrar::new(
            commands.clone(),
            registry_settings,
            gateway,
            connections.clone(),
        );
        let registrar_stop = CancellationToken::new();
        lifecycle.tracker().spawn(task.run(registrar_stop.clone()));
        let (cursors, writing) = Cursors::new(
            commands.clone(),
            notifier.clone(),
            metrics.clone(),
            registrar_stop.clone(),
        );
        lifecycle.tracker().spawn(writing);
        let names_limit = registry_settings.names_limit;
        let (typists, telling) = Typists::new(commands.clone(), names_limit, metrics.clone());
        until_drained(lifecycle, "typists", telling);
        Ok(Self {
            gateway,
            keyspace,
            commands,
            registry_settings,
            history,
            rooms,
            policies,
            publisher,
            notifier,
            cursors,
            typists,
            notices,
            connections,
            outboxes: outboxes(&config.limits, lifecycle),
            registrar,
            registrar_stop,
        })
    }

    /// What the mailbox gets; to be taken once.
    fn take_notices(&mut self) -> mpsc::Receiver<Notice> {
        std::mem::replace(&mut self.notices, mpsc::channel(1).1)
    }

    fn services(
        self,
        config: &GatewayConfig,
        metrics: GatewayMetrics,
        photos: Option<Photos>,
        tokens: Option<Tokens>,
    ) -> anyhow::Result<Services> {
        let limits = config.limits.clone();
        let passwords = Passwords::new(hash_settings(&limits))
            .map_err(|error| anyhow::anyhow!("argon2 does not take these parameters: {error}"))?;
        let settings = DirectorySettings {
            sign_up: config.sign_up,
            guests: config.guests,
            sign_in_failures: limits.sign_in_failures,
        };
        let directory = Directory::new(self.commands.clone(), passwords, settings);
        let moderation = Moderation::new(
            self.commands.clone(),
            self.keyspace.clone(),
            directory.clone(),
            self.registry_settings.names_limit,
            config.create_rooms,
        );
        let rosters = Rosters::new(
            self.commands.clone(),
            directory.clone(),
            limits.roster_limit,
        );
        Ok(Services {
            gateway: self.gateway,
            moderation,
            policies: self.policies,
            keyspace: self.keyspace,
            commands: self.commands,
            registry_settings: self.registry_settings,
            history: self.history,
            rooms: self.rooms,
            publisher: self.publisher,
            notifier: self.notifier,
            cursors: self.cursors,
            typists: self.typists,
            rosters,
            directory,
            client_hints: ClientHints::default(),
            registrar: self.registrar,
            connections: self.connections,
            outboxes: self.outboxes,
            user_limits: UserLimits::new(limits.message_rate),
            rules: Arc::new(rules::rules(config, photos.as_ref())),
            limits,
            create_rooms: config.create_rooms,
            metrics,
            photos,
            tokens,
        })
    }
}

/// What watches over Redis' data: of a cluster each partition by itself, as each may go back alone.
fn guard(redis: &Redis, keyspace: &Keyspace, metrics: &GatewayMetrics) -> Guard {
    if redis.on_cluster() {
        Guard::by_partition(keyspace.clone(), metrics.clone())
    } else {
        Guard::new(keyspace.clone(), metrics.clone())
    }
}

/// What outboxes go by, with the clock that they share.
fn outboxes(limits: &GatewayLimits, lifecycle: &Lifecycle) -> Arc<outbox::Rules> {
    let (alarms, clock) = Alarms::new();
    until_drained(lifecycle, "alarms", clock);
    Arc::new(outbox::Rules {
        limit_bytes: limits.outbox_bytes,
        write_timeout: limits.write_timeout,
        alarms,
    })
}

/// Waits for Redis, and sees whether it is fit for what is trusted to it.
async fn reach(
    config: &GatewayConfig,
    lifecycle: &Lifecycle,
) -> anyhow::Result<(Redis, Commands, Durability)> {
    let location = config.common().redis()?;
    info!(redis = %location, "connecting");
    let redis = Redis::at(&location, config.common().keyspace())?;
    let stopped = lifecycle.soft();
    let mut commands = tokio::select! {
        commands = redis.commands() => commands,
        () = stopped.cancelled() => anyhow::bail!("stopped before Redis could be reached"),
    };
    let durability = Durability {
        replicas: config.limits.ack_replicas,
        fsync: config.limits.ack_fsync,
        timeout: config.limits.ack_timeout,
    };
    durability.check(&mut commands).await?;
    connect::check(&mut commands).await?;
    Ok((redis, commands, durability))
}

/// How passwords are hashed.
pub fn hash_settings(limits: &GatewayLimits) -> HashSettings {
    HashSettings {
        memory_kib: limits.argon2_memory_kib,
        iterations: limits.argon2_iterations,
        concurrency: limits.password_hash_concurrency(),
        queue: limits.password_hash_queue,
    }
}

/// Tells every connection when sending stops working and when it works again.
fn tell_about_redis(app: &Arc<Services>, mut up: watch::Receiver<bool>, lifecycle: &Lifecycle) {
    let app = Arc::clone(app);
    until_drained(lifecycle, "notices", async move {
        let mut told = true;
        while up.changed().await.is_ok() {
            let now = *up.borrow_and_update();
            if now != told {
                told = now;
                app.connections
                    .tell_all(ServerFrame::Sys(Sys::Sending(Sending { paused: !now })));
            }
        }
    });
}

/// How long the end may take beyond the drain itself: writes, and what is told to Redis.
pub fn shutdown_grace(config: &GatewayConfig) -> Duration {
    const MARGIN: Duration = Duration::from_secs(5);
    let limits = &config.limits;
    limits.drain_wait + limits.drain_grace + 2 * limits.write_timeout + MARGIN
}
