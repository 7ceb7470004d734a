//! A gateway that was taken for dead and is alive: its sessions come back and stay, or are ended if
//! it dies after all.

mod common;

use common::{PATIENCE, Stage, keys};
use parlor_shared::{
    id::GatewayId,
    redis::{presence, scripts},
};
use parlor_testkit::wait_until;

#[tokio::test]
async fn sessions_registered_again_stay() {
    let stage = Stage::new().await;
    let mut gateway = stage.gateway().await;
    let mut seats = Vec::new();
    for number in 0..100 {
        let user = stage.person(&format!("user {number}"), "user").await;
        let seat = gateway.enter(&stage, &user).await;
        seats.push((user, seat));
    }
    let worker = stage.worker(&[]).await;
    gateway.die();
    let missing = async || !stage.is_registered(gateway.id);
    wait_until(PATIENCE, "it is taken for dead", missing).await;

    // What a gateway does when a heartbeat finds it missing, as often as that is.
    let rounds = "parlor_presence_refresh_duration_seconds_count";
    let mut answered = 0;
    let mut settled_after = u64::MAX;
    gateway.beat();
    let settled = async || {
        let missed = gateway.missed();
        if missed > answered {
            answered = missed;
            for (user, seat) in &seats {
                gateway.register(&stage, user, *seat).await;
            }
            settled_after = worker.value(rounds).await + 3;
        }
        worker.value(rounds).await >= settled_after
    };
    wait_until(PATIENCE, "it is registered and refreshed", settled).await;
    for (user, _) in &seats {
        assert!(stage.status_ttl_ms(user.uuid) > 0, "online");
        assert!(stage.is_member(user.uuid), "in the room");
    }
    assert_eq!(worker.value("parlor_presence_dead_gateways_total").await, 1);
}

#[tokio::test]
async fn who_comes_in_after_the_reaping_and_before_the_end_is_not_left_behind() {
    let stage = Stage::new().await;
    let mut gateway = stage.gateway().await;
    let ada = stage.person("Ada", "user").await;
    gateway.enter(&stage, &ada).await;
    // Long enough for the session below to be registered while the gateway is awaited.
    let worker = stage.worker(&["--gateway-dead-after", "5s"]).await;
    gateway.die();
    let awaited = keys().gateways_awaited();
    let reaped = async || stage.exists(&awaited);
    wait_until(PATIENCE, "nothing is left of the gateway", reaped).await;
    assert!(!stage.is_member(ada.uuid));
    // It only stood still, lets somebody in, and dies before its heart beats.
    gateway.enter(&stage, &ada).await;
    // It goes from awaited to dead and back in one step each, so it is in neither only at the end.
    let dead = keys().gateways_dead();
    let forgotten = async || !stage.exists(&awaited) && !stage.exists(&dead);
    wait_until(PATIENCE, "the gateway is forgotten", forgotten).await;
    for key in [
        keys().user_sessions(ada.uuid),
        keys().gateway_sessions(gateway.id),
    ] {
        assert!(!stage.exists(&key), "{key}");
    }
    assert!(!stage.is_member(ada.uuid));
    assert_eq!(worker.value("parlor_presence_reaped_total").await, 2);
}

#[tokio::test]
async fn a_heart_that_beats_after_it_was_looked_at_saves_the_gateway() {
    let stage = Stage::new().await;
    let id = GatewayId::random();
    let mut commands = stage.commands.clone();
    let mut beat = async || {
        presence::heartbeat(&mut commands, id)
            .await
            .expect("a heartbeat");
        let score = stage
            .server
            .cli(&["ZSCORE", &keys().gateways(), &id.to_string()]);
        score.parse::<u64>().expect("ms")
    };
    let condemn = async |heartbeat: u64| -> u64 {
        scripts::CONDEMN
            .key(keys().gateways())
            .key(keys().gateways_dead())
            .arg(id.to_string())
            .arg(heartbeat)
            .invoke_async(&mut stage.commands.clone())
            .await
            .expect("it runs")
    };
    let seen = beat().await;
    let mut newest = seen;
    while newest == seen {
        newest = beat().await;
    }
    assert_eq!(condemn(seen).await, 0);
    assert!(stage.is_registered(id) && !stage.exists(&commands.keyspace().gateways_dead()));
    assert_eq!(condemn(newest).await, 1);
    assert!(!stage.is_registered(id) && stage.exists(&commands.keyspace().gateways_dead()));
    assert_eq!(condemn(newest).await, 0, "it is not registered any more");
}
