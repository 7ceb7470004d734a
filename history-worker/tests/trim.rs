//! History is trimmed by count, with each commit and when the limit was lowered, and by age.

mod common;

use common::{PATIENCE, Stage, keys};
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
async fn a_room_that_is_set_to_keeps_fewer() {
    let stage = Stage::new().await;
    let rooms = stage.rooms(3);
    let set = |room: usize, field: &str, value: &str| {
        let meta = keys().channel_meta(&rooms[room]);
        stage.server.cli(&["HSET", &meta, field, value]);
    };
    set(0, "historyMessages", "5");
    // More than the site keeps is as much as the site keeps.
    set(1, "historyMessages", "1000");
    let settings = ["--history-max-messages", "100", "--trim-interval", "1s"];
    let _worker = stage.worker(&settings).await;
    let published = stage.publish(&rooms, 900).await;
    stage.wait_until_drained().await;
    stage.check(&rooms[..1], &published, 5);
    stage.check(&rooms[1..], &published, 100);

    // Where nobody writes any more, the next round sees it: fewer, and for less time.
    set(1, "historyMessages", "7");
    set(2, "historySeconds", "2");
    wait_until(PATIENCE, "the rooms are trimmed", async || {
        stage.stored(&rooms[1..2]) == 7 && stage.stored(&rooms[2..]) == 0
    })
    .await;
    stage.check(&rooms[1..2], &published, 7);
    assert_eq!(stage.stored(&rooms[..1]), 5);
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
    // Redis is done with the last of them a moment before the worker has counted it.
    wait_until(PATIENCE, "they are counted", async || {
        let metrics = worker.metrics().await;
        metrics.value("parlor_history_trimmed_total", &[("reason", "age")]) == Some(1_000.0)
    })
    .await;

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
