//! A primary dies under load and sentinels name its replica: everything goes there, and what was lost
//! with the primary is told.

use parlor_chaos::{
    checker::Allowed,
    fleet::Plan,
    stage::{Crowd, Stage},
    store::Kind,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_follows_the_sentinels_to_the_new_primary() {
    let plan = Plan {
        redis: Kind::Sentinel,
        ..Plan::default()
    };
    let mut stage = Stage::start(plan, Crowd::default(), 111).await;
    stage.allowed = Allowed {
        told_gaps: true,
        new_epochs: true,
        losses: true,
        ..Allowed::default()
    };
    let load = stage.load(100);
    stage.acknowledged(200).await;
    let set = stage.fleet.redis.sentinel();
    set.primary.kill9();
    set.failed_over().await;
    stage.acknowledged(300).await;
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    assert_eq!(report.reconnections, 0, "gateways keep their connections");
}
