//! `gateway --chat-check URL` says whether people can chat, as the chart's test asks it.

use parlor_testkit::{Process, RedisServer, binary, free_port};

use crate::common::{PATIENCE, TestGateway};

/// What the check says about an address, and whether it was content.
async fn check(url: &str) -> (bool, String) {
    let mut process = Process::builder(binary("gateway"))
        .args(["--chat-check", url])
        .start();
    let content = process.wait(2 * PATIENCE).await.success();
    (content, process.log())
}

#[tokio::test]
async fn two_guests_chat_where_nobody_else_sees_it() {
    let redis = RedisServer::start().await;
    // It depends neither on rooms that may be made nor on sign-up.
    let settings = ["--create-rooms=false", "--sign-up=false"];
    let gateway = TestGateway::start_with(&redis, &settings).await;
    let (content, log) = check(&gateway.url()).await;
    assert!(content && log.contains("Chatted through ws://"), "{log}");
    assert_eq!(redis.cli(&["EXISTS", "rooms"]), "0");
    let streamed: u64 = redis
        .cli(&["EVAL", COUNT_STREAMED, "0"])
        .parse()
        .expect("a number");
    assert_eq!(streamed, 1, "one message was stored");
}

/// The entries of all partitions' streams; no worker takes them here.
const COUNT_STREAMED: &str = "local n = 0 \
    for _, key in ipairs(redis.call('KEYS', 'messages:*')) do n = n + redis.call('XLEN', key) end \
    return n";

#[tokio::test]
async fn says_what_does_not_work() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, &["--guests=false"]).await;
    let (content, log) = check(&gateway.url()).await;
    assert!(
        !content && log.contains("to sign in as a guest failed"),
        "{log}"
    );
    let (content, log) = check(&format!("ws://127.0.0.1:{}/ws", free_port())).await;
    assert!(!content && log.contains("could not be made"), "{log}");
    let (content, log) = check("http://127.0.0.1/ws").await;
    assert!(!content && log.contains("begins with ws://"), "{log}");
}
