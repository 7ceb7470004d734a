//! People on two gateways chat in General, in a named room and privately.

use parlor_shared::{
    id::Address,
    protocol::{
        ErrorCode, ServerFrame,
        client::{ChannelJoin, ChannelMessages, Page},
        server::Sys,
        value::{Recipient, RoomRef},
    },
};
use parlor_testkit::RedisServer;

use crate::common::{TestGateway, assert_refused, private, room};

#[tokio::test]
async fn everybody_in_a_room_gets_each_message_once_and_in_order() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    for address in [Address::General, room("lobby")] {
        let tag = if address == Address::General {
            "g"
        } else {
            "l"
        };
        let mut ann = one.guest_in(&format!("ann-{tag}"), &address).await;
        let mut bob = two.guest_in(&format!("bob-{tag}"), &address).await;
        let mut eve = one.guest_in(&format!("eve-{tag}"), &address).await;
        for number in 0..50 {
            let speaker = if number % 2 == 0 { &mut ann } else { &mut bob };
            let ack = speaker
                .say(&address, &format!("message {number}"))
                .await
                .expect("sent");
            assert_eq!(ack.seq, number + 1);
        }
        let ids = [ann.user(), bob.user()];
        for listener in [&mut ann, &mut bob, &mut eve] {
            for number in 0..50_u64 {
                let message = listener.message().await.expect("delivered");
                assert_eq!(message.message, format!("message {number}"));
                assert_eq!(message.seq, number + 1);
                assert_eq!(message.sender_uuid, ids[number as usize % 2]);
                assert_eq!(message.sender.online, Some(true));
                match &address {
                    Address::Named(name) => assert_eq!(message.room.as_ref(), Some(name)),
                    _ => assert_eq!(message.recipient_uuid, Some(Recipient::General)),
                }
            }
            listener.settle().await.expect("alive");
            let doubled = listener
                .inbox()
                .filter(|frame| matches!(frame, ServerFrame::ChannelMessage(_)))
                .count();
            assert_eq!(doubled, 0);
        }
    }
}

#[tokio::test]
async fn a_private_room_is_two_peoples_and_each_sees_the_other_as_its_address() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let (mut ann, mut bob) = (one.guest("ann").await, two.guest("bob").await);
    let (to_bob, to_ann) = (private(bob.user()), private(ann.user()));
    // Both open it at the same time, for the first time.
    let (first, second) = tokio::join!(ann.join(&to_bob), bob.join(&to_ann));
    assert!(first.is_ok() && second.is_ok());
    ann.say(&to_bob, "psst").await.expect("sent");
    bob.say(&to_ann, "yes?").await.expect("sent");
    let expected = [("psst", ann.user()), ("yes?", bob.user())];
    let users = [ann.user(), bob.user()];
    for (listener, other) in [(&mut ann, users[1]), (&mut bob, users[0])] {
        for (text, sender) in expected {
            let message = listener.message().await.expect("delivered");
            assert_eq!(
                (message.message.as_str(), message.sender_uuid),
                (text, sender)
            );
            assert_eq!(message.recipient_uuid, Some(Recipient::User(other)));
            assert_eq!(message.recipient.expect("told").uuid, other);
        }
    }
    let page = ann
        .history(ChannelMessages {
            room: RoomRef::from(&to_bob),
            ..Default::default()
        })
        .await
        .expect("history");
    assert!(
        page.messages
            .iter()
            .all(|m| m.recipient_uuid == Some(Recipient::User(users[1])))
    );
    assert_eq!(page.messages.len(), 2);

    // Somebody else who names either of them is in another room.
    let mut eve = one.guest("eve").await;
    let joined = eve
        .join(&to_ann)
        .await
        .expect("a room of eve's own with ann");
    assert!(joined.messages.is_empty());
    ann.say(&to_bob, "still between us").await.expect("sent");
    bob.message().await.expect("delivered");
    eve.settle().await.expect("alive");
    assert!(
        !eve.inbox()
            .any(|frame| matches!(frame, ServerFrame::ChannelMessage(_)))
    );
}

#[tokio::test]
async fn who_joins_is_told_to_the_room_and_sees_who_is_there_and_what_was_said() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let lobby = room("lobby");
    let mut ann = one.guest_in("ann", &lobby).await;
    for number in 0..25 {
        ann.say(&lobby, &format!("{number}")).await.expect("sent");
    }
    let mut bob = two.guest("bob").await;
    let joined = bob.join(&lobby).await.expect("joins");
    let texts: Vec<&str> = joined.messages.iter().map(|m| m.message.as_str()).collect();
    let expected: Vec<String> = (15..25).map(|number| number.to_string()).collect();
    assert_eq!(texts, expected, "the last ten, oldest first");
    assert!(joined.more && joined.seq == 25 && joined.users_total == 2);
    let mut names: Vec<&str> = joined
        .users
        .iter()
        .map(|user| user.username.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["ann", "bob"]);
    assert!(joined.users.iter().all(|user| user.online == Some(true)));

    let told = ann
        .expect(|frame| match frame {
            ServerFrame::Sys(Sys::ChannelJoin {
                session,
                user,
                room,
                users_total,
            }) if user.username.as_str() == "bob" => {
                assert_eq!(*users_total, Some(2));
                Some((*session, user.clone(), room.clone()))
            }
            _ => None,
        })
        .await
        .expect("told");
    assert_eq!(told.0, bob.session());
    assert_eq!(told.2, RoomRef::from(&lobby));
    assert_eq!(told.1.online, Some(true));

    bob.leave(&lobby).await.expect("leaves");
    let left = ann
        .expect(|frame| match frame {
            ServerFrame::ChannelLeave(departure) => Some((departure.user, departure.users_total)),
            _ => None,
        })
        .await
        .expect("told");
    assert_eq!(left, (bob.user(), Some(1)));
    assert_refused(bob.say(&lobby, "gone").await, ErrorCode::NotJoined);
    assert_refused(bob.leave(&lobby).await, ErrorCode::NotJoined);
    ann.say(&lobby, "alone").await.expect("sent");
    bob.settle().await.expect("alive");
    assert!(
        !bob.inbox()
            .any(|frame| matches!(frame, ServerFrame::ChannelMessage(_)))
    );
}

#[tokio::test]
async fn joining_leaves_the_room_before_unless_it_is_kept() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut ann = gateway.guest("ann").await;
    let as_demo = |address: &Address| ChannelJoin {
        room: RoomRef::from(address),
        ..Default::default()
    };
    ann.join_with(as_demo(&room("one"))).await.expect("joins");
    ann.join_with(as_demo(&room("two"))).await.expect("joins");
    assert_refused(ann.say(&room("one"), "hi").await, ErrorCode::NotJoined);
    ann.join(&room("three")).await.expect("joins");
    ann.say(&room("two"), "kept").await.expect("sent");
    ann.say(&room("three"), "new").await.expect("sent");
    // The same room again brings its history again, and its messages still come once.
    let again = ann.join(&room("two")).await.expect("joins again");
    assert_eq!(again.messages.len(), 1);
    ann.say(&room("two"), "once").await.expect("sent");
    ann.say(&room("two"), "after").await.expect("sent");
    // The order of the room tells when both copies would have come.
    let mut texts = Vec::new();
    while texts.last().is_none_or(|text| text != "after") {
        texts.push(ann.message().await.expect("delivered").message);
    }
    let once = texts.iter().filter(|text| *text == "once");
    assert_eq!(once.count(), 1);
}

#[tokio::test]
async fn history_is_paged_in_both_directions() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let lobby = room("lobby");
    let mut ann = gateway.guest_in("ann", &lobby).await;
    for number in 1..=250 {
        ann.say(&lobby, &format!("{number}")).await.expect("sent");
    }
    let page = |before, after, limit| ChannelMessages {
        room: RoomRef::from(&lobby),
        before,
        after,
        limit,
    };
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let history = ann
            .history(page(before, None, Some(100)))
            .await
            .expect("history");
        assert_eq!(history.seq, 250);
        seen.splice(0..0, history.messages.iter().map(|message| message.seq));
        before = history.messages.first().map(|message| message.seq);
        if !history.more {
            break;
        }
    }
    assert_eq!(seen, (1..=250).collect::<Vec<u64>>());
    let after = ann
        .history(page(None, Some(245), None))
        .await
        .expect("history");
    assert_eq!(
        after.messages.iter().map(|m| m.seq).collect::<Vec<_>>(),
        [246, 247, 248, 249, 250]
    );
    assert!(!after.more);
    let some = ann
        .history(page(None, Some(10), Some(3)))
        .await
        .expect("history");
    assert_eq!(
        some.messages.iter().map(|m| m.seq).collect::<Vec<_>>(),
        [11, 12, 13]
    );
    assert!(some.more);
    assert!(
        ann.history(page(Some(1), None, None))
            .await
            .expect("history")
            .messages
            .is_empty()
    );
    assert!(
        ann.history(page(None, None, Some(0)))
            .await
            .expect("history")
            .messages
            .is_empty()
    );
}

#[tokio::test]
async fn a_message_sent_again_under_the_same_name_is_stored_once() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let lobby = room("lobby");
    let mut ann = one.guest_in("ann", &lobby).await;
    let mut bob = two.guest_in("bob", &lobby).await;
    let first = ann.say_as(&lobby, "hi", Some("m1")).await.expect("sent");
    let again = ann
        .say_as(&lobby, "hi", Some("m1"))
        .await
        .expect("sent again");
    assert_eq!(first, again);
    // The same name by another user is another message.
    let other = bob.say_as(&lobby, "hi", Some("m1")).await.expect("sent");
    assert_eq!((first.seq, other.seq), (1, 2));
    for _ in 0..2 {
        let message = bob.message().await.expect("delivered");
        assert_eq!(message.client_message_id.as_deref(), Some("m1"));
    }
    bob.settle().await.expect("alive");
    assert!(
        !bob.inbox()
            .any(|frame| matches!(frame, ServerFrame::ChannelMessage(_)))
    );
}

#[tokio::test]
async fn rooms_and_users_are_listed_in_pages() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut ann = gateway.client().await;
    ann.sign_up("ann", "a password").await.expect("signs up");
    let mut bob = gateway.client().await;
    bob.sign_up("bob", "a password").await.expect("signs up");
    for name in ["zoo", "attic", "lobby"] {
        ann.join(&room(name)).await.expect("joins");
    }
    bob.join(&room("lobby")).await.expect("joins");
    let rooms = ann.rooms(Page::default()).await.expect("rooms");
    let listed: Vec<_> = rooms
        .rooms
        .iter()
        .map(|it| (it.room.as_str(), it.users))
        .collect();
    assert_eq!(listed, [("attic", 1), ("lobby", 2), ("zoo", 1)]);
    let second = ann
        .rooms(Page {
            offset: 1,
            limit: Some(1),
        })
        .await
        .expect("rooms");
    assert_eq!(
        (second.total, second.received, second.rooms[0].room.as_str()),
        (3, 1, "lobby")
    );

    let users = ann.users(Page::default()).await.expect("users");
    let names: Vec<_> = users
        .users
        .iter()
        .map(|it| (it.username.as_str(), it.online))
        .collect();
    assert_eq!(names, [("ann", Some(true)), ("bob", Some(true))]);
    for (page, received) in [
        (
            Page {
                offset: 1,
                limit: Some(5),
            },
            1,
        ),
        (
            Page {
                offset: 0,
                limit: Some(0),
            },
            0,
        ),
        (
            Page {
                offset: u64::MAX,
                limit: None,
            },
            0,
        ),
    ] {
        let users = ann.users(page).await.expect("users");
        assert_eq!((users.total, users.received), (2, received));
    }
}
