//! A gateway dies under load: clients reconnect elsewhere and resume, and nothing is lost.

use parlor_chaos::{
    fleet::Plan,
    stage::{Crowd, Stage},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_a_gateway_is_killed_and_comes_back() {
    let mut stage = Stage::start(Plan::default(), Crowd::default(), 1).await;
    let load = stage.load(100);
    stage.acknowledged(100).await;
    for victim in 0..2 {
        stage.fleet.gateways[victim].kill9();
        stage.acknowledged(150).await;
        stage.fleet.gateways[victim].launch();
        stage.fleet.gateways[victim].ready().await;
        stage.acknowledged(50).await;
    }
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    assert!(report.reconnections >= 12, "{}", report.reconnections);
}
