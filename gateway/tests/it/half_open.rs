//! A client that vanishes without a word is noticed, and its place is free again.

use parlor_shared::{client::Client, id::Address};
use parlor_testkit::{Direction, Proxy, RedisServer};

use crate::common::{
    TestGateway,
    wire::{FIN, PING, PONG, Wire, frame},
};

const SETTINGS: &[&str] = &["--ping-interval=200ms", "--pong-timeout=1s"];

#[tokio::test]
async fn a_connection_that_nothing_comes_from_any_more_is_closed() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, SETTINGS).await;
    let proxy = Proxy::start(gateway.address).await;
    let url = format!("ws://{}/ws", proxy.address());
    let mut vanished = Client::connect(&url).await.expect("connects");
    vanished.guest("vanished").await.expect("signs in");
    vanished.join(&Address::General).await.expect("joins");
    gateway.wait_for_count("parlor_connections", 1).await;
    proxy.drop_direction(Direction::ToServer, true);
    proxy.drop_direction(Direction::ToClient, true);
    gateway.wait_for_count("parlor_connections", 0).await;
    gateway.wait_for_count("parlor_rooms", 0).await;
    assert_eq!(gateway.closes("pong_timeout").await, 1);
}

#[tokio::test]
async fn one_who_hears_but_is_not_heard_is_told_with_the_close_code() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, SETTINGS).await;
    let proxy = Proxy::start(gateway.address).await;
    let url = format!("ws://{}/ws", proxy.address());
    let mut client = Client::connect(&url).await.expect("connects");
    client.guest("mute").await.expect("signs in");
    proxy.drop_direction(Direction::ToServer, true);
    assert_eq!(client.closed().await.expect("a close frame"), 4010);
}

#[tokio::test]
async fn one_who_answers_pings_stays_and_one_who_does_not_goes() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, SETTINGS).await;
    let mut answering = Wire::open(gateway.address).await;
    let mut silent = Wire::open(gateway.address).await;
    for _ in 0..5 {
        let ping = answering.next().await.expect("a ping");
        assert_eq!(ping.opcode, PING);
        answering.send(&frame(FIN | PONG, &ping.payload)).await;
    }
    answering.send_text(r#"{"type":"ping"}"#).await;
    assert_eq!(answering.json().await["type"], "pong");
    assert_eq!(silent.closed().await, Some(4010));
}
