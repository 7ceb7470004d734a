//! The offline grace: who comes back within it was never away; who doesn't is gone after it.

mod common;

use common::{PATIENCE, Stage, keys};
use parlor_shared::id::SessionId;
use parlor_testkit::wait_until;

#[tokio::test]
async fn a_user_who_comes_back_in_time_does_not_flicker() {
    let stage = Stage::new().await;
    let gateway = stage.gateway().await;
    let ada = stage.person("Ada", "user").await;
    let old = gateway.enter(&stage, &ada).await;
    let told = stage.listen().await;
    let worker = stage.worker(&[]).await;
    gateway.lose(old.session).await;
    let new = gateway.enter(&stage, &ada).await;
    let ended = async || {
        assert!(stage.status_ttl_ms(ada.uuid) > 0, "online at every moment");
        worker.value("parlor_presence_reaped_total").await == 1
    };
    wait_until(PATIENCE, "the old session is ended", ended).await;
    assert_eq!(told.events(), []);
    assert!(stage.is_member(ada.uuid));

    gateway.lose(new.session).await;
    wait_until(PATIENCE, "the user is told to be gone", async || {
        told.events().len() == 2
    })
    .await;
    assert_eq!(
        (told.left(), told.offline()),
        (vec![ada.uuid], vec![ada.uuid])
    );
    assert!(!stage.is_member(ada.uuid));
    assert_eq!(stage.status_ttl_ms(ada.uuid), -2);
    // Told before the worker has counted it.
    wait_until(PATIENCE, "both departures are counted", async || {
        let metrics = worker.metrics().await;
        metrics.value("parlor_presence_reaped_total", &[("reason", "departed")]) == Some(2.0)
    })
    .await;
}

#[tokio::test]
async fn a_session_that_never_signed_in_is_forgotten() {
    let stage = Stage::new().await;
    let gateway = stage.gateway().await;
    let session = SessionId::random();
    let key = keys().user_session(session);
    stage.server.cli(&["SET", &key, "some time"]);
    gateway.lose(session).await;
    let _worker = stage.worker(&[]).await;
    let departed = keys().gateway_departed(gateway.id);
    wait_until(PATIENCE, "it is forgotten", async || {
        !stage.exists(&departed)
    })
    .await;
    assert!(!stage.exists(&key));
}

#[tokio::test]
async fn a_guests_name_is_free_some_time_after_they_went() {
    let stage = Stage::new().await;
    let gateway = stage.gateway().await;
    let guest = stage.person("Gast", "guest").await;
    let name = keys().users_username_index(&guest.username);
    stage
        .server
        .cli(&["SET", &name, &format!("guest:{}", guest.uuid)]);
    let seat = gateway.enter(&stage, &guest).await;
    let told = stage.listen().await;
    let worker = stage.worker(&[]).await;
    let refreshed = async || worker.value("parlor_presence_refreshes_total").await >= 2;
    wait_until(PATIENCE, "the guest was refreshed", refreshed).await;
    assert_eq!(
        stage.server.cli(&["TTL", &name]),
        "-1",
        "kept while they are here"
    );

    gateway.lose(seat.session).await;
    wait_until(PATIENCE, "the name is free", async || !stage.exists(&name)).await;
    assert!(!stage.exists(&keys().user_account(guest.uuid)));
    assert_eq!(told.offline(), [guest.uuid]);
}
