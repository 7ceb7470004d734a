//! Redis is away for a while: gateways keep their connections, refuse sends, and are whole soon
//! after it is back.

use std::time::{Duration, Instant};

use parlor_testkit::wait_until;

use super::Size;
use crate::{
    fleet::{PATIENCE, Plan},
    ledger::{Kind, Violation},
    progress::Progress,
    stage::report::Report,
};

const WARM_UP: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(200);
/// How long gateways may take once Redis is back.
const WHOLE_WITHIN: Duration = Duration::from_secs(5);

pub async fn run(size: Size, away: Duration) -> Report {
    let mut stage = size.stage(Plan::default()).await;
    let load = stage.load(size.rate);
    tokio::time::sleep(WARM_UP).await;
    stage.fleet.redis.kill9();
    let mut progress = Progress::default();
    let until = Instant::now() + away;
    while Instant::now() < until {
        progress.show(&stage, "without Redis");
        tokio::time::sleep(POLL).await;
    }
    let before: Vec<u64> = stage
        .members
        .iter()
        .map(|member| member.record().acknowledged())
        .collect();
    stage.fleet.redis.restart().await;
    let back = Instant::now();
    for gateway in &stage.fleet.gateways {
        wait_until(PATIENCE, "the gateways to be ready", async || {
            gateway.readiness().await == Some(200)
        })
        .await;
    }
    let ready = back.elapsed();
    wait_until(PATIENCE, "everybody's next message", async || {
        let mut both = stage.members.iter().zip(&before);
        both.all(|(member, before)| {
            let record = member.record();
            record.acknowledged() > *before || record.pending == 0
        })
    })
    .await;
    let sending = back.elapsed();
    eprintln!("gateways were ready after {ready:.2?}, everybody could send after {sending:.2?}");
    tokio::time::sleep(WARM_UP).await;
    stage.quiet(load).await;
    let mut report = stage.finish().await;
    report.faults.insert("RedisAway".to_owned(), 1);
    report.timings.insert("gateways ready".to_owned(), ready);
    report.timings.insert("all sending".to_owned(), sending);
    if report.reconnections > 0 {
        let what = format!("{} connections were not kept", report.reconnections);
        report.add_violation(Violation::new(Kind::Unexpected, what));
    }
    if ready.max(sending) > WHOLE_WITHIN {
        let what = format!("whole only {:?} after Redis was back", ready.max(sending));
        report.add_violation(Violation::new(Kind::Unexpected, what));
    }
    report
}
