//! Breaks a whole Parlor on this machine and tells what came of it.

use std::{process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use parlor_chaos::{
    people::Crowd,
    scenario::{Size, cut_all, random, redis_away, rolling},
    watch::{self, Visit},
};
use tokio::signal::unix::{SignalKind, signal};

/// Breaks a whole Parlor, real programs on this machine, under load, and checks that nothing that
/// was acknowledged is lost, doubled or reordered. Ends with 1 if anything was
#[derive(Debug, Parser)]
#[command(name = "parlor-chaos", version)]
struct Arguments {
    /// How long to go on breaking things
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// Where the faults and the load are drawn from; random if not given
    #[arg(long, global = true)]
    seed: Option<u64>,
    #[arg(long, global = true, default_value_t = 3)]
    gateways: usize,
    /// History-workers, and as many presence-workers
    #[arg(long, global = true, default_value_t = 2)]
    workers: usize,
    #[arg(long, global = true, default_value_t = 200)]
    clients: u32,
    /// Messages per second
    #[arg(long, global = true, default_value_t = 500)]
    rate: u32,
    #[arg(long, global = true, default_value_t = 20)]
    rooms: usize,
    /// Rooms that each client is in
    #[arg(long, global = true, default_value_t = 2)]
    rooms_each: usize,
    /// Print the figures as JSON on standard output
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    scenario: Option<Scenario>,
}

/// In place of random faults.
#[derive(Clone, Debug, Subcommand)]
enum Scenario {
    /// Replace all gateways, one after the other
    RollingRestart,
    /// Cut all clients off at once
    CutAll,
    /// Take Redis away for a while
    RedisAway {
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Break nothing: talk through the front door of a Parlor that runs elsewhere, while somebody
    /// else breaks it, until SIGTERM or Ctrl-C
    Watch {
        #[arg(long, default_value = "ws://localhost:5555/ws")]
        url: String,
        /// End by itself after so long
        #[arg(long)]
        seconds: Option<u64>,
        /// Messages that a room keeps there, as the history-workers there are told
        #[arg(long, default_value_t = 10_000)]
        history: usize,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    // A client costs three descriptors here: its own, and two of the proxy before the gateway.
    let limit = rlimit::increase_nofile_limit(u64::MAX).context("the limit on open files")?;
    anyhow::ensure!(
        limit > u64::from(arguments.clients) * 3 + 500,
        "{limit} open files are too few for {} clients",
        arguments.clients
    );
    let size = Size {
        gateways: arguments.gateways.max(1),
        workers: arguments.workers.max(1),
        clients: arguments.clients.max(1),
        rooms: arguments.rooms.max(1),
        rooms_each: arguments.rooms_each.max(1),
        rate: arguments.rate,
        seed: arguments.seed.unwrap_or_else(rand::random),
    };
    let report = match arguments.scenario {
        None => random::run(size, Duration::from_secs_f64(arguments.minutes * 60.0)).await,
        Some(Scenario::RollingRestart) => rolling::run(size).await,
        Some(Scenario::CutAll) => cut_all::run(size).await,
        Some(Scenario::RedisAway { seconds }) => {
            redis_away::run(size, Duration::from_secs(seconds)).await
        }
        Some(Scenario::Watch {
            url,
            seconds,
            history,
        }) => {
            let crowd = Crowd {
                members: size.clients,
                rooms: size.rooms,
                rooms_each: size.rooms_each,
                ..Crowd::default()
            };
            let visit = Visit {
                url,
                crowd,
                rate: size.rate,
                seed: size.seed,
                prefix: format!("watch-{:08x}", rand::random::<u32>()),
                history_limit: history,
            };
            watch::run(visit, told_to_end(seconds)?).await
        }
    };
    eprintln!("{report}");
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    }
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Done when the process is asked to end, or after so many seconds.
fn told_to_end(seconds: Option<u64>) -> anyhow::Result<impl Future<Output = ()>> {
    let mut interrupted = signal(SignalKind::interrupt()).context("SIGINT")?;
    let mut terminated = signal(SignalKind::terminate()).context("SIGTERM")?;
    let lasts = seconds.map_or(Duration::MAX, Duration::from_secs);
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
            () = tokio::time::sleep(lasts) => {}
        }
    })
}
