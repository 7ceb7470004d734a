//! permessage-deflate: agreed on where it is on and offered, compressed once for all, and each message
//! by itself.

use parlor_gateway::websocket::deflate;
use parlor_testkit::RedisServer;
use serde_json::Value;

use crate::common::{
    TestGateway,
    wire::{FIN, TEXT, Wire, frame, handshake},
};

const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits";
const PACKED: u8 = 0x40;
const LIMIT: usize = 64 * 1_024;

/// Upgraded with an offer; whether it was taken.
async fn offering(gateway: &TestGateway) -> (Wire, bool) {
    let mut wire = Wire::connect(gateway.address).await;
    let request = handshake(gateway.address, &[OFFER]);
    wire.send(request.as_bytes()).await;
    let answer = wire.answer().await;
    assert_eq!(answer.status, 101, "{}", answer.head);
    let head = answer.head.to_lowercase();
    let taken = head.contains("sec-websocket-extensions: permessage-deflate");
    if taken {
        // Without these a broadcast would have to be compressed for each member anew.
        assert!(head.contains("server_no_context_takeover; client_no_context_takeover"));
    }
    (wire, taken)
}

/// The next frame of this type, with whether it was compressed and its bytes on the wire.
async fn next(wire: &mut Wire, kind: &str) -> (Value, bool, usize) {
    loop {
        let frame = wire.next().await.expect("a frame");
        let text = if frame.packed {
            deflate::unpack(&frame.payload, LIMIT).expect("a compressor's")
        } else {
            frame.payload.clone()
        };
        let json: Value = serde_json::from_slice(&text).expect("JSON");
        if json["type"] == kind {
            return (json, frame.packed, frame.payload.len());
        }
    }
}

fn packed(text: &str) -> Vec<u8> {
    let packed = deflate::pack(text.as_bytes()).expect("long enough to get shorter");
    frame(FIN | PACKED | TEXT, &packed)
}

#[tokio::test]
async fn messages_are_compressed_for_those_who_want_it_and_only_for_them() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, &["--compression"]).await;
    let (mut ann, taken) = offering(&gateway).await;
    assert!(taken);
    let mut bob = Wire::open(gateway.address).await;
    let sign_in = |name: &str| {
        let padding = " ".repeat(200);
        format!(r#"{{"type":"signIn","signIn":{{"nickname":"{name}"}}{padding}}}"#)
    };
    ann.send(&packed(&sign_in("ann"))).await;
    next(&mut ann, "authorized").await;
    bob.send_text(&sign_in("bob")).await;
    bob.first("authorized").await;
    for wire in [&mut ann, &mut bob] {
        wire.send_text(r#"{"type":"channelJoin","channelJoin":{}}"#)
            .await;
    }
    next(&mut ann, "channelJoin").await;
    bob.first("channelJoin").await;

    let text = "to be or not to be, ".repeat(20);
    let message = format!(r#"{{"type":"channelMessage","channelMessage":{{"message":"{text}"}}}}"#);
    for _ in 0..2 {
        ann.send(&packed(&message)).await;
        let (heard, was_packed, bytes) = next(&mut ann, "channelMessage").await;
        assert_eq!(heard["channelMessage"]["Message"], text);
        assert!(was_packed && bytes < text.len(), "{bytes} bytes");
        let (heard, was_packed, bytes) = next(&mut bob, "channelMessage").await;
        assert_eq!(heard["channelMessage"]["Message"], text);
        assert!(!was_packed && bytes > text.len(), "{bytes} bytes");
    }
    ann.send(&frame(FIN | PACKED | TEXT, &[0xFF; 20])).await;
    assert_eq!(ann.closed().await, Some(1002), "what no compressor makes");
}

#[tokio::test]
async fn little_that_would_be_much_ends_its_connection() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, &["--compression"]).await;
    let (mut wire, _) = offering(&gateway).await;
    let much = packed(&" ".repeat(LIMIT + 1));
    assert!(much.len() < 1_000);
    wire.send(&much).await;
    assert_eq!(wire.closed().await, Some(1009));
}

#[tokio::test]
async fn nothing_is_compressed_where_it_is_off() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let (mut wire, taken) = offering(&gateway).await;
    assert!(!taken);
    assert!(!wire.next().await.expect("ready").packed);
    wire.send(&packed(&" ".repeat(500))).await;
    assert_eq!(wire.closed().await, Some(1002));
}
