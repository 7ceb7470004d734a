//! Rooms, and who is in them.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use http::StatusCode;
use parlor_shared::{
    id::{ChannelId, RoomName, UserId},
    protocol::{client::Page, value::User},
    redis::moderation::{self, By, Change, Place},
    roles::SiteRole,
};
use redis::{AsyncCommands, RedisResult, pipe};
use serde::{Deserialize, Serialize};

use super::{Api, answer::Refused};
use crate::accounts::list_range;

/// Members of one page, about.
const MEMBERS: usize = 100;

/// A named room.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Room {
    #[serde(rename = "room")]
    name: String,
    /// How many are in it now.
    users: u64,
    /// Its last message's.
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    #[serde(rename = "ownerUUID", skip_serializing_if = "Option::is_none")]
    owner_uuid: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Rooms {
    total: u64,
    rooms: Vec<Room>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRoom {
    room: String,
    #[serde(rename = "ownerUUID")]
    owner_uuid: Option<UserId>,
}

#[derive(Serialize)]
pub(super) struct Members {
    /// How many there are.
    total: u64,
    #[serde(rename = "members")]
    found: Vec<Member>,
    /// Where the next page begins; none after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Member {
    #[serde(flatten)]
    user: User,
    #[serde(rename = "joinedAt")]
    joined_at: String,
}

#[derive(Deserialize)]
pub(super) struct From {
    next: Option<u64>,
}

type Meta = (
    Option<String>,
    Option<String>,
    Option<String>,
    Option<u64>,
    Option<String>,
);

/// A room of this name that there is.
///
/// # Errors
/// When there is none.
pub(super) async fn find(api: &Api, name: &str) -> Result<(RoomName, ChannelId), Refused> {
    let name = RoomName::new(name)?;
    let channel = api.app.keyspace.named_room(&name);
    let is_there: bool = api
        .app
        .commands
        .clone()
        .hexists(api.app.keyspace.channel_meta(&channel), "name")
        .await?;
    if is_there {
        Ok((name, channel))
    } else {
        Err(Refused::no_such_room())
    }
}

async fn look(api: &Api, names: Vec<RoomName>) -> RedisResult<Vec<Option<Room>>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut ask = pipe();
    for name in &names {
        let channel = api.app.keyspace.named_room(name);
        ask.cmd("HMGET")
            .arg(api.app.keyspace.channel_meta(&channel))
            .arg(&["name", "owner", "createdAt", "seq", "epoch"]);
        ask.hlen(api.app.keyspace.channel_users(&channel));
    }
    let replies: Vec<redis::Value> = ask.query_async(&mut api.app.commands.clone()).await?;
    let room = |(name, reply): (RoomName, &[redis::Value])| {
        let [meta, users] = reply else {
            return Ok(None);
        };
        let (there, owner_uuid, created_at, seq, epoch): Meta =
            redis::from_redis_value(meta.clone())?;
        Ok(there.map(|_| Room {
            name: name.to_string(),
            users: redis::from_redis_value(users.clone()).unwrap_or_default(),
            seq: seq.unwrap_or_default(),
            epoch,
            created_at,
            owner_uuid,
        }))
    };
    names
        .into_iter()
        .zip(replies.chunks_exact(2))
        .map(room)
        .collect()
}

/// `GET /rooms`
pub(super) async fn list(
    State(api): State<Api>,
    Query(page): Query<Page>,
) -> Result<Json<Rooms>, Refused> {
    let (from, to) = list_range(page);
    let (total, names): (u64, Vec<String>) = pipe()
        .zcard(api.app.keyspace.rooms())
        .zrange(api.app.keyspace.rooms(), from, to)
        .query_async(&mut api.app.commands.clone())
        .await?;
    let names = names.iter().filter_map(|name| RoomName::new(name).ok());
    let rooms = look(&api, names.collect()).await?;
    let rooms = rooms.into_iter().flatten().collect();
    Ok(Json(Rooms { total, rooms }))
}

/// `POST /rooms`: safe to repeat.
pub(super) async fn create(
    State(api): State<Api>,
    Json(new): Json<NewRoom>,
) -> Result<(StatusCode, Json<Room>), Refused> {
    let name = RoomName::new(&new.room)?;
    if let Some(owner) = new.owner_uuid
        && api.app.directory.user(owner).await?.is_none()
    {
        return Err(Refused::no_such_user());
    }
    let channel = api.app.keyspace.named_room(&name);
    let place = Place {
        channel: &channel,
        room: Some(&name),
    };
    let by = By {
        user: new.owner_uuid,
        role: SiteRole::Admin,
    };
    let mut commands = api.app.commands.clone();
    let made = moderation::set(&mut commands, place, by, Change::Create(&name), &[]).await?;
    let status = if made.is_ok() {
        StatusCode::CREATED
    } else {
        // It was there, the only reason not to make one.
        StatusCode::OK
    };
    let room = look(&api, vec![name]).await?.pop().flatten();
    Ok((status, Json(room.ok_or_else(Refused::no_such_room)?)))
}

/// `GET /rooms/{room}`
pub(super) async fn get(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<Room>, Refused> {
    let rooms = look(&api, vec![RoomName::new(&name)?]).await?;
    let room = rooms.into_iter().flatten().next();
    room.map(Json).ok_or_else(Refused::no_such_room)
}

/// `GET /rooms/{room}/members`
pub(super) async fn members(
    State(api): State<Api>,
    Path(name): Path<String>,
    Query(From { next }): Query<From>,
) -> Result<Json<Members>, Refused> {
    let (_, channel) = find(&api, &name).await?;
    let key = api.app.keyspace.channel_users(&channel);
    let (total, (next, found)): (u64, (u64, Vec<(String, String)>)) = pipe()
        .hlen(&key)
        .cmd("HSCAN")
        .arg(&key)
        .arg(next.unwrap_or_default())
        .arg("COUNT")
        .arg(MEMBERS)
        .query_async(&mut api.app.commands.clone())
        .await?;
    let joined: Vec<(UserId, String)> = found
        .into_iter()
        .filter_map(|(user, at)| Some((user.parse().ok()?, at)))
        .collect();
    let ids: Vec<UserId> = joined.iter().map(|(user, _)| *user).collect();
    let users = api.app.directory.users(&ids).await?;
    let members = users.into_iter().map(|user| {
        let at = joined.iter().find(|(id, _)| *id == user.uuid);
        Member {
            joined_at: at.map(|(_, at)| at.clone()).unwrap_or_default(),
            user,
        }
    });
    Ok(Json(Members {
        total,
        found: members.collect(),
        next: (next != 0).then(|| next.to_string()),
    }))
}
