//! A room and its members without Redis, for what counts or times a delivery.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use parlor_gateway::{
    outbox::{Alarms, Outbox, Rules},
    rooms::{
        room::{Deliver, Room},
        view::Kind,
    },
};
use parlor_shared::{
    event::{Event, MessageEvent, Position},
    id::{MessageId, SessionId, UserId, Username},
    protocol::value::{Message, Recipient, User},
};
use tokio::net::{TcpListener, TcpStream};

/// Characters in a message's text.
const TEXT_CHARACTERS: usize = 100;

/// The body of a message as the publisher writes it.
pub fn body() -> Bytes {
    let sender = User {
        uuid: UserId::random(),
        username: Username::new("Pablo").expect("a name"),
        online: None,
        guest: false,
        look: None,
    };
    let message = Message {
        uuid: MessageId::random(),
        recipient_uuid: Some(Recipient::General),
        ..Message::new(sender, "x".repeat(TEXT_CHARACTERS))
    };
    serde_json::to_vec(&message).expect("JSON").into()
}

/// Message `seq` of a room, as it comes from the bus.
pub fn event(body: &Bytes, seq: u64) -> Event {
    Event::Message(MessageEvent {
        position: Position {
            epoch: "a".into(),
            seq,
            ms: 1_700_000_000_000 + seq,
        },
        body: body.clone(),
    })
}

/// A room with a member for each of `sinks`, all of whom are live at its beginning.
pub fn room<S>(sinks: impl IntoIterator<Item = S>, out: &mut impl Deliver<S>) -> Room<S> {
    let mut room = Room::new(Kind::General, 100);
    for sink in sinks {
        let session = SessionId::random();
        room.attach(session, UserId::random(), sink, None);
        room.release(session, "a", 0, out);
    }
    room
}

/// An outbox on a socket, and the socket's other end. Within a runtime.
pub async fn outbox() -> (Outbox, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let (accepted, connected) = tokio::join!(listener.accept(), TcpStream::connect(address));
    let (socket, peer) = (accepted.expect("a socket").0, connected.expect("a socket"));
    socket.set_nodelay(true).expect("a socket option");
    socket.writable().await.expect("a socket");
    let rules = Rules {
        limit_bytes: 1 << 20,
        write_timeout: Duration::from_secs(10),
        alarms: Alarms::new().0,
    };
    (Outbox::new(socket, false, Arc::new(rules)), peer)
}
