use parlor_shared::{
    event::Membership,
    id::{MessageId, Username},
    protocol::{
        ServerEnvelope, ServerFrame,
        server::Sys,
        value::{Message, Recipient, User},
    },
};

use super::*;
use crate::websocket::payloads;

/// Members' sinks are their names; what they get is kept as short texts: `ann:3`. Beside it, in how
/// many buffers they got it.
#[derive(Default)]
struct Log(Vec<String>, usize);

impl Deliver<&'static str> for Log {
    fn deliver(&mut self, sink: &&'static str, frames: &Frame) {
        self.1 += 1;
        for frame in frames_of(frames) {
            let text = match frame {
                ServerFrame::ChannelMessage(message) => message.seq.to_string(),
                ServerFrame::Sys(Sys::Resync(resync)) => format!("resync {}", resync.seq),
                ServerFrame::Sys(Sys::Presence(presence)) => {
                    format!("users {}", presence.users_total)
                }
                ServerFrame::Sys(Sys::Typing(typing)) => format!("typing {}", typing.on),
                other => format!("{other:?}"),
            };
            self.0.push(format!("{sink}:{text}"));
        }
    }

    fn give_up(&mut self, sink: &&'static str) {
        self.0.push(format!("{sink}:given up"));
    }
}

impl Log {
    fn take(&mut self) -> Vec<String> {
        mem::take(&mut self.0)
    }
}

fn frames_of(row: &Frame) -> impl Iterator<Item = ServerFrame> {
    payloads(row.plain()).map(|payload| {
        let envelope: ServerEnvelope = serde_json::from_slice(payload).expect("a frame");
        envelope.frame
    })
}

fn message_from(sender: UserId, epoch: &str, seq: u64) -> MessageEvent {
    let sender = User {
        uuid: sender,
        username: Username::new("Pablo").unwrap(),
        online: None,
        guest: false,
        look: None,
    };
    let message = Message {
        uuid: MessageId::random(),
        recipient_uuid: Some(Recipient::General),
        ..Message::new(sender, "hi".into())
    };
    MessageEvent {
        position: Position {
            epoch: epoch.into(),
            seq,
            ms: 1,
        },
        body: serde_json::to_vec(&message).unwrap().into(),
    }
}

fn message(epoch: &str, seq: u64) -> MessageEvent {
    message_from(UserId::default(), epoch, seq)
}

fn event(seq: u64) -> Event {
    Event::Message(message("a", seq))
}

/// A room with one member who has everything up to `seq`.
fn room_at(seq: u64, out: &mut Log) -> (Room<&'static str>, SessionId) {
    let mut room = Room::new(Kind::General, 4);
    let ann = SessionId::random();
    room.attach(ann, UserId::random(), "ann", None);
    assert!(room.release(ann, "a", seq, out).is_empty());
    (room, ann)
}

fn repair(from: u64, to: u64) -> Vec<Need> {
    vec![Need::Repair {
        epoch: "a".into(),
        from,
        to,
    }]
}

fn renew() -> Vec<Need> {
    vec![Need::Renew { epoch: "a".into() }]
}

#[test]
fn another_message_at_a_delivered_place_is_told_and_everything_after_it_comes() {
    let mut out = Log::default();
    let (mut room, _) = room_at(2, &mut out);
    for seq in 3..=5 {
        room.event(event(seq), &mut out);
    }
    out.take();
    // Redis is a replica now that had not got the last two.
    for seq in 4..=6 {
        let mut again = message("a", seq);
        again.position.ms = 99;
        room.event(Event::Message(again), &mut out);
    }
    assert_eq!(out.take(), ["ann:resync 3", "ann:4", "ann:5", "ann:6"]);
}

#[test]
fn what_follows_is_delivered_and_doubles_are_dropped() {
    let mut out = Log::default();
    let (mut room, _) = room_at(2, &mut out);
    for seq in [3, 3, 2, 4] {
        assert!(room.event(event(seq), &mut out).is_empty());
    }
    assert_eq!(out.take(), ["ann:3", "ann:4"]);
    assert_eq!(room.stats.duplicates, 2);
}

#[test]
fn what_comes_together_leaves_in_one_buffer() {
    let mut out = Log::default();
    let (mut room, _) = room_at(2, &mut out);
    let bob = SessionId::random();
    room.attach(bob, UserId::random(), "bob", None);
    // Bob's history reaches further than the room.
    room.release(bob, "a", 4, &mut out);
    let before = out.1;
    assert!(
        room.messages((3..=6).map(|seq| message("a", seq)), &mut out)
            .is_empty()
    );
    assert_eq!(
        out.take(),
        ["ann:3", "ann:4", "ann:5", "ann:6", "bob:5", "bob:6"]
    );
    assert_eq!(out.1 - before, 1 + 2, "ann's are one, bob's still two");
    assert_eq!(room.stats.deliveries, 6);
    room.messages((7..=8).map(|seq| message("a", seq)), &mut out);
    assert_eq!(out.1 - before, 1 + 2 + 2, "bob is where the room is");
}

#[test]
fn what_was_gathered_is_handed_out_before_members_are_told_of_a_loss() {
    let mut out = Log::default();
    let (mut room, _) = room_at(2, &mut out);
    let after_a_loss = message("b", 9);
    let needs = room.messages([message("a", 3), message("a", 4), after_a_loss], &mut out);
    assert!(needs.is_empty());
    assert_eq!(out.take(), ["ann:3", "ann:4", "ann:resync 8", "ann:9"]);
}

#[test]
fn a_gap_holds_what_follows_until_it_is_repaired() {
    let mut out = Log::default();
    let (mut room, _) = room_at(0, &mut out);
    assert_eq!(room.event(event(3), &mut out), repair(1, 2));
    assert!(
        room.event(event(4), &mut out).is_empty(),
        "one repair at a time"
    );
    assert_eq!(out.take(), Vec::<String>::new());
    let fetched = vec![message("a", 1), message("a", 2), message("a", 3)];
    assert!(room.repaired(Some(fetched), &mut out).is_empty());
    assert_eq!(out.take(), ["ann:1", "ann:2", "ann:3", "ann:4"]);
    assert_eq!(room.stats.gaps, 1);
}

#[test]
fn a_second_gap_behind_the_first_is_repaired_too() {
    let mut out = Log::default();
    let (mut room, _) = room_at(0, &mut out);
    assert_eq!(room.event(event(2), &mut out), repair(1, 1));
    room.event(event(5), &mut out);
    room.event(event(6), &mut out);
    assert_eq!(
        room.repaired(Some(vec![message("a", 1)]), &mut out),
        repair(3, 4)
    );
    assert_eq!(out.take(), ["ann:1", "ann:2"]);
    let fetched = vec![message("a", 3), message("a", 4)];
    assert!(room.repaired(Some(fetched), &mut out).is_empty());
    assert_eq!(out.take(), ["ann:3", "ann:4", "ann:5", "ann:6"]);
}

#[test]
fn what_is_lost_for_good_is_told() {
    let mut out = Log::default();
    let (mut room, _) = room_at(2, &mut out);
    room.event(event(9), &mut out);
    assert!(
        room.repaired(Some(vec![message("a", 8)]), &mut out)
            .is_empty()
    );
    assert_eq!(out.take(), ["ann:resync 7", "ann:8", "ann:9"]);
}

#[test]
fn a_joining_member_gets_what_came_while_it_read_history() {
    let mut out = Log::default();
    let (mut room, _) = room_at(2, &mut out);
    let bob = SessionId::random();
    room.attach(bob, UserId::random(), "bob", None);
    room.event(event(3), &mut out);
    room.event(event(4), &mut out);
    assert_eq!(out.take(), ["ann:3", "ann:4"]);
    // The history it read holds 3 already.
    room.release(bob, "a", 3, &mut out);
    assert_eq!(out.take(), ["bob:4"]);
    room.event(event(5), &mut out);
    assert_eq!(out.take(), ["ann:5", "bob:5"]);
}

#[test]
fn a_member_whose_history_is_ahead_of_the_bus_gets_nothing_twice() {
    let mut out = Log::default();
    let (mut room, _) = room_at(2, &mut out);
    let bob = SessionId::random();
    room.attach(bob, UserId::random(), "bob", None);
    room.release(bob, "a", 4, &mut out);
    for seq in 3..=5 {
        room.event(event(seq), &mut out);
    }
    assert_eq!(out.take(), ["ann:3", "ann:4", "ann:5", "bob:5"]);
}

#[test]
fn events_before_anybody_knows_the_position_wait() {
    let mut out = Log::default();
    let mut room = Room::new(Kind::General, 4);
    let ann = SessionId::random();
    room.attach(ann, UserId::random(), "ann", None);
    room.event(event(7), &mut out);
    room.event(event(8), &mut out);
    assert!(room.release(ann, "a", 7, &mut out).is_empty());
    assert_eq!(out.take(), ["ann:8"]);
}

#[test]
fn the_ring_serves_a_resume() {
    let mut out = Log::default();
    let (mut room, _) = room_at(0, &mut out);
    for seq in 1..=3 {
        room.event(event(seq), &mut out);
    }
    let missed = |backlog: Option<Backlog>| {
        let messages = backlog?.messages?;
        let numbers = messages.iter().map(|message| message.position.seq);
        Some(numbers.collect::<Vec<_>>())
    };
    let bob = SessionId::random();
    let backlog = room.attach(bob, UserId::random(), "bob", Some(("a", 1)));
    assert_eq!(missed(backlog), Some(vec![2, 3]));
    let of_another = room.attach(bob, UserId::random(), "bob", Some(("b", 1)));
    assert_eq!(missed(of_another), None);
}

#[test]
fn who_resumes_a_room_it_is_in_gets_nothing_that_is_on_its_way_again() {
    let mut out = Log::default();
    let (mut room, ann) = room_at(0, &mut out);
    for seq in 1..=3 {
        room.event(event(seq), &mut out);
    }
    let mut resume = |room: &mut Room<&'static str>, epoch, seq| {
        let backlog = room.attach(ann, UserId::random(), "ann", Some((epoch, seq)));
        let backlog = backlog.expect("she resumes");
        room.release(ann, epoch, backlog.seq, &mut out);
        (backlog.seq, backlog.messages.map(|missed| missed.len()))
    };
    // She has seen the first only; the others were handed to her connection.
    assert_eq!(resume(&mut room, "a", 1), (3, Some(0)));
    // Her history was read further than the room has come.
    assert_eq!(resume(&mut room, "a", 5), (5, None));
    assert_eq!(resume(&mut room, "a", 3), (5, None));
    assert_eq!(resume(&mut room, "b", 1), (1, None));
}

#[test]
fn the_audit_finds_what_nobody_published_after() {
    let mut out = Log::default();
    let (mut room, _) = room_at(2, &mut out);
    assert!(room.audit(("a", 2), ("a", 2), &mut out).is_empty());
    assert_eq!(room.audit(("a", 2), ("a", 4), &mut out), repair(3, 4));
    room.repaired(Some(vec![message("a", 3), message("a", 4)]), &mut out);
    assert_eq!(out.take(), ["ann:3", "ann:4"]);
    room.audit(("a", 3), ("a", 3), &mut out);
    assert_eq!(
        out.take(),
        Vec::<String>::new(),
        "4 came live while Redis was asked"
    );
    assert_eq!(room.audit(("a", 4), ("a", 1), &mut out), renew());
    assert_eq!(out.take(), ["ann:resync 1"], "Redis has lost messages");
    room.audit(("a", 1), ("b", 0), &mut out);
    assert_eq!(out.take(), ["ann:resync 0"], "a new epoch");
}

#[test]
fn a_new_epoch_begins_at_one() {
    let mut out = Log::default();
    let (mut room, _) = room_at(7, &mut out);
    assert!(
        room.event(Event::Message(message("b", 1)), &mut out)
            .is_empty()
    );
    assert_eq!(out.take(), ["ann:1"]);
}

#[test]
fn an_epoch_that_goes_on_with_the_numbers_is_told() {
    let mut out = Log::default();
    let (mut room, _) = room_at(7, &mut out);
    // Redis went back to 5, and some gateway has noticed.
    let needs = room.event(Event::Message(message("b", 6)), &mut out);
    assert!(needs.is_empty());
    room.event(event(8), &mut out);
    room.event(Event::Message(message("b", 7)), &mut out);
    assert_eq!(out.take(), ["ann:resync 5", "ann:6", "ann:7"]);
}

#[test]
fn a_later_message_at_a_place_that_the_ring_has_left_is_told() {
    let mut out = Log::default();
    let (mut room, _) = room_at(0, &mut out);
    for seq in 1..=9 {
        let mut message = message("a", seq);
        message.position.ms = 100 + seq;
        room.event(Event::Message(message), &mut out);
    }
    out.take();
    let mut double = message("a", 2);
    double.position.ms = 102;
    assert!(room.event(Event::Message(double), &mut out).is_empty());
    let mut anew = message("a", 3);
    anew.position.ms = 200;
    assert_eq!(room.event(Event::Message(anew), &mut out), renew());
    assert_eq!(out.take(), ["ann:resync 2", "ann:3"]);
}

#[test]
fn a_repair_that_finds_nothing_is_told_at_once() {
    let mut out = Log::default();
    let (mut room, _) = room_at(2, &mut out);
    assert_eq!(room.audit(("a", 2), ("a", 9), &mut out), repair(3, 9));
    assert!(room.repaired(Some(Vec::new()), &mut out).is_empty());
    assert_eq!(out.take(), ["ann:resync 9"]);
    room.event(event(10), &mut out);
    assert_eq!(out.take(), ["ann:10"]);
}

#[test]
fn each_side_of_a_private_room_sees_the_other() {
    let (ann, bob) = (UserId::random(), UserId::random());
    let kind = Kind::new(&parlor_shared::id::Address::Private(bob), ann);
    assert_eq!(
        kind,
        Kind::new(&parlor_shared::id::Address::Private(ann), bob)
    );
    for (viewer, other) in [(ann, bob), (bob, ann)] {
        let event = Event::Message(message_from(ann, "a", 1));
        let text = view::encode(&kind, viewer, &event).unwrap();
        let ServerFrame::ChannelMessage(seen) =
            serde_json::from_str::<ServerEnvelope>(&text).unwrap().frame
        else {
            panic!("{text}")
        };
        assert_eq!(seen.recipient_uuid, Some(Recipient::User(other)));
        assert_eq!(seen.sender_uuid, ann);
    }
}

#[test]
fn what_waits_for_a_joining_member_is_bounded() {
    let mut out = Log::default();
    let (mut room, _) = room_at(0, &mut out);
    room.attach(SessionId::random(), UserId::random(), "bob", None);
    for users in 0..=JOINING_FRAMES as u64 {
        room.event(Event::Occupancy { users }, &mut out);
    }
    assert_eq!(
        out.take()
            .into_iter()
            .filter(|text| text == "bob:given up")
            .count(),
        1
    );
}

#[test]
fn a_broadcast_is_encoded_once() {
    /// Keeps the frames themselves.
    #[derive(Default)]
    struct Frames(Vec<Frame>);

    impl Deliver<()> for Frames {
        fn deliver(&mut self, (): &(), frame: &Frame) {
            self.0.push(frame.clone());
        }

        fn give_up(&mut self, (): &()) {}
    }

    let (mut room, mut out) = (Room::new(Kind::General, 4), Frames::default());
    for _ in 0..100 {
        let session = SessionId::random();
        room.attach(session, UserId::random(), (), None);
        room.release(session, "a", 0, &mut out);
    }
    room.event(event(1), &mut out);
    assert_eq!(out.0.len(), 100);
    let first = out.0[0].plain().as_ptr();
    assert!(
        out.0.iter().all(|frame| frame.plain().as_ptr() == first),
        "all share one frame's bytes"
    );
}

#[test]
fn a_member_behind_another_that_took_the_room_further_misses_nothing() {
    let mut out = Log::default();
    let mut room = Room::new(Kind::General, 4);
    let (ann, bob) = (SessionId::random(), SessionId::random());
    room.attach(ann, UserId::random(), "ann", None);
    room.attach(bob, UserId::random(), "bob", None);
    // Bob's history was read before 6 and 7, Ann's after, and both came before either is released.
    room.event(event(6), &mut out);
    room.event(event(7), &mut out);
    assert!(room.release(ann, "a", 7, &mut out).is_empty());
    assert_eq!(room.release(bob, "a", 5, &mut out), repair(6, 7));
    room.event(event(8), &mut out);
    room.repaired(Some(vec![message("a", 6), message("a", 7)]), &mut out);
    assert_eq!(out.take(), ["bob:6", "bob:7", "ann:8", "bob:8"]);
}

#[test]
fn who_has_what_redis_has_lost_is_told_when_another_shows_it() {
    let mut out = Log::default();
    let (mut room, _) = room_at(4, &mut out);
    // Redis is a replica now that had not got the fourth, as Bob's history shows.
    let bob = SessionId::random();
    room.attach(bob, UserId::random(), "bob", None);
    assert_eq!(room.release(bob, "a", 3, &mut out), repair(4, 4));
    assert!(room.repaired(Some(Vec::new()), &mut out).is_empty());
    assert_eq!(out.take(), ["ann:resync 4", "bob:resync 4"]);
}

#[test]
fn what_waited_of_an_epoch_before_the_members_history_is_no_news() {
    let mut out = Log::default();
    let (mut room, _) = room_at(2, &mut out);
    let bob = SessionId::random();
    room.attach(bob, UserId::random(), "bob", None);
    room.event(event(3), &mut out);
    for seq in 1..=2 {
        room.event(Event::Message(message("b", seq)), &mut out);
    }
    assert_eq!(out.take(), ["ann:3", "ann:1", "ann:2"]);
    room.release(bob, "b", 1, &mut out);
    assert_eq!(out.take(), ["bob:2"]);
}

#[test]
fn a_member_ahead_in_a_new_epoch_gets_nothing_twice() {
    let mut out = Log::default();
    let (mut room, _) = room_at(7, &mut out);
    let bob = SessionId::random();
    room.attach(bob, UserId::random(), "bob", None);
    room.release(bob, "b", 2, &mut out);
    room.event(event(8), &mut out);
    for seq in 1..=3 {
        room.event(Event::Message(message("b", seq)), &mut out);
    }
    assert_eq!(
        out.take(),
        ["ann:8", "ann:1", "ann:2", "ann:3", "bob:3"],
        "the epoch before is no news either"
    );
}

#[test]
fn what_was_on_its_way_when_an_epoch_began_is_dropped() {
    let mut out = Log::default();
    let (mut room, _) = room_at(7, &mut out);
    room.event(Event::Message(message("b", 1)), &mut out);
    assert!(room.event(event(8), &mut out).is_empty());
    room.event(Event::Message(message("b", 2)), &mut out);
    assert_eq!(out.take(), ["ann:1", "ann:2"]);
}

#[test]
fn what_waits_from_before_the_epoch_of_a_history_is_dropped() {
    let mut out = Log::default();
    let (mut room, _) = room_at(7, &mut out);
    let bob = SessionId::random();
    room.attach(bob, UserId::random(), "bob", None);
    room.event(event(8), &mut out);
    room.event(Event::Message(message("b", 1)), &mut out);
    room.event(Event::Message(message("b", 2)), &mut out);
    out.take();
    room.release(bob, "b", 1, &mut out);
    assert_eq!(out.take(), ["bob:2"]);
}

#[test]
fn an_answer_that_nobody_waits_for_changes_nothing() {
    let mut out = Log::default();
    let (mut room, _) = room_at(2, &mut out);
    room.repaired(Some(vec![message("a", 2)]), &mut out);
    assert_eq!(room.settled(), Some(("a", 2)));
    room.event(event(3), &mut out);
    assert_eq!(out.take(), ["ann:3"]);
}

#[test]
fn numbers_given_anew_are_told() {
    let mut out = Log::default();
    let (mut room, _) = room_at(2, &mut out);
    room.event(event(3), &mut out);
    room.event(event(4), &mut out);
    let mut other = message("a", 4);
    other.position.ms += 500;
    assert_eq!(room.event(Event::Message(other), &mut out), renew());
    assert_eq!(out.take(), ["ann:3", "ann:4", "ann:resync 3", "ann:4"]);
}

#[test]
fn typing_is_told_to_those_who_are_in_and_not_to_the_typist() {
    let mut out = Log::default();
    let (mut room, _) = room_at(2, &mut out);
    let typist = UserId::random();
    let (one, two, late) = (
        SessionId::random(),
        SessionId::random(),
        SessionId::random(),
    );
    for (session, sink) in [(one, "typist"), (two, "their phone")] {
        room.attach(session, typist, sink, None);
        room.release(session, "a", 2, &mut out);
    }
    room.attach(late, UserId::random(), "late", None);
    let user = message_from(typist, "a", 3).message().unwrap().sender;
    let who = Membership { session: one, user };
    let needs = room.event(Event::Typing { on: true, who }, &mut out);
    assert!(needs.is_empty());
    assert_eq!(out.take(), ["ann:typing true"]);
    room.release(late, "a", 2, &mut out);
    assert_eq!(out.take(), [""; 0], "it is over by then");
}
