//! `resume`: back after a lost connection, into the rooms of before.

use parlor_shared::{
    protocol::{
        ErrorBody, ErrorCode, RequestId, ServerFrame,
        client::{Resume, ResumeRoom},
        server::{Resumed, ResumedRoom},
        value::User,
    },
    roles::SiteRole,
};

use super::channel_join::too_many_rooms;
use crate::session::{
    Effects, Session, State,
    effect::{Effect, Join, Work},
    error, send,
};

pub fn resume(session: &Session, id: Option<RequestId>, block: Resume) -> Effects {
    let most = session.rules.rooms_per_connection;
    if block.rooms.len() + kept(session, &block) > most {
        return vec![error(id, too_many_rooms(most))];
    }
    if block
        .rooms
        .iter()
        .any(|entry| entry.room.address().is_err())
    {
        return vec![error(
            id,
            ErrorBody::new(ErrorCode::Malformed, "a room can't have that name"),
        )];
    }
    vec![Effect::Perform(Work::Resume {
        id,
        user: block.user_uuid,
        access_key: block.access_key,
        rooms: block.rooms,
    })]
}

/// How many rooms a user who is signed in here stays in beside those that are resumed.
fn kept(session: &Session, block: &Resume) -> usize {
    let State::Identified(identified) = &session.state else {
        return 0;
    };
    if identified.user.uuid != block.user_uuid {
        return 0;
    }
    let resumed = |address| {
        block
            .rooms
            .iter()
            .any(|it| it.room.address().as_ref() == Ok(address))
    };
    let seats = identified.rooms.iter();
    seats.filter(|seat| !resumed(&seat.address)).count()
}

/// Signed in again: joins the rooms one after the other, then says how it went.
pub fn join_again(
    session: &mut Session,
    id: Option<RequestId>,
    (user, role): (&User, SiteRole),
    rooms: Vec<ResumeRoom>,
) -> Effects {
    let count = session.rules.join_history;
    let State::Identified(identified) = &mut session.state else {
        return Vec::new();
    };
    let join = |entry: ResumeRoom| {
        let address = entry.room.address().ok()?;
        if let Some(body) = identified.not_granted(&address) {
            identified.resumed.push(ResumedRoom {
                room: entry.room,
                recovered: false,
                epoch: String::new(),
                seq: 0,
                error: Some(body),
            });
            return None;
        }
        let resume = Some((entry.epoch, entry.seq));
        let user = user.clone();
        let join = Join {
            id: None,
            user,
            role,
            address,
            keep_joined: true,
            count,
            resume,
        };
        Some(Effect::Perform(Work::Join(Box::new(join))))
    };
    let mut effects: Effects = rooms.into_iter().filter_map(join).collect();
    effects.push(Effect::Perform(Work::FinishResume { id }));
    effects
}

pub fn finished(session: &mut Session, id: Option<RequestId>) -> Effects {
    let State::Identified(identified) = &mut session.state else {
        return Vec::new();
    };
    let rooms = std::mem::take(&mut identified.resumed);
    vec![send(id, ServerFrame::Resume(Resumed { rooms }))]
}
