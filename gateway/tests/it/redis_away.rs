//! Redis cut off from a gateway: connections stay, sending is refused clearly, and what was missed
//! is there when it is back.

use parlor_shared::{
    client::Client,
    protocol::{ErrorCode, ServerFrame, client::ChannelMessages, server::Sys, value::RoomRef},
};
use parlor_testkit::{Proxy, RedisServer, wait_until};

use crate::common::{PATIENCE, TestGateway, room};

async fn told_paused(client: &mut Client, expected: bool) {
    client
        .expect(|frame| match frame {
            ServerFrame::Sys(Sys::Sending(sending)) => (sending.paused == expected).then_some(()),
            _ => None,
        })
        .await
        .expect("told");
}

#[tokio::test]
async fn what_was_missed_comes_in_order_when_redis_is_back() {
    let redis = RedisServer::builder().alone().start().await;
    let proxy = Proxy::to_port(redis.port()).await;
    let near = TestGateway::start(&redis).await;
    let far_redis = format!("redis://{}", proxy.address());
    let far = TestGateway::start_at(&far_redis, &["--probe-interval=200ms"]).await;
    let lobby = room("lobby");
    let mut ann = near.guest_in("ann", &lobby).await;
    let mut bob = far.guest_in("bob", &lobby).await;
    ann.say(&lobby, "0").await.expect("sent");
    assert_eq!(bob.message().await.expect("delivered").seq, 1);

    proxy.refuse(true).await;
    proxy.cut().await;
    told_paused(&mut bob, true).await;
    let refused = crate::common::refusal(bob.say(&lobby, "lost?").await);
    assert_eq!(refused.code, ErrorCode::Unavailable.number());
    assert!(refused.retryable && refused.retry_after_ms.is_some());
    wait_until(PATIENCE, "the gateway to be unready", async || {
        !far.is_ready().await
    })
    .await;
    for number in 1..=200 {
        ann.say(&lobby, &number.to_string()).await.expect("sent");
    }

    proxy.refuse(false).await;
    told_paused(&mut bob, false).await;
    // One more while the gap is being repaired: it waits for its turn.
    ann.say(&lobby, "201").await.expect("sent");
    for number in 1..=201_u64 {
        let message = bob.message().await.expect("delivered");
        assert_eq!(
            (message.message, message.seq),
            (number.to_string(), number + 1)
        );
    }
    wait_until(PATIENCE, "readiness", async || far.is_ready().await).await;
    bob.say(&lobby, "sent again").await.expect("sent");
    assert!(
        far.metrics()
            .await
            .value("parlor_gaps_total", &[])
            .expect("counted")
            >= 1.0
    );
    // The next message is its own: nothing came twice before it.
    let own = bob.message().await.expect("delivered");
    assert_eq!(own.message, "sent again");
}

#[tokio::test]
async fn a_restarted_redis_knows_no_scripts_and_order_is_kept_all_the_same() {
    let mut redis = RedisServer::builder()
        .append_only(true)
        .option("appendfsync", "always")
        .start()
        .await;
    let gateway = TestGateway::start(&redis).await;
    let lobby = room("lobby");
    let mut ann = gateway.guest_in("ann", &lobby).await;
    for number in 0..20 {
        ann.say(&lobby, &number.to_string()).await.expect("sent");
    }
    redis.kill9();
    redis.restart().await;
    told_paused(&mut ann, true).await;
    told_paused(&mut ann, false).await;
    // Flushed under a working connection, in the middle of what is on its way.
    let mut ids = Vec::new();
    for number in 20..120 {
        if number == 60 {
            redis.cli(&["SCRIPT", "FLUSH"]);
        }
        let block = parlor_shared::protocol::client::ChannelMessage {
            room: RoomRef::from(&lobby),
            message: number.to_string(),
            ..Default::default()
        };
        let frame = parlor_shared::protocol::ClientFrame::ChannelMessage(block);
        ids.push(ann.send(frame).await.expect("sent"));
    }
    for (at, id) in ids.iter().enumerate() {
        match ann.answer(id).await.expect("acknowledged") {
            ServerFrame::Ack(ack) => assert_eq!(ack.seq, 21 + at as u64),
            other => panic!("{other:?}"),
        }
    }
    let page = ChannelMessages {
        room: RoomRef::from(&lobby),
        limit: Some(100),
        ..Default::default()
    };
    let history = ann.history(page).await.expect("history");
    let texts: Vec<String> = history.messages.iter().map(|m| m.message.clone()).collect();
    assert_eq!(
        texts,
        (20..120)
            .map(|number| number.to_string())
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn what_was_missed_is_looked_for_until_redis_tells() {
    let redis = RedisServer::builder().alone().start().await;
    let proxy = Proxy::to_port(redis.port()).await;
    let near = TestGateway::start(&redis).await;
    let far_redis = format!("redis://{}", proxy.address());
    // Far beyond this test's patience: only what follows the reconnection can help.
    let settings = ["--probe-interval=200ms", "--audit-interval=1h"];
    let far = TestGateway::start_at(&far_redis, &settings).await;
    let lobby = room("lobby");
    let mut ann = near.guest_in("ann", &lobby).await;
    let mut bob = far.guest_in("bob", &lobby).await;
    proxy.refuse(true).await;
    proxy.cut().await;
    told_paused(&mut bob, true).await;
    ann.say(&lobby, "missed").await.expect("sent");
    let before = far.count("parlor_redis_errors_total").await;
    // The command that tells where rooms stand fails a while longer than all others.
    redis.cli(&["ACL", "SETUSER", "default", "-hmget"]);
    proxy.refuse(false).await;
    wait_until(PATIENCE, "Redis has refused to tell", async || {
        redis.cli(&["ACL", "LOG"]).contains("hmget")
    })
    .await;
    let errors = "parlor_redis_errors_total";
    wait_until(PATIENCE, "the refusal is counted", async || {
        far.count(errors).await > before
    })
    .await;
    redis.cli(&["ACL", "SETUSER", "default", "+hmget"]);
    assert_eq!(bob.message().await.expect("delivered").message, "missed");
}
