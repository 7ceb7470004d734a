//! `readTo` and `unread`: how far one has read, and what is left.

use parlor_shared::protocol::{RequestId, client::Page, people::ReadTo};

use super::channel_leave::not_joined;
use crate::session::{Effects, PeopleWork, Session, State, not_signed_in, perform};

pub fn read_to(session: &Session, id: Option<RequestId>, block: &ReadTo) -> Effects {
    let State::Identified(identified) = &session.state else {
        return not_signed_in(id);
    };
    let seat = block.room.address().ok();
    let Some(seat) = seat.and_then(|address| identified.seat(&address)) else {
        return vec![not_joined(id)];
    };
    let work = PeopleWork::ReadTo {
        reader: identified.user.uuid,
        address: seat.address.clone(),
        channel: seat.channel.clone(),
        seq: block.seq,
    };
    vec![perform(id, work)]
}

pub fn unread(session: &Session, id: Option<RequestId>, page: Page) -> Effects {
    let Some(user) = session.user() else {
        return not_signed_in(id);
    };
    let reader = user.uuid;
    vec![perform(id, PeopleWork::Unread { reader, page })]
}
