//! How far one has read is known on every device, and what is unread is counted when it is asked.

use parlor_shared::{
    client::Client,
    id::Address,
    protocol::{
        ErrorCode, ServerFrame,
        client::Page,
        people::{Read, UnreadRoom},
        server::Sys,
        value::RoomRef,
    },
};
use parlor_testkit::{RedisServer, wait_until};

use crate::common::{PATIENCE, TestGateway, assert_refused, private, room};

fn read(frame: &ServerFrame) -> Option<Read> {
    match frame {
        ServerFrame::Sys(Sys::Read(read)) => Some(read.clone()),
        _ => None,
    }
}

async fn of(client: &mut Client, address: &Address) -> Option<UnreadRoom> {
    let unread = client.unread(Page::default()).await.expect("a list");
    let room = RoomRef::from(address);
    unread.rooms.into_iter().find(|it| it.room == room)
}

async fn counts(client: &mut Client, address: &Address) -> (u64, u64, u64) {
    let room = of(client, address).await.expect("a cursor");
    (room.seq, room.read, room.unread)
}

async fn say(client: &mut Client, address: &Address, texts: &[&str]) -> u64 {
    let mut seq = 0;
    for text in texts {
        seq = client.say(address, text).await.expect("sent").seq;
    }
    seq
}

/// Both gateways hear what concerns their users.
async fn listening(redis: &RedisServer) {
    wait_until(PATIENCE, "both gateways to listen", async || {
        redis.channels("notices:*").len() == 2
    })
    .await;
}

#[tokio::test]
async fn a_cursor_moves_forward_on_all_devices() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    listening(&redis).await;
    let lobby = room("lobby");
    let mut bob = two.guest_in("bob", &lobby).await;
    assert_eq!(say(&mut bob, &lobby, &["1", "2"]).await, 2);

    let mut ann = one.guest("ann").await;
    let joined = ann.join(&lobby).await.expect("joins");
    assert_eq!(joined.read, Some(2), "what was said before is no news");
    let mut phone = two.client().await;
    phone.resume(ann.me(), vec![]).await.expect("signs in");
    say(&mut bob, &lobby, &["3", "4", "5"]).await;
    assert_eq!(counts(&mut phone, &lobby).await, (5, 2, 3));

    ann.read_to(&lobby, 4).await.expect("done");
    let told = phone.expect(read).await.expect("told");
    assert_eq!((told.seq, told.epoch), (4, joined.epoch.clone()));
    assert_eq!(told.room, RoomRef::from(&lobby));
    assert_eq!(counts(&mut phone, &lobby).await, (5, 4, 1));
    assert_eq!(counts(&mut ann, &lobby).await, (5, 4, 1));

    // Never back, and never beyond what there is.
    ann.read_to(&lobby, 3).await.expect("done");
    assert_eq!(counts(&mut ann, &lobby).await, (5, 4, 1));
    ann.read_to(&lobby, 1_000_000).await.expect("done");
    assert_eq!(counts(&mut ann, &lobby).await, (5, 5, 0));
    assert_eq!(phone.expect(read).await.expect("told").seq, 5);
    ann.settle().await.expect("alive");
    assert!(!ann.inbox().any(|frame| read(frame).is_some()), "she knows");

    // The cursor stays when all her connections are gone.
    let who = ann.me().clone();
    ann.close().await;
    say(&mut bob, &lobby, &["6"]).await;
    let mut again = one.client().await;
    again.resume(&who, vec![]).await.expect("signs in");
    assert_eq!(counts(&mut again, &lobby).await, (6, 5, 1));
    let joined = again.join(&lobby).await.expect("joins");
    assert_eq!((joined.seq, joined.read), (6, Some(5)));
}

#[tokio::test]
async fn what_was_read_last_is_written_when_the_connection_and_the_gateway_end() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let lobby = room("lobby");
    let mut ann = one.guest_in("ann", &lobby).await;
    say(&mut ann, &lobby, &["1", "2", "3"]).await;
    for seq in 1..=3 {
        ann.read_to(&lobby, seq).await.expect("done");
    }
    let who = ann.me().clone();
    ann.close().await;
    one.shut_down().await;
    let mut again = two.client().await;
    again.resume(&who, vec![]).await.expect("signs in");
    assert_eq!(counts(&mut again, &lobby).await, (3, 3, 0));
}

#[tokio::test]
async fn changes_of_messages_are_not_counted() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let lobby = room("lobby");
    let mut ann = gateway.guest_in("ann", &lobby).await;
    let mut bob = gateway.guest_in("bob", &lobby).await;
    say(&mut bob, &lobby, &["1", "2", "3", "4"]).await;
    ann.read_to(&lobby, 1).await.expect("done");
    let meta = redis.cli(&["KEYS", "channelMeta:*"]);
    let channel = meta.trim().trim_start_matches("channelMeta:");
    // As if 1, 3 and 4 were edits of messages.
    let changes = format!("channelChanges:{channel}");
    redis.cli(&["ZADD", &changes, "1", "a", "3", "b", "4", "c"]);
    assert_eq!(counts(&mut ann, &lobby).await, (4, 1, 1));
}

#[tokio::test]
async fn a_new_epoch_starts_over_with_what_was_kept() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let lobby = room("lobby");
    let mut ann = gateway.guest_in("ann", &lobby).await;
    say(&mut ann, &lobby, &["1", "2", "3"]).await;
    ann.read_to(&lobby, 3).await.expect("done");
    assert_eq!(counts(&mut ann, &lobby).await, (3, 3, 0));
    let meta = redis.cli(&["KEYS", "channelMeta:*"]);
    // Redis has lost the third message, and two others took its place and the next.
    let epoch = "00000000ffffffff";
    redis.cli(&[
        "HSET",
        meta.trim(),
        "epoch",
        epoch,
        "begun",
        "2",
        "seq",
        "4",
    ]);
    let room = of(&mut ann, &lobby).await.expect("a cursor");
    assert_eq!((room.epoch.as_str(), room.read, room.unread), (epoch, 2, 2));
    // A lower place in the new epoch is a move forward.
    ann.read_to(&lobby, 2).await.expect("done");
    let room = of(&mut ann, &lobby).await.expect("a cursor");
    assert_eq!((room.read, room.unread), (2, 2));
    let cursor = redis.cli(&["HVALS", &format!("readCursors:{}", ann.user())]);
    assert!(cursor.starts_with(&format!("{epoch} 2 ")), "{cursor}");
}

#[tokio::test]
async fn every_kind_of_room_is_listed_by_pages_until_it_is_left() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut ann = gateway.guest("ann").await;
    let mut bob = gateway.guest("bob").await;
    let rooms = [
        Address::General,
        room("lobby"),
        private(bob.user()),
        private(ann.user()),
    ];
    for address in &rooms {
        ann.join(address).await.expect("joins");
    }
    bob.join(&private(ann.user())).await.expect("joins");
    say(&mut bob, &private(ann.user()), &["hello"]).await;
    let unread = ann.unread(Page::default()).await.expect("a list");
    assert_eq!((unread.total, unread.received), (4, 4));
    assert_eq!(counts(&mut ann, &private(bob.user())).await, (1, 0, 1));

    let mut paged = Vec::new();
    for offset in 0..5 {
        let page = Page {
            offset,
            limit: Some(1),
        };
        let page = ann.unread(page).await.expect("a page");
        assert_eq!(page.total, 4);
        paged.extend(page.rooms);
    }
    assert_eq!(paged, unread.rooms);

    ann.leave(&room("lobby")).await.expect("leaves");
    assert_eq!(of(&mut ann, &room("lobby")).await, None);
    // It is not left while another device is there.
    let mut phone = gateway.client().await;
    phone.resume(ann.me(), vec![]).await.expect("signs in");
    phone.join(&Address::General).await.expect("joins");
    ann.leave(&Address::General).await.expect("leaves");
    assert!(of(&mut ann, &Address::General).await.is_some());
    phone.leave(&Address::General).await.expect("leaves");
    assert_eq!(of(&mut phone, &Address::General).await, None);
}

#[tokio::test]
async fn the_cursors_of_one_user_are_bounded() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut ann = gateway.guest("ann").await;
    let key = format!("readCursors:{}", ann.user());
    for hundred in 0..5 {
        let mut command = vec!["HSET".to_owned(), key.clone()];
        for number in 100 * hundred..100 * (hundred + 1) {
            command.push(format!("{{1}}{number}"));
            // The room with the number 250 was read the longest ago.
            let ms = if number == 250 { 1 } else { 2 + number };
            command.push(format!("e 7 {ms} room:{number}"));
        }
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        redis.cli(&command);
    }
    ann.join(&room("lobby")).await.expect("joins");
    assert_eq!(redis.cli(&["HLEN", &key]).trim(), "500");
    assert_eq!(redis.cli(&["HEXISTS", &key, "{1}250"]).trim(), "0");
    assert!(
        of(&mut ann, &room("499")).await.is_none(),
        "on a later page"
    );
    let last = Page {
        offset: 400,
        limit: None,
    };
    let last = ann.unread(last).await.expect("a page");
    assert_eq!((last.total, last.received), (500, 100));
}

#[tokio::test]
async fn who_is_not_there_reads_nothing() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut nobody = gateway.client().await;
    let lobby = room("lobby");
    assert_refused(nobody.read_to(&lobby, 1).await, ErrorCode::NotSignedIn);
    assert_refused(nobody.unread(Page::default()).await, ErrorCode::NotSignedIn);
    let mut ann = gateway.guest("ann").await;
    assert_refused(ann.read_to(&lobby, 1).await, ErrorCode::NotJoined);
    assert_eq!(ann.unread(Page::default()).await.expect("a list").total, 0);
}

#[tokio::test]
async fn all_of_a_private_room_is_unread_until_it_is_read() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut ann = gateway.guest("ann").await;
    let mut bob = gateway.guest("bob").await;
    let (to_bob, to_ann) = (private(bob.user()), private(ann.user()));
    ann.join(&to_bob).await.expect("joins");
    say(&mut ann, &to_bob, &["hello", "are you there?"]).await;

    let joined = bob.join(&to_ann).await.expect("joins");
    assert_eq!(joined.read, Some(0));
    assert_eq!(counts(&mut bob, &to_ann).await, (2, 0, 2));
    bob.read_to(&to_ann, 2).await.expect("done");
    bob.leave(&to_ann).await.expect("leaves");
    // Left, it is still known how far it was read.
    say(&mut ann, &to_bob, &["come back"]).await;
    assert_eq!(counts(&mut bob, &to_ann).await, (3, 2, 1));
    let joined = bob.join(&to_ann).await.expect("joins");
    assert_eq!(joined.read, Some(2));
}
