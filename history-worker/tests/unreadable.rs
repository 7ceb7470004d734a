//! Entries that are no messages don't hold up those that are.

mod common;

use common::{PATIENCE, Stage};
use parlor_testkit::wait_until;

#[tokio::test]
async fn an_unreadable_entry_is_removed_and_named_without_its_content() {
    let stage = Stage::new().await;
    let rooms = stage.rooms(1);
    let partition = stage
        .keyspace
        .partition_of(&rooms[0])
        .expect("a room of ours");
    let stream = stage.keyspace.messages(partition);
    let mut published = stage.publish(&rooms, 5).await;
    let elsewhere = "{nowhere}room";
    let room = rooms[0].as_str();
    let mut ids = Vec::new();
    for fields in [
        ["what", "planted-1", "is", "this"],
        ["c", room, "m", "m no-header planted-2"],
        ["c", room, "m", "m epoch 1 1000\n{\"planted\":3}"],
        ["c", elsewhere, "m", "m epoch 1 1000\n{\"planted\":4}"],
    ] {
        let mut add = vec!["XADD", &stream, "*"];
        add.extend(fields);
        ids.push(stage.server.cli(&add));
    }
    published.extend(stage.publish(&rooms, 5).await);

    let worker = stage.worker(&[]).await;
    stage.wait_until_drained().await;
    stage.check(&rooms, &published, usize::MAX);
    let counted = async || worker.value("parlor_history_unreadable_total").await == 4;
    wait_until(PATIENCE, "they are counted", counted).await;
    let log = worker.process.log();
    assert!(
        ids.iter().all(|id| log.matches(id.as_str()).count() == 1),
        "{log}"
    );
    assert!(!log.contains("planted"), "{log}");
}
