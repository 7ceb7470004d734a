//! The registry of who is connected where and who is in which room, kept in Redis.
//!
//! A gateway writes it as sessions come; a session that goes without a word is ended by the
//! presence-worker after the offline grace, with the same functions. Every step may be repeated,
//! and a crash between two leaves something that the reaping of the session cleans up: what holds
//! a session is written before, and removed after, what it holds.

mod joining;

use redis::{AsyncCommands as _, Pipeline, RedisResult, pipe};

use super::{commands::Commands, scripts, status};
use crate::{
    clock,
    event::Membership,
    id::{ChannelId, GatewayId, SessionId, UserId},
    keyspace::Keyspace,
};

pub use joining::{Denied, Entering, Joined, join};

/// How the registry's keys age and how large a room may be to be told names.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// TTL of `userStatus`, in seconds.
    pub status_ttl_seconds: u64,
    /// TTL of `userSession`, in seconds.
    pub session_ttl_seconds: u64,
    /// How long a guest's name is kept once they are gone, in seconds; at least one.
    pub guest_ttl_seconds: u64,
    /// Rooms of more users are told counts, not names.
    pub names_limit: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            status_ttl_seconds: 60,
            session_ttl_seconds: 3_600,
            guest_ttl_seconds: 3_600,
            names_limit: 100,
        }
    }
}

/// One session of one user on one gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    pub session: SessionId,
    pub user: UserId,
    pub gateway: GatewayId,
}

/// What leaving found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Whether the user has no session in the room any more, by this call.
    pub gone: bool,
    /// How many users are left.
    pub users: u64,
}

/// Notes the time of connection (`userSession`).
///
/// # Errors
/// When Redis can't be asked, as for all functions here.
pub async fn connected(
    commands: &mut Commands,
    settings: Settings,
    session: SessionId,
) -> RedisResult<()> {
    let now = clock::rfc3339(clock::now_ms());
    commands
        .set_ex(
            commands.keyspace().user_session(session),
            now,
            settings.session_ttl_seconds,
        )
        .await
}

/// Notes a session's user, by what it adds to `steps`. They give nothing.
pub fn signed_in(steps: &mut Pipeline, keyspace: &Keyspace, settings: Settings, seat: Seat) {
    let (session, gateway) = (seat.session.to_string(), seat.gateway.to_string());
    let now = clock::rfc3339(clock::now_ms());
    // gatewaySessions first: from there on the session is reaped whatever happens. userSessions
    // before userStatus: see `end` for the race this order decides.
    steps
        .hset(
            keyspace.gateway_sessions(seat.gateway),
            &session,
            seat.user.to_string(),
        )
        .ignore()
        .hset(keyspace.user_sessions(seat.user), &session, gateway)
        .ignore()
        .cmd("SET")
        .arg(keyspace.user_status(seat.user))
        .arg(now)
        .arg("EX")
        .arg(settings.status_ttl_seconds)
        .arg("NX")
        .ignore();
}

/// Takes a session out of a room, telling the room if the user is gone from it.
pub async fn leave(
    commands: &mut Commands,
    settings: Settings,
    channel: &ChannelId,
    who: &Membership,
) -> RedisResult<Left> {
    let (gone, users): (u64, u64) = scripts::LEAVE
        .key(commands.keyspace().channel_sessions(channel))
        .key(commands.keyspace().channel_users(channel))
        .key(commands.keyspace().channel_webhook_state(channel))
        .key(commands.keyspace().channel_webhooks(channel))
        .arg(who.user.uuid.to_string())
        .arg(who.session.to_string())
        .arg(channel.as_str())
        .arg(who.encode())
        .arg(settings.names_limit)
        .arg(commands.keyspace().published(channel).as_str())
        .invoke_async(commands)
        .await?;
    let _: () = commands
        .srem(
            commands.keyspace().session_channels(who.session),
            channel.as_str(),
        )
        .await?;
    Ok(Left {
        gone: gone == 1,
        users,
    })
}

/// What ending a session came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Rooms the user is out of.
    pub left: usize,
    /// Whether the user went offline.
    pub offline: bool,
}

/// Ends a session: out of all its rooms, and the user offline if it was the last. Tells the rooms.
pub async fn end(
    commands: &mut Commands,
    settings: Settings,
    seat: Seat,
    who: &Membership,
) -> RedisResult<Ended> {
    let session = seat.session.to_string();
    let held = commands.keyspace().session_channels(seat.session);
    let (channels, sign_in): (Vec<String>, Option<String>) = pipe()
        .smembers(&held)
        .hget(commands.keyspace().session_sign_ins(seat.user), &session)
        .query_async(commands)
        .await?;
    let mut left = Vec::new();
    for channel in channels.into_iter().map(ChannelId::new) {
        if leave(commands, settings, &channel, who).await?.gone {
            left.push(channel);
        }
    }
    let offline = forget(commands, settings, seat.user, &session, sign_in).await?;
    if offline {
        for channel in &left {
            tell_presence(commands, settings, channel, who, false).await?;
        }
    }
    let _: () = pipe()
        .del(held)
        .ignore()
        .del(commands.keyspace().user_session(seat.session))
        .ignore()
        .hdel(commands.keyspace().gateway_sessions(seat.gateway), &session)
        .ignore()
        // Last of all: until here a crash has it ended again.
        .zrem(commands.keyspace().gateway_departed(seat.gateway), &session)
        .ignore()
        .query_async(commands)
        .await?;
    Ok(Ended {
        left: left.len(),
        offline,
    })
}

/// Takes a session from its user. `true` if that left the user offline.
async fn forget(
    commands: &mut Commands,
    settings: Settings,
    user: UserId,
    session: &str,
    sign_in: Option<String>,
) -> RedisResult<bool> {
    // Atomic, so that of two sessions that end at once exactly one is the last.
    let (removed, others): (u64, u64) = pipe()
        .atomic()
        .hdel(commands.keyspace().user_sessions(user), session)
        .hlen(commands.keyspace().user_sessions(user))
        .query_async(commands)
        .await?;
    if let Some(sign_in) = sign_in {
        last_seen(commands, user, session, &sign_in).await?;
    }
    if others > 0 {
        return Ok(false);
    }
    if !status::clear(commands, settings, user).await? {
        return Ok(false);
    }
    let role: Option<String> = commands
        .hget(commands.keyspace().user_account(user), "Role")
        .await?;
    if role.as_deref() == Some("guest") {
        release_guest(commands, settings, user).await?;
    }
    Ok(removed > 0)
}

/// Notes when a sign-in was last seen, and that it has not this session any more.
async fn last_seen(
    commands: &mut Commands,
    user: UserId,
    session: &str,
    sign_in: &str,
) -> RedisResult<()> {
    let sign_ins = commands.keyspace().sign_ins(user);
    let facts: Option<String> = commands.hget(&sign_ins, sign_in).await?;
    let mut steps = pipe();
    // One that was ended has none, and must not get any.
    if let Some((_, client)) = facts.as_deref().and_then(|facts| facts.split_once(' ')) {
        let facts = format!("{} {client}", clock::now_ms());
        steps.hset(&sign_ins, sign_in, facts).ignore();
    }
    steps
        .hdel(commands.keyspace().session_sign_ins(user), session)
        .ignore()
        .query_async(commands)
        .await
}

/// Lets a guest's name and keys expire, now that they are gone.
async fn release_guest(
    commands: &mut Commands,
    settings: Settings,
    user: UserId,
) -> RedisResult<()> {
    let account = commands.keyspace().user_account(user);
    let name: Option<String> = commands.hget(&account, "Username").await?;
    let ttl = settings.guest_ttl_seconds.max(1) as i64;
    let mut keys = vec![
        account,
        commands.keyspace().access_key(user),
        commands.keyspace().read_cursors(user),
        commands.keyspace().mentions(user),
        commands.keyspace().sign_ins(user),
        commands.keyspace().session_sign_ins(user),
    ];
    if let Some(Ok(name)) = name.as_deref().map(crate::id::Username::new) {
        keys.push(commands.keyspace().users_username_index(&name));
    }
    let mut release = pipe();
    for key in &keys {
        release.expire(key, ttl).ignore();
    }
    let (sessions,): (u64,) = release
        .hlen(commands.keyspace().user_sessions(user))
        .query_async(commands)
        .await?;
    if sessions > 0 {
        // The guest came back just now.
        let mut keep = pipe();
        for key in &keys {
            keep.persist(key).ignore();
        }
        let _: () = keep.query_async(commands).await?;
    }
    Ok(())
}

/// Tells a room that one of its users came online or went offline.
pub async fn tell_presence(
    commands: &mut Commands,
    settings: Settings,
    channel: &ChannelId,
    who: &Membership,
    online: bool,
) -> RedisResult<()> {
    scripts::PRESENCE
        .key(commands.keyspace().channel_users(channel))
        .arg(commands.keyspace().published(channel).as_str())
        .arg(if online { "1" } else { "0" })
        .arg(who.encode())
        .arg(settings.names_limit)
        .invoke_async(commands)
        .await
}

/// Redis' time in ms, and how many entries are new.
type Stamped = (u64, u64);

/// Notes that sessions' connections have ended; the offline grace runs from now on.
pub async fn departed(
    commands: &mut Commands,
    gateway: GatewayId,
    sessions: &[SessionId],
) -> RedisResult<()> {
    let mut stamp = scripts::STAMP.prepare_invoke();
    stamp.key(commands.keyspace().gateway_departed(gateway));
    for session in sessions {
        stamp.arg(session.to_string());
    }
    let _: Stamped = stamp.invoke_async(commands).await?;
    Ok(())
}

/// Says that a gateway is alive. Gives whether the registry knew it until now: if it did not, the
/// gateway has to register its sessions again.
pub async fn heartbeat(commands: &mut Commands, gateway: GatewayId) -> RedisResult<bool> {
    let (_, added): Stamped = scripts::STAMP
        .key(commands.keyspace().gateways())
        .arg(gateway.to_string())
        .invoke_async(commands)
        .await?;
    Ok(added == 0)
}
