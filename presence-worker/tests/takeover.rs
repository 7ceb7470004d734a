//! A presence-worker dies: another takes over before anybody's status comes near its end.

mod common;

use common::{PATIENCE, STATUS_TTL_MIN_MS, Stage};
use parlor_testkit::wait_until;

#[tokio::test]
async fn a_killed_workers_gateways_are_taken_over_in_time() {
    let stage = Stage::new().await;
    let gateways = [
        stage.gateway().await,
        stage.gateway().await,
        stage.gateway().await,
    ];
    let mut users = Vec::new();
    for (number, gateway) in gateways.iter().enumerate() {
        let user = stage.person(&format!("user {number}"), "user").await;
        gateway.enter(&stage, &user).await;
        users.push(user.uuid);
    }
    let owned = "parlor_presence_gateways_owned";
    let mut first = stage.worker(&[]).await;
    wait_until(PATIENCE, "it has all", async || {
        first.value(owned).await == 3
    })
    .await;
    let second = stage.worker(&[]).await;
    wait_until(PATIENCE, "they share", async || {
        second.value(owned).await == 1
    })
    .await;
    first.process.kill9();

    let lowest = || users.iter().map(|user| stage.status_ttl_ms(*user)).min();
    let rounds = "parlor_presence_refresh_duration_seconds_count";
    let before = second.value(rounds).await;
    let watched = async || {
        let left = lowest();
        assert!(left >= Some(STATUS_TTL_MIN_MS), "{left:?} ms left");
        second.value(owned).await == 3 && second.value(rounds).await >= before + 8
    };
    wait_until(PATIENCE, "the other has taken over and refreshed", watched).await;
}

#[tokio::test]
async fn a_worker_that_is_told_to_end_releases_its_leases() {
    let stage = Stage::new().await;
    let _gateway = stage.gateway().await;
    // A lease that nobody could wait for.
    let mut first = stage.worker(&["--presence-lease", "300s"]).await;
    let owned = "parlor_presence_gateways_owned";
    wait_until(PATIENCE, "it has it", async || {
        first.value(owned).await == 1
    })
    .await;
    first.process.terminate();
    assert!(first.process.wait(PATIENCE).await.success());
    assert_eq!(stage.server.cli(&["ZCARD", "workers:presence"]), "0");
    let second = stage.worker(&[]).await;
    wait_until(PATIENCE, "the next has it", async || {
        second.value(owned).await == 1
    })
    .await;
}
