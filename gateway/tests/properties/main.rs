//! What holds whatever comes: the codec, positions, limits, and a room against a simple model.

mod room;
mod websocket;

use std::time::{Duration, Instant};

use bytes::Bytes;
use parlor_gateway::{
    rooms::{
        room::{Deliver, Need, Room},
        view::Kind,
    },
    session::rate::Bucket,
    websocket::{Frame, payloads},
};
use parlor_shared::{
    event::{Event, MessageEvent, Position},
    id::{SessionId, UserId},
    protocol::ClientEnvelope,
};
use proptest::{collection::vec, prelude::*};

struct Seqs(Vec<u64>);

impl Deliver<()> for Seqs {
    fn deliver(&mut self, (): &(), frames: &Frame) {
        for payload in payloads(frames.plain()) {
            let frame: serde_json::Value = serde_json::from_slice(payload).expect("JSON");
            let seq = frame["channelMessage"]["Seq"].as_u64();
            self.0.push(seq.expect("a message"));
        }
    }

    fn give_up(&mut self, (): &()) {
        panic!("nobody is slow here")
    }
}

fn message(seq: u64) -> MessageEvent {
    const BODY: &str = r#"{"UUID":"00000000-0000-0000-0000-000000000001","SenderUUID":"00000000-0000-0000-0000-000000000002","Sender":{"UUID":"00000000-0000-0000-0000-000000000002","Username":"Ann"},"Message":"hi"}"#;
    MessageEvent {
        position: Position {
            epoch: "e".into(),
            seq,
            ms: seq,
        },
        body: Bytes::from_static(BODY.as_bytes()),
    }
}

proptest! {
    /// A refusal is one of the fixed texts, so it can't repeat what was sent.
    #[test]
    fn no_frame_is_repeated(text in "\\PC{0,80}", secret in "[a-z]{12}") {
        let framed = format!(r#"{{"type":"signIn","signIn":{{"username":"{secret}","password":[{text}]}}}}"#);
        for frame in [text.as_str(), &framed] {
            if let Err(bad) = ClientEnvelope::decode(frame) {
                prop_assert!(!bad.error.to_string().contains(&secret));
            }
        }
    }

    #[test]
    fn a_position_is_read_as_it_was_written(epoch in "[0-9a-f]{1,16}", seq in 1..=1_u64 << 53, ms: u64) {
        let position = Position::parse(&format!("{epoch} {seq} {ms}")).expect("a position");
        prop_assert_eq!((&*position.epoch, position.seq, position.ms), (epoch.as_str(), seq, ms));
    }

    #[test]
    fn no_bytes_on_the_bus_are_too_strange(bytes: Vec<u8>) {
        let _ = Event::decode(&Bytes::from(bytes));
    }

    /// In no window are more taken than the burst and what the rate gives; and whoever waits as
    /// long as told gets one.
    #[test]
    fn a_bucket_keeps_its_rate(waits in vec(0_u64..400, 1..80)) {
        let mut bucket = Bucket::new("5/1s".parse().expect("a limit"));
        let (mut now, mut taken) = (Instant::now(), Vec::new());
        for wait in waits {
            now += Duration::from_millis(wait);
            match bucket.take(now) {
                Ok(()) => taken.push(now),
                Err(wait) => prop_assert_eq!(bucket.clone().take(now + wait), Ok(())),
            }
        }
        for (at, first) in taken.iter().enumerate() {
            let within = taken[at..].iter().filter(|it| **it - *first < Duration::from_secs(1));
            prop_assert!(within.count() <= 10);
        }
    }

    /// Whatever order, loss and doubling: with repairs answered, a member has everything once.
    #[test]
    fn a_room_delivers_each_once_in_order(heard in vec(1_u64..30, 0..60)) {
        let mut out = Seqs(Vec::new());
        let mut room = Room::new(Kind::General, 4);
        room.attach(SessionId::default(), UserId::default(), (), None);
        room.release(SessionId::default(), "e", 0, &mut out);
        for seq in &heard {
            let mut needs = room.event(Event::Message(message(*seq)), &mut out);
            while let Some(Need::Repair { from, to, .. }) = needs.pop() {
                let fetched = (from..=to).map(message).collect();
                needs.extend(room.repaired(Some(fetched), &mut out));
            }
        }
        let last = heard.iter().max().copied().unwrap_or(0);
        prop_assert_eq!(out.0, (1..=last).collect::<Vec<_>>());
    }
}
