//! `channelJoin`: into a room, and out of the others unless they are kept.

use parlor_shared::protocol::{
    ErrorBody, ErrorCode, RequestId, ServerFrame,
    client::ChannelJoin,
    server::{ChannelJoined, ResumedRoom},
    value::RoomRef,
};

use crate::session::{
    Effects, Seat, Session, State,
    effect::{Effect, Join, JoinOutcome, Room, Work},
    error, not_signed_in, send,
};

pub fn join(session: &Session, id: Option<RequestId>, block: &ChannelJoin) -> Effects {
    let State::Identified(identified) = &session.state else {
        return not_signed_in(id);
    };
    let address = match block.room.address() {
        Ok(address) => address,
        Err(bad) => return vec![error(id, ErrorBody::new(ErrorCode::Join, bad.to_string()))],
    };
    if let Some(body) = identified.not_granted(&address) {
        return vec![error(id, body)];
    }
    let known = identified.seat(&address).is_some();
    if block.keep_joined && !known && identified.rooms.len() >= session.rules.rooms_per_connection {
        return vec![error(
            id,
            too_many_rooms(session.rules.rooms_per_connection),
        )];
    }
    let count = block
        .limit
        .map_or(session.rules.join_history, |limit| limit as usize)
        .min(session.rules.history_page);
    vec![Effect::Perform(Work::Join(Box::new(Join {
        id,
        user: identified.user.clone(),
        role: identified.role,
        address,
        keep_joined: block.keep_joined,
        count,
        resume: None,
    })))]
}

pub fn too_many_rooms(limit: usize) -> ErrorBody {
    let text = format!("a connection is in at most {limit} rooms: leave one first");
    ErrorBody::new(ErrorCode::TooManyRooms, text)
}

pub fn joined(session: &mut Session, outcome: JoinOutcome) -> Effects {
    let JoinOutcome { join, result } = outcome;
    let State::Identified(identified) = &mut session.state else {
        return Vec::new();
    };
    let room_ref = RoomRef::from(&join.address);
    let resumes = join.resume.is_some();
    let room = match result {
        Ok(room) => room,
        Err(body) => {
            // A room that was joined before is not any more, wherever the join failed: its live
            // frames stop before the client is told.
            let mut effects = Vec::new();
            if let Some(at) = identified
                .rooms
                .iter()
                .position(|seat| seat.address == join.address)
            {
                let Seat { channel, .. } = identified.rooms.swap_remove(at);
                effects.push(Effect::Leave { channel });
            }
            if resumes {
                identified.resumed.push(ResumedRoom {
                    room: room_ref,
                    recovered: false,
                    epoch: String::new(),
                    seq: 0,
                    error: Some(body),
                });
                return effects;
            }
            effects.push(error(join.id, body));
            return effects;
        }
    };
    let Room {
        channel,
        peer,
        messages,
        changes,
        marks,
        users,
        users_total,
        epoch,
        seq,
        read,
        more,
        recovered,
        standing,
    } = room;
    let mut effects = Vec::new();
    if !join.keep_joined {
        let others = identified
            .rooms
            .iter()
            .filter(|seat| seat.address != join.address);
        effects.extend(others.map(|seat| Effect::Leave {
            channel: seat.channel.clone(),
        }));
        identified.rooms.retain(|seat| seat.address == join.address);
    }
    let found = standing.as_deref().cloned().unwrap_or_default();
    identified.sit(Seat {
        address: join.address,
        channel: channel.clone(),
        peer: peer.map(Box::new),
        role: found.role,
        muted: found.muted,
        version: found.version,
    });
    if resumes {
        identified.resumed.push(ResumedRoom {
            room: room_ref.clone(),
            recovered,
            epoch: epoch.clone(),
            seq,
            error: None,
        });
    }
    let frame = ServerFrame::ChannelJoin(Box::new(ChannelJoined {
        room: room_ref,
        messages,
        users,
        users_total,
        epoch: epoch.clone(),
        seq,
        read,
        more,
        recovered: resumes.then_some(recovered),
        changes,
        marks,
        role: found.role,
        topic: Some(found.settings.topic.clone()).filter(|topic| !topic.is_empty()),
        can_write: standing.is_some().then_some(found.can_write),
        settings: standing.is_some().then_some(found.settings),
    }));
    // The answer first, then what came live meanwhile.
    effects.push(send(join.id, frame));
    effects.push(Effect::Release {
        channel,
        epoch,
        seq,
    });
    effects
}
