//! Who is named in a message hears of it, and finds it counted later.

use parlor_shared::{
    client::Client,
    id::Address,
    protocol::{
        ServerFrame,
        client::Page,
        moderation::{Request, SettingsPatch},
        people::Mention,
        server::Sys,
        value::RoomRef,
    },
    roles::Access,
};
use parlor_testkit::RedisServer;

use crate::common::{moderating, private, room, two_gateways};

fn mention(frame: &ServerFrame) -> Option<Mention> {
    match frame {
        ServerFrame::Sys(Sys::Mention(mention)) => Some(mention.clone()),
        _ => None,
    }
}

async fn mentions(client: &mut Client, address: &Address) -> u64 {
    let unread = client.unread(Page::default()).await.expect("a list");
    let room = RoomRef::from(address);
    let found = unread.rooms.into_iter().find(|it| it.room == room);
    found.expect("a cursor").mentions
}

#[tokio::test]
async fn the_named_are_told_wherever_they_are() {
    let redis = RedisServer::start().await;
    let (one, two) = two_gateways(&redis).await;
    let lobby = room("lobby");
    let mut ann = one.guest_in("ann", &lobby).await;
    let mut bob = two.client().await;
    bob.sign_up("Bob the Second", "a password")
        .await
        .expect("signs up");
    let mut eve = two.guest_in("eve", &lobby).await;

    // Bob is not in the room; ann names herself, somebody who is not there, and bob twice.
    let text = "@Bob the Second, meet @ann and @nobody. @Bob the Second!";
    let ack = ann.say(&lobby, text).await.expect("sent");
    let told = bob.expect(mention).await.expect("told");
    assert_eq!(
        (told.uuid, told.seq, &told.epoch),
        (ack.uuid, ack.seq, &ack.epoch)
    );
    assert_eq!(told.room, RoomRef::from(&lobby));
    assert_eq!(told.sender.username.as_str(), "ann");
    let heard = eve.message().await.expect("delivered");
    assert_eq!(heard.mentions, [bob.user()]);
    bob.settle().await.expect("alive");
    assert!(
        !bob.inbox().any(|frame| mention(frame).is_some()),
        "told once"
    );

    // The names of others are not hers to hear of.
    eve.settle().await.expect("alive");
    ann.settle().await.expect("alive");
    for client in [&ann, &eve] {
        assert!(!client.inbox().any(|frame| mention(frame).is_some()));
    }
}

#[tokio::test]
async fn what_is_behind_the_cursor_is_counted() {
    let redis = RedisServer::start().await;
    let (one, two) = two_gateways(&redis).await;
    let lobby = room("lobby");
    let mut ann = one.guest_in("ann", &lobby).await;
    let mut bob = two.guest_in("bob", &lobby).await;
    for text in ["hello", "@bob", "bob", "is it @bob?"] {
        ann.say(&lobby, text).await.expect("sent");
    }
    // Sent again under the same id, it is the same message.
    for _ in 0..2 {
        ann.say_as(&lobby, "@bob again", Some("m1"))
            .await
            .expect("sent");
    }
    for _ in 0..3 {
        bob.expect(mention).await.expect("told");
    }
    bob.settle().await.expect("alive");
    assert!(!bob.inbox().any(|frame| mention(frame).is_some()));
    assert_eq!(mentions(&mut bob, &lobby).await, 3);
    bob.read_to(&lobby, 2).await.expect("done");
    assert_eq!(mentions(&mut bob, &lobby).await, 2);
    bob.read_to(&lobby, 5).await.expect("done");
    assert_eq!(mentions(&mut bob, &lobby).await, 0);
    assert_eq!(mentions(&mut ann, &lobby).await, 0);
}

#[tokio::test]
async fn what_somebody_may_not_read_does_not_name_them() {
    let redis = RedisServer::start().await;
    let (one, two) = two_gateways(&redis).await;
    let mut ann = one.guest("ann").await;
    let mut bob = two.guest("bob").await;
    let mut eve = two.guest("eve").await;
    let to_bob = private(bob.user());
    ann.join(&to_bob).await.expect("joins");
    ann.say(&to_bob, "@bob, don't tell @eve")
        .await
        .expect("sent");
    let told = bob.expect(mention).await.expect("told");
    assert_eq!(told.room, RoomRef::from(&private(ann.user())));
    bob.join(&private(ann.user())).await.expect("joins");
    let page = bob.join(&private(ann.user())).await.expect("joins");
    assert_eq!(page.messages[0].mentions, [bob.user()]);
    eve.settle().await.expect("alive");
    assert!(!eve.inbox().any(|frame| mention(frame).is_some()));
    let key = format!("mentions:{}", eve.user());
    assert_eq!(redis.cli(&["EXISTS", &key]).trim(), "0");
}

#[tokio::test]
async fn in_a_room_for_the_invited_only_they_are_named() {
    let redis = RedisServer::start().await;
    let (one, two) = two_gateways(&redis).await;
    let club = room("club");
    let mut ann = one.guest("ann").await;
    let mut bob = two.guest("bob").await;
    let mut eve = two.guest("eve").await;
    let closed = SettingsPatch {
        access: Some(Access::Invite),
        ..SettingsPatch::default()
    };
    let create = Request::RoomCreate(moderating::patch(&club, closed));
    moderating::info(&mut ann, create).await.expect("is made");
    let invite = Request::RoomInvite(moderating::user(&club, bob.user()));
    moderating::does(&mut ann, invite).await;
    ann.join(&club).await.expect("joins");
    ann.say(&club, "@eve must not know, @bob")
        .await
        .expect("sent");
    bob.expect(mention).await.expect("told");
    let page = bob.join(&club).await.expect("joins");
    assert_eq!(page.messages[0].mentions, [bob.user()]);
    eve.settle().await.expect("alive");
    assert!(!eve.inbox().any(|frame| mention(frame).is_some()));
    let key = format!("mentions:{}", eve.user());
    assert_eq!(redis.cli(&["EXISTS", &key]).trim(), "0");
}

#[tokio::test]
async fn the_mentions_of_one_user_are_bounded() {
    let redis = RedisServer::start().await;
    let (one, _two) = two_gateways(&redis).await;
    let lobby = room("lobby");
    let mut ann = one.guest_in("ann", &lobby).await;
    let mut bob = one.guest_in("bob", &lobby).await;
    let key = format!("mentions:{}", bob.user());
    for hundred in 0..5 {
        let mut command = vec!["ZADD".to_owned(), key.clone()];
        for number in 100 * hundred..100 * (hundred + 1) {
            command.extend([number.to_string(), format!("{{1}}old e {}", number + 1)]);
        }
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        redis.cli(&command);
    }
    ann.say(&lobby, "@bob").await.expect("sent");
    bob.expect(mention).await.expect("told");
    assert_eq!(redis.cli(&["ZCARD", &key]).trim(), "500");
    assert_eq!(redis.cli(&["ZSCORE", &key, "{1}old e 1"]).trim(), "");
    assert_eq!(mentions(&mut bob, &lobby).await, 1);
    let ttl: i64 = redis.cli(&["TTL", &key]).trim().parse().expect("a TTL");
    assert!(ttl > 0);
}
