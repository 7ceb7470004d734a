//! How many connections there may be, from where, and for how long without signing in.

use parlor_shared::protocol::ClientFrame;
use parlor_testkit::{RedisServer, wait_until};

use crate::common::{
    PATIENCE, TestGateway,
    page::Page,
    wire::{Answer, Wire, handshake},
};

/// Upgrades with these headers; the connection lives as long as the result.
async fn connect(gateway: &TestGateway, headers: &[&str]) -> (Wire, Answer) {
    let mut wire = Wire::connect(gateway.address).await;
    let text = handshake(gateway.address, headers);
    wire.send(text.as_bytes()).await;
    let answer = wire.answer().await;
    (wire, answer)
}

async fn forwarded(gateway: &TestGateway, addresses: &str) -> (Wire, u16) {
    let header = format!("X-Forwarded-For: {addresses}");
    let (wire, answer) = connect(gateway, &[&header]).await;
    (wire, answer.status)
}

#[tokio::test]
async fn an_address_has_its_share() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, &["--connections-per-address=2"]).await;
    let (one, first) = connect(&gateway, &[]).await;
    let (_two, second) = connect(&gateway, &[]).await;
    let (_, third) = connect(&gateway, &[]).await;
    assert_eq!([first.status, second.status, third.status], [101, 101, 429]);
    drop(one);
    wait_until(PATIENCE, "the place is free", async || {
        connect(&gateway, &[]).await.1.status == 101
    })
    .await;
}

#[tokio::test]
async fn a_gateway_that_is_full_says_when_to_come_back() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, &["--connections-per-gateway=2"]).await;
    let (one, first) = connect(&gateway, &[]).await;
    let (_two, second) = connect(&gateway, &[]).await;
    let (_, third) = connect(&gateway, &[]).await;
    assert_eq!([first.status, second.status, third.status], [101, 101, 503]);
    let head = third.head.to_ascii_lowercase();
    assert!(head.contains("retry-after: "), "{head}");
    // What is no WebSocket connection is served all the same.
    let links = format!("http://{}/links", gateway.address);
    let links = parlor_testkit::http::get(&links).await.expect("answers");
    assert_eq!(links.status, 200);
    drop(one);
    wait_until(PATIENCE, "the place is free", async || {
        connect(&gateway, &[]).await.1.status == 101
    })
    .await;
}

#[tokio::test]
async fn x_forwarded_for_is_believed_from_trusted_proxies_only() {
    let redis = RedisServer::start().await;
    let one_each = "--connections-per-address=1";
    let direct = TestGateway::start_with(&redis, &[one_each]).await;
    let (_held, status) = forwarded(&direct, "192.0.2.1").await;
    assert_eq!(status, 101);
    let (_, status) = forwarded(&direct, "192.0.2.2").await;
    assert_eq!(status, 429, "anybody can write that header");

    let trusting = [one_each, "--trusted-proxies=127.0.0.0/8,10.0.0.0/8"];
    let behind = TestGateway::start_with(&redis, &trusting).await;
    let mut held = Vec::new();
    for (addresses, expected) in [
        ("192.0.2.1", 101),
        ("192.0.2.1", 429),
        ("192.0.2.2", 101),
        // What stands before the last address that is no proxy, the client may have made up.
        ("203.0.113.7, 192.0.2.2", 429),
        ("203.0.113.7, 192.0.2.3, 10.1.2.3", 101),
        ("192.0.2.3", 429),
        ("203.0.113.7", 101),
        // An IPv4 address in IPv6 form is the same one.
        ("::ffff:192.0.2.1", 429),
        ("2001:db8::1", 101),
        ("2001:db8::2", 101),
        // Proxies alone: the farthest of them.
        ("10.9.9.9, 10.1.2.3", 101),
        ("10.9.9.9", 429),
        // Nothing of use: the peer itself.
        ("unknown", 101),
        ("", 429),
    ] {
        let (wire, status) = forwarded(&behind, addresses).await;
        assert_eq!(status, expected, "{addresses:?}");
        held.push(wire);
    }
}

#[tokio::test]
async fn who_does_not_sign_in_is_closed() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, &["--sign-in-timeout=1s"]).await;
    let mut signed_in = gateway.guest("Ann").await;
    let mut busy = Page::open(&gateway).await;
    let mut silent = Page::open(&gateway).await;
    assert_eq!(silent.closed().await, Some(4001));
    // Talking is not signing in.
    busy.send(r#"{"type":"users"}"#).await;
    assert_eq!(busy.closed().await, Some(4001));
    signed_in.settle().await.expect("stays");
    // After signing out the time runs again.
    let signed_out = signed_in.request(ClientFrame::SignOut).await;
    signed_out.expect("signs out");
    assert_eq!(signed_in.closed().await.expect("a close frame"), 4001);
    assert_eq!(gateway.closes("sign_in_timeout").await, 3);
}
