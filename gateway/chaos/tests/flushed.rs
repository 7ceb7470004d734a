//! Redis loses everything: rooms begin anew in a new epoch, and members are told so.

use parlor_chaos::{
    checker::Allowed,
    fleet::Plan,
    stage::{Crowd, Stage},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_begins_every_room_anew_and_everybody_is_told() {
    let mut stage = Stage::start(Plan::default(), Crowd::default(), 81).await;
    stage.allowed = Allowed {
        told_gaps: true,
        new_epochs: true,
        losses: true,
        ..Allowed::default()
    };
    let load = stage.load(100);
    stage.acknowledged(100).await;
    stage.fleet.redis.cli(&["FLUSHALL"]);
    stage.acknowledged(200).await;
    stage.quiet(load).await;
    let ledger = std::sync::Arc::clone(&stage.ledger);
    let report = stage.finish().await;
    report.assert_clean();
    for room in 0..ledger.rooms() {
        assert_eq!(ledger.room(room).epochs(), 2, "room {room}");
    }
}
