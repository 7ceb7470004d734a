//! Who stops reading in a busy room is closed, and everybody else gets everything.

use std::time::{Duration, Instant};

use parlor_shared::{client::Client, id::Address};
use parlor_testkit::{RedisServer, wait_until};
use serde_json::Value;

use crate::common::{
    PATIENCE, TestGateway,
    wire::{CLOSE, Wire},
};

/// The longest text there is, in the longest characters: the kernel's buffers are soon full.
const CHARACTERS: usize = 4_000;
/// Far more than all buffers on the way hold.
const MOST_MESSAGES: usize = 5_000;
const LAST_WORD: &str = "that was it";

/// Somebody who joins General and then reads no more.
async fn join_without_reading(gateway: &TestGateway) -> Wire {
    let wire = Wire::connect_narrow(gateway.address).await;
    let mut wire = wire.upgrade(gateway.address).await;
    wire.send_text(r#"{"type":"signIn","signIn":{"nickname":"slow"}}"#)
        .await;
    wire.send_text(r#"{"type":"channelJoin","channelJoin":{"recipientUUID":""}}"#)
        .await;
    wire.first("channelJoin").await;
    wire
}

/// Says long messages until the slow one was noticed, and a last word; gives how many were long.
async fn speak_until_noticed(gateway: &TestGateway, speaker: &mut Client) -> usize {
    let mut said = 0;
    while gateway.count("parlor_outbox_overflows_total").await == 0 {
        assert!(said < MOST_MESSAGES, "the slow reader was never noticed");
        let text = format!("{said:010}{}", "🙂".repeat(CHARACTERS - 10));
        let sent = speaker.say(&Address::General, &text).await;
        sent.expect("is sent");
        said += 1;
    }
    let sent = speaker.say(&Address::General, LAST_WORD).await;
    sent.expect("is sent");
    said
}

/// Reads up to the last word: each message came once and in order. Gives how many there were.
async fn listen(mut listener: Client) -> usize {
    for number in 0.. {
        let message = listener.message().await.expect("delivered");
        if message.message == LAST_WORD {
            return number;
        }
        assert_eq!(message.message[..10], format!("{number:010}"));
    }
    unreachable!("numbers don't end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_again_finds_whole_frames_and_the_reason() {
    let redis = RedisServer::start().await;
    let settings = ["--outbox-bytes=64KiB", "--write-timeout=60s"];
    let gateway = TestGateway::start_with(&redis, &settings).await;
    let mut slow = join_without_reading(&gateway).await;
    let mut speaker = gateway.guest_in("speaker", &Address::General).await;
    let listener = gateway.guest_in("listener", &Address::General).await;
    let listening = tokio::spawn(listen(listener));
    let said = speak_until_noticed(&gateway, &mut speaker).await;
    assert_eq!(listening.await.expect("no message is missing"), said);
    assert_eq!(listen(speaker).await, said);
    // What came through is whole, and then it is told why it ends.
    let mut heard = 0;
    let code = loop {
        let frame = slow.next().await.expect("a close frame at last");
        if frame.opcode == CLOSE {
            break frame.payload;
        }
        let frame: Value = serde_json::from_slice(&frame.payload).expect("a whole frame");
        if frame["type"] == "channelMessage" {
            let text = frame["channelMessage"]["Message"].as_str().expect("a text");
            assert_eq!(text[..10], format!("{heard:010}"));
            heard += 1;
        }
    };
    assert_eq!(code[..2], 4008_u16.to_be_bytes());
    assert!(heard < said);
    assert_eq!(gateway.closes("slow_consumer").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_reads_again_is_let_go() {
    let redis = RedisServer::start().await;
    let settings = ["--outbox-bytes=64KiB", "--write-timeout=300ms"];
    let gateway = TestGateway::start_with(&redis, &settings).await;
    let slow = join_without_reading(&gateway).await;
    let mut speaker = gateway.guest_in("speaker", &Address::General).await;
    let text = "🙂".repeat(CHARACTERS);
    wait_until(PATIENCE, "the slow reader is gone", async || {
        let said = speaker.say(&Address::General, &text).await;
        said.expect("is sent");
        gateway.count("parlor_connections").await == 1
    })
    .await;
    assert_eq!(gateway.closes("slow_consumer").await, 1);
    drop(slow);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_more_than_fits_gets_all_of_it_while_reading() {
    const LONG_MESSAGES: usize = 20;
    /// Pages of 256 KiB: together more than all buffers on the way hold.
    const PAGES: u64 = 100;
    let redis = RedisServer::start().await;
    let settings = ["--outbox-bytes=64KiB", "--write-timeout=60s"];
    let gateway = TestGateway::start_with(&redis, &settings).await;
    let mut speaker = gateway.guest_in("speaker", &Address::General).await;
    for _ in 0..LONG_MESSAGES {
        let text = "🙂".repeat(CHARACTERS);
        let sent = speaker.say(&Address::General, &text).await;
        sent.expect("is sent");
    }
    let mut slow = join_without_reading(&gateway).await;
    for id in 0..PAGES {
        let block = format!(r#"{{"recipientUUID":"","limit":{LONG_MESSAGES}}}"#);
        let ask = format!(r#"{{"id":{id},"type":"channelMessages","channelMessages":{block}}}"#);
        slow.send_text(&ask).await;
    }
    wait_until_still(&gateway).await;
    for id in 0..PAGES {
        assert_eq!(slow.first("channelMessages").await["id"], id);
    }
    assert_eq!(gateway.closes("slow_consumer").await, 0);
}

/// Waits until the gateway takes no frames any more.
async fn wait_until_still(gateway: &TestGateway) {
    const STILL: Duration = Duration::from_millis(500);
    let mut last = (u64::MAX, Instant::now());
    wait_until(PATIENCE, "the gateway takes no frames", async || {
        let taken = gateway.count("parlor_frames_in_total").await;
        if taken != last.0 {
            last = (taken, Instant::now());
        }
        last.1.elapsed() >= STILL
    })
    .await;
}
