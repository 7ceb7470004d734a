//! A whole Parlor in real processes, each behind a network that breaks on demand.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use parlor_testkit::{
    Process, Proxy, RedisCluster, RedisServer, SentinelSet, binary,
    exposition::{self, Families},
    free_port, http, wait_until,
};

use crate::{
    secure::{Rules, Secure, Way},
    store::{Kind, Store},
};

/// Far beyond what a part takes to become ready on an idle machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Settings as variables of the environment.
pub type Variables = Vec<(String, String)>;

/// What every fleet has unless a test says otherwise: cheap password hashes, and none of the limits
/// on a single user, because the load comes from few.
const GATEWAY_DEFAULTS: &[(&str, &str)] = &[
    ("MESSAGE_RATE", "off"),
    ("FRAME_RATE", "off"),
    ("ARGON2_MEMORY_KIB", "64"),
    ("ARGON2_ITERATIONS", "1"),
    ("PASSWORD_HASH_QUEUE", "100000"),
    // All clients have one address here.
    ("CONNECTIONS_PER_ADDRESS", "0"),
    ("DRAIN_WAIT", "0s"),
    ("DRAIN_GRACE", "2s"),
];

/// What a fleet is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    pub gateways: usize,
    pub history_workers: usize,
    pub presence_workers: usize,
    pub gateway_settings: Variables,
    pub history_settings: Variables,
    pub presence_settings: Variables,
    /// Has the parts speak to Redis over TLS, with a certificate each way, as users of these rules.
    pub acl_rules: Option<Rules>,
    /// What Redis is made of. Proxies stand before a single server only: who fails over goes by the
    /// servers' own addresses.
    pub redis: Kind,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            gateways: 2,
            history_workers: 1,
            presence_workers: 1,
            gateway_settings: Vec::new(),
            history_settings: Vec::new(),
            presence_settings: Vec::new(),
            acl_rules: None,
            redis: Kind::One,
        }
    }
}

impl Plan {
    #[must_use]
    pub fn gateway(mut self, name: &str, value: &str) -> Self {
        self.gateway_settings.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub fn history(mut self, name: &str, value: &str) -> Self {
        self.history_settings.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub fn presence(mut self, name: &str, value: &str) -> Self {
        self.presence_settings.push((name.into(), value.into()));
        self
    }
}

/// The parts, running. They end when this is dropped.
#[derive(Debug)]
pub struct Fleet {
    pub gateways: Vec<Part>,
    pub history_workers: Vec<Part>,
    pub presence_workers: Vec<Part>,
    /// Dropped last: the others write to it while they end.
    pub redis: Store,
    _secure: Option<Secure>,
}

impl Fleet {
    pub async fn start(plan: Plan) -> Self {
        let secure = plan.acl_rules.as_ref().map(|_| Secure::new());
        let tls = secure.as_ref().map(Secure::tls);
        let redis = match plan.redis {
            // The proxies of the parts stand before it, and a cluster's nodes go round them.
            Kind::One => {
                let server = RedisServer::builder().append_only(true).alone().tls(tls);
                Store::One(server.start().await)
            }
            Kind::Cluster(masters, replicas) => {
                Store::Cluster(RedisCluster::start_with(masters, replicas, tls).await)
            }
            Kind::Sentinel => {
                let watcher = plan.acl_rules.as_ref().map(Secure::watcher);
                Store::Sentinel(Box::new(SentinelSet::start_with(tls, watcher).await))
            }
        };
        let mut way = match (&secure, &plan.acl_rules) {
            (Some(secure), Some(rules)) => secure.way(&redis, rules),
            _ => Way::open(&redis),
        };
        way.url = redis.url();
        let mut gateway_settings: Variables = GATEWAY_DEFAULTS
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        gateway_settings.extend(plan.gateway_settings);
        let mut fleet = Self {
            gateways: Vec::new(),
            history_workers: Vec::new(),
            presence_workers: Vec::new(),
            redis,
            _secure: secure,
        };
        for _ in 0..plan.gateways {
            let part = Part::start("gateway", &gateway_settings, &way, true).await;
            fleet.gateways.push(part);
        }
        for _ in 0..plan.history_workers {
            let settings = &plan.history_settings;
            let part = Part::start("history-worker", settings, &way, false).await;
            fleet.history_workers.push(part);
        }
        for _ in 0..plan.presence_workers {
            let settings = &plan.presence_settings;
            let part = Part::start("presence-worker", settings, &way, false).await;
            fleet.presence_workers.push(part);
        }
        for part in fleet.parts_mut() {
            part.ready().await;
        }
        fleet
    }

    /// Where clients connect, through the proxies before the gateways.
    pub fn urls(&self) -> Vec<String> {
        self.gateways.iter().map(Part::url).collect()
    }

    pub fn parts_mut(&mut self) -> impl Iterator<Item = &mut Part> {
        self.gateways
            .iter_mut()
            .chain(&mut self.history_workers)
            .chain(&mut self.presence_workers)
    }

    /// Gateways one after the other end as a deployment ends them, each replaced before the next.
    pub async fn rolling_restart(&mut self) {
        for gateway in &mut self.gateways {
            gateway.terminate();
            gateway.ended().await;
            gateway.launch();
            gateway.ready().await;
        }
    }
}

/// A program of Parlor's, with the network between it and its neighbours.
#[derive(Debug)]
pub struct Part {
    program: &'static str,
    settings: Variables,
    admin_port: u16,
    /// The process, until it was killed.
    process: Option<Process>,
    /// The network between this part and Redis.
    pub redis: Proxy,
    /// The network between clients and this gateway.
    entrance: Option<Proxy>,
}

impl Part {
    async fn start(
        program: &'static str,
        settings: &Variables,
        way: &Way,
        has_entrance: bool,
    ) -> Self {
        let redis = Proxy::to_port(way.port).await;
        let admin_port = free_port();
        let mut settings = settings.clone();
        settings.extend(way.settings.iter().cloned());
        let mut set = |name: &str, value: String| settings.push((name.to_owned(), value));
        let behind_proxy = format!("{}://127.0.0.1:{}", way.scheme, redis.port());
        set("REDIS_URL", way.url.clone().unwrap_or(behind_proxy));
        set("ADMIN_ADDRESS", format!("127.0.0.1:{admin_port}"));
        set("LOG_FORMAT", "text".to_owned());
        let mut entrance = None;
        if has_entrance {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
            set("SERVER_ADDRESS", address.to_string());
            entrance = Some(Proxy::start(address).await);
        }
        let mut part = Self {
            program,
            settings,
            admin_port,
            process: None,
            redis,
            entrance,
        };
        part.launch();
        part
    }

    /// Starts the program, with the ports that it had before.
    pub fn launch(&mut self) {
        let settings = self.settings.iter().map(|(name, value)| (name, value));
        let builder = Process::builder(binary(self.program));
        let builder = settings.fold(builder, |builder, (name, value)| builder.env(name, value));
        self.process = Some(builder.start());
    }

    /// Waits until the part says that it is ready.
    pub async fn ready(&mut self) {
        let url = format!("http://127.0.0.1:{}/readyz", self.admin_port);
        self.process().wait_for_ok(PATIENCE, &url).await;
    }

    /// What `/readyz` answers now, if anything.
    pub async fn readiness(&self) -> Option<u16> {
        let url = format!("http://127.0.0.1:{}/readyz", self.admin_port);
        http::get(&url).await.ok().map(|response| response.status)
    }

    pub async fn metrics(&self) -> Families {
        let url = format!("http://127.0.0.1:{}/metrics", self.admin_port);
        let response = http::get(&url).await.expect("metrics");
        exposition::parse(&response.body).expect("valid exposition")
    }

    pub fn kill9(&mut self) {
        self.process().kill9();
    }

    pub fn terminate(&mut self) {
        self.process().terminate();
    }

    pub fn pause(&mut self) {
        self.process().pause();
    }

    pub fn resume(&mut self) {
        self.process().resume();
    }

    pub async fn ended(&mut self) {
        self.process().wait(PATIENCE).await;
    }

    /// Kills it and starts it again at once.
    pub async fn restart(&mut self) {
        self.kill9();
        self.launch();
        self.ready().await;
    }

    pub fn is_running(&mut self) -> bool {
        self.process().try_wait().is_none()
    }

    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the part was started")
    }

    pub fn program(&self) -> &'static str {
        self.program
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("ws://{}/ws", self.entrance().address())
    }

    /// The network between clients and this gateway.
    pub fn entrance(&self) -> &Proxy {
        self.entrance.as_ref().expect("a gateway has an entrance")
    }

    /// Ends a loss in one direction. TCP never loses bytes from the middle of a stream: the
    /// connections that lost some are cut, as they would be on a network that breaks for so long.
    pub async fn heal_loss(&self) {
        use parlor_testkit::Direction::{ToClient, ToServer};
        self.redis.refuse(true).await;
        self.redis.cut().await;
        for direction in [ToServer, ToClient] {
            self.redis.drop_direction(direction, false);
        }
        wait_until(PATIENCE, "the torn connections to end", async || {
            self.redis.connections() == 0
        })
        .await;
        self.redis.refuse(false).await;
    }
}
