//! What was decided about the session's user elsewhere.

use parlor_shared::{
    clock,
    id::{Address, RoomName},
    notice::Standing,
    protocol::{
        CloseCode, ErrorBody, ErrorCode, ServerFrame,
        moderation::{AnyRole, Muted, Removed, RoleChanged, Why},
        server::Sys,
        value::RoomRef,
    },
    roles::{Access, Rights, RoomRole, RoomSettings, Shut},
};

use crate::{
    accounts::Refusal,
    session::{
        Effects, Session, State,
        effect::{Effect, Verified, Work},
        error, send,
    },
};

/// Something about the user is otherwise.
pub fn verify(session: &Session) -> Effects {
    let State::Identified(identified) = &session.state else {
        return Vec::new();
    };
    vec![Effect::Perform(Work::Verify {
        user: identified.user.uuid,
        access_key: identified.access_key.clone(),
    })]
}

/// What the user is on the site now, or why they may not be here any more.
pub fn verified(session: &mut Session, found: Verified) -> Effects {
    let State::Identified(identified) = &mut session.state else {
        return Vec::new();
    };
    let role = match found.role {
        Ok(role) => role,
        // Not known: whoever asked for it asks again.
        Err(Refusal::Unavailable) => return Vec::new(),
        Err(refusal) => {
            let body = match refusal {
                Refusal::Banned(ban) => ErrorBody::banned("this site", ban.until, &ban.reason),
                _ => ErrorBody::new(
                    ErrorCode::SessionExpired,
                    "the session was ended: sign in again",
                ),
            };
            return vec![error(None, body), Effect::Close(CloseCode::SignedOut)];
        }
    };
    if role == identified.role {
        return Vec::new();
    }
    identified.role = role;
    let mut effects = vec![tell(Sys::RoleChanged(RoleChanged {
        room: RoomRef::default(),
        role: role.into(),
    }))];
    // Out of the rooms that they were in by that role alone.
    for (channel, settings) in found.rooms {
        let seats = &mut identified.rooms;
        let Some(at) = seats.iter().position(|seat| seat.channel == channel) else {
            continue;
        };
        let rights = Rights {
            site: role,
            room: seats[at].role,
        };
        if let Err(shut) = settings.admits(rights) {
            let seat = seats.swap_remove(at);
            let removed = shut_out(RoomRef::from(&seat.address), shut);
            effects.push(Effect::Leave { channel });
            effects.push(tell(Sys::Removed(removed)));
        }
    }
    effects
}

fn shut_out(room: RoomRef, shut: Shut) -> Removed {
    let why = match shut {
        Shut::Closed => Why::Closed,
        Shut::InvitedOnly => Why::Kicked,
    };
    Removed {
        room,
        why,
        until: None,
        reason: None,
    }
}

fn tell(sys: Sys) -> Effect {
    send(None, ServerFrame::Sys(sys))
}

/// The user has another role in a room; if the session is in it, the room itself tells.
pub fn role_elsewhere(
    session: &Session,
    room: &RoomName,
    channel: &str,
    role: Option<RoomRole>,
) -> Effects {
    if session.user().is_none() || session.rooms().any(|(_, it)| it.as_str() == channel) {
        return Vec::new();
    }
    let room = RoomRef::from(&Address::Named(room.clone()));
    let role = AnyRole::from(role);
    vec![tell(Sys::RoleChanged(RoleChanged { room, role }))]
}

/// What the user is in a room that the session may be in.
pub fn changed(session: &mut Session, now: &Standing) -> Effects {
    let State::Identified(identified) = &mut session.state else {
        return Vec::new();
    };
    let site = identified.role;
    let Some(at) = identified
        .rooms
        .iter()
        .position(|seat| seat.channel.as_str() == now.channel)
    else {
        return Vec::new();
    };
    let seat = &mut identified.rooms[at];
    // What was decided before the session joined, it found when it did.
    if now.version <= seat.version {
        return Vec::new();
    }
    let joined_at = std::mem::replace(&mut seat.version, now.version);
    let room = RoomRef::from(&seat.address);
    let mut effects = Vec::new();
    if seat.role != now.role {
        seat.role = now.role;
        effects.push(tell(Sys::RoleChanged(RoleChanged {
            room: room.clone(),
            role: now.role.into(),
        })));
    }
    if seat.muted != now.muted {
        seat.muted = now.muted;
        effects.push(tell(Sys::Muted(Muted {
            room: room.clone(),
            muted: now.muted.is_some(),
            until: now.muted.and_then(end),
        })));
    }
    let rights = Rights {
        site,
        room: now.role,
    };
    let settings = RoomSettings {
        closed: now.closed,
        access: if now.invite {
            Access::Invite
        } else {
            Access::Public
        },
        ..RoomSettings::default()
    };
    let put_out = now.removed.as_ref().filter(|it| it.version > joined_at);
    let removed = match (put_out, settings.admits(rights)) {
        (Some(removal), _) => Removed {
            room,
            why: removal.why,
            until: Some(removal.until)
                .filter(|_| removal.why == Why::Banned)
                .and_then(end),
            reason: Some(removal.reason.clone()).filter(|reason| !reason.is_empty()),
        },
        (None, Err(shut)) => shut_out(room, shut),
        (None, Ok(())) => return effects,
    };
    let seat = identified.rooms.swap_remove(at);
    // Its live frames stop before the client is told; what it was in the room is no matter then.
    vec![
        Effect::Leave {
            channel: seat.channel,
        },
        tell(Sys::Removed(removed)),
    ]
}

/// RFC 3339, of what ends.
fn end(until_ms: u64) -> Option<String> {
    (until_ms > 0).then(|| clock::rfc3339(until_ms))
}
