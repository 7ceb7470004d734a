//! The network forgets connections to Redis: nothing goes over them any more, and nobody is told.

use parlor_chaos::{
    fleet::{PATIENCE, Plan},
    stage::{Crowd, Stage},
};
use parlor_testkit::wait_until;

/// Without the audit by the clock, which would find what the subscriber misses.
fn plan() -> Plan {
    Plan::default().gateway("AUDIT_INTERVAL", "1h")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_they_are_replaced_and_nothing_is_lost() {
    let mut stage = Stage::start(plan(), Crowd::default(), 121).await;
    let load = stage.load(100);
    stage.acknowledged(100).await;
    for part in stage.fleet.parts_mut() {
        part.redis.forget();
    }
    // Members are told to pause, and are told when it is over.
    let all_told = async || {
        let mut members = stage.members.iter();
        members.all(|member| member.record().resumed_notices > 0)
    };
    wait_until(PATIENCE, "everybody may send again", all_told).await;
    stage.acknowledged(100).await;
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    assert_eq!(report.reconnections, 0, "gateways keep their connections");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_silence_it_is_noticed_before_anybody_sends() {
    let stage = Stage::start(plan(), Crowd::default(), 122).await;
    for gateway in &stage.fleet.gateways {
        gateway.redis.forget();
    }
    let all_told = async || {
        let mut members = stage.members.iter();
        members.all(|member| member.record().resumed_notices > 0)
    };
    wait_until(PATIENCE, "it is noticed and over", all_told).await;
    let load = stage.load(50);
    stage.acknowledged(50).await;
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    assert!(report.refusals.is_empty(), "{:?}", report.refusals);
}
