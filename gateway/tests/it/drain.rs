//! SIGTERM: unready, connections told to go elsewhere, sessions left to the offline grace.

use std::time::Duration;

use parlor_shared::{
    client::Client,
    lifecycle::Ending,
    protocol::{ServerFrame, server::Sys},
};
use parlor_testkit::{RedisServer, wait_until};

use crate::common::{PATIENCE, TestGateway, room};

#[tokio::test]
async fn connections_are_told_and_what_they_sent_is_kept() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let lobby = room("lobby");
    let mut ann = one.guest_in("ann", &lobby).await;
    let mut bob = two.guest_in("bob", &lobby).await;
    ann.say(&lobby, "before").await.expect("sent");
    let user = ann.user();
    assert_eq!(one.shut_down().await, Ending::Clean);

    let delay = ann
        .expect(|frame| match frame {
            ServerFrame::Sys(Sys::Reconnect(reconnect)) => Some(reconnect.delay_ms),
            _ => None,
        })
        .await
        .expect("told");
    assert!((100..2_000).contains(&delay));
    assert_eq!(ann.closed().await.expect("closed"), 1012);
    assert_eq!(bob.message().await.expect("delivered").message, "before");
    // The session waits for its end by the presence-worker: nobody is told that ann has left.
    bob.settle().await.expect("alive");
    assert!(
        !bob.inbox()
            .any(|frame| matches!(frame, ServerFrame::ChannelLeave(_)))
    );
    assert_eq!(redis.cli(&["EXISTS", &format!("userStatus:{user}")]), "1");
    let departed = redis.cli(&["KEYS", "gatewayDeparted:*"]);
    assert_eq!(redis.cli(&["ZCARD", departed.trim()]), "1");
}

#[tokio::test]
async fn a_draining_gateway_is_unready_and_spreads_its_connections() {
    let redis = RedisServer::start().await;
    let settings = ["--drain-wait=300ms", "--drain-grace=600ms"];
    let gateway = TestGateway::start_with(&redis, &settings).await;
    wait_until(PATIENCE, "readiness", async || gateway.is_ready().await).await;
    let mut clients = Vec::new();
    for number in 0..6 {
        clients.push(gateway.guest(&format!("guest {number}")).await);
    }
    gateway.begin_drain();
    wait_until(PATIENCE, "the gateway to be unready", async || {
        !gateway.is_ready().await
    })
    .await;
    // Who comes while the balancer has not noticed is still served.
    let mut late = gateway.client().await;
    late.guest("late").await.expect("signs in");
    clients.push(late);
    let began = std::time::Instant::now();
    for client in &mut clients {
        assert_eq!(client.closed().await.expect("closed"), 1012);
    }
    assert!(
        began.elapsed() >= Duration::from_millis(400),
        "not all at once"
    );
    let refused = Client::connect(&gateway.url()).await;
    assert!(refused.is_err(), "no new connections");
    assert_eq!(gateway.shut_down().await, Ending::Clean);
}
