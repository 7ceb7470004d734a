//! Typing is told to who is there, now, and is nowhere a moment later.

use parlor_shared::{
    client::Client,
    id::Address,
    protocol::{
        ClientFrame, ErrorCode, ServerFrame,
        people::{Typing, TypingNow},
        server::Sys,
        value::RoomRef,
    },
};
use parlor_testkit::{RedisServer, wait_until};

use crate::common::{PATIENCE, TestGateway, assert_refused, private, room};

/// Tells a room; there is no answer unless it is refused.
async fn types(client: &mut Client, address: &Address, on: bool) {
    let room = RoomRef::from(address);
    let frame = ClientFrame::Typing(TypingNow { room, on });
    client.send(frame).await.expect("is sent");
}

fn typing(frame: &ServerFrame) -> Option<Typing> {
    match frame {
        ServerFrame::Sys(Sys::Typing(typing)) => Some(typing.clone()),
        _ => None,
    }
}

fn heard(client: &Client) -> usize {
    client.inbox().filter_map(typing).count()
}

/// Everything that was published before is at every member of the room by then.
async fn settle(speaker: &mut Client, listener: &mut Client, address: &Address) {
    let said = speaker.say(address, "a mark").await.expect("sent");
    listener
        .expect(|frame| match frame {
            ServerFrame::ChannelMessage(message) if message.uuid == said.uuid => Some(()),
            _ => None,
        })
        .await
        .expect("delivered");
}

#[tokio::test]
async fn who_is_in_the_room_sees_it_on_another_gateway_and_the_typist_does_not() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let lobby = room("lobby");
    let mut ann = one.guest_in("ann", &lobby).await;
    let mut anns_phone = two.client().await;
    anns_phone.resume(ann.me(), vec![]).await.expect("signs in");
    anns_phone.join(&lobby).await.expect("joins");
    let mut bob = two.guest_in("bob", &lobby).await;

    types(&mut ann, &lobby, true).await;
    let told = bob.expect(typing).await.expect("told");
    assert_eq!((told.user_uuid, told.on), (ann.user(), true));
    assert_eq!(told.username.as_str(), "ann");
    assert_eq!(told.room, RoomRef::from(&lobby));

    // What is repeated at once is not told again; the end is, once.
    types(&mut ann, &lobby, true).await;
    types(&mut ann, &lobby, false).await;
    types(&mut ann, &lobby, false).await;
    assert!(!bob.expect(typing).await.expect("told").on);
    settle(&mut ann, &mut bob, &lobby).await;
    assert_eq!(heard(&bob), 0);
    settle(&mut bob, &mut anns_phone, &lobby).await;
    settle(&mut bob, &mut ann, &lobby).await;
    assert_eq!((heard(&ann), heard(&anns_phone)), (0, 0), "it is oneself");

    // Nothing of it is kept.
    let mut eve = one.guest_in("eve", &lobby).await;
    settle(&mut ann, &mut eve, &lobby).await;
    assert_eq!(heard(&eve), 0);
    assert_eq!(redis.cli(&["KEYS", "typing*"]).trim(), "");
}

#[tokio::test]
async fn in_a_private_room_each_is_told_by_the_other_ones_name() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let mut ann = one.guest("ann").await;
    let mut bob = two.guest("bob").await;
    let (to_ann, to_bob) = (private(ann.user()), private(bob.user()));
    ann.join(&to_bob).await.expect("joins");
    bob.join(&to_ann).await.expect("joins");
    types(&mut ann, &to_bob, true).await;
    let told = bob.expect(typing).await.expect("told");
    assert_eq!(told.room, RoomRef::from(&to_ann));
}

#[tokio::test]
async fn only_members_may_type() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let room = RoomRef::from(&room("lobby"));
    let frame = || {
        let room = room.clone();
        ClientFrame::Typing(TypingNow { room, on: true })
    };
    let mut nobody = gateway.client().await;
    assert_refused(nobody.request(frame()).await, ErrorCode::NotSignedIn);
    let mut ann = gateway.guest("ann").await;
    assert_refused(ann.request(frame()).await, ErrorCode::NotJoined);
}

#[tokio::test]
async fn a_large_room_hears_a_few_of_many() {
    const TYPISTS: usize = 12;
    let redis = RedisServer::start().await;
    let settings = ["--presence-names-limit=5"];
    let (one, two) = (
        TestGateway::start_with(&redis, &settings).await,
        TestGateway::start_with(&redis, &settings).await,
    );
    let lobby = room("lobby");
    let mut listener = one.guest_in("listener", &lobby).await;
    let mut typists = Vec::new();
    for number in 0..TYPISTS {
        let gateway = if number % 2 == 0 { &one } else { &two };
        typists.push(gateway.guest_in(&format!("typist {number}"), &lobby).await);
    }
    for typist in &mut typists {
        types(typist, &lobby, true).await;
    }
    listener.expect(typing).await.expect("the first is told");
    for typist in &mut typists {
        settle(typist, &mut listener, &lobby).await;
    }
    // Two a second: a test that takes some seconds here would hear some, never all of them.
    assert!(heard(&listener) < TYPISTS - 1, "{}", heard(&listener));
    // What holds them back goes by itself.
    wait_until(PATIENCE, "the room to be free again", async || {
        redis.cli(&["KEYS", "typingTold:*"]).trim().is_empty()
    })
    .await;
}
