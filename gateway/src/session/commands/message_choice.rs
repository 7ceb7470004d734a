//! `messageReact`, `pollVote` and `pollClose`: what one chooses on a message in a joined room. They
//! count as frames only: the room is told of many at once.

use parlor_shared::protocol::{
    RequestId,
    change::{MessageReact, MessageRef, MessageTarget, PollVote},
    value::RoomRef,
};

use super::channel_leave::not_joined;
use crate::session::{
    Effects, Session, State,
    effect::{Choice, Choosing, Effect, Work},
    not_signed_in,
};

pub fn react(session: &Session, id: Option<RequestId>, block: MessageReact) -> Effects {
    let act = Choosing::React {
        emoji: block.emoji,
        on: block.on,
    };
    choose(session, id, (&block.room, block.target), act)
}

pub fn vote(session: &Session, id: Option<RequestId>, block: PollVote) -> Effects {
    let act = Choosing::Vote {
        options: block.options,
    };
    choose(session, id, (&block.room, block.target), act)
}

pub fn close(session: &Session, id: Option<RequestId>, block: &MessageTarget) -> Effects {
    choose(session, id, (&block.room, block.target), Choosing::Close)
}

fn choose(
    session: &Session,
    id: Option<RequestId>,
    (room, target): (&RoomRef, MessageRef),
    act: Choosing,
) -> Effects {
    let State::Identified(identified) = &session.state else {
        return not_signed_in(id);
    };
    let Ok(address) = room.address() else {
        return vec![not_joined(id)];
    };
    let Some(seat) = identified.seat(&address) else {
        return vec![not_joined(id)];
    };
    vec![Effect::Perform(Work::Choose(Box::new(Choice {
        id,
        user: identified.user.clone(),
        writer: identified.writer(seat),
        channel: seat.channel.clone(),
        address,
        target,
        act,
    })))]
}
