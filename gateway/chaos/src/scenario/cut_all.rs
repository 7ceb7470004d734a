//! Every client is cut off at once: how long until they are back, and how often each of them tried.

use std::time::{Duration, Instant};

use super::Size;
use crate::{
    fleet::{Fleet, PATIENCE, Plan},
    stage::{in_time, report::Report},
};

const WARM_UP: Duration = Duration::from_secs(5);
/// The share of members that has to be back.
const MOST: f64 = 0.99;

pub async fn run(size: Size) -> Report {
    let stage = size.stage(Plan::default()).await;
    let load = stage.load(size.rate);
    tokio::time::sleep(WARM_UP).await;
    let members = stage.members.len();
    let commands = redis_commands(&stage.fleet);
    let redis_cpu = redis_seconds(&stage.fleet);
    let gateways_cpu = gateways_seconds(&stage.fleet).await;
    let began = Instant::now();
    for gateway in &stage.fleet.gateways {
        gateway.entrance().cut().await;
    }
    // Nobody notices before their task has run.
    in_time(PATIENCE, async || stage.ready() < members / 10).await;
    let most = (members as f64 * MOST).ceil() as usize;
    in_time(PATIENCE, async || stage.ready() >= most).await;
    let most_back = began.elapsed();
    in_time(PATIENCE, async || stage.ready() == members).await;
    let all_back = began.elapsed();
    eprintln!("99 % were back after {most_back:.2?}, all after {all_back:.2?}");
    eprintln!(
        "until then Redis ran {} commands in {:.2} s of CPU, the gateways took {:.2} s",
        redis_commands(&stage.fleet) - commands,
        redis_seconds(&stage.fleet) - redis_cpu,
        gateways_seconds(&stage.fleet).await - gateways_cpu,
    );
    tokio::time::sleep(WARM_UP).await;
    stage.quiet(load).await;
    let mut report = stage.finish().await;
    report.faults.insert("CutAll".to_owned(), 1);
    report.timings.insert("most back".to_owned(), most_back);
    report.timings.insert("all back".to_owned(), all_back);
    report
}

/// A number from `INFO`.
fn info(fleet: &Fleet, section: &str, name: &str) -> f64 {
    let info = fleet.redis.cli(&["INFO", section]);
    let line = info.lines().find_map(|line| {
        let (key, value) = line.trim().split_once(':')?;
        (key == name).then(|| value.parse().ok())?
    });
    line.unwrap_or_default()
}

fn redis_commands(fleet: &Fleet) -> f64 {
    info(fleet, "stats", "total_commands_processed")
}

fn redis_seconds(fleet: &Fleet) -> f64 {
    info(fleet, "cpu", "used_cpu_user") + info(fleet, "cpu", "used_cpu_sys")
}

async fn gateways_seconds(fleet: &Fleet) -> f64 {
    let mut seconds = 0.0;
    for gateway in &fleet.gateways {
        let metrics = gateway.metrics().await;
        seconds += metrics
            .value("process_cpu_seconds_total", &[])
            .unwrap_or_default();
    }
    seconds
}
