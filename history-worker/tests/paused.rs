//! A worker that is stopped past its lease and wakes up when its partitions are another's.

mod common;

use common::{PATIENCE, Stage};
use parlor_testkit::wait_until;

#[tokio::test]
async fn a_worker_that_wakes_up_late_doubles_and_reorders_nothing() {
    let stage = Stage::new().await;
    let rooms = stage.rooms(20);
    let mut paused = stage.worker(&[]).await;
    let pausing = async {
        wait_until(PATIENCE, "it has begun", async || {
            stage.stored(&rooms) > 1_000
        })
        .await;
        paused.process.pause();
        let other = stage.worker(&[]).await;
        let took_over = async || other.value("parlor_history_leases_owned").await == 16;
        wait_until(PATIENCE, "the other took over", took_over).await;
        paused.process.resume();
        other
    };
    let (published, other) = tokio::join!(stage.publish(&rooms, 30_000), pausing);
    stage.wait_until_drained().await;
    stage.check(&rooms, &published, usize::MAX);

    // The one that slept knows what it lost, and the work is shared again.
    let lost = async || paused.value("parlor_history_leases_lost_total").await == 16;
    wait_until(PATIENCE, "the losses are counted", lost).await;
    let shared = async || other.value("parlor_history_leases_owned").await == 8;
    wait_until(PATIENCE, "the work is shared", shared).await;
}

#[tokio::test]
async fn nothing_is_written_under_a_strangers_lease() {
    const STRANGER_MS: &str = "1500";
    let stage = Stage::new().await;
    let rooms = stage.rooms(1);
    let partition = stage.keyspace.partition_of(&rooms[0]);
    let lease = stage
        .keyspace
        .history_lease(partition.expect("a room of ours"));
    let worker = stage.worker(&[]).await;
    let ready = async || worker.value("parlor_history_leases_owned").await == 16;
    wait_until(PATIENCE, "it has its leases", ready).await;
    // The worker learns of it by the script or by its next renewal, whichever comes first.
    stage
        .server
        .cli(&["SET", &lease, "stranger", "PX", STRANGER_MS]);
    let published = stage.publish(&rooms, 10).await;
    let handed_over = async || {
        let stored = stage.stored(&rooms);
        // Looked at after the list: a stranger now was one when the list was read.
        let strange = stage.server.cli(&["GET", &lease]) == "stranger";
        assert!(!strange || stored == 0, "written under a stranger's lease");
        !strange
    };
    wait_until(PATIENCE, "the stranger is gone", handed_over).await;
    stage.wait_until_drained().await;
    stage.check(&rooms, &published, usize::MAX);
}
