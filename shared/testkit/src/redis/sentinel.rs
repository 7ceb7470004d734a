//! A primary, its replica, and the sentinels that watch them, on loopback.

use std::fs;
use std::time::Duration;

use tempfile::TempDir;

use super::{RedisServer, program, resp};
use crate::{Process, Reply, free_port, wait_until};

const PATIENCE: Duration = Duration::from_secs(60);
const NAME: &str = "parlor";

/// Three sentinels over two servers. Killed when dropped.
#[derive(Debug)]
pub struct SentinelSet {
    pub primary: RedisServer,
    pub replica: RedisServer,
    sentinels: Vec<(u16, Process)>,
    _folders: Vec<TempDir>,
}

impl SentinelSet {
    pub async fn start() -> Self {
        let primary = server(&[]).await;
        let port = primary.port();
        let replica = server(&[("replicaof", &format!("127.0.0.1 {port}"))]).await;
        wait_until(PATIENCE, "the replica to follow", async || {
            let info = replica.cli(&["INFO", "replication"]);
            info.contains("master_link_status:up")
        })
        .await;
        let (mut sentinels, mut folders) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            let own = free_port();
            let file = folder.path().join("sentinel.conf");
            let text = format!(
                "port {own}\nbind 127.0.0.1\n\
                 sentinel monitor {NAME} 127.0.0.1 {port} 2\n\
                 sentinel down-after-milliseconds {NAME} 2000\n\
                 sentinel failover-timeout {NAME} 10000\n"
            );
            fs::write(&file, text).expect("the file can be written");
            // The server's own program is a sentinel when it is told so.
            let process = Process::builder(program())
                .folder(folder.path())
                .arg(&file)
                .arg("--sentinel")
                .start();
            sentinels.push((own, process));
            folders.push(folder);
        }
        let set = Self {
            primary,
            replica,
            sentinels,
            _folders: folders,
        };
        wait_until(PATIENCE, "the sentinels to know each other", async || {
            set.sentinels.iter().all(|(port, _)| {
                let facts = ask(*port, "MASTER");
                facts.contains("num-other-sentinels\n2") && facts.contains("num-slaves\n1")
            })
        })
        .await;
        set
    }

    pub fn url(&self) -> String {
        let sentinels = self.sentinels.iter();
        let sentinels: Vec<_> = sentinels
            .map(|(port, _)| format!("127.0.0.1:{port}"))
            .collect();
        format!("redis+sentinel://{}/{NAME}", sentinels.join(","))
    }

    /// Sends a command to the primary of now.
    pub fn cli(&self, args: &[&str]) -> String {
        let named = ask(self.sentinels[0].0, "GET-MASTER-ADDR-BY-NAME");
        if named.ends_with(&self.replica.port().to_string()) {
            self.replica.cli(args)
        } else {
            self.primary.cli(args)
        }
    }

    /// Waits until all sentinels name the replica.
    pub async fn failed_over(&self) {
        let port = self.replica.port().to_string();
        wait_until(PATIENCE, "the sentinels to fail over", async || {
            self.sentinels
                .iter()
                .all(|(own, _)| ask(*own, "GET-MASTER-ADDR-BY-NAME").ends_with(&port))
        })
        .await;
    }
}

async fn server(options: &[(&str, &str)]) -> RedisServer {
    let builder = RedisServer::builder().append_only(true).alone();
    let options = options.iter();
    let builder = options.fold(builder, |builder, (name, value)| {
        builder.option(name, value)
    });
    builder.start().await
}

fn ask(port: u16, question: &str) -> String {
    let answer = resp::command(port, None, &["SENTINEL", question, NAME]);
    match answer {
        Ok(Reply::Error(_)) | Err(_) => String::new(),
        Ok(answer) => answer.to_string(),
    }
}
