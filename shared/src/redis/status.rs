//! `userStatus`: since when a user is online.
//!
//! Its key and the list of the user's sessions lie in different slots, so no script can change both.
//! Every writer changes `userSessions` first and looks at it again after changing `userStatus`.

use redis::{AsyncCommands as _, RedisResult, pipe};

use super::{
    commands::Commands,
    presence::{Seat, Settings},
};
use crate::{clock, id::UserId};

/// Brings a missing `userStatus` of a connected user back: it expired while nobody kept it fresh.
/// `false` when the session is ending, or somebody else brought it back.
pub async fn restore(commands: &mut Commands, settings: Settings, seat: Seat) -> RedisResult<bool> {
    let session = seat.session.to_string();
    let registered = |replies: (bool, bool)| replies.0 && replies.1;
    let keyspace = commands.keyspace().clone();
    let is_registered = || {
        let mut ask = pipe();
        ask.hexists(keyspace.gateway_sessions(seat.gateway), &session)
            .hexists(keyspace.user_sessions(seat.user), &session);
        ask
    };
    if !registered(is_registered().query_async(commands).await?) {
        return Ok(false);
    }
    let restored = set(commands, settings, seat.user).await?;
    // The session may have been ended meanwhile. `forget` takes it from userSessions before it
    // deletes the status: either it deletes what was just set, or its session is missing here.
    if !registered(is_registered().query_async(commands).await?) {
        clear(commands, settings, seat.user).await?;
        return Ok(false);
    }
    Ok(restored)
}

/// Sets a user's status if it is missing. `true` if it was.
pub(super) async fn set(
    commands: &mut Commands,
    settings: Settings,
    user: UserId,
) -> RedisResult<bool> {
    let done: Option<String> = redis::cmd("SET")
        .arg(commands.keyspace().user_status(user))
        .arg(clock::rfc3339(clock::now_ms()))
        .arg("EX")
        .arg(settings.status_ttl_seconds)
        .arg("NX")
        .query_async(commands)
        .await?;
    Ok(done.is_some())
}

/// Deletes a user's status unless they have a session. `true` if they have none.
pub(super) async fn clear(
    commands: &mut Commands,
    settings: Settings,
    user: UserId,
) -> RedisResult<bool> {
    let sessions: u64 = commands
        .hlen(commands.keyspace().user_sessions(user))
        .await?;
    if sessions > 0 {
        return Ok(false);
    }
    // A sign-in may come between these steps: it writes userSessions, then userStatus. Either it
    // writes userStatus after this DEL, or its userSessions shows in the HLEN and is put right.
    let (_, sessions): (u64, u64) = pipe()
        .del(commands.keyspace().user_status(user))
        .hlen(commands.keyspace().user_sessions(user))
        .query_async(commands)
        .await?;
    if sessions > 0 {
        set(commands, settings, user).await?;
        return Ok(false);
    }
    Ok(true)
}
