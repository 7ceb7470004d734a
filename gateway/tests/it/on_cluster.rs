//! Rooms on a real Redis Cluster: people on different gateways in rooms on different masters.

use std::collections::BTreeSet;

use parlor_shared::{
    id::Address,
    keyspace::{self, Keyspace},
};
use parlor_testkit::{RedisCluster, wait_for};

use crate::common::{PATIENCE, TestGateway, room};

const ROOMS: usize = 24;

#[tokio::test]
async fn people_chat_across_gateways_in_rooms_on_every_master() {
    let cluster = RedisCluster::start(3, 0).await;
    let one = TestGateway::start_at(&cluster.url(), &[]).await;
    let two = TestGateway::start_at(&cluster.url(), &[]).await;
    let keyspace = Keyspace::new(16);
    let mut speaker = one.guest("speaker").await;
    let mut listener = two.guest("listener").await;
    let mut masters = BTreeSet::new();
    for number in 0..ROOMS {
        let room = room(&format!("room {number}"));
        speaker.join(&room).await.expect("joins");
        listener.join(&room).await.expect("joins");
        let text = format!("text {number}");
        let sent = speaker.say(&room, &text).await.expect("is acknowledged");
        let heard = listener.message().await.expect("is delivered");
        assert_eq!((heard.message, heard.seq), (text, sent.seq));
        let channel = keyspace.fixed_channel(&room).expect("a named room");
        let slot = cluster.slot(&keyspace::channel_meta(&channel));
        masters.insert(cluster.owner(slot));
    }
    assert_eq!(masters.len(), 3, "the rooms lie on all masters");
}

#[tokio::test]
async fn a_slot_that_moves_takes_its_subscribers_with_it() {
    let cluster = RedisCluster::start(2, 0).await;
    let gateway = TestGateway::start_at(&cluster.url(), &[]).await;
    let mut speaker = gateway.guest_in("speaker", &Address::General).await;
    let mut listener = gateway.guest_in("listener", &Address::General).await;
    let general = Keyspace::new(16).general();
    let slot = cluster.slot(&keyspace::channel_meta(&general));
    for round in 0..4 {
        let text = format!("before {round}");
        speaker.say(&Address::General, &text).await.expect("sent");
        assert_eq!(listener.message().await.expect("heard").message, text);
        let from = cluster.owner(slot).expect("an owner");
        cluster.move_slot(slot, 1 - from);
        // At once: it must not be lost, whoever has the slot and whoever is subscribed where.
        let text = format!("after {round}");
        speaker.say(&Address::General, &text).await.expect("sent");
        assert_eq!(listener.message().await.expect("heard").message, text);
        assert_eq!(
            speaker.message().await.expect("heard").message,
            format!("before {round}")
        );
        assert_eq!(speaker.message().await.expect("heard").message, text);
    }
    let subscribed = wait_for(PATIENCE, "the subscription to follow", async || {
        let owner = cluster.owner(slot)?;
        let channels = cluster.nodes[owner].cli(&["PUBSUB", "SHARDCHANNELS"]);
        channels
            .lines()
            .any(|line| line == general.as_str())
            .then_some(owner)
    })
    .await;
    let other = cluster.nodes[1 - subscribed].cli(&["PUBSUB", "SHARDCHANNELS"]);
    assert!(
        !other.lines().any(|line| line == general.as_str()),
        "{other}"
    );
}
