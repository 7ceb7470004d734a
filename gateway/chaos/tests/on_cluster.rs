//! A real cluster of three masters with three replicas: slots move, nodes come and go, a master
//! dies, all under load.

use parlor_chaos::{
    checker::Allowed,
    fleet::Plan,
    stage::{Crowd, Stage},
    store::Kind,
};
use parlor_shared::keyspace::{Keyspace, slots};

const PARTITIONS: u16 = 16;

fn plan() -> Plan {
    Plan {
        redis: Kind::Cluster(3, 1),
        ..Plan::default()
    }
}

fn slot_of(partition: u16) -> u16 {
    slots::slot(Keyspace::new(PARTITIONS).messages(partition).as_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_that_move_while_people_chat_lose_nothing() {
    let mut stage = Stage::start(plan(), Crowd::default(), 101).await;
    let load = stage.load(100);
    stage.acknowledged(100).await;
    for partition in 0..PARTITIONS {
        let cluster = stage.fleet.redis.cluster();
        let slot = slot_of(partition);
        let from = cluster.owner(slot).expect("an owner");
        cluster.move_slot(slot, (from + 1) % 3);
        stage.acknowledged(20).await;
    }
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    assert_eq!(report.reconnections, 0, "gateways keep their connections");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_added_and_another_removed_under_load() {
    let mut stage = Stage::start(plan(), Crowd::default(), 102).await;
    let load = stage.load(100);
    stage.acknowledged(100).await;
    let cluster = stage.fleet.redis.cluster();
    let added = cluster.add().await;
    // All that the first master has goes to the new one.
    let slots = cluster.slots_served(0);
    let slots = u16::try_from(slots).expect("a number of slots");
    cluster.reshard(slots, 0, added).await;
    stage.acknowledged(100).await;
    stage.fleet.redis.cluster().remove(0).await;
    stage.acknowledged(200).await;
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    assert_eq!(report.reconnections, 0, "gateways keep their connections");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_dies_takes_nothing_acknowledged_along() {
    // An acknowledgement says that the replica has it.
    let plan = plan()
        .gateway("ACK_REPLICAS", "1")
        .gateway("ACK_TIMEOUT", "1s");
    let mut stage = Stage::start(plan, Crowd::default(), 103).await;
    stage.allowed = Allowed {
        told_gaps: true,
        new_epochs: true,
        ..Allowed::default()
    };
    let load = stage.load(100);
    stage.acknowledged(200).await;
    let cluster = stage.fleet.redis.cluster();
    // That of General, where everybody who has just come is.
    let slot = slot_of(0);
    let at = cluster.owner(slot).expect("an owner");
    cluster.nodes[at].kill9();
    cluster.taken_over(slot, at).await;
    // It comes back as a replica, so that acknowledgements are given again.
    cluster.nodes[at].restart().await;
    cluster.settled().await;
    stage.acknowledged(300).await;
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    assert_eq!(report.reconnections, 0, "gateways keep their connections");
}
