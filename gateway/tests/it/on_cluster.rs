//! Rooms on a real Redis Cluster: people on different gateways in rooms on different masters.

use std::collections::BTreeSet;

use parlor_shared::id::Address;
use parlor_testkit::{RedisCluster, RedisServer, wait_for};

use crate::common::{PATIENCE, TestGateway, keys, room, stage};

const ROOMS: usize = 24;

#[tokio::test]
async fn people_chat_across_gateways_in_rooms_on_every_master() {
    let cluster = RedisCluster::start(3, 0).await;
    let one = TestGateway::start_at(&cluster.url(), &[]).await;
    let two = TestGateway::start_at(&cluster.url(), &[]).await;
    let keyspace = keys();
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
        let slot = cluster.slot(&keys().channel_meta(&channel));
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
    let general = keys().general();
    let slot = cluster.slot(&keys().channel_meta(&general));
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

#[tokio::test]
async fn one_node_becomes_a_cluster_with_everything_on_it() {
    let server = RedisServer::builder().alone().append_only(true);
    let server = server.start().await;
    let gateway = TestGateway::start(&server).await;
    let mut ann = gateway.client().await;
    let key = ann.sign_up("ann", "correct horse").await.expect("signs up");
    let rooms: Vec<_> = (0..ROOMS)
        .map(|number| room(&format!("room {number}")))
        .collect();
    for room in &rooms {
        ann.join(room).await.expect("joins");
        ann.say(room, "before").await.expect("is acknowledged");
    }
    drop(ann);
    gateway.shut_down().await;

    // As deploy/REDIS.md tells it.
    let mut cluster = server.become_cluster().await;
    // Nobody answers it while slots move.
    let gateway = TestGateway::start_at(&cluster.url(), &["--ping-interval=10m"]).await;
    let mut ann = gateway.client().await;
    let again = ann.sign_in("ann", "correct horse").await.expect("signs in");
    assert_eq!(again.user_uuid, key.user_uuid, "who she was");
    for room in &rooms {
        ann.join(room).await.expect("joins");
    }
    for share in [8_192_u16, 2_731] {
        let added = cluster.add().await;
        cluster.reshard(share, 0, added).await;
    }
    cluster.settled().await;
    for room in &rooms {
        ann.say(room, "after").await.expect("is acknowledged");
        let page = stage::history(&mut ann, room).await;
        let texts: Vec<_> = page.messages.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(texts, ["before", "after"]);
    }
}

/// Commands that a node was sent, without what nodes tell each other.
fn commands(cluster: &RedisCluster, at: usize) -> u64 {
    let stats = cluster.nodes[at].cli(&["INFO", "commandstats"]);
    let calls = stats.lines().filter_map(|line| {
        let (name, facts) = line.split_once(":calls=")?;
        let of_parlor = !name.contains("cluster") && !name.contains("info");
        of_parlor.then(|| facts.split(',').next()?.parse::<u64>().ok())?
    });
    calls.sum()
}

#[tokio::test]
async fn two_thousand_rooms_are_an_even_load_for_three_masters() {
    // Many, for a user's own keys lie where their id falls.
    const PEOPLE: usize = 100;
    const ROOMS_EACH: usize = 20;
    let cluster = RedisCluster::start(3, 0).await;
    // 16 would be five, six and five for three masters; and the more there are, the less of a room's
    // chance to lie with one master is left.
    let gateway = TestGateway::start_at(&cluster.url(), &["--partitions=256"]).await;
    let before: Vec<u64> = (0..3).map(|at| commands(&cluster, at)).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for person in 0..PEOPLE {
        let mut client = gateway.guest(&format!("person {person}")).await;
        tasks.spawn(async move {
            for number in 0..ROOMS_EACH {
                let room = room(&format!("room {person} {number}"));
                client.join(&room).await.expect("joins");
                for text in ["one", "two", "three"] {
                    client.say(&room, text).await.expect("is acknowledged");
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("everybody talks");
    }
    let counts: Vec<u64> = (0..3)
        .map(|at| commands(&cluster, at) - before[at])
        .collect();
    let connections: Vec<usize> = (0..3)
        .map(|at| {
            let list = cluster.nodes[at].cli(&["CLIENT", "LIST", "TYPE", "normal"]);
            let subscribed = cluster.nodes[at].cli(&["CLIENT", "LIST", "TYPE", "pubsub"]);
            // Without the one that asks.
            list.lines().count() + subscribed.lines().count() - 1
        })
        .collect();
    println!(
        "2,000 rooms: commands by master {counts:?}, connections of the gateway {connections:?}"
    );
    let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
    assert!(most * 100 <= least * 115, "{counts:?}");
    assert!(
        connections.iter().all(|count| *count <= 4),
        "{connections:?}"
    );
    assert!(connections.iter().sum::<usize>() <= 10, "{connections:?}");
}
