//! Nobody persists and the streams are full: sending is refused retryably, and nothing is lost when
//! the history-worker is back.

use parlor_chaos::{
    fleet::{PATIENCE, Plan},
    stage::{Crowd, Stage},
};
use parlor_shared::protocol::ErrorCode;
use parlor_testkit::wait_until;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_backlog_refuses_and_loses_nothing() {
    let plan = Plan::default()
        .gateway("BACKLOG_HIGH_WATER", "60")
        .history("HISTORY_LEASE", "2s");
    let mut stage = Stage::start(plan, Crowd::default(), 61).await;
    let load = stage.load(100);
    stage.acknowledged(50).await;
    stage.fleet.history_workers[0].kill9();
    wait_until(PATIENCE, "half of the members to be refused", async || {
        let is_refused = |member: &&parlor_chaos::member::Member| {
            let record = member.record();
            record
                .refusals
                .contains_key(ErrorCode::BacklogFull.reason())
        };
        stage.members.iter().filter(is_refused).count() >= stage.members.len() / 2
    })
    .await;
    stage.fleet.history_workers[0].launch();
    stage.fleet.history_workers[0].ready().await;
    stage.acknowledged(200).await;
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    assert_eq!(report.reconnections, 0);
}
