//! What the tests share: a real Redis, real gateways in this process, and clients on real sockets.
pub mod demo;
pub mod moderating;
pub mod page;
pub mod photos;
pub mod stage;
pub mod tokens;
pub mod wire;
pub mod witnesses;

use std::{collections::BTreeMap, net::SocketAddr, sync::LazyLock, time::Duration};

use parlor_gateway::app;
use parlor_shared::{
    client::{Client, ClientError},
    config::{self, GatewayConfig},
    id::{Address, RoomName, UserId},
    keyspace::Keyspace,
    lifecycle::{Ending, Lifecycle},
    protocol::{ErrorBody, ErrorCode},
};
use parlor_testkit::{RedisServer, wait_until};

/// Far beyond what anything here takes on an idle machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Partitions, as programs have by default.
pub const PARTITIONS: u16 = 16;

/// What tests set unless they are about it: cheap hashes, and no limits that a busy test would hit.
const TEST_SETTINGS: &[&str] = &[
    "--server-address=127.0.0.1:0",
    "--admin-address=127.0.0.1:0",
    "--argon2-memory-kib=64",
    "--argon2-iterations=1",
    "--message-rate=off",
    "--frame-rate=off",
    "--drain-wait=0s",
    "--drain-grace=0s",
    "--photo-store=off",
];

/// What keys are called where nothing is set.
pub fn keys() -> &'static Keyspace {
    static KEYS: LazyLock<Keyspace> = LazyLock::new(|| Keyspace::new(PARTITIONS));
    &KEYS
}

/// A gateway of this test.
pub struct TestGateway {
    pub address: SocketAddr,
    pub admin_address: SocketAddr,
    lifecycle: Lifecycle,
}

impl TestGateway {
    /// Starts a gateway on a Redis.
    pub async fn start(redis: &RedisServer) -> Self {
        Self::start_with(redis, &[]).await
    }

    /// The same with settings, as flags.
    pub async fn start_with(redis: &RedisServer, settings: &[&str]) -> Self {
        Self::start_at(&redis.url(), settings).await
    }

    /// The same with Redis anywhere.
    pub async fn start_at(redis_url: &str, settings: &[&str]) -> Self {
        let url = format!("--redis-url={redis_url}");
        let flags: Vec<&str> = [&[url.as_str()], TEST_SETTINGS, settings].concat();
        let config: GatewayConfig =
            config::parse_from(&flags, &BTreeMap::new(), None, None).expect("valid settings");
        let lifecycle = Lifecycle::manual();
        let gateway = app::start(config, &lifecycle)
            .await
            .expect("the gateway starts");
        Self {
            address: gateway.address,
            admin_address: gateway.admin_address,
            lifecycle,
        }
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    pub async fn client(&self) -> Client {
        Client::connect(&self.url()).await.expect("connects")
    }

    /// A client signed in by nickname.
    pub async fn guest(&self, nickname: &str) -> Client {
        let mut client = self.client().await;
        client.guest(nickname).await.expect("signs in");
        client
    }

    /// A client signed in by nickname and joined.
    pub async fn guest_in(&self, nickname: &str, room: &Address) -> Client {
        let mut client = self.guest(nickname).await;
        client.join(room).await.expect("joins");
        client
    }

    /// Asks the gateway to drain, and waits until it has ended.
    pub async fn shut_down(self) -> Ending {
        self.lifecycle.shutdown();
        self.lifecycle.run(PATIENCE).await
    }

    pub fn begin_drain(&self) {
        self.lifecycle.shutdown();
    }

    /// The text of `/metrics`, checked to be valid.
    pub async fn metrics(&self) -> parlor_testkit::exposition::Families {
        let url = format!("http://{}/metrics", self.admin_address);
        let response = parlor_testkit::http::get(&url).await.expect("metrics");
        parlor_testkit::exposition::parse(&response.body).expect("valid exposition")
    }

    /// The sum of a metric's series, of those that count whole things.
    pub async fn count(&self, name: &str) -> u64 {
        self.metrics().await.sum(name) as u64
    }

    /// How many connections were closed for this reason.
    pub async fn closes(&self, reason: &str) -> u64 {
        let name = "parlor_connections_closed_total";
        let closes = self.metrics().await.value(name, &[("reason", reason)]);
        closes.unwrap_or_default() as u64
    }

    /// Waits until a metric counts so many.
    pub async fn wait_for_count(&self, name: &str, count: u64) {
        let awaited = format!("{name} is {count}");
        wait_until(PATIENCE, &awaited, async || self.count(name).await == count).await;
    }

    pub async fn is_ready(&self) -> bool {
        let url = format!("http://{}/readyz", self.admin_address);
        parlor_testkit::http::get(&url)
            .await
            .is_ok_and(|response| response.status == 200)
    }
}

pub fn room(name: &str) -> Address {
    Address::Named(RoomName::new(name).expect("a valid name"))
}

pub fn private(with: UserId) -> Address {
    Address::Private(with)
}

/// The refusal a request was answered with.
pub fn refusal<T: std::fmt::Debug>(outcome: Result<T, ClientError>) -> ErrorBody {
    match outcome {
        Err(ClientError::Refused(body)) => body,
        other => panic!("not refused but {other:?}"),
    }
}

pub fn assert_refused<T: std::fmt::Debug>(outcome: Result<T, ClientError>, code: ErrorCode) {
    let body = refusal(outcome);
    assert_eq!(body.code, code.number(), "{body:?}");
    assert_eq!(body.reason, code.reason());
}

/// Two gateways that hear what is told to users.
pub async fn two_gateways(redis: &RedisServer) -> (TestGateway, TestGateway) {
    let gateways = (
        TestGateway::start(redis).await,
        TestGateway::start(redis).await,
    );
    wait_until(PATIENCE, "both gateways to listen", async || {
        redis.channels("notices:*").len() == 2
    })
    .await;
    gateways
}
