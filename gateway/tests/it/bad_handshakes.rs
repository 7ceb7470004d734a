//! Handshakes that are none are answered with what is wrong, and hold no place.

use std::time::Duration;

use parlor_testkit::RedisServer;
use tokio::time::interval;

use crate::common::{
    TestGateway,
    wire::{Wire, handshake, request},
    witnesses::Witnesses,
};

/// A handshake without the header that begins so.
fn without(gateway: &TestGateway, header: &str) -> String {
    let whole = handshake(gateway.address, &[]);
    let kept: Vec<&str> = whole
        .split("\r\n")
        .filter(|line| !line.starts_with(header))
        .collect();
    assert_eq!(kept.len() + 1, whole.split("\r\n").count(), "{header}");
    kept.join("\r\n")
}

fn with(gateway: &TestGateway, from: &str, to: &str) -> String {
    let whole = handshake(gateway.address, &[]);
    assert!(whole.contains(from), "{from}");
    whole.replace(from, to)
}

#[tokio::test]
async fn each_bad_handshake_is_answered_and_the_gateway_goes_on() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut witnesses = Witnesses::arrive(&gateway).await;
    let it = &gateway;
    let body =
        with(it, "GET /ws", "POST /ws").replace("\r\n\r\n", "\r\nContent-Length: 2\r\n\r\n{}");
    let cases = [
        (without(it, "Host:"), 400),
        (without(it, "Sec-WebSocket-Key:"), 400),
        (with(it, "dGhlIHNhbXBsZSBub25jZQ==", "dG9vIHNob3J0"), 400),
        (with(it, "dGhlIHNhbXBsZSBub25jZQ==", "!"), 400),
        (without(it, "Sec-WebSocket-Version:"), 426),
        (with(it, "Version: 13", "Version: 8"), 426),
        (without(it, "Upgrade:"), 426),
        (with(it, "Upgrade: websocket", "Upgrade: h2c"), 426),
        (without(it, "Connection:"), 426),
        (
            with(it, "Connection: Upgrade", "Connection: keep-alive"),
            426,
        ),
        (with(it, "GET /ws", "POST /ws"), 405),
        (with(it, "GET /ws", "DELETE /ws"), 405),
        (body, 405),
        (with(it, "GET /ws", "GET /ws?nickname=a&nickname=b"), 400),
    ];
    let count = cases.len() as u64;
    for (text, status) in cases {
        let answer = Wire::ask(it.address, &text).await;
        assert_eq!(answer.status, status, "{text}");
        if status == 426 {
            let head = answer.head.to_ascii_lowercase();
            assert!(head.contains("sec-websocket-version: 13\r\n"), "{head}");
        }
        witnesses.chat().await;
    }
    assert_eq!(it.count("parlor_handshakes_refused_total").await, count);
    assert_eq!(it.count("parlor_connections_total").await, 2);
}

#[tokio::test]
async fn what_is_not_even_http_ends_and_the_gateway_goes_on() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut witnesses = Witnesses::arrive(&gateway).await;
    let long = format!("X-Long: {}", "x".repeat(64 * 1024));
    let many: Vec<String> = (0..1_000).map(|number| format!("X-{number}: y")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"hello\r\n\r\n".to_vec(),
        b"GET /ws HTTP/9.9\r\n\r\n".to_vec(),
        vec![0; 100_000],
        handshake(gateway.address, &[&long]).into_bytes(),
        handshake(gateway.address, &many).into_bytes(),
    ] {
        let mut wire = Wire::connect(gateway.address).await;
        // The gateway may hang up before it has all of it.
        let _ = wire.try_send(&bytes).await;
        let said = String::from_utf8_lossy(&wire.rest().await).into_owned();
        assert!(
            said.is_empty() || said.starts_with("HTTP/1.1 4"),
            "{said:?}"
        );
        witnesses.chat().await;
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_unless_they_are_allowed() {
    let redis = RedisServer::start().await;
    let strict = TestGateway::start(&redis).await;
    let list = ["--allowed-origins=https://chat.example.org,http://localhost:5173"];
    let listed = TestGateway::start_with(&redis, &list).await;
    let open = TestGateway::start_with(&redis, &["--allowed-origins=*"]).await;
    let own = |gateway: &TestGateway| format!("http://{}", gateway.address);
    let foreign = "https://evil.example".to_owned();
    let known = "https://chat.example.org".to_owned();
    let cases = [
        (&strict, own(&strict), 101),
        (&strict, foreign.clone(), 403),
        (&strict, known.clone(), 403),
        (&strict, "null".to_owned(), 403),
        (&strict, String::new(), 403),
        (&strict, format!("{}.evil.example", own(&strict)), 403),
        (
            &strict,
            format!("http://evil.example/{}", strict.address),
            403,
        ),
        (&listed, own(&listed), 101),
        (&listed, known.clone(), 101),
        (&listed, known.to_uppercase(), 101),
        (&listed, "http://localhost:5173".to_owned(), 101),
        (&listed, "http://localhost:5174".to_owned(), 403),
        (&listed, "http://chat.example.org".to_owned(), 403),
        (&listed, format!("{known}.evil.example"), 403),
        (&listed, foreign.clone(), 403),
        (&open, foreign, 101),
    ];
    for (gateway, origin, status) in cases {
        let header = format!("Origin: {origin}");
        let answer = Wire::ask(gateway.address, &handshake(gateway.address, &[&header])).await;
        assert_eq!(answer.status, status, "{origin}");
    }
    // A program that is no browser sends none.
    let answer = Wire::ask(strict.address, &handshake(strict.address, &[])).await;
    assert_eq!(answer.status, 101);
}

#[tokio::test]
async fn headers_that_trickle_in_end_the_connection() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, &["--header-timeout=300ms"]).await;
    let mut witnesses = Witnesses::arrive(&gateway).await;
    let mut wire = Wire::connect(gateway.address).await;
    // Endless headers, so that only the gateway can end this.
    let head = request("GET /ws HTTP/1.1", &[]);
    let endless = head.trim_end().bytes().chain(std::iter::repeat(b'x'));
    let mut pace = interval(Duration::from_millis(20));
    let mut sent = 0;
    for byte in endless {
        pace.tick().await;
        if wire.try_send(&[byte]).await.is_err() {
            break;
        }
        sent += 1;
        assert!(sent < 1_000, "still read from after 20 s");
    }
    assert!(wire.rest().await.is_empty(), "nothing was upgraded");
    // One who never says anything goes as well.
    let mut silent = Wire::connect(gateway.address).await;
    assert!(silent.rest().await.is_empty());
    witnesses.chat().await;
}
