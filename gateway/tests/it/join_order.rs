//! Joining: live events are subscribed to first and history is read second, so that nothing that is
//! said in between is missed.

use std::time::Duration;

use parlor_shared::protocol::{ClientFrame, ServerFrame, client::ChannelJoin, value::RoomRef};
use parlor_testkit::{Proxy, RedisServer};
use tokio::time::timeout;

use crate::common::{TestGateway, room};

/// Long enough for a join that waits for nothing.
const NOTHING_COMES: Duration = Duration::from_millis(700);

#[tokio::test]
async fn a_join_is_not_answered_before_the_room_is_subscribed_to() {
    let redis = RedisServer::builder().alone().start().await;
    let network = Proxy::to_port(redis.port()).await;
    let near = TestGateway::start(&redis).await;
    let far_redis = format!("redis://{}", network.address());
    let far = TestGateway::start_at(&far_redis, &["--audit-interval=1h"]).await;
    let lobby = room("lobby");
    let mut ann = near.guest_in("ann", &lobby).await;
    let mut bob = far.guest("bob").await;
    // The subscriber's connection is gone and can't be made again; the others are as they were.
    network.refuse(true).await;
    redis.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    let join = ClientFrame::ChannelJoin(ChannelJoin {
        room: RoomRef::from(&lobby),
        keep_joined: true,
        limit: None,
    });
    let asked = bob.send(join).await.expect("sent");
    let early = timeout(NOTHING_COMES, bob.answer(&asked)).await;
    assert!(early.is_err(), "{early:?}");
    ann.say(&lobby, "said meanwhile").await.expect("sent");
    network.refuse(false).await;
    match bob.answer(&asked).await.expect("joins") {
        ServerFrame::ChannelJoin(joined) => assert_eq!(joined.seq, 1),
        other => panic!("{other:?}"),
    }
    ann.say(&lobby, "said afterwards").await.expect("sent");
    assert_eq!(bob.message().await.expect("delivered").seq, 2);
}
