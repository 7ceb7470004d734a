//! The history-worker dies in the middle, sleeps past its lease, or is there twice: the history is
//! what was acknowledged, each message once and in order.

use parlor_chaos::{
    fleet::{PATIENCE, Plan},
    stage::{Crowd, Stage},
};
use parlor_testkit::wait_until;

/// Short enough that a takeover is part of the test.
const LEASE: (&str, &str) = ("HISTORY_LEASE", "2s");

fn plan(workers: usize) -> Plan {
    let plan = Plan {
        gateways: 1,
        history_workers: workers,
        ..Plan::default()
    };
    // Small batches: a worker that dies is in the middle of one.
    plan.history(LEASE.0, LEASE.1)
        .history("BATCH_ENTRIES", "20")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_its_work_again_and_again() {
    let mut stage = Stage::start(plan(1), Crowd::default(), 11).await;
    let load = stage.load(200);
    for _ in 0..4 {
        stage.acknowledged(100).await;
        stage.fleet.history_workers[0].restart().await;
    }
    stage.quiet(load).await;
    stage.finish().await.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_sleeps_past_its_lease_and_wakes_up_too_late() {
    let mut stage = Stage::start(plan(2), Crowd::default(), 12).await;
    let load = stage.load(200);
    for sleeper in [0, 1] {
        stage.acknowledged(100).await;
        stage.fleet.history_workers[sleeper].pause();
        let other = 1 - sleeper;
        wait_until(PATIENCE, "the other worker to own all", async || {
            let metrics = stage.fleet.history_workers[other].metrics().await;
            metrics.value("parlor_history_leases_owned", &[]) == Some(16.0)
        })
        .await;
        stage.acknowledged(100).await;
        stage.fleet.history_workers[sleeper].resume();
    }
    stage.acknowledged(200).await;
    stage.quiet(load).await;
    stage.finish().await.assert_clean();
}
