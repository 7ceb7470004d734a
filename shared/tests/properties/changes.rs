//! Strategies for what changes messages, and what that leaves on them.

use parlor_shared::{
    id::{MessageId, UserId},
    limits,
    protocol::{
        ClientFrame, ServerFrame,
        change::{
            Change, ChangeKind, Mark, MessageChange, MessageEdit, MessageMark, MessageReact,
            MessageRef, MessageTarget, NewPoll, Poll, PollVote, Reaction, ReplyTo, Results,
        },
        value::Message,
    },
};
use proptest::{collection::vec, option::of, prelude::*, sample::select};

use super::frames::{TEXT, ids, plain_message, room, username};

const EMOJI: &[&str] = &["👍", "❤️", "👩‍👩‍👧", "🏳️‍🌈", "+", "\"", "\\"];

fn users() -> impl Strategy<Value = Vec<UserId>> {
    vec(ids().prop_map(UserId), 0..3)
}

fn reply() -> impl Strategy<Value = ReplyTo> {
    (ids(), any::<u64>(), ids(), username(), TEXT).prop_map(
        |(uuid, seq, sender_uuid, sender, message)| ReplyTo {
            uuid: MessageId(uuid),
            seq,
            sender_uuid: UserId(sender_uuid),
            sender,
            message,
        },
    )
}

fn poll() -> impl Strategy<Value = Poll> {
    (vec(TEXT, 0..4), any::<[bool; 2]>(), of(TEXT)).prop_map(
        |(options, [multiple, anonymous], closes_at)| Poll {
            options,
            multiple,
            anonymous,
            closes_at,
        },
    )
}

fn reactions() -> impl Strategy<Value = Vec<Reaction>> {
    let reaction = (select(EMOJI), any::<u64>(), users());
    let reaction = reaction.prop_map(|(emoji, count, users)| Reaction {
        emoji: emoji.to_owned(),
        count,
        users,
    });
    vec(reaction, 0..3)
}

fn results() -> impl Strategy<Value = Results> {
    let who = of(vec(users(), 0..3));
    (vec(any::<u64>(), 0..4), any::<u64>(), any::<bool>(), who).prop_map(
        |(counts, voters, closed, who)| Results {
            counts,
            voters,
            closed,
            who,
        },
    )
}

/// A message with whatever it may have.
pub fn message() -> impl Strategy<Value = Message> {
    let left = (of(reply()), of(poll()), reactions(), of(results()));
    let done = (of(TEXT), any::<bool>(), of(ids()), users());
    (plain_message(), left, done).prop_map(
        |(message, (reply_to, poll, reactions, results), (edited_at, deleted, by, mentions))| {
            Message {
                edited_at,
                deleted,
                deleted_by: by.map(UserId),
                reply_to: reply_to.map(Box::new),
                mentions,
                poll: poll.map(Box::new),
                reactions,
                results: results.map(Box::new),
                ..message
            }
        },
    )
}

fn change() -> impl Strategy<Value = Change> {
    const KINDS: &[ChangeKind] = &[ChangeKind::Edit, ChangeKind::Delete, ChangeKind::Tally];
    let of_what = (select(KINDS), ids(), any::<u64>(), of(ids()));
    (of_what, of(message()), of(reactions()), of(results())).prop_map(
        |((change, uuid, target_seq, by), message, reactions, results)| Change {
            change,
            uuid: MessageId(uuid),
            target_seq,
            by_uuid: by.map(UserId),
            message: message.map(Box::new),
            reactions,
            results: results.map(Box::new),
        },
    )
}

pub fn message_change() -> impl Strategy<Value = MessageChange> {
    (room(), change(), any::<u64>(), TEXT, TEXT).prop_map(
        |(room, change, seq, epoch, created_at)| MessageChange {
            room,
            change,
            seq,
            epoch,
            created_at,
        },
    )
}

pub fn mark() -> impl Strategy<Value = Mark> {
    (vec(select(EMOJI), 0..3), vec(0_u8..10, 0..3)).prop_map(|(reactions, vote)| Mark {
        reactions: reactions.into_iter().map(str::to_owned).collect(),
        vote,
    })
}

pub fn server_frame() -> impl Strategy<Value = ServerFrame> {
    let mark = (room(), ids(), any::<u64>(), mark());
    let mark = mark.prop_map(|(room, uuid, seq, mark)| MessageMark {
        room,
        uuid: MessageId(uuid),
        seq,
        mark,
    });
    prop_oneof![
        message_change().prop_map(|change| ServerFrame::MessageChange(Box::new(change))),
        mark.prop_map(ServerFrame::MessageMark),
    ]
}

pub fn target() -> impl Strategy<Value = MessageRef> {
    (ids(), any::<u64>()).prop_map(|(uuid, seq)| MessageRef {
        uuid: MessageId(uuid),
        seq,
    })
}

pub fn new_poll() -> impl Strategy<Value = NewPoll> {
    let options = vec("[a-z]{1,20}", limits::POLL_OPTIONS);
    (options, any::<[bool; 2]>(), of(1..=limits::POLL_SECONDS)).prop_map(
        |(options, [multiple, anonymous], closes_in_seconds)| NewPoll {
            options,
            multiple,
            anonymous,
            closes_in_seconds,
        },
    )
}

pub fn client_frame() -> impl Strategy<Value = ClientFrame> {
    let edit = (room(), target(), TEXT, of("[a-z0-9]{1,64}"));
    let edit = edit.prop_map(|(room, target, message, client_message_id)| MessageEdit {
        room,
        target,
        message,
        client_message_id,
    });
    let one = || (room(), target()).prop_map(|(room, target)| MessageTarget { room, target });
    let react = (room(), target(), select(EMOJI), any::<bool>());
    let react = react.prop_map(|(room, target, emoji, on)| MessageReact {
        room,
        target,
        emoji: emoji.to_owned(),
        on,
    });
    let vote = (room(), target(), vec(0_u8..10, 0..4));
    let vote = vote.prop_map(|(room, target, options)| PollVote {
        room,
        target,
        options,
    });
    prop_oneof![
        edit.prop_map(ClientFrame::MessageEdit),
        one().prop_map(ClientFrame::MessageDelete),
        react.prop_map(ClientFrame::MessageReact),
        vote.prop_map(ClientFrame::PollVote),
        one().prop_map(ClientFrame::PollClose),
    ]
}
