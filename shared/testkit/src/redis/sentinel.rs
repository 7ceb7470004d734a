//! A primary, its replica, and the sentinels that watch them, on loopback.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use tempfile::TempDir;

use super::{RedisServer, Tls, program, resp};
use crate::{Process, Reply, free_port, wait_until};

const PATIENCE: Duration = Duration::from_secs(60);
const NAME: &str = "parlor";

/// What sentinels ask each other for where somebody else is let in by name.
const OWN_PASSWORD: &str = "of the sentinels alone";

/// Who is let in to the sentinels; nobody is without a password then.
#[derive(Clone, Debug)]
pub struct SentinelUser {
    pub name: String,
    pub password: String,
    pub rules: String,
}

/// Three sentinels over two servers. Killed when dropped.
#[derive(Debug)]
pub struct SentinelSet {
    pub primary: RedisServer,
    pub replica: RedisServer,
    sentinels: Vec<Sentinel>,
}

#[derive(Debug)]
struct Sentinel {
    port: u16,
    tls_port: Option<u16>,
    password: Option<&'static str>,
    /// Dropped before the folder that it writes to.
    _process: Process,
    _folder: TempDir,
}

impl SentinelSet {
    pub async fn start() -> Self {
        Self::start_with(None, None).await
    }

    /// The same, with servers and sentinels that speak TLS, also among each other, and a user who is
    /// let in to the sentinels.
    pub async fn start_with(tls: Option<Tls>, user: Option<SentinelUser>) -> Self {
        let primary = server(tls.clone(), &[]).await;
        let port = known_port(&primary);
        let follow = format!("127.0.0.1 {port}");
        let replica = server(tls.clone(), &[("replicaof", &follow)]).await;
        wait_until(PATIENCE, "the replica to follow", async || {
            let info = replica.cli(&["INFO", "replication"]);
            info.contains("master_link_status:up")
        })
        .await;
        let sentinels = (0..3).map(|_| Sentinel::start(port, tls.as_ref(), user.as_ref()));
        let set = Self {
            primary,
            replica,
            sentinels: sentinels.collect(),
        };
        wait_until(PATIENCE, "the sentinels to know each other", async || {
            set.sentinels.iter().all(|it| {
                let facts = it.ask("MASTER");
                facts.contains("num-other-sentinels\n2") && facts.contains("num-slaves\n1")
            })
        })
        .await;
        if let Some(user) = &user {
            for sentinel in &set.sentinels {
                sentinel.let_in(user);
            }
        }
        set
    }

    pub fn url(&self) -> String {
        let sentinels = self.sentinels.iter();
        let sentinels: Vec<_> = sentinels
            .map(|it| format!("127.0.0.1:{}", it.tls_port.unwrap_or(it.port)))
            .collect();
        let encrypted = self.primary.tls_port().is_some();
        let plain = if encrypted { "rediss" } else { "redis" };
        format!("{plain}+sentinel://{}/{NAME}", sentinels.join(","))
    }

    /// What the sentinels refused to whom, as `ACL LOG` has it.
    pub fn refusals(&self) -> Vec<String> {
        let logs = self.sentinels.iter().map(|it| it.command(&["ACL", "LOG"]));
        logs.map(|log| log.expect("a log").to_string())
            .filter(|log| !log.is_empty())
            .collect()
    }

    /// Sends a command to the primary of now.
    pub fn cli(&self, args: &[&str]) -> String {
        let named = self.sentinels[0].ask("GET-MASTER-ADDR-BY-NAME");
        if named.ends_with(&known_port(&self.replica).to_string()) {
            self.replica.cli(args)
        } else {
            self.primary.cli(args)
        }
    }

    /// Waits until all sentinels name the replica.
    pub async fn failed_over(&self) {
        let port = known_port(&self.replica).to_string();
        wait_until(PATIENCE, "the sentinels to fail over", async || {
            self.sentinels
                .iter()
                .all(|it| it.ask("GET-MASTER-ADDR-BY-NAME").ends_with(&port))
        })
        .await;
    }
}

impl Sentinel {
    fn start(primary: u16, tls: Option<&Tls>, user: Option<&SentinelUser>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (port, tls_port) = (free_port(), tls.map(|_| free_port()));
        let password = user.map(|_| OWN_PASSWORD);
        let file = folder.path().join("sentinel.conf");
        let mut text = format!(
            "port {port}\nbind 127.0.0.1\n\
             sentinel monitor {NAME} 127.0.0.1 {primary} 2\n\
             sentinel down-after-milliseconds {NAME} 2000\n\
             sentinel failover-timeout {NAME} 10000\n"
        );
        if let (Some(tls), Some(port)) = (tls, tls_port) {
            for (name, value) in tls.options(port) {
                writeln!(text, "{name} {value}").expect("a string takes it");
            }
        }
        if let Some(password) = password {
            writeln!(text, "requirepass \"{password}\"").expect("a string takes it");
        }
        fs::write(&file, text).expect("the file can be written");
        // The server's own program is a sentinel when it is told so.
        let process = Process::builder(program())
            .folder(folder.path())
            .arg(&file)
            .arg("--sentinel")
            .start();
        Self {
            port,
            tls_port,
            password,
            _process: process,
            _folder: folder,
        }
    }

    fn let_in(&self, user: &SentinelUser) {
        let password = format!(">{}", user.password);
        let mut command = vec!["ACL", "SETUSER", &user.name, "reset", "on", &password];
        command.extend(user.rules.split_whitespace());
        let done = self.command(&command).expect("a sentinel answers");
        assert_eq!(done, Reply::Simple("OK".to_owned()));
    }

    fn ask(&self, question: &str) -> String {
        match self.command(&["SENTINEL", question, NAME]) {
            Ok(Reply::Error(_)) | Err(_) => String::new(),
            Ok(answer) => answer.to_string(),
        }
    }

    fn command(&self, args: &[&str]) -> anyhow::Result<Reply> {
        resp::command(self.port, self.password, args)
    }
}

/// The port that sentinels know a server by.
fn known_port(server: &RedisServer) -> u16 {
    server.tls_port().unwrap_or(server.port())
}

async fn server(tls: Option<Tls>, options: &[(&str, &str)]) -> RedisServer {
    let builder = RedisServer::builder().append_only(true).alone().tls(tls);
    let options = options.iter();
    let builder = options.fold(builder, |builder, (name, value)| {
        builder.option(name, value)
    });
    builder.start().await
}
