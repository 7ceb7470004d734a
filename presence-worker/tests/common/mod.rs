//! What the tests share: a Redis of their own, real worker processes, and gateways and people who
//! do to Redis what real ones do.

// Each test is a program of its own that uses a part of this.
#![allow(dead_code, unreachable_pub)]

use std::{
    path::Path,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use parlor_shared::{
    event::{Event, Membership},
    id::{ChannelId, GatewayId, SessionId, UserId, Username},
    keyspace::Keyspace,
    protocol::value::User,
    redis::{
        Commands, Redis,
        presence::{self, Entering, Seat, Settings},
        pubsub::{Notice, Sink, Subscriptions},
    },
    roles::SiteRole,
};
use parlor_testkit::{
    Process, RedisServer,
    exposition::{self, Families},
    free_port, http,
};
use redis::AsyncCommands as _;
use tokio::task::JoinHandle;

/// Long enough for a busy machine; nothing waits for it to pass.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How often a gateway's heart beats here.
const HEARTBEAT: Duration = Duration::from_millis(200);

/// A tenth of the defaults, so that tests take seconds.
const SETTINGS: [&str; 12] = [
    "--refresh-interval",
    "2s",
    "--status-ttl",
    "6s",
    "--presence-lease",
    "1s",
    "--gateway-dead-after",
    "1500ms",
    "--offline-grace",
    "1s",
    "--guest-ttl",
    "1s",
];
/// What the issue calls 15 s of 60 s.
pub const STATUS_TTL_MIN_MS: i64 = 1_500;

/// What keys are called where nothing is set.
pub fn keys() -> &'static Keyspace {
    static KEYS: LazyLock<Keyspace> = LazyLock::new(|| Keyspace::new(16));
    &KEYS
}

pub struct Stage {
    pub server: RedisServer,
    pub commands: Commands,
    pub room: ChannelId,
    redis: Redis,
}

impl Stage {
    pub async fn new() -> Self {
        let server = RedisServer::start().await;
        let redis = Redis::new(&server.url(), keys().clone()).expect("a URL");
        Self {
            commands: redis.commands().await,
            room: keys().general(),
            server,
            redis,
        }
    }

    /// Starts a worker with these settings beside those every test has, and waits until it is ready.
    pub async fn worker(&self, settings: &[&str]) -> Worker {
        let admin = format!("127.0.0.1:{}", free_port());
        // A setting may be given once only.
        let common = SETTINGS
            .chunks(2)
            .filter(|setting| !settings.contains(&setting[0]))
            .flatten();
        let process = Process::builder(Path::new(env!("CARGO_BIN_EXE_presence-worker")))
            .args(["--redis-url", &self.server.url()])
            .args(["--admin-address", &admin])
            .args(common)
            .args(settings)
            .start();
        let mut worker = Worker { process, admin };
        let url = format!("http://{}/readyz", worker.admin);
        worker.process.wait_for_ok(PATIENCE, &url).await;
        worker
    }

    /// A gateway that is alive until it is dropped.
    pub async fn gateway(&self) -> Gateway {
        let id = GatewayId::random();
        let mut commands = self.commands.clone();
        presence::heartbeat(&mut commands, id)
            .await
            .expect("a heartbeat");
        let mut gateway = Gateway {
            id,
            commands: self.commands.clone(),
            heart: None,
            missed: Arc::default(),
        };
        gateway.beat();
        gateway
    }

    pub async fn person(&self, name: &str, role: &str) -> User {
        let user = User {
            uuid: UserId::random(),
            username: Username::new(name).expect("a name"),
            online: Some(true),
            guest: role == "guest",
            look: None,
        };
        let account = self.commands.keyspace().user_account(user.uuid);
        let facts = [("Username", name), ("Role", role)];
        let mut commands = self.commands.clone();
        let _: () = commands
            .hset_multiple(account, &facts)
            .await
            .expect("an account");
        user
    }

    pub fn exists(&self, key: &str) -> bool {
        self.server.cli(&["EXISTS", key]) == "1"
    }

    /// The rest of a status' life, in ms; -2 when it is gone.
    pub fn status_ttl_ms(&self, user: UserId) -> i64 {
        let ttl = self.server.cli(&["PTTL", &keys().user_status(user)]);
        ttl.parse().expect("a number")
    }

    pub fn is_member(&self, user: UserId) -> bool {
        let members = keys().channel_users(&self.room);
        self.server.cli(&["HEXISTS", &members, &user.to_string()]) == "1"
    }

    pub fn is_registered(&self, gateway: GatewayId) -> bool {
        let gateway = gateway.to_string();
        !self
            .server
            .cli(&["ZSCORE", &keys().gateways(), &gateway])
            .is_empty()
    }

    /// Everything that is told in the room from now on.
    pub async fn listen(&self) -> Told {
        let told = Told::default();
        let (subscriptions, task) = Subscriptions::new(self.redis.clone(), told.clone());
        tokio::spawn(task);
        let confirmed = subscriptions.subscribe(&self.room).await;
        confirmed.expect("subscribed");
        // The subscription lasts as long as the handle.
        std::mem::forget(subscriptions);
        told
    }
}

/// What a room was told, in order.
#[derive(Clone, Default)]
pub struct Told {
    events: Arc<Mutex<Vec<Event>>>,
}

impl Told {
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().expect("no panic").clone()
    }

    /// Who left, in order.
    pub fn left(&self) -> Vec<UserId> {
        let left = |event| match event {
            Event::Left { who, .. } => Some(who.user.uuid),
            _ => None,
        };
        self.events().into_iter().filter_map(left).collect()
    }

    /// Who went offline, in order.
    pub fn offline(&self) -> Vec<UserId> {
        let offline = |event| match event {
            Event::Presence {
                online: false, who, ..
            } => Some(who.user.uuid),
            _ => None,
        };
        self.events().into_iter().filter_map(offline).collect()
    }
}

impl Sink for Told {
    fn message(&self, _channel: &str, payload: Bytes) {
        let event = Event::decode(&payload).expect("an event");
        self.events.lock().expect("no panic").push(event);
    }

    fn notice(&self, _notice: Notice) {}
}

pub struct Gateway {
    pub id: GatewayId,
    commands: Commands,
    heart: Option<JoinHandle<()>>,
    /// How often a beat found that the registry did not know this gateway.
    missed: Arc<AtomicU64>,
}

impl Gateway {
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    pub fn beat(&mut self) {
        let (mut commands, id) = (self.commands.clone(), self.id);
        let missed = Arc::clone(&self.missed);
        self.heart = Some(tokio::spawn(async move {
            let mut beats = tokio::time::interval(HEARTBEAT);
            loop {
                beats.tick().await;
                let known = presence::heartbeat(&mut commands, id).await;
                if !known.expect("a heartbeat") {
                    missed.fetch_add(1, Ordering::Relaxed);
                }
            }
        }));
    }

    /// As after `kill -9`: nothing is said any more.
    pub fn die(&mut self) {
        if let Some(heart) = self.heart.take() {
            heart.abort();
        }
    }

    /// A new session of a user, in the room.
    pub async fn enter(&self, stage: &Stage, user: &User) -> Seat {
        let seat = Seat {
            session: SessionId::random(),
            user: user.uuid,
            gateway: self.id,
        };
        self.register(stage, user, seat).await;
        seat
    }

    /// Writes a session as a gateway does, also once more.
    pub async fn register(&self, stage: &Stage, user: &User, seat: Seat) {
        // The workers' TTL of a status.
        let settings = Settings {
            status_ttl_seconds: 6,
            ..Settings::default()
        };
        let who = Membership {
            session: seat.session,
            user: user.clone(),
        };
        let mut commands = self.commands.clone();
        presence::connected(&mut commands, settings, seat.session)
            .await
            .expect("connected");
        let mut steps = redis::pipe();
        presence::signed_in(&mut steps, commands.keyspace(), settings, seat);
        let signed_in: redis::RedisResult<()> = steps.query_async(&mut commands).await;
        signed_in.expect("signed in");
        let entering = Entering {
            channel: &stage.room,
            who: &who,
            role: SiteRole::Member,
            room: None,
            create: true,
        };
        let joined = presence::join(&mut commands, settings, entering).await;
        joined.expect("joined").expect("let in");
    }

    /// The connection of a session ended.
    pub async fn lose(&self, session: SessionId) {
        let mut commands = self.commands.clone();
        presence::departed(&mut commands, self.id, &[session])
            .await
            .expect("noted");
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.die();
    }
}

pub struct Worker {
    pub process: Process,
    admin: String,
}

impl Worker {
    pub async fn metrics(&self) -> Families {
        let url = format!("http://{}/metrics", self.admin);
        let response = http::get(&url).await.expect("metrics");
        exposition::parse(&response.body).expect("valid exposition")
    }

    /// A counter or gauge of whole things, over all its labels.
    pub async fn value(&self, name: &str) -> u64 {
        self.metrics().await.sum(name) as u64
    }
}
