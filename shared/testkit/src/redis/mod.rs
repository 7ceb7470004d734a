//! Real Redis servers.

mod cluster;
mod resp;
mod sentinel;
mod tls;

use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

pub use cluster::RedisCluster;
pub use resp::Reply;
pub use sentinel::{SentinelSet, SentinelUser};
pub use tls::Tls;

use crate::{Process, free_port, wait_until};

/// Names the server's program, to run the tests against Valkey or another version.
const SERVER_VARIABLE: &str = "PARLOR_TEST_REDIS_SERVER";
/// `cluster` makes every server that a test starts a cluster of one node, so that all tests show that
/// no command and no script needs keys of two slots.
const MODE_VARIABLE: &str = "PARLOR_TEST_REDIS_MODE";

/// Loading a large append-only file on a busy machine takes its time.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// How to start a [`RedisServer`].
#[derive(Debug, Default)]
pub struct RedisServerBuilder {
    append_only: bool,
    password: Option<String>,
    options: Vec<(String, String)>,
    tls: Option<Tls>,
    alone: bool,
}

impl RedisServerBuilder {
    /// Never a cluster of one node, whatever the tests are run on: for who stands behind a proxy,
    /// which a cluster's own addresses go round.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// Keeps every write on disk, synced before it is answered, so that a killed server comes back
    /// with all it acknowledged. Off by default.
    #[must_use]
    pub fn append_only(mut self, on: bool) -> Self {
        self.append_only = on;
        self
    }

    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Speaks TLS too, at a port of its own.
    #[must_use]
    pub fn tls(mut self, tls: Option<Tls>) -> Self {
        self.tls = tls;
        self
    }

    /// Any other directive of the server's configuration.
    #[must_use]
    pub fn option(mut self, name: &str, value: &str) -> Self {
        self.options.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the server; as a cluster of one node if the tests are run so.
    pub async fn start(self) -> RedisServer {
        let of_cluster = self
            .options
            .iter()
            .any(|(name, _)| name == "cluster-enabled");
        let wanted = std::env::var(MODE_VARIABLE).is_ok_and(|mode| mode == "cluster");
        if !wanted || of_cluster || self.alone {
            return self.launched().await;
        }
        let mut server = self.cluster_node().launched().await;
        server.is_cluster = true;
        server.cli(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
        wait_until(START_TIMEOUT, "the cluster to be well", async || {
            server
                .cli(&["CLUSTER", "INFO"])
                .contains("cluster_state:ok")
        })
        .await;
        server
    }

    /// A node of a cluster, which knows no other yet.
    fn cluster_node(self) -> Self {
        let port = free_port().to_string();
        self.option("cluster-enabled", "yes")
            .option("cluster-port", &port)
            // Far above what a busy machine takes to answer, and short enough to wait for.
            .option("cluster-node-timeout", "3000")
            .option("cluster-require-full-coverage", "no")
            .option("cluster-allow-replica-migration", "no")
            .option("cluster-replica-validity-factor", "0")
    }

    async fn launched(mut self) -> RedisServer {
        let folder = tempfile::Builder::new()
            .prefix("parlor-redis-")
            .tempdir()
            .expect("a temporary folder can be made");
        let port = free_port();
        let tls_port = self.tls.as_ref().map(|_| free_port());
        if let (Some(tls), Some(port)) = (&self.tls, tls_port) {
            let options = tls.options(port);
            let owned = options.map(|(name, value)| (name.to_owned(), value));
            self.options.extend(owned);
        }
        let mut server = RedisServer {
            settings: self,
            process: None,
            port,
            tls_port,
            is_cluster: false,
            folder,
        };
        server.launch().await;
        server
    }
}

/// A Redis server on a loopback port with its data in a temporary folder. Killed when dropped.
#[derive(Debug)]
pub struct RedisServer {
    settings: RedisServerBuilder,
    /// Dropped before the folder that it writes to.
    process: Option<Process>,
    port: u16,
    tls_port: Option<u16>,
    /// A cluster by itself.
    is_cluster: bool,
    folder: TempDir,
}

impl RedisServer {
    /// A server that keeps nothing on disk; see [`Self::builder`] for others.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    pub fn builder() -> RedisServerBuilder {
        RedisServerBuilder::default()
    }

    pub fn url(&self) -> String {
        let password = self.settings.password.as_ref();
        let password = password
            .map(|password| format!(":{password}@"))
            .unwrap_or_default();
        let scheme = if self.is_cluster {
            "redis+cluster"
        } else {
            "redis"
        };
        format!("{scheme}://{password}127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it speaks TLS.
    pub fn tls_port(&self) -> Option<u16> {
        self.tls_port
    }

    /// Starts the server again as a cluster of one node, with what it has on disk.
    pub async fn become_cluster(mut self) -> RedisCluster {
        self.settings = std::mem::take(&mut self.settings).cluster_node();
        self.restart().await;
        RedisCluster::of(self).await
    }

    /// Channels that somebody is subscribed to, whose names fit a pattern.
    pub fn channels(&self, pattern: &str) -> Vec<String> {
        let kind = if self.is_cluster {
            "SHARDCHANNELS"
        } else {
            "CHANNELS"
        };
        let channels = self.cli(&["PUBSUB", kind, pattern]);
        let channels = channels.lines().filter(|line| !line.is_empty());
        channels.map(str::to_owned).collect()
    }

    /// Publishes as Parlor does.
    pub fn publish(&self, channel: &str, payload: &str) {
        let command = if self.is_cluster {
            "SPUBLISH"
        } else {
            "PUBLISH"
        };
        self.cli(&[command, channel, payload]);
    }

    /// Sends one command and gives the reply as `redis-cli` would print it without decoration: an
    /// array with one element a line, nil as an empty line. Panics on an error reply.
    pub fn cli(&self, args: &[&str]) -> String {
        let reply = self
            .command(args)
            .unwrap_or_else(|error| panic!("{args:?}: {error:#}"));
        assert!(!matches!(reply, Reply::Error(_)), "{args:?}: {reply:?}");
        reply.to_string()
    }

    /// Sends one command over a connection of its own.
    pub fn command(&self, args: &[&str]) -> anyhow::Result<Reply> {
        resp::command(self.port, self.settings.password.as_deref(), args)
    }

    /// Kills the server; what it had not written to disk is gone.
    pub fn kill9(&mut self) {
        self.running().kill9();
    }

    /// Stops the server's execution: connections stay, nothing is answered.
    pub fn pause(&mut self) {
        self.running().pause();
    }

    pub fn resume(&mut self) {
        self.running().resume();
    }

    /// Starts the server again on the same port with what is on disk, killing it first if it runs.
    pub async fn restart(&mut self) {
        self.kill9();
        self.launch().await;
    }

    pub fn process(&mut self) -> &mut Process {
        self.running()
    }

    fn running(&mut self) -> &mut Process {
        self.process.as_mut().expect("the server was started")
    }

    async fn launch(&mut self) {
        let append_only = if self.settings.append_only {
            "yes"
        } else {
            "no"
        };
        let mut builder = Process::builder(program())
            .folder(self.folder.path())
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args([
                "--save",
                "",
                "--appendonly",
                append_only,
                "--appendfsync",
                "always",
            ]);
        if let Some(password) = &self.settings.password {
            builder = builder.args(["--requirepass", password]);
        }
        for (name, value) in &self.settings.options {
            builder = builder.arg(format!("--{name}")).arg(value);
        }
        self.process = Some(builder.start());
        let settled = |server: &Self| {
            !server.is_cluster
                || server
                    .cli(&["CLUSTER", "INFO"])
                    .contains("cluster_state:ok")
        };
        let awaited = format!("redis-server on port {} answers PING", self.port);
        wait_until(START_TIMEOUT, &awaited, async || {
            let ended = self.running().try_wait().is_some();
            assert!(
                !ended,
                "redis-server ended at once:\n{}",
                self.running().log()
            );
            matches!(self.command(&["PING"]), Ok(Reply::Simple(pong)) if pong == "PONG")
                && settled(self)
        })
        .await;
    }
}

/// The server's program.
fn program() -> PathBuf {
    let named = std::env::var_os(SERVER_VARIABLE);
    named.map_or_else(|| PathBuf::from("redis-server"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_commands() {
        let redis = RedisServer::start().await;
        assert_eq!(redis.cli(&["SET", "key", "two words"]), "OK");
        assert_eq!(redis.cli(&["GET", "key"]), "two words");
        assert_eq!(redis.cli(&["GET", "none"]), "");
        assert_eq!(redis.cli(&["RPUSH", "list", "a", "b"]), "2");
        assert_eq!(redis.cli(&["LRANGE", "list", "0", "-1"]), "a\nb");
        assert!(matches!(redis.command(&["NONSENSE"]), Ok(Reply::Error(_))));
        assert!(redis.url().ends_with(&redis.port().to_string()));
    }

    #[tokio::test]
    async fn servers_do_not_share_anything() {
        let (one, two) = tokio::join!(RedisServer::start(), RedisServer::start());
        one.cli(&["SET", "key", "1"]);
        assert_eq!(two.cli(&["EXISTS", "key"]), "0");
    }

    #[tokio::test]
    async fn comes_back_with_its_data_when_append_only() {
        let mut redis = RedisServer::builder()
            .alone()
            .append_only(true)
            .password("pw")
            .start()
            .await;
        redis.cli(&["SET", "key", "kept"]);
        redis.kill9();
        assert!(redis.command(&["PING"]).is_err());
        redis.restart().await;
        assert_eq!(redis.cli(&["GET", "key"]), "kept");
        assert!(redis.url().starts_with("redis://:pw@127.0.0.1:"));
    }

    #[tokio::test]
    async fn comes_back_empty_otherwise() {
        let mut redis = RedisServer::start().await;
        redis.cli(&["SET", "key", "lost"]);
        redis.restart().await;
        assert_eq!(redis.cli(&["EXISTS", "key"]), "0");
    }

    #[tokio::test]
    async fn answers_again_after_a_pause() {
        let mut redis = RedisServer::start().await;
        redis.pause();
        assert!(
            redis.command(&["PING"]).is_err(),
            "a paused server answers nothing"
        );
        redis.resume();
        assert_eq!(redis.cli(&["PING"]), "PONG");
    }
}
