//! While nobody persists messages, they wait up to a limit and are then refused, not lost.

use parlor_shared::{
    id::Address,
    protocol::{ClientFrame, ErrorCode, client::ChannelMessage, value::RoomRef},
};
use parlor_testkit::RedisServer;

use crate::common::{TestGateway, refusal, room};

#[tokio::test]
async fn a_full_backlog_refuses_and_keeps_what_it_took() {
    let redis = RedisServer::start().await;
    let settings = ["--backlog-high-water=5", "--partitions=1"];
    let gateway = TestGateway::start_with(&redis, &settings).await;
    let general = Address::General;
    let mut ann = gateway.guest_in("Ann", &general).await;
    let mut bob = gateway.guest_in("Bob", &general).await;
    for number in 1..=5 {
        let name = format!("m{number}");
        let ack = ann.say_as(&general, &number.to_string(), Some(&name)).await;
        assert_eq!(ack.expect("sent").seq, number);
    }
    for _ in 0..2 {
        let body = refusal(ann.say_as(&general, "6", Some("m6")).await);
        assert_eq!(body.code, ErrorCode::BacklogFull.number());
        assert!(body.retryable && body.retry_after_ms > Some(0), "{body:?}");
    }
    // What was taken before is still acknowledged when it is sent again.
    let again = ann.say_as(&general, "5", Some("m5")).await;
    assert_eq!(again.expect("known").seq, 5);
    // The limit is the partition's: here, every room's.
    ann.join(&room("lobby")).await.expect("joins");
    let body = refusal(ann.say(&room("lobby"), "hi").await);
    assert_eq!(body.code, ErrorCode::BacklogFull.number());
    let refused = gateway.metrics().await;
    let refused = |reason| refused.value("parlor_messages_refused_total", &[("reason", reason)]);
    assert_eq!(refused("backlog_full"), Some(3.0));
    assert_eq!(refused("unavailable"), Some(0.0));
    // Nothing of what was acknowledged is lost, and nothing of the rest came through.
    for number in 1..=5 {
        let message = bob.message().await.expect("delivered");
        assert_eq!(message.message, number.to_string());
    }
    let joined = bob.join(&general).await.expect("joins again");
    let texts: Vec<&str> = joined
        .messages
        .iter()
        .map(|it| it.message.as_str())
        .collect();
    assert_eq!(texts, ["1", "2", "3", "4", "5"]);
    // As soon as something was persisted there is room again.
    let stream = redis.cli(&["KEYS", "messages:*"]);
    redis.cli(&["XTRIM", &stream, "MAXLEN", "4"]);
    let ack = ann.say_as(&general, "6", Some("m6")).await;
    assert_eq!(ack.expect("sent").seq, 6);
    let message = bob.message().await.expect("delivered");
    assert_eq!((message.message.as_str(), message.seq), ("6", 6));
}

#[tokio::test]
async fn a_quiet_room_behind_a_long_backlog_is_found_all_the_same() {
    /// More than a first look at a partition takes in.
    const BACKLOG: usize = 1_100;
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, &["--partitions=1"]).await;
    let (quiet, busy) = (room("quiet"), room("busy"));
    let mut ann = gateway.guest_in("Ann", &quiet).await;
    for number in 1..=3 {
        ann.say(&quiet, &number.to_string()).await.expect("sent");
    }
    ann.join(&busy).await.expect("joins");
    let mut ids = Vec::with_capacity(BACKLOG);
    for number in 0..BACKLOG {
        let frame = ClientFrame::ChannelMessage(ChannelMessage {
            room: RoomRef::from(&busy),
            message: number.to_string(),
            ..Default::default()
        });
        ids.push(ann.send(frame).await.expect("sent"));
    }
    for id in &ids {
        ann.answer(id).await.expect("acknowledged");
    }
    let mut bob = gateway.guest("Bob").await;
    let joined = bob.join(&quiet).await.expect("joins");
    let texts: Vec<&str> = joined
        .messages
        .iter()
        .map(|it| it.message.as_str())
        .collect();
    assert_eq!(texts, ["1", "2", "3"]);
}
