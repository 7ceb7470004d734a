//! The status of connected users never comes near its end, and comes back when it is missing.

mod common;

use common::{PATIENCE, STATUS_TTL_MIN_MS, Stage, keys};
use parlor_testkit::wait_until;

#[tokio::test]
async fn connected_users_stay_online() {
    let stage = Stage::new().await;
    let gateway = stage.gateway().await;
    let mut users = Vec::new();
    // More than one batch.
    for number in 0..600 {
        let user = stage.person(&format!("user {number}"), "user").await;
        gateway.enter(&stage, &user).await;
        users.push(user.uuid);
    }
    let worker = stage.worker(&[]).await;
    let lives_well = |user: &_| {
        let left = stage.status_ttl_ms(*user);
        assert!(left >= STATUS_TTL_MIN_MS, "{left} ms left");
    };
    let rounds = async || {
        users.iter().step_by(40).for_each(lives_well);
        worker
            .value("parlor_presence_refresh_duration_seconds_count")
            .await
            >= 5
    };
    wait_until(PATIENCE, "five refreshes", rounds).await;
    users.iter().for_each(lives_well);
    assert!(worker.value("parlor_presence_refreshes_total").await >= 3_000);
    assert_eq!(worker.value("parlor_presence_restored_total").await, 0);
}

#[tokio::test]
async fn a_missing_status_of_a_connected_user_comes_back() {
    let stage = Stage::new().await;
    let gateway = stage.gateway().await;
    let connected = stage.person("Ada", "user").await;
    gateway.enter(&stage, &connected).await;
    // As in the middle of being ended: still the gateway's, not the user's any more.
    let leaving = stage.person("Bob", "user").await;
    gateway.enter(&stage, &leaving).await;
    stage
        .server
        .cli(&["DEL", &keys().user_sessions(leaving.uuid)]);
    for user in [&connected, &leaving] {
        stage.server.cli(&["DEL", &keys().user_status(user.uuid)]);
    }
    let worker = stage.worker(&[]).await;
    let rounds = async || {
        worker
            .value("parlor_presence_refresh_duration_seconds_count")
            .await
            >= 2
    };
    wait_until(PATIENCE, "two refreshes", rounds).await;
    assert_eq!(worker.value("parlor_presence_restored_total").await, 1);
    assert!(stage.exists(&keys().user_status(connected.uuid)));
    assert!(!stage.exists(&keys().user_status(leaving.uuid)));
}
