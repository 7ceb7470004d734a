//! A join that fails half-way leaves nobody in the room.

use parlor_shared::protocol::{ErrorCode, ServerFrame};
use parlor_testkit::{RedisServer, wait_until};

use crate::common::{PATIENCE, TestGateway, assert_refused, keys, room};

#[tokio::test]
async fn who_could_not_join_is_not_listed_and_can_join_later() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let lobby = room("lobby");
    let channel = keys().fixed_channel(&lobby).expect("named");
    let listed = || redis.cli(&["HLEN", &keys().channel_users(&channel)]);
    let mut ann = gateway.guest_in("ann", &lobby).await;
    let mut bob = gateway.guest("bob").await;

    // The history can't be read any more when Bob is in the room already.
    redis.cli(&["ACL", "SETUSER", "default", "-xrevrange"]);
    let refused = bob.join(&lobby).await;
    assert_refused(refused, ErrorCode::Unavailable);
    assert_eq!(listed(), "1");

    // Nor can he be taken out just now: that is made up for.
    redis.cli(&["ACL", "SETUSER", "default", "-zrem"]);
    let refused = bob.join(&lobby).await;
    assert_refused(refused, ErrorCode::Unavailable);
    assert_eq!(listed(), "2");
    let errors = gateway.count("parlor_redis_errors_total").await;
    assert!(errors >= 1, "{errors}");
    redis.cli(&["ACL", "SETUSER", "default", "+zrem"]);
    wait_until(PATIENCE, "he is taken out", async || listed() == "1").await;
    for _ in 0..2 {
        ann.expect(|frame| match frame {
            ServerFrame::ChannelLeave(_) => Some(()),
            _ => None,
        })
        .await
        .expect("told");
    }

    redis.cli(&["ACL", "SETUSER", "default", "+xrevrange"]);
    bob.join(&lobby).await.expect("joins");
    assert_eq!(listed(), "2");
    ann.say(&lobby, "hello").await.expect("sent");
    assert_eq!(bob.message().await.expect("delivered").message, "hello");
}
