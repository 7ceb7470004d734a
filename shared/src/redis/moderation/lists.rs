//! Who has a role, is muted or banned: lists of one room, read whole, which are bounded.

use std::collections::HashMap;

use redis::{FromRedisValue, RedisResult};

use crate::{
    clock,
    event::Removal,
    id::{ChannelId, RoomName, UserId},
    redis::Commands,
    roles::RoomRole,
};

async fn by_user<T: FromRedisValue>(
    commands: &mut Commands,
    key: String,
) -> RedisResult<Vec<(UserId, T)>> {
    let all: HashMap<String, T> = redis::cmd("HGETALL").arg(key).query_async(commands).await?;
    let parsed = all
        .into_iter()
        .filter_map(|(user, value)| Some((user.parse().ok()?, value)));
    Ok(parsed.collect())
}

async fn forget(commands: &mut Commands, key: String, over: &[UserId]) -> RedisResult<()> {
    if over.is_empty() {
        return Ok(());
    }
    let over: Vec<String> = over.iter().map(UserId::to_string).collect();
    redis::cmd("HDEL")
        .arg(key)
        .arg(over)
        .query_async(commands)
        .await
}

/// Everybody who has a role in a room.
pub async fn roles(
    commands: &mut Commands,
    channel: &ChannelId,
) -> RedisResult<Vec<(UserId, RoomRole)>> {
    let all: Vec<(UserId, String)> =
        by_user(commands, commands.keyspace().channel_roles(channel)).await?;
    let known = all
        .into_iter()
        .filter_map(|(user, role)| Some((user, RoomRole::read(&role)?)));
    Ok(known.collect())
}

/// Everybody who is muted in a room, and until when. What is over is dropped.
pub async fn mutes(
    commands: &mut Commands,
    channel: &ChannelId,
) -> RedisResult<Vec<(UserId, u64)>> {
    let key = commands.keyspace().channel_mutes(channel);
    let all: Vec<(UserId, u64)> = by_user(commands, key.clone()).await?;
    let now_ms = clock::now_ms();
    let (held, over): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|(_, until)| crate::roles::holds(*until, now_ms));
    let over: Vec<UserId> = over.into_iter().map(|(user, _)| user).collect();
    forget(commands, key, &over).await?;
    Ok(held)
}

/// How long it is remembered that somebody was put out: longer than any gateway takes to hear of it.
const REMEMBERED_MS: u64 = 3_600_000;

/// Everybody who is banned from a room. What is long over is dropped.
pub async fn bans(
    commands: &mut Commands,
    channel: &ChannelId,
) -> RedisResult<Vec<(UserId, Removal)>> {
    let key = commands.keyspace().channel_bans(channel);
    let all: Vec<(UserId, String)> = by_user(commands, key.clone()).await?;
    let now_ms = clock::now_ms();
    let (mut banned, mut over) = (Vec::new(), Vec::new());
    for (user, json) in all {
        let Ok(removal) = serde_json::from_str::<Removal>(&json) else {
            over.push(user);
            continue;
        };
        if crate::roles::holds(removal.until, now_ms) {
            banned.push((user, removal));
        } else if removal.until + REMEMBERED_MS < now_ms {
            over.push(user);
        }
    }
    forget(commands, key, &over).await?;
    Ok(banned)
}

/// The first `most` rooms that a user has a role in, by name.
pub async fn rooms_of(
    commands: &mut Commands,
    user: UserId,
    most: usize,
) -> RedisResult<Vec<RoomName>> {
    let names: Vec<String> = redis::cmd("ZRANGE")
        .arg(commands.keyspace().user_rooms(user))
        .arg(0)
        .arg(most.saturating_sub(1))
        .query_async(commands)
        .await?;
    Ok(names
        .iter()
        .filter_map(|name| RoomName::new(name).ok())
        .collect())
}
