//! All gateways are replaced, one after the other, under load: nobody is told that anybody went
//! offline, and nothing is lost.

use parlor_chaos::{
    fleet::Plan,
    stage::{Crowd, Stage},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_is_not_noticed_by_anybody_but_as_a_short_silence() {
    let plan = Plan {
        gateways: 3,
        ..Plan::default()
    };
    let crowd = Crowd {
        members: 18,
        ..Crowd::default()
    };
    let mut stage = Stage::start(plan, crowd, 71).await;
    let load = stage.load(100);
    stage.acknowledged(100).await;
    stage.fleet.rolling_restart().await;
    stage.everybody_back().await;
    stage.acknowledged(100).await;
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    assert!(report.reconnections >= 18, "everybody had to move");
    assert_eq!(report.told_offline, 0, "nobody was announced offline");
    assert_eq!(report.not_recovered, 0, "everybody got what they missed");
}
