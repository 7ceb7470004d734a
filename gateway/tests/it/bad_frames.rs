//! Bytes that are no frames, or too many of them, end their own connection with a code that says
//! why, and nobody else's.

use parlor_testkit::RedisServer;

use crate::common::{
    TestGateway,
    wire::{self, BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, Wire, frame},
    witnesses::Witnesses,
};

const LIMIT_BYTES: usize = 64 * 1024;

/// A `ping` request of exactly so many bytes.
fn request_of(bytes: usize) -> String {
    let (head, tail) = (r#"{"id":"big","type":"ping","padding":""#, r#""}"#);
    let padding = "x".repeat(bytes - head.len() - tail.len());
    format!("{head}{padding}{tail}")
}

/// What is sent and the code that answers it.
fn violations() -> Vec<(&'static str, Vec<u8>, u16)> {
    let ping = br#"{"type":"ping"}"#;
    let half = vec![b'x'; LIMIT_BYTES / 2 + 1];
    let in_two = |first: &[u8], second: &[u8]| {
        [frame(TEXT, first), frame(FIN | CONTINUATION, second)].concat()
    };
    vec![
        ("unmasked", wire::unmasked_frame(FIN | TEXT, ping), 1002),
        ("first reserved bit", frame(FIN | 0x40 | TEXT, ping), 1002),
        ("second reserved bit", frame(FIN | 0x20 | TEXT, ping), 1002),
        ("third reserved bit", frame(FIN | 0x10 | TEXT, ping), 1002),
        ("reserved opcode", frame(FIN | 0x3, ping), 1002),
        ("reserved control opcode", frame(FIN | 0xB, b""), 1002),
        ("a fragmented ping", frame(PING, b""), 1002),
        ("a long ping", frame(FIN | PING, &[b'x'; 126]), 1002),
        (
            "a continuation of nothing",
            frame(FIN | CONTINUATION, ping),
            1002,
        ),
        (
            "a text within a text",
            [frame(TEXT, b"{"), frame(FIN | TEXT, ping)].concat(),
            1002,
        ),
        ("binary", frame(FIN | BINARY, ping), 1003),
        (
            "bad UTF-8",
            frame(FIN | TEXT, b"{\"type\":\"\xff\xfe\"}"),
            1007,
        ),
        ("a surrogate", frame(FIN | TEXT, b"\"\xed\xa0\x80\""), 1007),
        ("half a character", in_two(b"\"\xc3", b"\""), 1007),
        (
            "one byte too many",
            frame(FIN | TEXT, request_of(LIMIT_BYTES + 1).as_bytes()),
            1009,
        ),
        (
            "a length beyond all",
            wire::header(FIN | TEXT, 1 << 62, 0x80),
            1009,
        ),
        (
            "the longest length",
            wire::header(FIN | TEXT, u64::MAX, 0x80),
            1009,
        ),
        ("too large in fragments", in_two(&half, &half), 1009),
        (
            "a flood of fragments",
            [frame(TEXT, b"{"), frame(CONTINUATION, b"").repeat(2_000)].concat(),
            1009,
        ),
    ]
}

#[tokio::test]
async fn each_violation_ends_its_connection_with_its_code() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut witnesses = Witnesses::arrive(&gateway).await;
    let cases = violations();
    let count = cases.len() as u64;
    for (what, bytes, code) in cases {
        let mut wire = Wire::open(gateway.address).await;
        // The gateway may hang up before it has all of it.
        let _ = wire.try_send(&bytes).await;
        assert_eq!(wire.closed().await, Some(code), "{what}");
        witnesses.chat().await;
    }
    let counted = gateway.count("parlor_protocol_violations_total").await;
    assert_eq!(counted, count);
}

#[tokio::test]
async fn one_who_is_in_the_middle_of_sending_still_hears_why() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut wire = Wire::open(gateway.address).await;
    let _ = wire
        .try_send(&frame(FIN | TEXT, &vec![b'x'; 2 << 20]))
        .await;
    // A gateway that hangs up on unread bytes resets the connection, and what it said may be lost.
    assert_eq!(wire.end().await, (Some(1009), true));
}

#[tokio::test]
async fn the_largest_frame_is_taken_whole_and_in_pieces() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut wire = Wire::open(gateway.address).await;
    let text = request_of(LIMIT_BYTES);
    wire.send_text(&text).await;
    assert_eq!(wire.json().await["type"], "pong");
    // In fragments, with a ping between them, which is answered at once.
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(1_000).collect();
    for (at, piece) in pieces.iter().enumerate() {
        let opcode = if at == 0 { TEXT } else { CONTINUATION };
        let last = if at + 1 == pieces.len() { FIN } else { 0 };
        wire.send(&frame(last | opcode, piece)).await;
        if at == 3 {
            wire.send(&frame(FIN | PING, b"are you there")).await;
            let pong = wire.next().await.expect("a frame");
            assert_eq!(
                (pong.opcode, pong.payload.as_slice()),
                (PONG, &b"are you there"[..])
            );
        }
    }
    assert_eq!(wire.json().await["type"], "pong");
    // Even one byte at a time.
    for byte in frame(FIN | TEXT, br#"{"type":"ping"}"#) {
        wire.send(&[byte]).await;
    }
    assert_eq!(wire.json().await["type"], "pong");
}

#[tokio::test]
async fn frames_that_come_with_the_handshake_are_handled() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut wire = Wire::connect(gateway.address).await;
    let mut bytes = wire::handshake(gateway.address, &[]).into_bytes();
    let sign_in = r#"{"id":1,"type":"signIn","signIn":{"nickname":"Ann"}}"#;
    for text in [sign_in, r#"{"id":2,"type":"ping"}"#] {
        bytes.extend(frame(FIN | TEXT, text.as_bytes()));
    }
    wire.send(&bytes).await;
    assert_eq!(wire.answer().await.status, 101);
    for kind in ["ready", "authorized", "sys", "pong"] {
        assert_eq!(wire.json().await["type"], kind);
    }
}

#[tokio::test]
async fn a_goodbye_is_answered_and_ends_cleanly() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    for goodbye in [
        frame(FIN | CLOSE, b""),
        frame(FIN | CLOSE, &1000_u16.to_be_bytes()),
        frame(FIN | CLOSE, &1001_u16.to_be_bytes()),
    ] {
        let mut wire = Wire::open(gateway.address).await;
        wire.send(&goodbye).await;
        assert_eq!(wire.end().await, (Some(1000), true));
    }
    // And one who goes without a word leaves nothing behind.
    drop(Wire::open(gateway.address).await);
    gateway.wait_for_count("parlor_connections", 0).await;
}
