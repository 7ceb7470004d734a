//! Breaks a whole Parlor on this machine and tells what came of it.

use std::{process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use parlor_chaos::scenario::{Size, cut_all, random, redis_away, rolling};

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
#[derive(Clone, Copy, Debug, Subcommand)]
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
