//! Polls and reactions through two gateways: what each user chose counts once, the room is told at
//! most a few times, and what it is told last is how things stand.

use std::collections::BTreeMap;

use parlor_shared::{
    client::Client,
    limits,
    protocol::{
        ErrorCode,
        change::{ChangeKind, Mark, MessageChange, MessageRef, NewPoll, Reaction, Results},
        client::ResumeRoom,
        value::RoomRef,
    },
};
use parlor_testkit::wait_until;

use crate::common::{
    PATIENCE, assert_refused, keys, room,
    stage::{Stage, history},
};

fn lunch(options: &[&str]) -> NewPoll {
    NewPoll {
        options: options.iter().map(|&text| text.to_owned()).collect(),
        multiple: false,
        anonymous: false,
        closes_in_seconds: None,
    }
}

/// Waits for a tally that is like this, and gives how many were told until then.
async fn told(client: &mut Client, mut like: impl FnMut(&MessageChange) -> bool) -> usize {
    let mut count = 0;
    loop {
        let change = client.change().await.expect("told");
        assert_eq!(change.change.change, ChangeKind::Tally);
        assert_eq!(change.change.by_uuid, None);
        count += 1;
        if like(&change) {
            return count;
        }
    }
}

fn results(change: &MessageChange) -> &Results {
    change.change.results.as_deref().expect("results")
}

#[tokio::test]
async fn a_vote_counts_once_whatever_is_repeated_and_can_be_changed() {
    let stage = Stage::new().await;
    let lobby = &stage.lobby;
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let mut bob = stage.two.guest_in("Bob", lobby).await;
    let poll = ann
        .poll(lobby, "Lunch?", lunch(&["Pizza", "Soup"]))
        .await
        .expect("sent");
    let poll = MessageRef::from(&poll);
    let asked = bob.message().await.expect("delivered");
    let options = asked.poll.expect("a poll").options;
    assert_eq!(
        (asked.message.as_str(), options),
        ("Lunch?", vec!["Pizza".into(), "Soup".into()])
    );
    let mut again = stage.two.client().await;
    again
        .resume(&ann.me().clone(), Vec::new())
        .await
        .expect("signs in");
    again.join(lobby).await.expect("joins");

    for client in [&mut ann, &mut again, &mut bob] {
        for _ in 0..3 {
            let mark = client.vote(lobby, poll, &[0]).await.expect("votes");
            assert_eq!(mark.mark.vote, [0]);
            assert_eq!((mark.uuid, mark.seq), (poll.uuid, poll.seq));
        }
    }
    let (one, two) = (ann.user(), bob.user());
    told(&mut ann, |change| results(change).counts == [2, 0]).await;
    let mark = bob.vote(lobby, poll, &[1]).await.expect("votes otherwise");
    assert_eq!(mark.mark.vote, [1]);
    let mut last = None;
    told(&mut ann, |change| {
        last = Some(results(change).clone());
        results(change).counts == [1, 1]
    })
    .await;
    let last = last.expect("results");
    assert_eq!((last.voters, last.closed), (2, false));
    assert_eq!(last.who, Some(vec![vec![one], vec![two]]));
    let mark = bob.vote(lobby, poll, &[]).await.expect("withdraws");
    assert!(mark.mark.vote.is_empty());
    told(&mut ann, |change| results(change).counts == [1, 0]).await;

    let page = history(&mut ann, lobby).await;
    assert_eq!(page.messages.len(), 1, "changes are no messages");
    let found = page.messages[0].results.as_ref().expect("results");
    assert_eq!(
        (found.counts.as_slice(), found.voters),
        ([1, 0].as_slice(), 1)
    );
    let mark = Mark {
        reactions: Vec::new(),
        vote: vec![0],
    };
    assert_eq!(page.marks, BTreeMap::from([(poll.uuid, mark)]));
    assert!(history(&mut bob, lobby).await.marks.is_empty());
}

#[tokio::test]
async fn several_may_be_chosen_and_nobody_named_where_the_poll_says_so() {
    let stage = Stage::new().await;
    let lobby = &stage.lobby;
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let mut bob = stage.two.guest_in("Bob", lobby).await;
    let poll = NewPoll {
        multiple: true,
        anonymous: true,
        ..lunch(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"])
    };
    let poll = MessageRef::from(&ann.poll(lobby, "Which?", poll).await.expect("sent"));
    let mark = ann.vote(lobby, poll, &[9, 0, 9]).await.expect("votes");
    assert_eq!(mark.mark.vote, [0, 9]);
    bob.vote(lobby, poll, &[9]).await.expect("votes");
    let mut all = String::new();
    told(&mut bob, |change| {
        all.push_str(&serde_json::to_string(change).expect("JSON"));
        let results = results(change);
        results.voters == 2 && results.counts == [1, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    })
    .await;
    assert!(
        !all.contains("Who") && !all.contains(&ann.user().to_string()),
        "{all}"
    );
}

#[tokio::test]
async fn five_hundred_votes_are_told_in_a_few_changes_and_the_last_has_them_all() {
    const VOTERS: usize = 50;
    let stage = Stage::new().await;
    let lobby = &stage.lobby;
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let mut watcher = stage.two.guest_in("Watcher", lobby).await;
    let poll = NewPoll {
        anonymous: true,
        ..lunch(&["yes", "no"])
    };
    let poll = MessageRef::from(&ann.poll(lobby, "Well?", poll).await.expect("sent"));
    let began = std::time::Instant::now();
    let voters = (0..VOTERS).map(|number| {
        let gateway = if number % 2 == 0 {
            &stage.one
        } else {
            &stage.two
        };
        async move {
            let mut voter = gateway.guest_in(&format!("voter {number}"), lobby).await;
            for round in 0..10 {
                let option = u8::from((number + round) % 3 == 0);
                voter.vote(lobby, poll, &[option]).await.expect("votes");
            }
        }
    });
    futures_util::future::join_all(voters).await;
    let no = (0..VOTERS).filter(|number| (number + 9) % 3 == 0).count() as u64;
    let expected = [VOTERS as u64 - no, no];
    let due = keys().channel_tallies_due(&stage.channel());
    wait_until(PATIENCE, "all is told", async || {
        stage.redis.cli(&["ZCARD", &due]).trim() == "0"
    })
    .await;
    // What was published is what was told: a number for each, and none for the votes.
    let joined = stage.two.guest_in("late", lobby).await.join(lobby).await;
    let last_seq = joined.expect("joins").seq;
    let mut changes = Vec::new();
    told(&mut watcher, |change| {
        changes.push(change.clone());
        change.seq == last_seq
    })
    .await;
    let last = results(changes.last().expect("changes"));
    assert_eq!(
        (last.voters, last.counts.as_slice()),
        (VOTERS as u64, expected.as_slice())
    );
    let count = changes.len();
    assert_eq!(last_seq, 1 + count as u64);
    // Each takes its interval; the first comes at once, and the last when all has been said.
    let most = began.elapsed().as_millis() as u64 / limits::TALLY_INTERVAL_MS + 2;
    assert!(
        count as u64 <= most,
        "{count} changes for 500 votes, {most} at most"
    );
}

#[tokio::test]
async fn all_of_few_voters_are_named_and_some_of_many() {
    let stage = Stage::new().await;
    let lobby = &stage.lobby;
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let poll = ann.poll(lobby, "Well?", lunch(&["yes", "no"])).await;
    let poll = MessageRef::from(&poll.expect("sent"));
    let mut voters = Vec::new();
    for (number, named) in (1..=limits::TALLY_NAMES)
        .map(|it| (it, it))
        .chain([(21, 5)])
    {
        let mut voter = stage.two.guest_in(&format!("voter {number}"), lobby).await;
        voter.vote(lobby, poll, &[0]).await.expect("votes");
        voters.push(voter);
        if number < limits::TALLY_NAMES {
            continue;
        }
        told(&mut ann, |change| {
            let results = results(change);
            let who = results.who.as_ref().expect("names");
            results.voters == number as u64 && who[0].len() == named && who[1].is_empty()
        })
        .await;
    }
}

#[tokio::test]
async fn what_a_dead_gateway_was_to_tell_a_history_worker_tells() {
    let stage = Stage::new().await;
    let lobby = &stage.lobby;
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let poll = ann
        .poll(lobby, "Well?", lunch(&["yes", "no"]))
        .await
        .expect("sent");
    let poll = MessageRef::from(&poll);
    // Due, and nobody is about to tell it: as when the gateway that was has died.
    let channel = stage.channel();
    let due = keys().channel_tallies_due(&channel);
    let votes = keys().channel_votes(&channel, poll.uuid);
    for member in [format!("1:{}", ann.user()), format!("v:{}", ann.user())] {
        stage.redis.cli(&["ZADD", &votes, "0", &member]);
    }
    let member = format!("{channel} {}", poll.uuid);
    stage.redis.cli(&["ZADD", &due, "1", &member]);
    let _worker = stage.worker(&[]);
    told(&mut ann, |change| results(change).counts == [0, 1]).await;
    wait_until(PATIENCE, "nothing is due any more", async || {
        stage.redis.cli(&["ZCARD", &due]).trim() == "0"
    })
    .await;
}

#[tokio::test]
async fn a_poll_closes_by_its_maker_or_by_its_time() {
    let stage = Stage::new().await;
    let lobby = &stage.lobby;
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let mut bob = stage.two.guest_in("Bob", lobby).await;
    let poll = ann
        .poll(lobby, "One?", lunch(&["a", "b"]))
        .await
        .expect("sent");
    let poll = MessageRef::from(&poll);
    bob.vote(lobby, poll, &[1]).await.expect("votes");
    assert_refused(bob.close_poll(lobby, poll).await, ErrorCode::Forbidden);
    for _ in 0..2 {
        ann.close_poll(lobby, poll).await.expect("closes");
    }
    told(&mut bob, |change| results(change).closed).await;
    for option in [&[0][..], &[]] {
        assert_refused(bob.vote(lobby, poll, option).await, ErrorCode::TooLate);
    }
    let page = history(&mut ann, lobby).await;
    let found = page.messages[0].results.as_ref().expect("results");
    assert!(found.closed && found.counts == [0, 1]);

    let timed = NewPoll {
        closes_in_seconds: Some(1),
        ..lunch(&["a", "b"])
    };
    let timed = MessageRef::from(&ann.poll(lobby, "Two?", timed).await.expect("sent"));
    wait_until(PATIENCE, "its time is over", async || {
        ann.vote(lobby, timed, &[0]).await.is_err()
    })
    .await;
    assert_refused(ann.vote(lobby, timed, &[1]).await, ErrorCode::TooLate);
    // Nobody has told it yet, and yet it is closed.
    let page = history(&mut ann, lobby).await;
    let asked = page.messages.last().expect("the poll");
    assert!(asked.poll.as_ref().expect("a poll").closes_at.is_some());
    assert!(asked.results.as_ref().expect("results").closed);
    let _worker = stage.worker(&[]);
    told(&mut bob, |change| {
        change.change.uuid == timed.uuid && results(change).closed
    })
    .await;
}

#[tokio::test]
async fn reactions_are_counted_by_user_and_told() {
    let stage = Stage::new().await;
    let lobby = &stage.lobby;
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let mut bob = stage.two.guest_in("Bob", lobby).await;
    let sent = MessageRef::from(&ann.say(lobby, "look").await.expect("sent"));
    for _ in 0..2 {
        let mark = bob.react(lobby, sent, "👍", true).await.expect("reacts");
        assert_eq!(mark.mark.reactions, ["👍"]);
    }
    ann.react(lobby, sent, "👍", true).await.expect("reacts");
    let mark = ann.react(lobby, sent, "\"", true).await.expect("reacts");
    assert_eq!(mark.mark.reactions, ["\"", "👍"]);
    let mut users = vec![ann.user(), bob.user()];
    users.sort_unstable_by_key(ToString::to_string);
    let expected = [
        Reaction {
            emoji: "\"".into(),
            count: 1,
            users: vec![ann.user()],
        },
        Reaction {
            emoji: "👍".into(),
            count: 2,
            users,
        },
    ];
    told(&mut bob, |change| {
        change.change.reactions.as_deref() == Some(&expected)
    })
    .await;
    let page = history(&mut bob, lobby).await;
    assert_eq!(page.messages[0].reactions, expected);
    assert_eq!(page.marks[&sent.uuid].reactions, ["👍"]);
    bob.react(lobby, sent, "👍", false)
        .await
        .expect("takes it away");
    ann.react(lobby, sent, "👍", false)
        .await
        .expect("takes it away");
    told(&mut bob, |change| {
        change.change.reactions.as_deref() == Some(&expected[..1])
    })
    .await;
    // An edit leaves them, a deletion does not.
    ann.edit(lobby, sent, "look!").await.expect("edited");
    assert_eq!(
        history(&mut bob, lobby).await.messages[0].reactions,
        expected[..1]
    );
    ann.delete(lobby, sent).await.expect("deleted");
    assert!(
        history(&mut bob, lobby).await.messages[0]
            .reactions
            .is_empty()
    );
    assert!(stage.keys("channelReactions:*").is_empty());
}

#[tokio::test]
async fn what_can_not_be_chosen_is_refused_with_its_reason() {
    let stage = Stage::new().await;
    let lobby = &stage.lobby;
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let sent = MessageRef::from(&ann.say(lobby, "no poll").await.expect("sent"));
    let poll = ann
        .poll(lobby, "One?", lunch(&["a", "b"]))
        .await
        .expect("sent");
    let poll = MessageRef::from(&poll);
    assert_refused(ann.vote(lobby, poll, &[2]).await, ErrorCode::Malformed);
    assert_refused(ann.vote(lobby, poll, &[0, 1]).await, ErrorCode::Malformed);
    assert_refused(ann.vote(lobby, poll, &[10]).await, ErrorCode::Malformed);
    assert_refused(ann.vote(lobby, sent, &[0]).await, ErrorCode::NoSuchMessage);
    let wrong = MessageRef { seq: 9, ..poll };
    assert_refused(ann.vote(lobby, wrong, &[0]).await, ErrorCode::NoSuchMessage);
    assert_refused(
        ann.react(lobby, wrong, "👍", true).await,
        ErrorCode::NoSuchMessage,
    );
    let unknown = MessageRef {
        uuid: parlor_shared::id::MessageId::random(),
        ..sent
    };
    assert_refused(
        ann.react(lobby, unknown, "👍", true).await,
        ErrorCode::NoSuchMessage,
    );
    assert_refused(
        ann.react(lobby, sent, "no", true).await,
        ErrorCode::Malformed,
    );
    assert_refused(ann.close_poll(lobby, sent).await, ErrorCode::NoSuchMessage);
    let one = lunch(&["only one"]);
    assert_refused(ann.poll(lobby, "One?", one).await, ErrorCode::Malformed);
    let away = room("away");
    assert_refused(ann.vote(&away, poll, &[0]).await, ErrorCode::NotJoined);
    let mut nobody = stage.two.client().await;
    assert_refused(
        nobody.react(lobby, sent, "👍", true).await,
        ErrorCode::NotSignedIn,
    );

    for kind in 0..limits::EMOJI_KINDS {
        let emoji = char::from_u32(0x1F600 + kind as u32)
            .expect("an emoji")
            .to_string();
        ann.react(lobby, sent, &emoji, true).await.expect("reacts");
    }
    assert_refused(ann.react(lobby, sent, "👍", true).await, ErrorCode::Message);
    ann.delete(lobby, sent).await.expect("deleted");
    assert_refused(
        ann.react(lobby, sent, "👍", true).await,
        ErrorCode::NoSuchMessage,
    );
    ann.delete(lobby, poll).await.expect("deleted");
    assert_refused(ann.vote(lobby, poll, &[0]).await, ErrorCode::NoSuchMessage);
    let page = history(&mut ann, lobby).await;
    assert!(
        page.messages
            .iter()
            .all(|it| it.deleted && it.poll.is_none())
    );
}

#[tokio::test]
async fn who_resumes_gets_the_tallies_as_they_stand() {
    for remembers in [true, false] {
        let stage = Stage::new().await;
        let lobby = &stage.lobby;
        let mut ann = stage.one.guest_in("Ann", lobby).await;
        let mut bob = stage.one.guest_in("Bob", lobby).await;
        let poll = bob
            .poll(lobby, "Well?", lunch(&["a", "b"]))
            .await
            .expect("sent");
        ann.vote(lobby, (&poll).into(), &[0]).await.expect("votes");
        told(&mut bob, |change| results(change).counts == [1, 0]).await;
        let who = ann.me().clone();
        let user = ann.user();
        drop(ann);
        bob.vote(lobby, (&poll).into(), &[1]).await.expect("votes");
        told(&mut bob, |change| results(change).counts == [1, 1]).await;
        let gateway = if remembers { &stage.one } else { &stage.two };
        let _worker = (!remembers).then(|| stage.worker(&[]));
        let mut back = gateway.client().await;
        let since = ResumeRoom {
            room: RoomRef::from(lobby),
            epoch: poll.epoch.clone(),
            seq: 2,
        };
        let (joined, _) = back.resume(&who, vec![since]).await.expect("resumes");
        assert_eq!(joined[0].recovered, Some(true));
        let [change] = joined[0].changes.as_slice() else {
            panic!("{:?}", joined[0].changes)
        };
        assert_eq!(
            (change.seq, results(change).counts.as_slice()),
            (3, [1, 1].as_slice())
        );
        assert_eq!(joined[0].marks[&poll.uuid].vote, [0]);
        let who = results(change).who.as_ref().expect("names");
        assert_eq!(who[0], [user]);
    }
}

#[tokio::test]
async fn what_leaves_the_history_takes_its_tallies_along() {
    let stage = Stage::new().await;
    let lobby = &stage.lobby;
    let mut ann = stage.one.guest_in("Ann", lobby).await;
    let timed = NewPoll {
        closes_in_seconds: Some(3_600),
        ..lunch(&["a", "b"])
    };
    let poll = MessageRef::from(&ann.poll(lobby, "Well?", timed).await.expect("sent"));
    ann.vote(lobby, poll, &[0]).await.expect("votes");
    ann.react(lobby, poll, "👍", true).await.expect("reacts");
    told(&mut ann, |change| {
        !change.change.reactions.as_ref().expect("some").is_empty()
    })
    .await;
    assert!(!stage.keys("channelVotes:*").is_empty());
    for number in 0..10 {
        ann.say(lobby, &number.to_string()).await.expect("sent");
    }
    let _worker = stage.worker(&["--history-max-messages", "5"]);
    wait_until(
        PATIENCE,
        "nothing is left beside the messages",
        async || {
            [
                "channelVotes:*",
                "channelReactions:*",
                "channelTallies:*",
                "channelChanges:*",
                "talliesDue:*",
            ]
            .iter()
            .all(|pattern| stage.keys(pattern).is_empty())
        },
    )
    .await;
    let page = history(&mut ann, lobby).await;
    assert_eq!(page.messages.len(), 5);
    assert_refused(
        ann.react(lobby, poll, "👍", true).await,
        ErrorCode::NoSuchMessage,
    );
}
