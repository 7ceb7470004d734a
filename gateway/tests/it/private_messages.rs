//! Somebody who has not opened the private room hears of a message there, live and later.

use parlor_shared::protocol::{ServerFrame, client::Page, server::Sys};
use parlor_testkit::{RedisServer, wait_until};

use crate::common::{PATIENCE, TestGateway, private};

#[tokio::test]
async fn a_private_message_reaches_all_of_the_users_sessions_and_their_list() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let mut ann = one.guest("ann").await;
    let mut bob = two.guest("bob").await;
    let mut bobs_phone = one.client().await;
    bobs_phone.resume(bob.me(), vec![]).await.expect("signs in");
    let mut eve = two.guest("eve").await;
    let to_bob = private(bob.user());
    ann.join(&to_bob).await.expect("joins");
    // The mailboxes' subscriptions are made beside the start.
    wait_until(PATIENCE, "both gateways to listen", async || {
        redis.channels("notices:*").len() == 2
    })
    .await;
    let ack = ann.say(&to_bob, "are you there?").await.expect("sent");
    for session in [&mut bob, &mut bobs_phone] {
        let told = session
            .expect(|frame| match frame {
                ServerFrame::Sys(Sys::PrivateMessage(told)) => Some(told.clone()),
                _ => None,
            })
            .await
            .expect("told");
        assert_eq!((told.recipient_uuid, told.seq), (ann.user(), ack.seq));
        assert_eq!(told.user.username.as_str(), "ann");
        assert_eq!(told.user.online, Some(true));
    }
    let joined = bob.join(&private(ann.user())).await.expect("joins");
    assert_eq!(joined.messages[0].message, "are you there?");
    for client in [&mut ann, &mut eve] {
        client.settle().await.expect("alive");
        let told = |frame: &ServerFrame| matches!(frame, ServerFrame::Sys(Sys::PrivateMessage(_)));
        assert!(!client.inbox().any(told), "it concerns bob alone");
    }

    eve.join(&private(ann.user())).await.expect("joins");
    eve.say(&private(ann.user()), "and me?")
        .await
        .expect("sent");
    wait_until(PATIENCE, "ann's list to hold both", async || {
        ann.private_rooms(Page::default())
            .await
            .expect("a list")
            .total
            == 2
    })
    .await;
    let list = ann.private_rooms(Page::default()).await.expect("a list");
    let users: Vec<_> = list
        .rooms
        .iter()
        .map(|room| room.user.username.as_str())
        .collect();
    assert_eq!(users, ["eve", "bob"], "the latest first");
    assert!(list.rooms.iter().all(|room| room.user.online == Some(true)));
    assert_eq!(list.rooms[0].recipient_uuid, eve.user());
    let first = ann
        .private_rooms(Page {
            offset: 1,
            limit: Some(1),
        })
        .await
        .expect("a list");
    assert_eq!((first.total, first.received), (2, 1));
    assert_eq!(
        bob.private_rooms(Page::default())
            .await
            .expect("a list")
            .total,
        1
    );
}
