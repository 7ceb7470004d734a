//! Everybody is cut off at once: they are let in again at the rate that is set, and not all at once.

use std::time::Instant;

use parlor_chaos::{
    fleet::{PATIENCE, Plan},
    stage::{Crowd, Stage},
};

const MEMBERS: u32 = 40;
/// Handshakes per second; far less than the members would like.
const RATE: u32 = 8;
/// Handshakes beyond the rate: a tenth of a second's worth may come at once, and one begins.
const BURST: f64 = 3.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_come_back_at_once_are_let_in_one_after_the_other() {
    let plan = Plan {
        gateways: 1,
        ..Plan::default()
    };
    let plan = plan.gateway("HANDSHAKE_RATE", &RATE.to_string());
    let crowd = Crowd {
        members: MEMBERS,
        ..Crowd::default()
    };
    let stage = Stage::start(plan, crowd, 101).await;
    let gateway = &stage.fleet.gateways[0];
    let let_in = async || {
        let metrics = gateway.metrics().await;
        metrics.sum("parlor_connections_total")
    };
    let before = let_in().await;
    let began = Instant::now();
    gateway.entrance().cut().await;
    loop {
        let back = let_in().await - before;
        // Taken after the count: a machine that is busy may only be kinder.
        let waited = began.elapsed();
        let most = waited.as_secs_f64() * f64::from(RATE) + BURST;
        assert!(back <= most, "{back} were let in within {waited:?}");
        if back >= f64::from(MEMBERS) {
            break;
        }
        assert!(waited < PATIENCE, "only {back} were let in");
    }
    stage.everybody_back().await;
    let load = stage.load(50);
    stage.acknowledged(50).await;
    stage.quiet(load).await;
    stage.finish().await.assert_clean();
}
