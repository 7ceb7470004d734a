//! Messages, frames and rooms beyond the limits are refused with the time to wait; who does not
//! heed that is closed.

use std::time::Duration;

use parlor_shared::{
    id::Address,
    protocol::{ErrorCode, client::ChannelJoin, value::RoomRef},
};
use parlor_testkit::RedisServer;
use tokio::time::sleep;

use crate::common::{
    TestGateway, assert_refused,
    page::{Page, retry_after},
    refusal, room,
    wire::{FIN, TEXT, Wire, frame},
    witnesses::Witnesses,
};

const PING: &str = r#"{"type":"ping"}"#;

#[tokio::test]
async fn a_users_messages_are_limited_over_all_their_sessions() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, &["--message-rate=3/60s"]).await;
    let general = Address::General;
    let mut phone = gateway.client().await;
    phone.sign_up("Ann", "a password").await.expect("signs up");
    let mut desk = gateway.client().await;
    desk.sign_in("Ann", "a password").await.expect("signs in");
    let mut bob = gateway.guest_in("Bob", &general).await;
    for client in [&mut phone, &mut desk] {
        client.join(&general).await.expect("joins");
    }
    phone.say(&general, "1").await.expect("sent");
    desk.say(&general, "2").await.expect("sent");
    phone.say(&general, "3").await.expect("sent");
    for client in [&mut phone, &mut desk] {
        let body = refusal(client.say(&general, "too much").await);
        assert_eq!(body.code, ErrorCode::RateLimited.number());
        let wait = body.retry_after_ms.expect("a time to wait");
        assert!(body.retryable && (1..=20_000).contains(&wait), "{body:?}");
    }
    // Signing in again does not help, and another user has a limit of their own.
    desk.sign_in("Ann", "a password").await.expect("signs in");
    desk.join(&general).await.expect("joins");
    assert_refused(desk.say(&general, "too much").await, ErrorCode::RateLimited);
    bob.say(&general, "4").await.expect("sent");
    for number in 1..=4 {
        let message = bob.message().await.expect("delivered");
        assert_eq!(message.message, number.to_string());
    }
    assert_eq!(gateway.count("parlor_rate_limited_total").await, 3);
}

#[tokio::test]
async fn one_who_waits_as_told_may_send_again() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, &["--message-rate=1/1s"]).await;
    let url = format!("{}?nickname=Ann", gateway.url());
    let mut page = Page::open_at(&url).await;
    page.first("channelJoin").await;
    let say = |text: &str| {
        format!(r#"{{"type":"channelMessage","channelMessage":{{"message":"{text}"}}}}"#)
    };
    page.send_all(&[&say("first"), &say("too soon")]).await;
    let error = page.first("error").await;
    assert_eq!(error["error"]["code"], 22);
    let wait = retry_after(&error);
    assert!(wait <= Duration::from_secs(1), "{wait:?}");
    // The time that was told is the thing under test.
    sleep(wait + Duration::from_millis(1)).await;
    page.send(say("in time")).await;
    page.message("in time").await;
}

#[tokio::test]
async fn frames_are_limited_and_a_flood_is_closed() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, &["--frame-rate=10/60s"]).await;
    let mut witnesses = Witnesses::arrive(&gateway).await;
    let mut page = Page::open(&gateway).await;
    page.next_is("ready").await;
    page.send_all(&[PING; 12]).await;
    for _ in 0..10 {
        page.next_is("pong").await;
    }
    for _ in 0..2 {
        let error = page.next_is("error").await;
        assert_eq!(error["error"]["code"], 22);
        assert!(retry_after(&error) <= Duration::from_secs(6));
    }
    page.send_all(&[PING; 99]).await;
    assert_eq!(page.closed().await, Some(4029));

    // Control frames and refused ones cost as much as any.
    for flood in [
        frame(FIN | 0x9, b"ping"),
        frame(FIN | 0xA, b"pong"),
        frame(FIN | TEXT, b"no request"),
    ] {
        let mut wire = Wire::open(gateway.address).await;
        let _ = wire.try_send(&flood.repeat(1_000)).await;
        assert_eq!(wire.closed().await, Some(4029));
    }
    assert_eq!(gateway.closes("flood").await, 4);
    witnesses.chat().await;
}

#[tokio::test]
async fn a_connection_has_so_many_rooms_and_no_more() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, &["--rooms-per-connection=2"]).await;
    let mut ann = gateway.guest("Ann").await;
    ann.join(&room("one")).await.expect("joins");
    ann.join(&Address::General).await.expect("joins");
    let third = ann.join(&room("three")).await;
    assert_refused(third, ErrorCode::TooManyRooms);
    // What is joined can be joined again, and a room that is left makes place.
    ann.join(&room("one")).await.expect("joins again");
    ann.leave(&room("one")).await.expect("leaves");
    ann.join(&room("three")).await.expect("joins");
    // As the demo joins: the others are left, so there is always place.
    let block = ChannelJoin {
        room: RoomRef::from(&room("four")),
        ..Default::default()
    };
    ann.join_with(block).await.expect("joins");
    assert_refused(ann.say(&room("three"), "hi").await, ErrorCode::NotJoined);
    ann.say(&room("four"), "hi").await.expect("sent");
}
