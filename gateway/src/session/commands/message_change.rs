//! `messageEdit` and `messageDelete`: changes of a message in a joined room. They count as messages,
//! since each is told to everybody there.

use std::time::Instant;

use parlor_shared::protocol::{
    ErrorBody, ErrorCode, RequestId,
    change::{MessageEdit, MessageRef, MessageTarget},
    value::RoomRef,
};

use super::{
    channel_leave::not_joined,
    channel_message::{check_text, take},
};
use crate::session::{
    Effects, Session, State,
    effect::{Alteration, Altering, Effect, Work},
    error, not_signed_in,
};

pub fn edit(session: &Session, id: Option<RequestId>, block: MessageEdit, now: Instant) -> Effects {
    if let Err(text) = check_text(&block.message, false, session.rules.message_characters) {
        return vec![error(id, ErrorBody::new(ErrorCode::Message, text))];
    }
    let act = Altering::Edit {
        text: block.message,
        client_message_id: block.client_message_id,
    };
    alter(session, id, (&block.room, block.target), act, now)
}

pub fn delete(
    session: &Session,
    id: Option<RequestId>,
    block: &MessageTarget,
    now: Instant,
) -> Effects {
    let target = (&block.room, block.target);
    alter(session, id, target, Altering::Delete, now)
}

fn alter(
    session: &Session,
    id: Option<RequestId>,
    (room, target): (&RoomRef, MessageRef),
    act: Altering,
    now: Instant,
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
    if let Err(refusal) = take(&identified.messages, id.as_ref(), now) {
        return refusal;
    }
    vec![Effect::Perform(Work::Alter(Box::new(Alteration {
        id,
        user: identified.user.clone(),
        writer: identified.writer(seat),
        channel: seat.channel.clone(),
        address,
        target,
        act,
    })))]
}
