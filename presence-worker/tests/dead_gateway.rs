//! A gateway dies: its users leave their rooms and go offline, and the rooms are told once.

mod common;

use common::{PATIENCE, Stage, keys};
use parlor_shared::event::Event;
use parlor_testkit::wait_until;

#[tokio::test]
async fn users_of_a_dead_gateway_go_offline() {
    let stage = Stage::new().await;
    let mut gateway = stage.gateway().await;
    let ada = stage.person("Ada", "user").await;
    let seat = gateway.enter(&stage, &ada).await;
    let told = stage.listen().await;
    let worker = stage.worker(&[]).await;
    gateway.die();
    let gone = async || !stage.is_registered(gateway.id) && told.events().len() >= 2;
    wait_until(PATIENCE, "the user went offline", gone).await;

    let events = told.events();
    let [
        Event::Left {
            users: 0,
            who: left,
        },
        Event::Presence {
            users: 0,
            online: false,
            who: offline,
        },
    ] = events.as_slice()
    else {
        panic!("{events:?}");
    };
    for who in [left, offline] {
        assert_eq!(
            (who.session, &who.user.username),
            (seat.session, &ada.username)
        );
        assert_eq!(who.user.online, Some(false));
    }
    assert!(!stage.is_member(ada.uuid));
    let dead = keys().gateways_dead();
    let nothing_left = async || !stage.exists(&dead);
    wait_until(PATIENCE, "nothing is left of the gateway", nothing_left).await;
    for key in [
        keys().user_status(ada.uuid),
        keys().user_sessions(ada.uuid),
        keys().user_session(seat.session),
        keys().session_channels(seat.session),
        keys().gateway_sessions(gateway.id),
        keys().gateway_departed(gateway.id),
    ] {
        assert!(!stage.exists(&key), "{key}");
    }
    let lease = keys().presence_lease(gateway.id);
    wait_until(PATIENCE, "its lease is gone", async || {
        !stage.exists(&lease)
    })
    .await;
    assert_eq!(worker.value("parlor_presence_dead_gateways_total").await, 1);
    assert_eq!(
        worker
            .value("parlor_presence_offline_announced_total")
            .await,
        1
    );
    let reaped = worker.metrics().await;
    let reaped = reaped.value(
        "parlor_presence_reaped_total",
        &[("reason", "dead_gateway")],
    );
    assert_eq!(reaped, Some(1.0));
}

#[tokio::test]
async fn a_user_with_a_tab_on_another_gateway_stays() {
    let stage = Stage::new().await;
    let (mut dying, living) = (stage.gateway().await, stage.gateway().await);
    let ada = stage.person("Ada", "user").await;
    let lost = dying.enter(&stage, &ada).await;
    living.enter(&stage, &ada).await;
    let told = stage.listen().await;
    let worker = stage.worker(&[]).await;
    dying.die();
    let reaped = async || {
        assert!(stage.status_ttl_ms(ada.uuid) > 0, "online at every moment");
        assert!(stage.is_member(ada.uuid), "in the room at every moment");
        worker.value("parlor_presence_reaped_total").await == 1
    };
    wait_until(PATIENCE, "the lost session is ended", reaped).await;
    assert!(!stage.exists(&keys().user_session(lost.session)));
    assert_eq!(told.events(), []);
    assert_eq!(
        worker
            .value("parlor_presence_offline_announced_total")
            .await,
        0
    );
}

#[tokio::test]
async fn two_tabs_on_a_dead_gateway_are_one_user_gone() {
    let stage = Stage::new().await;
    let mut gateway = stage.gateway().await;
    let ada = stage.person("Ada", "user").await;
    gateway.enter(&stage, &ada).await;
    gateway.enter(&stage, &ada).await;
    let told = stage.listen().await;
    let worker = stage.worker(&[]).await;
    gateway.die();
    let reaped = async || worker.value("parlor_presence_reaped_total").await == 2;
    wait_until(PATIENCE, "both sessions are ended", reaped).await;
    wait_until(PATIENCE, "it is told", async || told.events().len() == 2).await;
    assert_eq!(
        (told.left(), told.offline()),
        (vec![ada.uuid], vec![ada.uuid])
    );
}
