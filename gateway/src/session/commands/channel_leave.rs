//! `channelLeave`: out of a room.

use parlor_shared::{
    id::Address,
    protocol::{ErrorBody, ErrorCode, RequestId, ServerFrame, server::Departure, value::RoomRef},
};

use crate::session::{
    Effects, PeopleWork, Session, State, effect::Effect, error, not_signed_in, perform, send,
};

pub fn leave(session: &mut Session, id: Option<RequestId>, room: &RoomRef) -> Effects {
    let State::Identified(identified) = &mut session.state else {
        return not_signed_in(id);
    };
    let Ok(address) = room.address() else {
        return vec![not_joined(id)];
    };
    let Some(at) = identified
        .rooms
        .iter()
        .position(|seat| seat.address == address)
    else {
        return vec![not_joined(id)];
    };
    let seat = identified.rooms.swap_remove(at);
    let departure = Departure {
        session: session.id,
        user: identified.user.uuid,
        room: RoomRef::from(&seat.address),
        users_total: None,
    };
    let channel = seat.channel;
    let mut effects = vec![Effect::Leave {
        channel: channel.clone(),
    }];
    // What was read of a private room stays known: the other one may write at any time.
    if !matches!(address, Address::Private(_)) {
        let reader = identified.user.uuid;
        effects.push(perform(None, PeopleWork::ForgetCursor { reader, channel }));
    }
    effects.push(send(id, ServerFrame::ChannelLeave(departure)));
    effects
}

pub fn not_joined(id: Option<RequestId>) -> Effect {
    error(
        id,
        ErrorBody::new(ErrorCode::NotJoined, "join the room first"),
    )
}
