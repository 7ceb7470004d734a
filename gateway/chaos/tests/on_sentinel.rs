//! A primary dies under load and sentinels name its replica: everything goes there, and what was lost
//! with the primary is told.

use parlor_chaos::{
    checker::Allowed,
    fleet::Plan,
    stage::{Crowd, Stage},
    store::Kind,
};

fn plan() -> Plan {
    Plan {
        redis: Kind::Sentinel,
        ..Plan::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_lost_with_the_primary_is_told() {
    let mut stage = Stage::start(plan(), Crowd::default(), 111).await;
    stage.allowed = Allowed {
        told_gaps: true,
        new_epochs: true,
        losses: true,
        ..Allowed::default()
    };
    let load = stage.load(100);
    stage.acknowledged(200).await;
    // The replica hears nothing of what is said now.
    let set = stage.fleet.redis.sentinel();
    set.replica.pause();
    set.primary.cli(&["CLIENT", "KILL", "TYPE", "replica"]);
    stage.acknowledged(50).await;
    let set = stage.fleet.redis.sentinel();
    set.primary.kill9();
    set.replica.resume();
    set.failed_over().await;
    stage.acknowledged(300).await;
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    // The checker holds that everybody in a room that lost something was told.
    assert!(report.gone > 0, "the replica had it all");
    assert_eq!(report.reconnections, 0, "gateways keep their connections");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_where_a_replica_has_what_is_acknowledged() {
    let plan = plan()
        .gateway("ACK_REPLICAS", "1")
        .gateway("ACK_TIMEOUT", "1s");
    let mut stage = Stage::start(plan, Crowd::default(), 112).await;
    stage.allowed = Allowed {
        told_gaps: true,
        new_epochs: true,
        ..Allowed::default()
    };
    let load = stage.load(100);
    stage.acknowledged(200).await;
    let set = stage.fleet.redis.sentinel();
    set.primary.kill9();
    set.failed_over().await;
    // It comes back as a replica, so that acknowledgements are given again.
    set.primary.restart().await;
    stage.acknowledged(300).await;
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    assert_eq!(report.gone, 0);
    assert_eq!(report.reconnections, 0, "gateways keep their connections");
}
