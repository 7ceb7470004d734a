//! A client stops reading: it is closed, nobody else is slowed, and it resumes.

use std::time::Duration;

use parlor_chaos::{
    fleet::{PATIENCE, Plan},
    stage::{Crowd, Stage},
};
use parlor_shared::protocol::CloseCode;
use parlor_testkit::wait_until;

/// What others may wait for an acknowledgement on a busy machine. One who is slowed by a reader that
/// stands still waits for the write timeout, five seconds.
const NOT_SLOWED: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_stops_reading_is_closed_and_slows_nobody() {
    let plan = Plan {
        gateways: 1,
        ..Plan::default()
    };
    let plan = plan.gateway("OUTBOX_BYTES", "128KiB");
    let crowd = Crowd {
        members: 8,
        rooms: 1,
        rooms_each: 1,
        padding: 3_900,
        ..Crowd::default()
    };
    let mut stage = Stage::start(plan, crowd, 41).await;
    // Long messages: what the slow one missed may be more than a resume brings, and it is told.
    stage.allowed.told_gaps = true;
    let slow = &stage.members[0];
    slow.set_reading(false);
    let load = stage.load(200);
    wait_until(
        PATIENCE,
        "the slow reader's outbox to overflow",
        async || {
            let metrics = stage.fleet.gateways[0].metrics().await;
            metrics.value("parlor_outbox_overflows_total", &[]) >= Some(1.0)
        },
    )
    .await;
    // It reads on while the gateway still waits to tell it why.
    stage.quiet(load).await;
    slow.set_reading(true);
    wait_until(
        PATIENCE,
        "the slow reader to be told and to be back",
        async || {
            let record = slow.record();
            record.ready && record.reconnections.count > 0
        },
    )
    .await;
    let load = stage.load(50);
    stage.acknowledged(50).await;
    stage.quiet(load).await;
    for member in &stage.members[1..] {
        let slowest = member.record().slowest_acknowledgement;
        assert!(slowest < NOT_SLOWED, "{} waited {slowest:?}", member.number);
        assert_eq!(member.record().reconnections.count, 0);
    }
    let report = stage.finish().await;
    report.assert_clean();
    assert_eq!(
        report.closes.get(&CloseCode::SlowConsumer.code()),
        Some(&1),
        "{:?}",
        report.closes
    );
}
