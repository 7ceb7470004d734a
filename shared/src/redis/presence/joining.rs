//! Joining a room: one script, which also looks whether the user may be there.

use redis::{AsyncCommands as _, RedisResult, pipe};

use super::Settings;
use crate::{
    clock,
    event::{self, Membership},
    id::{ChannelId, RoomName},
    redis::{Commands, scripts},
    roles::{Access, RoomRole, RoomSettings, SiteRole},
};

/// What joining found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Whether this is the user's first session in the room.
    pub first: bool,
    /// How many users the room has.
    pub users: u64,
    pub epoch: String,
    /// The room's last message.
    pub seq: u64,
    /// Whether the room was made by this.
    pub created: bool,
    /// What the user is in the room.
    pub role: Option<RoomRole>,
    /// Until when they are muted, in ms since 1970; 0 for ever.
    pub muted: Option<u64>,
    /// How often the room was moderated.
    pub policy: u64,
    pub room: RoomSettings,
}

/// Why a session is not let into a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// There is no such room, and none is to be made.
    NoRoom,
    /// Until when, in ms since 1970, 0 for ever; and why.
    Banned(u64, String),
    InvitedOnly,
    Closed,
}

/// Who enters which room.
#[derive(Clone, Copy, Debug)]
pub struct Entering<'a> {
    pub channel: &'a ChannelId,
    pub who: &'a Membership,
    pub role: SiteRole,
    /// Of a named room.
    pub room: Option<&'a RoomName>,
    /// Whether an unknown room is made.
    pub create: bool,
}

/// Puts a session into a room, telling the room if the user is new there.
pub async fn join(
    commands: &mut Commands,
    settings: Settings,
    entering: Entering<'_>,
) -> RedisResult<Result<Joined, Denied>> {
    let Entering {
        channel,
        who,
        role,
        room,
        create,
    } = entering;
    // Before the room knows the session, the session knows the room: a crash in between leaves
    // nobody in a room for ever.
    let held = commands.keyspace().session_channels(who.session);
    let mut before = pipe();
    before.sadd(&held, channel.as_str());
    let mut join = scripts::JOIN.prepare_invoke();
    join.key(commands.keyspace().channel_sessions(channel))
        .key(commands.keyspace().channel_users(channel))
        .key(commands.keyspace().channel_meta(channel))
        .key(commands.keyspace().channel_era(channel))
        .key(commands.keyspace().channel_roles(channel))
        .key(commands.keyspace().channel_bans(channel))
        .key(commands.keyspace().channel_mutes(channel))
        .key(commands.keyspace().channel_webhook_state(channel))
        .key(commands.keyspace().channel_webhooks(channel))
        .arg(who.user.uuid.to_string())
        .arg(who.session.to_string())
        .arg(clock::rfc3339(clock::now_ms()))
        .arg(event::new_epoch())
        .arg(channel.as_str())
        .arg(who.encode())
        .arg(settings.names_limit)
        .arg(room.map_or("", RoomName::as_str))
        .arg(if create { "1" } else { "0" })
        .arg(role.rank())
        .arg(commands.keyspace().published(channel).as_str());
    let reply: Vec<redis::Value> = scripts::run_behind(commands, before, &join).await?;
    let joined = match read_join(reply)? {
        Ok(joined) => joined,
        Err(denied) => {
            let _: () = commands.srem(&held, channel.as_str()).await?;
            return Ok(Err(denied));
        }
    };
    // The lists of rooms lie in other slots. Whoever is first in a room mends them, should its
    // maker have died just here.
    if let Some(room) = room
        && (joined.created || (joined.first && joined.users == 1))
    {
        if joined.room.access == Access::Public {
            let _: () = commands
                .zadd(commands.keyspace().rooms(), room.as_str(), 0)
                .await?;
        }
        if joined.role.is_some() {
            let own = commands.keyspace().user_rooms(who.user.uuid);
            let _: () = commands.zadd(own, room.as_str(), 0).await?;
        }
    }
    Ok(Ok(joined))
}

fn read_join(reply: Vec<redis::Value>) -> RedisResult<Result<Joined, Denied>> {
    let mut reply = reply.into_iter();
    let mut next = || reply.next().unwrap_or(redis::Value::Nil);
    let first: i64 = redis::from_redis_value(next())?;
    match first {
        -1 => return Ok(Err(Denied::NoRoom)),
        -2 => {
            let until = redis::from_redis_value(next())?;
            let reason = redis::from_redis_value(next())?;
            return Ok(Err(Denied::Banned(until, reason)));
        }
        -3 => return Ok(Err(Denied::InvitedOnly)),
        -4 => return Ok(Err(Denied::Closed)),
        _ => {}
    }
    let users = redis::from_redis_value(next())?;
    let epoch = redis::from_redis_value(next())?;
    let seq = redis::from_redis_value(next())?;
    let created: u64 = redis::from_redis_value(next())?;
    let role: String = redis::from_redis_value(next())?;
    let muted: String = redis::from_redis_value(next())?;
    let policy = redis::from_redis_value(next())?;
    let fields: Vec<Option<String>> =
        redis::from_redis_value(redis::Value::Array(reply.collect()))?;
    Ok(Ok(Joined {
        first: first == 1,
        users,
        epoch,
        seq,
        created: created == 1,
        role: RoomRole::read(&role),
        muted: muted.parse().ok(),
        policy,
        room: RoomSettings::read(&fields),
    }))
}
