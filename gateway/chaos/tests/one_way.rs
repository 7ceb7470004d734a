//! The network between a gateway and Redis loses everything in one direction: the probe notices,
//! the gateway is unready for as long, and whole again afterwards.

use parlor_chaos::{
    fleet::{PATIENCE, Plan},
    stage::{Crowd, Stage},
};
use parlor_testkit::{Direction, wait_until};

async fn broken(direction: Direction, seed: u64) {
    let plan = Plan::default().gateway("PROBE_INTERVAL", "1s");
    let mut stage = Stage::start(plan, Crowd::default(), seed).await;
    let load = stage.load(100);
    stage.acknowledged(100).await;
    let gateway = &stage.fleet.gateways[0];
    gateway.redis.drop_direction(direction, true);
    wait_until(PATIENCE, "the gateway to be unready", async || {
        gateway.readiness().await == Some(503)
    })
    .await;
    // Those at the other gateway go on.
    stage.acknowledged(100).await;
    assert_eq!(stage.fleet.gateways[0].readiness().await, Some(503));
    stage.fleet.gateways[0].heal_loss().await;
    stage.fleet.gateways[0].ready().await;
    stage.acknowledged(100).await;
    stage.quiet(load).await;
    stage.finish().await.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_redis_says_is_lost() {
    broken(Direction::ToClient, 31).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_redis_is_told_is_lost() {
    broken(Direction::ToServer, 32).await;
}
