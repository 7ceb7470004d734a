//! History is trimmed by count, with each commit and when the limit was lowered, and by age.

mod common;

use common::{PATIENCE, Stage};
use parlor_testkit::wait_until;

#[tokio::test]
async fn a_room_keeps_its_newest_messages() {
    let stage = Stage::new().await;
    let rooms = stage.rooms(3);
    let mut worker = stage.worker(&["--history-max-messages", "100"]).await;
    let published = stage.publish(&rooms, 1_500).await;
    stage.wait_until_drained().await;
    stage.check(&rooms, &published, 100);
    let counted = async || worker.value("parlor_history_trimmed_total").await == 1_200;
    wait_until(PATIENCE, "what was trimmed is counted", counted).await;
    worker.process.terminate();
    assert!(worker.process.wait(PATIENCE).await.success());

    // A lower limit reaches rooms where nobody writes any more.
    let _lower = stage
        .worker(&["--history-max-messages", "10", "--trim-interval", "1s"])
        .await;
    wait_until(PATIENCE, "rooms are trimmed", async || {
        stage.stored(&rooms) == 30
    })
    .await;
    stage.check(&rooms, &published, 10);
}

#[tokio::test]
async fn old_messages_go() {
    let stage = Stage::new().await;
    let rooms = stage.rooms(1);
    let settings = ["--history-max-age", "4s", "--trim-interval", "1s"];
    let worker = stage.worker(&settings).await;
    // More than one chunk of one room.
    stage.publish(&rooms, 1_000).await;
    stage.wait_until_drained().await;
    wait_until(PATIENCE, "the old ones went", async || {
        stage.stored(&rooms) == 0
    })
    .await;
    let trimmed = worker
        .metrics()
        .await
        .value("parlor_history_trimmed_total", &[("reason", "age")]);
    assert_eq!(trimmed, Some(1_000.0));

    // A room is known as long as it has messages, and again when it has new ones.
    let partition = stage
        .keyspace
        .partition_of(&rooms[0])
        .expect("a room of ours");
    let channels = stage.keyspace.channels(partition);
    assert_eq!(stage.server.cli(&["ZCARD", &channels]), "0");
    let published = stage.publish(&rooms, 3).await;
    stage.wait_until_drained().await;
    stage.check(&rooms, &published, usize::MAX);
    assert_eq!(stage.server.cli(&["ZCARD", &channels]), "1");
}
