//! Redis dies, is cut off, or stands still: gateways keep their connections, say that sending is
//! paused, and nothing is lost when it is back.

use std::time::Duration;

use parlor_chaos::{
    fleet::{PATIENCE, Plan},
    stage::{Crowd, Stage},
};
use parlor_testkit::wait_until;

/// How long Redis stands still: beyond the gateways' time limits for its answers.
const STALL: Duration = Duration::from_secs(9);

async fn all_told_paused(stage: &Stage) {
    wait_until(
        PATIENCE,
        "everybody is told that sending is paused",
        async || {
            let mut members = stage.members.iter();
            members.all(|member| member.record().paused_notices > 0)
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_it_has_kept_all_that_was_acknowledged() {
    let mut stage = Stage::start(Plan::default(), Crowd::default(), 21).await;
    let load = stage.load(100);
    stage.acknowledged(100).await;
    stage.fleet.redis.kill9();
    all_told_paused(&stage).await;
    stage.fleet.redis.restart().await;
    stage.acknowledged(100).await;
    // Once more, too short for anybody to be told.
    stage.fleet.redis.restart().await;
    stage.acknowledged(100).await;
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    assert_eq!(report.reconnections, 0, "gateways keep their connections");
    assert_eq!(report.paused_notices, report.resumed_notices);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_off_from_each_part_in_turn() {
    let mut stage = Stage::start(Plan::default(), Crowd::default(), 22).await;
    let load = stage.load(100);
    for _ in 0..3 {
        for part in stage.fleet.parts_mut() {
            part.redis.cut().await;
        }
        stage.acknowledged(80).await;
    }
    // Away for a while for one gateway, while the other goes on.
    stage.fleet.gateways[0].redis.refuse(true).await;
    stage.fleet.gateways[0].redis.cut().await;
    stage.acknowledged(150).await;
    stage.fleet.gateways[0].redis.refuse(false).await;
    stage.acknowledged(100).await;
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    assert_eq!(report.reconnections, 0, "gateways keep their connections");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn standing_still_it_is_noticed_and_nothing_is_doubled() {
    let mut stage = Stage::start(Plan::default(), Crowd::default(), 23).await;
    let load = stage.load(100);
    stage.acknowledged(100).await;
    stage.fleet.redis.pause();
    tokio::time::sleep(STALL).await;
    stage.fleet.redis.resume();
    stage.acknowledged(100).await;
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    assert_eq!(report.reconnections, 0, "gateways keep their connections");
    assert!(report.paused_notices > 0, "members were told");
}
