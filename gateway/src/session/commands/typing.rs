//! `typing`: told to who is in the room now, and to nobody later.

use parlor_shared::protocol::{RequestId, people::TypingNow};

use super::channel_leave::not_joined;
use crate::session::{Effects, PeopleWork, Session, State, not_signed_in, perform};

pub fn typing(session: &Session, id: Option<RequestId>, block: &TypingNow) -> Effects {
    let State::Identified(identified) = &session.state else {
        return not_signed_in(id);
    };
    let seat = block.room.address().ok();
    let Some(seat) = seat.and_then(|address| identified.seat(&address)) else {
        return vec![not_joined(id)];
    };
    let work = PeopleWork::Typing {
        user: identified.user.clone(),
        channel: seat.channel.clone(),
        on: block.on,
    };
    vec![perform(id, work)]
}
