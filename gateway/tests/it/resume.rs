//! Who comes back gets what they missed, or is told that they don't.

use parlor_shared::{
    client::Client,
    id::Address,
    protocol::{
        ErrorCode, ServerFrame,
        client::ResumeRoom,
        server::{Authorized, ChannelJoined},
        value::RoomRef,
    },
};
use parlor_testkit::RedisServer;

use crate::common::{TestGateway, assert_refused, room};

fn at(address: &Address, epoch: &str, seq: u64) -> ResumeRoom {
    ResumeRoom {
        room: RoomRef::from(address),
        epoch: epoch.to_owned(),
        seq,
    }
}

fn texts(joined: &ChannelJoined) -> Vec<&str> {
    joined
        .messages
        .iter()
        .map(|message| message.message.as_str())
        .collect()
}

/// Ann was in the lobby, saw `first`, and her connection is cut; Bob says the rest.
async fn ann_misses(
    gateway: &TestGateway,
    lobby: &Address,
    missed: u64,
) -> (Authorized, String, Client) {
    let mut ann = gateway.guest_in("ann", lobby).await;
    let mut bob = gateway.guest_in("bob", lobby).await;
    let first = bob.say(lobby, "first").await.expect("sent");
    assert_eq!(ann.message().await.expect("delivered").seq, 1);
    let who = ann.me().clone();
    drop(ann);
    for number in 0..missed {
        bob.say(lobby, &format!("missed {number}"))
            .await
            .expect("sent");
    }
    (who, first.epoch, bob)
}

#[tokio::test]
async fn all_that_was_missed_comes_whether_the_gateway_remembers_or_not() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let lobby = room("lobby");
    let (who, epoch, mut bob) = ann_misses(&one, &lobby, 3).await;
    // The first has the messages in its ring, the second has never seen the room.
    for (round, gateway) in [&one, &two].into_iter().enumerate() {
        let mut ann = gateway.client().await;
        let rooms = vec![at(&lobby, &epoch, 1), at(&room("elsewhere"), "", 0)];
        let (joined, resumed) = ann.resume(&who, rooms).await.expect("resumes");
        assert_eq!(texts(&joined[0])[..3], ["missed 0", "missed 1", "missed 2"]);
        assert_eq!(joined[0].messages.len(), 3 + round);
        assert_eq!(joined[0].recovered, Some(true));
        assert!(resumed.rooms[0].recovered);
        assert_eq!(resumed.rooms[0].seq, 4 + round as u64);
        assert!(!resumed.rooms[1].recovered, "nothing was known of it");
        // What comes next is live, once.
        let next = bob.say(&lobby, "next").await.expect("sent");
        assert_eq!(ann.message().await.expect("delivered").seq, next.seq);
        ann.settle().await.expect("alive");
        assert!(
            !ann.inbox()
                .any(|frame| matches!(frame, ServerFrame::ChannelMessage(_)))
        );
    }
}

#[tokio::test]
async fn nothing_missed_is_nothing_sent() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let lobby = room("lobby");
    let (who, epoch, _bob) = ann_misses(&gateway, &lobby, 0).await;
    let mut ann = gateway.client().await;
    let (joined, resumed) = ann
        .resume(&who, vec![at(&lobby, &epoch, 1)])
        .await
        .expect("resumes");
    assert_eq!(joined[0].messages, []);
    assert!(resumed.rooms[0].recovered);
    assert_eq!(joined[0].seq, 1);
}

#[tokio::test]
async fn what_is_on_its_way_to_one_who_resumes_a_room_they_are_in_comes_once() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let lobby = room("lobby");
    let (who, epoch, mut bob) = ann_misses(&gateway, &lobby, 0).await;
    let mut ann = gateway.client().await;
    let rooms = || vec![at(&lobby, &epoch, 1)];
    ann.resume(&who, rooms()).await.expect("resumes");
    // These are on their way to her when she resumes once more, as one does of whom another room was
    // refused.
    for number in 2..=4 {
        let sent = bob.say(&lobby, "on its way").await.expect("sent");
        assert_eq!(sent.seq, number);
    }
    let (joined, resumed) = ann.resume(&who, rooms()).await.expect("resumes");
    assert!(resumed.rooms[0].recovered);
    let next = bob.say(&lobby, "next").await.expect("sent");
    assert_eq!(next.seq, 5);
    let mut came: Vec<u64> = joined[0].messages.iter().map(|it| it.seq).collect();
    while came.last() != Some(&next.seq) {
        came.push(ann.message().await.expect("delivered").seq);
    }
    came.sort_unstable();
    assert_eq!(came, [2, 3, 4, 5]);
}

#[tokio::test]
async fn too_much_missed_or_another_epoch_is_told_with_a_fresh_page() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let lobby = room("lobby");
    let (who, epoch, _bob) = ann_misses(&one, &lobby, 600).await;
    for (epoch, seq) in [
        (epoch.as_str(), 1),
        ("0123456789abcdef", 600),
        (epoch.as_str(), 9_999),
    ] {
        let mut ann = two.client().await;
        let (joined, resumed) = ann
            .resume(&who, vec![at(&lobby, epoch, seq)])
            .await
            .expect("resumes");
        assert!(!resumed.rooms[0].recovered, "{epoch} {seq}");
        assert_eq!(joined[0].recovered, Some(false));
        assert_eq!(joined[0].messages.len(), 10);
        assert_eq!(joined[0].messages.last().expect("ten").seq, 601);
        ann.leave(&lobby).await.expect("leaves");
    }
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_a_room_that_can_not_be_joined_is_told() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, &["--create-rooms=false"]).await;
    let mut ann = gateway.guest("ann").await;
    let mut who = ann.me().clone();
    ann.join(&Address::General).await.expect("joins");
    drop(ann);
    let mut again = gateway.client().await;
    let (_, resumed) = again
        .resume(
            &who,
            vec![at(&room("nowhere"), "", 0), at(&Address::General, "", 0)],
        )
        .await
        .expect("resumes");
    let error = resumed.rooms[0].error.as_ref().expect("told");
    assert_eq!(error.code, ErrorCode::Join.number());
    assert!(resumed.rooms[1].error.is_none());
    who.access_key.0 = "0".repeat(64);
    let mut mallory = gateway.client().await;
    assert_refused(
        mallory.resume(&who, vec![]).await,
        ErrorCode::SessionExpired,
    );
}
