//! A member is away for so long that a part of what it missed is not kept any more: it is told.

use parlor_chaos::{
    fleet::Plan,
    stage::{Crowd, Stage},
};

/// Messages that are kept, and that a gateway remembers.
const KEPT: usize = 50;
const REMEMBERED: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_can_not_get_all_that_was_missed_is_told() {
    let plan = Plan::default()
        .gateway("RING_EVENTS", &REMEMBERED.to_string())
        .history("HISTORY_MAX_MESSAGES", &KEPT.to_string());
    let crowd = Crowd {
        members: 6,
        rooms: 1,
        rooms_each: 1,
        ..Crowd::default()
    };
    let mut stage = Stage::start(plan, crowd, 111).await;
    stage.allowed.told_gaps = true;
    stage.allowed.history_limit = KEPT;
    let load = stage.load(100);
    stage.acknowledged(20).await;
    stage.members[0].set_online(false);
    stage.acknowledged(4 * KEPT as u64).await;
    stage.members[0].set_online(true);
    stage.everybody_back().await;
    stage.acknowledged(20).await;
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    assert_eq!((report.recovered, report.not_recovered), (0, 1));
}
