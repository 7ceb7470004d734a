//! What a gateway puts aside for the webhook: who joins and leaves, and reports of messages.

use parlor_shared::id::{Address, RoomName};
use parlor_testkit::{RedisServer, wait_until};
use serde_json::json;

use crate::common::{PATIENCE, TestGateway, keys, page::Page, room};

#[tokio::test]
async fn joins_leaves_and_reports_wait_for_the_webhook() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let lobby = RoomName::new("lobby").expect("a name");
    let channel = keys().named_room(&lobby);
    let state = keys().channel_webhook_state(&channel);
    redis.cli(&[
        "HSET", &state, "most", "100", "join", "1", "leave", "1", "report", "1",
    ]);
    let waiting = || redis.cli(&["XRANGE", &keys().channel_webhooks(&channel), "-", "+"]);

    let mut ann = gateway.guest_in("ann", &room("lobby")).await;
    let said = ann
        .say(&Address::Named(lobby), "planted words")
        .await
        .expect("is said");
    let mut bea = Page::open(&gateway).await;
    bea.send(r#"{"type":"signIn","signIn":{"nickname":"bea"}}"#)
        .await;
    bea.send(r#"{"id":1,"type":"channelJoin","channelJoin":{"room":"lobby"}}"#)
        .await;
    bea.until(|frame| frame["id"] == 1).await;
    let report = json!({"room": "lobby", "uuid": said.uuid, "seq": said.seq, "reason": "spam"});
    bea.send(json!({"id": 2, "type": "messageReport", "messageReport": report}).to_string())
        .await;
    let answer = bea.until(|frame| frame["id"] == 2).await;
    assert_eq!(answer.last().expect("an answer")["type"], "done");
    bea.send(r#"{"id":3,"type":"channelLeave","channelLeave":{"room":"lobby"}}"#)
        .await;
    bea.until(|frame| frame["id"] == 3).await;
    wait_until(PATIENCE, "the leave waits", async || {
        waiting().contains("leave")
    })
    .await;
    let waiting = waiting();
    let kinds: Vec<_> = waiting.lines().collect();
    let count = |kind: &str| kinds.iter().filter(|line| **line == kind).count();
    assert_eq!(
        (count("join"), count("leave"), count("report")),
        (2, 1, 1),
        "{waiting}"
    );
    assert!(waiting.contains("spam") && !waiting.contains("planted words"));
}
