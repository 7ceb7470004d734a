use std::io::ErrorKind;
use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::yield_now;
use tokio::time::timeout;

use super::*;
use crate::wait_until;

const TIMEOUT: Duration = Duration::from_secs(20);

/// Long enough for bytes on loopback to arrive if nothing held them back.
const NOTHING_COMES: Duration = Duration::from_millis(150);

/// A server that gives back what it gets, and a proxy in front of it.
async fn echo() -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
                let _ = to.shutdown().await;
            });
        }
    });
    Proxy::start(address).await
}

async fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.expect("connects")
}

async fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.expect("writes");
}

async fn hear(stream: &mut TcpStream, text: &str) {
    let mut heard = vec![0; text.len()];
    let read = timeout(TIMEOUT, stream.read_exact(&mut heard)).await;
    read.expect("something comes in time")
        .expect("the connection is open");
    assert_eq!(String::from_utf8_lossy(&heard), text);
}

async fn hear_nothing(stream: &mut TcpStream) {
    let mut byte = [0];
    assert!(
        timeout(NOTHING_COMES, stream.read(&mut byte))
            .await
            .is_err(),
        "something came"
    );
}

#[tokio::test]
async fn passes_bytes_and_ends() {
    let proxy = echo().await;
    let mut stream = connect(&proxy).await;
    say(&mut stream, "hello").await;
    hear(&mut stream, "hello").await;
    assert_eq!(proxy.connections(), 1);
    stream.shutdown().await.expect("shuts down");
    assert_eq!(stream.read(&mut [0]).await.expect("an orderly end"), 0);
    wait_until(TIMEOUT, "no connection is open", async || {
        proxy.connections() == 0
    })
    .await;
}

#[tokio::test]
async fn a_cut_resets_what_is_open_and_welcomes_what_comes() {
    let proxy = echo().await;
    let mut stream = connect(&proxy).await;
    say(&mut stream, "a").await;
    hear(&mut stream, "a").await;
    proxy.cut().await;
    let error = stream.read(&mut [0]).await.expect_err("a reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let mut stream = connect(&proxy).await;
    say(&mut stream, "b").await;
    hear(&mut stream, "b").await;
}

#[tokio::test]
async fn refuses_new_connections_and_leaves_open_ones() {
    let proxy = echo().await;
    let mut open = connect(&proxy).await;
    say(&mut open, "a").await;
    hear(&mut open, "a").await;
    proxy.refuse(true).await;
    let error = TcpStream::connect(proxy.address())
        .await
        .expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    say(&mut open, "b").await;
    hear(&mut open, "b").await;
    proxy.refuse(false).await;
    let mut stream = connect(&proxy).await;
    say(&mut stream, "c").await;
    hear(&mut stream, "c").await;
}

#[tokio::test]
async fn a_stall_holds_everything_and_loses_nothing() {
    let proxy = echo().await;
    let mut stream = connect(&proxy).await;
    say(&mut stream, "a").await;
    hear(&mut stream, "a").await;
    proxy.stall(true);
    say(&mut stream, "b").await;
    hear_nothing(&mut stream).await;
    proxy.stall(false);
    hear(&mut stream, "b").await;
}

#[tokio::test]
async fn a_delay_holds_back_each_chunk_and_not_those_behind_it() {
    let proxy = echo().await;
    let mut stream = connect(&proxy).await;
    let delay = Duration::from_millis(100);
    proxy.delay(delay);
    let began = Instant::now();
    for _ in 0..10 {
        say(&mut stream, "x").await;
        yield_now().await;
    }
    hear(&mut stream, "xxxxxxxxxx").await;
    let took = began.elapsed();
    assert!(took >= 2 * delay, "{took:?}");
    assert!(took < 10 * delay, "{took:?}");
}

#[tokio::test]
async fn delays_one_direction() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let proxy = Proxy::start(listener.local_addr().expect("bound")).await;
    let mut client = connect(&proxy).await;
    let (mut server, _) = listener.accept().await.expect("accepts");
    proxy.delay_direction(Direction::ToServer, 2 * NOTHING_COMES);
    say(&mut client, "late").await;
    say(&mut server, "at once").await;
    hear(&mut client, "at once").await;
    hear_nothing(&mut server).await;
    hear(&mut server, "late").await;
}

#[tokio::test]
async fn forgets_what_is_open_and_welcomes_what_comes() {
    let proxy = echo().await;
    let mut forgotten = connect(&proxy).await;
    say(&mut forgotten, "a").await;
    hear(&mut forgotten, "a").await;
    proxy.forget();
    say(&mut forgotten, "lost").await;
    hear_nothing(&mut forgotten).await;
    let mut stream = connect(&proxy).await;
    say(&mut stream, "b").await;
    hear(&mut stream, "b").await;
    hear_nothing(&mut forgotten).await;
}

#[tokio::test]
async fn a_throttle_limits_the_rate() {
    let proxy = echo().await;
    let mut stream = connect(&proxy).await;
    proxy.throttle(Some(10_000));
    let text = "x".repeat(3_000);
    let began = Instant::now();
    say(&mut stream, &text).await;
    hear(&mut stream, &text).await;
    assert!(
        began.elapsed() >= Duration::from_millis(280),
        "{:?}",
        began.elapsed()
    );
    proxy.throttle(None);
    say(&mut stream, "y").await;
    hear(&mut stream, "y").await;
}

#[tokio::test]
async fn drops_one_direction() {
    let proxy = echo().await;
    let mut stream = connect(&proxy).await;
    for direction in [Direction::ToServer, Direction::ToClient] {
        proxy.drop_direction(direction, true);
        say(&mut stream, "lost").await;
        hear_nothing(&mut stream).await;
        proxy.drop_direction(direction, false);
        say(&mut stream, "kept").await;
        hear(&mut stream, "kept").await;
    }
}

#[tokio::test]
async fn half_closes_one_direction() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let proxy = Proxy::start(listener.local_addr().expect("bound")).await;
    let mut client = connect(&proxy).await;
    let (mut server, _) = listener.accept().await.expect("accepts");
    say(&mut client, "up").await;
    hear(&mut server, "up").await;
    proxy.half_close(Direction::ToServer);
    assert_eq!(server.read(&mut [0]).await.expect("an orderly end"), 0);
    say(&mut server, "still here").await;
    hear(&mut client, "still here").await;
}

#[tokio::test]
async fn a_server_that_is_down_looks_like_a_connection_that_ends() {
    let proxy = Proxy::to_port(free_port()).await;
    let mut stream = connect(&proxy).await;
    assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));
}
