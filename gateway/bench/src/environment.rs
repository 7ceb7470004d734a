//! The programs that are measured: started here, or named on the command line.

use std::{
    env,
    net::{Ipv4Addr, SocketAddr, ToSocketAddrs as _},
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use parlor_testkit::{Process, ProcessBuilder, RedisServer, exposition, free_port, http};

use crate::{args::Common, driver::Target, measure::Watched};

const START_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Lines of a program's log that are shown when it fails to start.
const LOG_LINES: usize = 15;

/// Limits that protect a gateway from people, and would only measure themselves here.
const GATEWAY_SETTINGS: [(&str, &str); 8] = [
    ("MESSAGE_RATE", "off"),
    ("FRAME_RATE", "off"),
    ("CONNECTIONS_PER_ADDRESS", "0"),
    ("CONNECTIONS_PER_GATEWAY", "1000000"),
    ("HANDSHAKE_RATE", "100000"),
    ("SIGN_IN_TIMEOUT", "300s"),
    ("BACKLOG_HIGH_WATER", "1000000000"),
    ("LOG", "warn"),
];

/// What is measured. Dropping it ends what was started for it.
#[derive(Debug)]
pub struct Environment {
    pub targets: Vec<Target>,
    pub gateways: Vec<u32>,
    pub redis: Option<u32>,
    /// Of a Redis that was started here.
    redis_url: String,
    /// Of gateways that are started here, beside those of every run.
    settings: Vec<(String, String)>,
    /// Whether clients offer compression.
    deflate: bool,
    pub history_worker: Option<u32>,
    pub presence_worker: Option<u32>,
    /// What the reader of the figures should know.
    pub notes: Vec<String>,
    /// Before Redis, without which they would complain.
    programs: Vec<Process>,
    redis_server: Option<RedisServer>,
}

impl Environment {
    /// As many gateways as asked for, or those of the command line.
    pub fn prepare(common: &Common, gateways: usize) -> anyhow::Result<Self> {
        if common.url.is_empty() {
            return block_on(async {
                let mut environment = Self::start_redis(common).await?;
                environment.start_history_worker().await?;
                environment.start_others(gateways).await?;
                Ok(environment)
            })?;
        }
        if common.url.len() != gateways {
            bail!(
                "This scenario takes {gateways} gateways, and --url names {}.",
                common.url.len()
            );
        }
        let mut notes = Vec::new();
        if common.pid.len() != gateways {
            notes.push("CPU and memory are unknown without a --pid for each --url.".to_owned());
        }
        Ok(Self {
            targets: common
                .url
                .iter()
                .map(|url| target(url, common.compress))
                .collect::<anyhow::Result<_>>()?,
            gateways: common.pid.clone(),
            redis: common.redis_pid,
            redis_url: String::new(),
            settings: Vec::new(),
            deflate: common.compress,
            history_worker: None,
            presence_worker: None,
            notes,
            programs: Vec::new(),
            redis_server: None,
        })
    }

    /// A gateway that is started here, and nobody who persists what it publishes, before
    /// [`Self::add_history_worker`].
    pub fn without_history_worker(common: &Common) -> anyhow::Result<Self> {
        block_on(async {
            let mut environment = Self::start_redis(common).await?;
            environment.start_others(1).await?;
            Ok(environment)
        })?
    }

    /// Starts the history-worker, and gives the URL of its metrics.
    pub fn add_history_worker(&mut self) -> anyhow::Result<String> {
        block_on(self.start_history_worker())??.context("the history-worker is not built, or ended")
    }

    pub fn watched(&self) -> Watched {
        let workers = [self.history_worker, self.presence_worker];
        Watched {
            gateways: self.gateways.clone(),
            redis: self.redis.into_iter().collect(),
            workers: workers.into_iter().flatten().collect(),
        }
    }

    /// Ends the gateways and workers that were started here; Redis stays.
    pub fn end_programs(&mut self) {
        self.programs.clear();
    }

    /// Where the Redis is that was started here.
    pub fn redis_address(&self) -> Option<SocketAddr> {
        let server = self.redis_server.as_ref()?;
        Some(SocketAddr::from((Ipv4Addr::LOCALHOST, server.port())))
    }

    async fn start_redis(common: &Common) -> anyhow::Result<Self> {
        require_redis()?;
        let mut redis = RedisServer::builder()
            .append_only(true)
            .option("appendfsync", "everysec")
            .start()
            .await;
        Ok(Self {
            targets: Vec::new(),
            gateways: Vec::new(),
            redis: Some(redis.process().pid()),
            redis_url: redis.url(),
            settings: common.set.clone(),
            deflate: common.compress,
            history_worker: None,
            presence_worker: None,
            notes: Vec::new(),
            programs: Vec::new(),
            redis_server: Some(redis),
        })
    }

    async fn start_history_worker(&mut self) -> anyhow::Result<Option<String>> {
        let started = self.start_worker("history-worker").await?;
        self.history_worker = started.as_ref().map(|(pid, _)| *pid);
        Ok(started.map(|(_, metrics)| metrics))
    }

    async fn start_others(&mut self, gateways: usize) -> anyhow::Result<()> {
        let started = self.start_worker("presence-worker").await?;
        self.presence_worker = started.map(|(pid, _)| pid);
        for _ in 0..gateways {
            self.start_gateway().await?;
        }
        Ok(())
    }

    async fn start_gateway(&mut self) -> anyhow::Result<()> {
        let address = format!("127.0.0.1:{}", free_port());
        let mut builder = Process::builder(program("gateway")?).env("SERVER_ADDRESS", &address);
        for (name, value) in GATEWAY_SETTINGS {
            builder = builder.env(name, value);
        }
        for (name, value) in &self.settings {
            builder = builder.env(name, value);
        }
        let gateway = match launch(builder, &self.redis_url).await? {
            Launched::Ready(process, _) => process,
            Launched::Ended(log) => bail!("The gateway ended before it was ready:\n{log}"),
        };
        self.gateways.push(gateway.pid());
        let url = format!("ws://{address}/ws");
        self.targets.push(target(&url, self.deflate)?);
        self.programs.push(gateway);
        Ok(())
    }

    /// Starts a worker, without which there is still something to measure; gives its process and the
    /// URL of its metrics.
    async fn start_worker(&mut self, name: &'static str) -> anyhow::Result<Option<(u32, String)>> {
        let Ok(program) = program(name) else {
            self.notes
                .push(format!("{name} is not built: measured without it."));
            return Ok(None);
        };
        match launch(Process::builder(program), &self.redis_url).await? {
            Launched::Ready(worker, metrics) => {
                let pid = worker.pid();
                self.programs.push(worker);
                Ok(Some((pid, metrics)))
            }
            Launched::Ended(_) => {
                self.notes
                    .push(format!("{name} ended at once: measured without it."));
                Ok(None)
            }
        }
    }
}

/// A started program.
enum Launched {
    /// With the URL of its metrics.
    Ready(Process, String),
    /// With the end of its log.
    Ended(String),
}

/// Starts one of Parlor's programs and waits until it is ready.
async fn launch(builder: ProcessBuilder, redis_url: &str) -> anyhow::Result<Launched> {
    let admin = format!("127.0.0.1:{}", free_port());
    let mut process = builder
        .env("REDIS_URL", redis_url)
        .env("ADMIN_ADDRESS", &admin)
        .start();
    let url = format!("http://{admin}/readyz");
    let deadline = Instant::now() + START_TIMEOUT;
    loop {
        if process.try_wait().is_some() {
            return Ok(Launched::Ended(log_end(&process)));
        }
        if http::get(&url)
            .await
            .is_ok_and(|answer| answer.status == 200)
        {
            return Ok(Launched::Ready(process, format!("http://{admin}/metrics")));
        }
        if Instant::now() > deadline {
            bail!(
                "A program was not ready after {START_TIMEOUT:?}:\n{}",
                log_end(&process)
            );
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Starts the tool itself once more, as the loop to compare with, perhaps behind a Redis.
pub fn start_floor(
    frame_bytes: u64,
    redis: Option<SocketAddr>,
) -> anyhow::Result<(Process, Target)> {
    let address = format!("127.0.0.1:{}", free_port());
    let program = env::current_exe().context("the tool doesn't know its own path")?;
    block_on(async {
        let mut builder = Process::builder(program)
            .arg("floor-server")
            .args(["--listen", &address])
            .args(["--frame-bytes", &frame_bytes.to_string()]);
        if let Some(redis) = redis {
            builder = builder.args(["--redis", &redis.to_string()]);
        }
        let mut process = builder.start();
        process
            .wait_for_log(START_TIMEOUT, "that it listens", |log| {
                log.contains("listening")
            })
            .await;
        Ok((process, target(&format!("ws://{address}/ws"), false)?))
    })?
}

/// Starting and waiting is all that is done asynchronously here.
fn block_on<F: Future>(future: F) -> anyhow::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no runtime can be had")?;
    Ok(runtime.block_on(future))
}

/// The value of a metric without labels.
pub fn metric(url: &str, name: &str) -> anyhow::Result<f64> {
    let answer = block_on(http::get(url))??;
    let families = exposition::parse(&answer.body).map_err(anyhow::Error::msg)?;
    let value = families.value(name, &[]);
    value.with_context(|| format!("{url} does not tell {name}"))
}

/// A program that was built with this one.
fn program(name: &str) -> anyhow::Result<PathBuf> {
    let own = env::current_exe().context("the tool doesn't know its own path")?;
    let path = own.with_file_name(name);
    if !path.is_file() {
        bail!(
            "{} is missing: cargo build --workspace --bins makes it.",
            path.display()
        );
    }
    Ok(path)
}

fn require_redis() -> anyhow::Result<()> {
    match Command::new("redis-server").arg("--version").output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => bail!("redis-server is missing: please install Redis 7.0 or newer, or use --url."),
    }
}

/// Takes `ws://host:port/path` apart.
fn target(url: &str, deflate: bool) -> anyhow::Result<Target> {
    let rest = url
        .strip_prefix("ws://")
        .with_context(|| format!("{url} is not a URL that begins with ws://"))?;
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/ws"),
    };
    let address = authority
        .to_socket_addrs()
        .ok()
        .and_then(|mut addresses| addresses.next())
        .with_context(|| format!("{authority} is not the host and port of anything"))?;
    Ok(Target {
        address,
        authority: authority.to_owned(),
        path: path.to_owned(),
        deflate,
    })
}

fn log_end(process: &Process) -> String {
    let log = process.log();
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let full = target("ws://127.0.0.1:5555/chat", false).expect("valid");
        assert_eq!(
            (full.authority.as_str(), full.path.as_str()),
            ("127.0.0.1:5555", "/chat")
        );
        assert_eq!(
            target("ws://127.0.0.1:80", false).expect("valid").path,
            "/ws"
        );
        assert!(target("http://127.0.0.1:80", false).is_err());
        assert!(target("ws://127.0.0.1", false).is_err());
    }
}
