//! All gateways are replaced, one after the other, under load.

use std::time::{Duration, Instant};

use super::Size;
use crate::{
    fleet::Plan,
    ledger::{Kind, Violation},
    stage::report::Report,
};

const WARM_UP: Duration = Duration::from_secs(5);

pub async fn run(size: Size) -> Report {
    let plan = Plan::default()
        .gateway("DRAIN_WAIT", "1s")
        .gateway("DRAIN_GRACE", "8s");
    let mut stage = size.stage(plan).await;
    let load = stage.load(size.rate);
    tokio::time::sleep(WARM_UP).await;
    let began = Instant::now();
    stage.fleet.rolling_restart().await;
    stage.everybody_back().await;
    eprintln!("all gateways were replaced in {:?}", began.elapsed());
    tokio::time::sleep(WARM_UP).await;
    stage.quiet(load).await;
    let mut report = stage.finish().await;
    report.faults.insert("RollingRestart".to_owned(), 1);
    if report.told_offline > 0 {
        let what = format!("users were announced offline {} times", report.told_offline);
        report.add_violation(Violation::new(Kind::Presence, what));
    }
    report
}
