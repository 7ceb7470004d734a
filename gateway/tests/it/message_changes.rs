//! Edits, deletions, replies and mentions through two gateways: in the room's one sequence, and done
//! to what is kept.

use parlor_shared::{
    client::Client,
    id::{Address, MessageId},
    protocol::{
        ClientFrame, ErrorCode, ServerFrame,
        change::{ChangeKind, MessageEdit, MessageRef},
        client::{ChannelMessages, ResumeRoom},
        server::ChannelJoined,
        value::{Message, RoomRef},
    },
};
use parlor_testkit::wait_until;

use crate::common::{
    PATIENCE, assert_refused, keys, private, room,
    stage::{Stage, history},
};

/// What is kept of the lobby.
fn list(stage: &Stage) -> String {
    let key = keys().channel_messages(&stage.channel());
    stage.redis.cli(&["LRANGE", &key, "0", "-1"])
}

async fn page(client: &mut Client, room: &Address) -> Vec<Message> {
    history(client, room).await.messages
}

fn texts(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|it| it.message.as_str()).collect()
}

/// Every number that a join brings.
fn seqs(joined: &ChannelJoined) -> Vec<u64> {
    let messages = joined.messages.iter().map(|it| it.seq);
    let mut seqs: Vec<u64> = messages
        .chain(joined.changes.iter().map(|it| it.seq))
        .collect();
    seqs.sort_unstable();
    seqs
}

#[tokio::test]
async fn an_edit_and_a_deletion_take_their_places_among_the_messages() {
    let stage = Stage::new().await;
    let lobby = &stage.lobby;
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let mut bob = stage.two.guest_in("Bob", lobby).await;
    let first = ann.say(lobby, "helo").await.expect("sent");
    let second = ann.say(lobby, "oops").await.expect("sent");
    let edit = ann
        .edit(lobby, (&first).into(), "hello")
        .await
        .expect("edited");
    assert_eq!((edit.uuid, edit.seq), (first.uuid, 3));
    let deletion = ann.delete(lobby, (&second).into()).await.expect("deleted");
    assert_eq!((deletion.uuid, deletion.seq), (second.uuid, 4));
    let fifth = bob.say(lobby, "hi").await.expect("sent");
    assert_eq!(fifth.seq, 5);

    for reader in [&mut ann, &mut bob] {
        let change = reader.change().await.expect("told");
        assert_eq!((change.change.change, change.seq), (ChangeKind::Edit, 3));
        assert_eq!(
            (change.change.uuid, change.change.target_seq),
            (first.uuid, 1)
        );
        let message = change.change.message.expect("as it is now");
        assert_eq!((message.message.as_str(), message.seq), ("hello", 1));
        assert!(message.edited_at.is_some());
        let change = reader.change().await.expect("told");
        assert_eq!((change.change.change, change.seq), (ChangeKind::Delete, 4));
        let tombstone = change.change.message.expect("a tombstone");
        assert!(tombstone.deleted && tombstone.message.is_empty());
        assert_eq!(
            tombstone.deleted_by,
            Some(change.change.by_uuid.expect("who"))
        );
    }
    // Before and behind the history-worker, and both is what a page has.
    for persisted in [false, true] {
        let _worker = if persisted {
            Some(stage.persist().await)
        } else {
            None
        };
        let messages = page(&mut bob, lobby).await;
        assert_eq!(
            texts(&messages),
            ["hello", "", "hi"],
            "persisted: {persisted}"
        );
        assert_eq!(
            messages.iter().map(|it| it.seq).collect::<Vec<_>>(),
            [1, 2, 5]
        );
        assert!(messages[1].deleted && messages[0].edited_at.is_some());
    }
    let list = list(&stage);
    assert!(!list.contains("oops") && !list.contains("helo"), "{list}");
    assert_eq!(list.lines().count(), 5, "an entry for each number: {list}");
    // A change of what is persisted, and of what was changed before.
    ann.edit(lobby, (&first).into(), "hello!")
        .await
        .expect("edited");
    assert_eq!(texts(&page(&mut bob, lobby).await), ["hello!", "", "hi"]);
    drop(stage.persist().await);
    assert_eq!(texts(&page(&mut bob, lobby).await), ["hello!", "", "hi"]);
}

#[tokio::test]
async fn who_resumes_misses_no_change_and_gets_no_deleted_text() {
    for remembers in [true, false] {
        let stage = Stage::new().await;
        let lobby = &stage.lobby;
        let ann = stage.one.guest_in("Ann", lobby).await;
        let mut bob = stage.one.guest_in("Bob", lobby).await;
        let first = bob.say(lobby, "first").await.expect("sent");
        let who = ann.me().clone();
        drop(ann);
        let second = bob.say(lobby, "the secret").await.expect("sent");
        bob.edit(lobby, (&second).into(), "the secret, edited")
            .await
            .expect("edited");
        bob.edit(lobby, (&first).into(), "first, edited")
            .await
            .expect("edited");
        bob.delete(lobby, (&second).into()).await.expect("deleted");
        bob.say(lobby, "last").await.expect("sent");
        let _worker = if remembers {
            None
        } else {
            Some(stage.persist().await)
        };
        let gateway = if remembers { &stage.one } else { &stage.two };
        let mut back = gateway.client().await;
        let since = ResumeRoom {
            room: RoomRef::from(lobby),
            epoch: first.epoch.clone(),
            seq: 1,
        };
        let (joined, _) = back.resume(&who, vec![since]).await.expect("resumes");
        let joined = &joined[0];
        assert_eq!(joined.recovered, Some(true), "remembers: {remembers}");
        assert_eq!(seqs(joined), [2, 3, 4, 5, 6]);
        assert_eq!(texts(&joined.messages), ["", "last"]);
        let kinds: Vec<_> = joined.changes.iter().map(|it| it.change.change).collect();
        assert_eq!(
            kinds,
            [ChangeKind::Edit, ChangeKind::Edit, ChangeKind::Delete]
        );
        let edited = joined.changes[1].change.message.as_ref().expect("the text");
        assert_eq!(edited.message, "first, edited");
        let all = serde_json::to_string(joined).expect("JSON");
        assert!(!all.contains("secret"), "{all}");
    }
}

#[tokio::test]
async fn a_page_has_as_many_messages_as_asked_however_many_changes_lie_between() {
    let stage = Stage::new().await;
    let lobby = &stage.lobby;
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let mut sent = Vec::new();
    for number in 0..5 {
        let ack = ann.say(lobby, &number.to_string()).await.expect("sent");
        sent.push(MessageRef::from(&ack));
    }
    for number in 0..20 {
        ann.edit(lobby, sent[2], &format!("edit {number}"))
            .await
            .expect("edited");
    }
    ann.say(lobby, "behind").await.expect("sent");
    let mut bob = stage.two.guest_in("Bob", lobby).await;
    for (before, after, limit, expected) in [
        (None, None, 3, vec!["3", "4", "behind"]),
        (Some(26), None, 3, vec!["edit 19", "3", "4"]),
        (Some(4), None, 2, vec!["1", "edit 19"]),
        (None, Some(4), 2, vec!["4", "behind"]),
        (None, Some(5), 9, vec!["behind"]),
    ] {
        let block = ChannelMessages {
            room: RoomRef::from(lobby),
            before,
            after,
            limit: Some(limit),
        };
        let history = bob.history(block).await.expect("history");
        assert_eq!(texts(&history.messages), expected, "{before:?} {after:?}");
        assert_eq!(history.seq, 26);
        assert_eq!(
            history.more,
            limit != 9 && after.is_none(),
            "{before:?} {after:?}"
        );
    }
}

#[tokio::test]
async fn what_may_not_be_changed_is_refused_with_its_reason() {
    let stage = Stage::new().await;
    let lobby = &stage.lobby;
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let mut bob = stage.two.guest_in("Bob", lobby).await;
    let sent = ann.say(lobby, "mine").await.expect("sent");
    let target = MessageRef::from(&sent);
    assert_refused(bob.edit(lobby, target, "his").await, ErrorCode::Forbidden);
    assert_refused(bob.delete(lobby, target).await, ErrorCode::Forbidden);
    assert_refused(ann.edit(lobby, target, " ").await, ErrorCode::Message);
    let long = "x".repeat(4_001);
    assert_refused(ann.edit(lobby, target, &long).await, ErrorCode::Message);
    for wrong in [
        MessageRef { seq: 2, ..target },
        MessageRef {
            uuid: MessageId::random(),
            ..target
        },
        MessageRef {
            seq: u64::MAX,
            ..target
        },
    ] {
        assert_refused(ann.edit(lobby, wrong, "x").await, ErrorCode::NoSuchMessage);
        assert_refused(ann.delete(lobby, wrong).await, ErrorCode::NoSuchMessage);
        assert_refused(ann.reply(lobby, wrong, "x").await, ErrorCode::NoSuchMessage);
    }
    let elsewhere = room("elsewhere");
    assert_refused(
        ann.edit(&elsewhere, target, "x").await,
        ErrorCode::NotJoined,
    );
    let mut nobody = stage.one.client().await;
    assert_refused(nobody.delete(lobby, target).await, ErrorCode::NotSignedIn);

    ann.delete(lobby, target).await.expect("deleted");
    assert_refused(
        ann.edit(lobby, target, "again").await,
        ErrorCode::NoSuchMessage,
    );
    assert_refused(ann.delete(lobby, target).await, ErrorCode::NoSuchMessage);
    assert_refused(
        ann.reply(lobby, target, "to what").await,
        ErrorCode::NoSuchMessage,
    );
}

#[tokio::test]
async fn who_owns_a_room_deletes_what_others_wrote_and_edits_none_of_it() {
    let stage = Stage::with(&["--edit-window", "0s"]).await;
    let lobby = &stage.lobby;
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let mut bob = stage.two.guest_in("Bob", lobby).await;
    let sent = MessageRef::from(&bob.say(lobby, "spam").await.expect("sent"));
    assert_refused(ann.edit(lobby, sent, "ham").await, ErrorCode::Forbidden);
    ann.delete(lobby, sent).await.expect("deleted");
    let change = bob.change().await.expect("told");
    assert_eq!(change.change.by_uuid, Some(ann.user()));
    let left = page(&mut bob, lobby).await;
    assert_eq!(left[0].deleted_by, Some(ann.user()));
    // Between two people nobody has a say over the other.
    let (to_ann, to_bob) = (private(ann.user()), private(bob.user()));
    ann.join(&to_bob).await.expect("joins");
    bob.join(&to_ann).await.expect("joins");
    let sent = MessageRef::from(&bob.say(&to_ann, "psst").await.expect("sent"));
    assert_refused(ann.delete(&to_bob, sent).await, ErrorCode::Forbidden);
}

#[tokio::test]
async fn after_its_time_a_message_stays_as_it_is() {
    for window in ["1ms", "0s"] {
        let stage = Stage::with(&["--edit-window", window]).await;
        let lobby = &stage.lobby;
        // The room is not Ann's: who owns one deletes at any time.
        let _eve = stage.one.guest_in("Eve", lobby).await;
        let mut ann = stage.one.guest_in("Ann", lobby).await;
        let sent = MessageRef::from(&ann.say(lobby, "for ever").await.expect("sent"));
        wait_until(PATIENCE, "the time has passed", async || {
            let refused = ann.edit(lobby, sent, "not quite").await;
            refused.is_err()
        })
        .await;
        assert_refused(ann.edit(lobby, sent, "changed").await, ErrorCode::TooLate);
        assert_refused(ann.delete(lobby, sent).await, ErrorCode::TooLate);
    }
}

#[tokio::test]
async fn edits_count_as_messages_and_are_stored_once() {
    let stage = Stage::with(&["--message-rate", "4/60s"]).await;
    let lobby = &stage.lobby;
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let sent = ann.say(lobby, "one").await.expect("sent");
    let edit = MessageEdit {
        room: RoomRef::from(lobby),
        target: (&sent).into(),
        message: "two".into(),
        client_message_id: Some("e".into()),
    };
    let mut places = Vec::new();
    for _ in 0..2 {
        match ann.request(ClientFrame::MessageEdit(edit.clone())).await {
            Ok(ServerFrame::Ack(ack)) => places.push(ack.seq),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(places, [2, 2]);
    ann.edit(lobby, (&sent).into(), "three")
        .await
        .expect("edited");
    let refused = ann.edit(lobby, (&sent).into(), "four").await;
    assert_refused(refused, ErrorCode::RateLimited);
}

#[tokio::test]
async fn of_racing_edits_and_a_deletion_the_deletion_stays() {
    let stage = Stage::new().await;
    let lobby = &stage.lobby;
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let who = ann.me().clone();
    let mut other = stage.two.client().await;
    other.resume(&who, Vec::new()).await.expect("signs in");
    other.join(lobby).await.expect("joins");
    for _ in 0..20 {
        let sent = MessageRef::from(&ann.say(lobby, "text").await.expect("sent"));
        let (edited, deleted) =
            tokio::join!(other.edit(lobby, sent, "edited"), ann.delete(lobby, sent));
        deleted.expect("deleted");
        if let Err(refused) = edited {
            assert_refused(Err::<(), _>(refused), ErrorCode::NoSuchMessage);
        }
        let found = page(&mut ann, lobby).await;
        let message = found.iter().find(|it| it.uuid == sent.uuid);
        assert!(message.expect("its tombstone").deleted);
    }
    drop(stage.persist().await);
    let left = page(&mut ann, lobby).await;
    assert!(left.len() == 20 && left.iter().all(|it| it.deleted));
}

#[tokio::test]
async fn a_reply_quotes_what_its_message_says_now() {
    let stage = Stage::new().await;
    let lobby = &stage.lobby;
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let mut bob = stage.two.guest_in("Bob", lobby).await;
    let sent = ann.say(lobby, "is it five?").await.expect("sent");
    bob.reply(lobby, (&sent).into(), "yes").await.expect("sent");
    assert_eq!(ann.message().await.expect("own").seq, 1);
    let reply = ann.message().await.expect("delivered");
    let quoted = reply.reply_to.expect("a quote");
    assert_eq!((quoted.uuid, quoted.seq), (sent.uuid, 1));
    assert_eq!(
        (quoted.sender_uuid, quoted.sender.as_str()),
        (ann.user(), "Ann")
    );
    assert_eq!(quoted.message, "is it five?");
    ann.edit(lobby, (&sent).into(), "is it six?")
        .await
        .expect("edited");
    for persisted in [false, true] {
        let _worker = if persisted {
            Some(stage.persist().await)
        } else {
            None
        };
        let page = page(&mut bob, lobby).await;
        let quoted = page[1].reply_to.as_ref().expect("a quote");
        assert_eq!(quoted.message, "is it six?", "persisted: {persisted}");
    }
    ann.delete(lobby, (&sent).into()).await.expect("deleted");
    for persisted in [false, true] {
        let _worker = if persisted {
            Some(stage.persist().await)
        } else {
            None
        };
        let page = page(&mut bob, lobby).await;
        let quoted = page[1].reply_to.as_ref().expect("what it answers");
        assert_eq!(quoted.message, "", "persisted: {persisted}");
    }
    assert!(!list(&stage).contains("is it"));
}

#[tokio::test]
async fn who_is_named_is_mentioned() {
    let stage = Stage::new().await;
    let lobby = &stage.lobby;
    let mut ada = stage.one.client().await;
    ada.sign_up("Ada Lovelace", "secret")
        .await
        .expect("signs up");
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let mut bob = stage.two.guest_in("Bob", lobby).await;
    let text = "@Ann, (@Ada Lovelace) and @Ann: not me@Bob, nor @Nobody";
    let sent = bob.say(lobby, text).await.expect("sent");
    let message = ann.message().await.expect("delivered");
    assert_eq!(message.mentions, [ann.user(), ada.user()]);
    bob.edit(lobby, (&sent).into(), "@Ann")
        .await
        .expect("edited");
    let change = ann.change().await.expect("told");
    let message = change.change.message.expect("as it is now");
    assert_eq!(message.mentions, [ann.user()]);
}

#[tokio::test]
async fn a_private_message_is_edited_between_the_two() {
    let stage = Stage::new().await;
    let mut ann = stage.one.guest("Ann").await;
    let mut bob = stage.two.guest("Bob").await;
    let (to_ann, to_bob) = (private(ann.user()), private(bob.user()));
    ann.join(&to_bob).await.expect("joins");
    bob.join(&to_ann).await.expect("joins");
    let sent = ann.say(&to_bob, "psst").await.expect("sent");
    ann.edit(&to_bob, (&sent).into(), "hello")
        .await
        .expect("edited");
    for (reader, room) in [(&mut ann, &to_bob), (&mut bob, &to_ann)] {
        let change = reader.change().await.expect("told");
        let named = RoomRef::from(room);
        assert_eq!(change.room, named);
        let message = change.change.message.expect("as it is now");
        assert_eq!(message.recipient_uuid, named.recipient_uuid);
        assert_eq!(texts(&page(reader, room).await), ["hello"]);
    }
}
