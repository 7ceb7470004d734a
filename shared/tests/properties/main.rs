//! What is written is read the same: every frame, every event on the bus, every name.

mod changes;
mod frames;
mod leases;
mod people;

use bytes::Bytes;
use parlor_shared::{
    clock,
    entry::Entry,
    event::{Event, Membership, MessageEvent, Position},
    id::{SessionId, Username},
    protocol::{ClientEnvelope, ServerEnvelope},
};
use proptest::{prelude::*, sample::Index};

use changes::message;
use frames::{client_frame, ids, request_id, server_frame, user};

/// An event as a script writes it, and as it has to be read.
fn event() -> impl Strategy<Value = (String, Event)> {
    let who = (ids(), user()).prop_map(|(session, user)| Membership {
        session: SessionId(session),
        user,
    });
    let place = ("[0-9a-f]{1,16}", 1..=1_u64 << 53, 0_u64..1 << 42);
    let said = (place, message()).prop_map(|((epoch, seq, ms), message)| {
        let body = serde_json::to_string(&message).expect("a message is JSON");
        let text = format!("m {epoch} {seq} {ms}\n{body}");
        let position = Position {
            epoch: epoch.into(),
            seq,
            ms,
        };
        let body = Bytes::from(body);
        (text, Event::Message(MessageEvent { position, body }))
    });
    let changed = (0..4, any::<u64>(), any::<bool>(), who);
    let changed = changed.prop_map(|(kind, users, online, who)| {
        let body = who.encode();
        match kind {
            0 => (format!("j {users}\n{body}"), Event::Joined { users, who }),
            1 => (format!("l {users}\n{body}"), Event::Left { users, who }),
            2 => {
                let text = format!("t {}\n{body}", u8::from(online));
                (text, Event::Typing { on: online, who })
            }
            _ => {
                let text = format!("p {users} {}\n{body}", u8::from(online));
                (text, Event::Presence { users, online, who })
            }
        }
    });
    let counted = any::<u64>();
    let counted = counted.prop_map(|users| (format!("o {users}\n"), Event::Occupancy { users }));
    prop_oneof![said, changed, counted]
}

proptest! {
    /// The Rust client reads with the same `Deserialize`.
    #[test]
    fn a_server_frame_is_read_as_it_was_written(id in request_id(), frame in server_frame()) {
        let envelope = ServerEnvelope { id, frame };
        let read = serde_json::from_str::<ServerEnvelope>(&envelope.encode());
        prop_assert_eq!(read.expect("a frame"), envelope);
    }

    #[test]
    fn a_client_frame_is_read_as_it_was_written(id in request_id(), frame in client_frame()) {
        let envelope = ClientEnvelope { id, frame };
        let text = serde_json::to_string(&envelope).expect("JSON");
        prop_assert_eq!(ClientEnvelope::decode(&text), Ok(envelope));
    }

    #[test]
    fn an_event_is_read_as_the_scripts_write_it((text, event) in event()) {
        prop_assert_eq!(Event::decode(&Bytes::from(text)), Ok(event.clone()));
        if let Event::Message(event) = event {
            let message = event.message().expect("a message");
            prop_assert_eq!((message.seq, &*message.epoch), (event.position.seq, &*event.position.epoch));
            prop_assert_eq!(&message.created_at, &clock::rfc3339(event.position.ms));
            let entry = event.entry().expect("an entry");
            prop_assert_eq!(entry.message(), Some(&message));
            prop_assert_eq!(Entry::parse(entry.json().as_bytes()), Ok(entry));
        }
    }

    /// Cut off anywhere, an event is none, or one whose message can't be read.
    #[test]
    fn a_part_of_an_event_is_not_taken_for_another((text, _) in event(), cut: Index) {
        let bytes = Bytes::from(text);
        if let Ok(found) = Event::decode(&bytes.slice(..cut.index(bytes.len()))) {
            let Event::Message(found) = found else {
                return Err(TestCaseError::fail(format!("{found:?}")));
            };
            prop_assert!(found.message().is_err());
        }
    }

    #[test]
    fn a_name_that_was_taken_is_taken_again_unchanged(text in "\\PC{0,40}") {
        if let Ok(name) = Username::new(&text) {
            prop_assert_eq!(Username::new(name.as_str()), Ok(name));
        }
    }
}
