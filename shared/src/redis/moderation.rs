//! What is decided about rooms and their users, kept in Redis. Each decision is one script, which
//! looks at the roles of both sides, writes, and tells the room's gateways.

mod lists;

use redis::{RedisResult, pipe};

use super::{commands::Commands, scripts};
use crate::{
    clock,
    event::{self, Membership, Removal},
    id::{ChannelId, RoomName, SessionId, UserId},
    limits,
    protocol::{moderation::Why, value::User},
    roles::{RoomRole, RoomSettings, SiteRole, holds},
};

pub use lists::{bans, mutes, roles, rooms_of};

/// Users looked up in one command.
const BATCH_USERS: usize = 500;

/// Who decides: a user, or the operator (`None`), with their role on the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    pub user: Option<UserId>,
    pub role: SiteRole,
}

/// A room.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub channel: &'a ChannelId,
    /// `None` for General.
    pub room: Option<&'a RoomName>,
}

/// What is done to a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Invite,
    Role(Option<RoomRole>),
    Kick {
        reason: String,
    },
    /// `until`: ms since 1970, 0 for ever.
    Ban {
        until: u64,
        reason: String,
    },
    Unban,
    Mute {
        until: u64,
    },
    Unmute,
}

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    NoRoom,
    Exists,
    Forbidden,
    /// Who is banned can't be invited.
    Banned,
    /// [`limits::ROOM_LIST_ENTRIES`] are there already.
    Full,
}

/// A user's role after something was done.
pub type Role = Option<RoomRole>;

fn actor(by: By) -> String {
    by.user.map(|user| user.to_string()).unwrap_or_default()
}

fn refused(status: &str) -> Refused {
    match status {
        "none" => Refused::NoRoom,
        "exists" => Refused::Exists,
        "banned" => Refused::Banned,
        "full" => Refused::Full,
        _ => Refused::Forbidden,
    }
}

/// Does something to a user of a room. `names_limit`: as in [`super::presence::Settings`].
///
/// # Errors
/// When Redis can't be asked, as for all functions here.
pub async fn moderate(
    commands: &mut Commands,
    place: Place<'_>,
    by: By,
    (user, site_role): (&User, SiteRole),
    action: &Action,
    names_limit: u64,
) -> RedisResult<Result<Role, Refused>> {
    let (name, role, until, reason) = match action {
        Action::Invite => ("invite", "", 0, ""),
        Action::Role(role) => ("role", role.map_or("", RoomRole::name), 0, ""),
        Action::Kick { reason } => ("kick", "", 0, reason.as_str()),
        Action::Ban { until, reason } => ("ban", "", *until, reason.as_str()),
        Action::Unban => ("unban", "", 0, ""),
        Action::Mute { until } => ("mute", "", *until, ""),
        Action::Unmute => ("unmute", "", 0, ""),
    };
    // No session of theirs in particular.
    let left = Membership {
        session: SessionId::default(),
        user: user.clone(),
    };
    let channel = place.channel;
    let run = async |commands: &mut Commands| -> RedisResult<Vec<String>> {
        scripts::MODERATE
            .key(commands.keyspace().channel_meta(channel))
            .key(commands.keyspace().channel_roles(channel))
            .key(commands.keyspace().channel_bans(channel))
            .key(commands.keyspace().channel_mutes(channel))
            .key(commands.keyspace().channel_users(channel))
            .key(commands.keyspace().channel_sessions(channel))
            .arg(name)
            .arg(commands.keyspace().published(channel).as_str())
            .arg(actor(by))
            .arg(by.role.rank())
            .arg(user.uuid.to_string())
            .arg(site_role.rank())
            .arg(role)
            .arg(until)
            .arg(reason)
            .arg(if place.room.is_some() { "1" } else { "0" })
            .arg(limits::ROOM_LIST_ENTRIES)
            .arg(left.encode())
            .arg(names_limit)
            .invoke_async(commands)
            .await
    };
    let mut reply = run(commands).await?;
    if reply.first().is_some_and(|status| status == "full") {
        prune(commands, channel).await?;
        reply = run(commands).await?;
    }
    let status = reply.first().map_or("", String::as_str);
    if status != "ok" {
        return Ok(Err(refused(status)));
    }
    let role = reply.get(2).and_then(|role| RoomRole::read(role));
    if let Some(room) = place.room {
        note_room(commands, user.uuid, room, role.is_some()).await?;
    }
    Ok(Ok(role))
}

/// Lists a room with those of a user, or takes it from the list.
async fn note_room(
    commands: &mut Commands,
    user: UserId,
    room: &RoomName,
    belongs: bool,
) -> RedisResult<()> {
    let key = commands.keyspace().user_rooms(user);
    let mut note = pipe();
    if belongs {
        note.zadd(key, room.as_str(), 0);
    } else {
        note.zrem(key, room.as_str());
    }
    note.ignore().query_async(commands).await
}

/// Drops bans and mutes that are over.
async fn prune(commands: &mut Commands, channel: &ChannelId) -> RedisResult<()> {
    bans(commands, channel).await?;
    mutes(commands, channel).await?;
    Ok(())
}

/// What is to become of a room's settings.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    Create(&'a RoomName),
    /// `rank`: what it takes, see [`crate::roles::Rights::rank`].
    Update {
        rank: u8,
    },
}

/// Makes a room, or changes its settings; `fields` are those of `channelMeta`.
pub async fn set(
    commands: &mut Commands,
    place: Place<'_>,
    by: By,
    change: Change<'_>,
    fields: &[(&str, String)],
) -> RedisResult<Result<(), Refused>> {
    let channel = place.channel;
    let (what, rank) = match change {
        Change::Create(_) => ("create", 0),
        Change::Update { rank } => ("update", rank),
    };
    let mut script = scripts::ROOM_SETTINGS.prepare_invoke();
    script
        .key(commands.keyspace().channel_meta(channel))
        .key(commands.keyspace().channel_roles(channel))
        .key(commands.keyspace().channel_users(channel))
        .key(commands.keyspace().channel_era(channel))
        .arg(what)
        .arg(commands.keyspace().published(channel).as_str())
        .arg(actor(by))
        .arg(by.role.rank())
        .arg(place.room.map_or("", RoomName::as_str))
        .arg(clock::rfc3339(clock::now_ms()))
        .arg(event::new_epoch())
        .arg(rank)
        .arg(limits::ROOM_LIST_ENTRIES);
    for (field, value) in fields {
        script.arg(*field).arg(value);
    }
    let reply: Vec<String> = script.invoke_async(commands).await?;
    let [status, before, access] = &reply[..] else {
        return Ok(Err(refused(reply.first().map_or("", String::as_str))));
    };
    if status != "ok" {
        return Ok(Err(refused(status)));
    }
    let Some(room) = place.room else {
        return Ok(Ok(()));
    };
    // The lists of rooms lie in other slots; who reads them looks at the rooms' settings as well.
    let mut lists = pipe();
    if access == "public" {
        lists
            .zadd(commands.keyspace().rooms(), room.as_str(), 0)
            .ignore();
    } else {
        lists
            .zrem(commands.keyspace().rooms(), room.as_str())
            .ignore();
    }
    if let (Change::Create(_), Some(owner)) = (change, by.user) {
        let own = commands.keyspace().user_rooms(owner);
        lists.zadd(own, room.as_str(), 0).ignore();
    }
    if access == "invite" && before != "invite" {
        for (user, _) in roles(commands, channel).await? {
            lists
                .zadd(commands.keyspace().user_rooms(user), room.as_str(), 0)
                .ignore();
        }
    }
    let _: () = lists.query_async(commands).await?;
    Ok(Ok(()))
}

/// A room as such.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether somebody has made it; General is always there.
    pub named: bool,
    pub owner: Option<UserId>,
    pub settings: RoomSettings,
    pub policy: u64,
    /// How many have a role.
    pub members: u64,
    /// How many are in it.
    pub users: u64,
}

/// What one user is in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub role: Option<RoomRole>,
    /// As it is written, also when it is over.
    pub muted: Option<u64>,
    /// As it is written, also when it is over.
    pub removed: Option<Removal>,
}

impl Standing {
    /// How they were put out, if they are banned still.
    pub fn ban(&self, now_ms: u64) -> Option<&Removal> {
        let removal = self.removed.as_ref()?;
        let banned = removal.why == Why::Banned && holds(removal.until, now_ms);
        banned.then_some(removal)
    }
}

/// Name, owner and policy of a room.
type First = (Option<String>, Option<String>, Option<u64>);

/// Looks a room up.
pub async fn facts(commands: &mut Commands, channel: &ChannelId) -> RedisResult<Facts> {
    let fields = RoomSettings::FIELDS;
    let meta = commands.keyspace().channel_meta(channel);
    let (first, settings, members, users): (First, Values, u64, u64) = pipe()
        .cmd("HMGET")
        .arg(&meta)
        .arg(&["name", "owner", "policy"])
        .cmd("HMGET")
        .arg(&meta)
        .arg(&fields)
        .hlen(commands.keyspace().channel_roles(channel))
        .hlen(commands.keyspace().channel_users(channel))
        .query_async(commands)
        .await?;
    let (name, owner, policy) = first;
    Ok(Facts {
        named: name.is_some(),
        owner: owner.and_then(|owner| owner.parse().ok()),
        settings: RoomSettings::read(&settings),
        policy: policy.unwrap_or(0),
        members,
        users,
    })
}

/// Fields of a hash in the order in which they were asked for.
type Values = Vec<Option<String>>;

/// What users are in a room, in their order. `owner`: from [`facts`], read before.
pub async fn standings(
    commands: &mut Commands,
    channel: &ChannelId,
    owner: Option<UserId>,
    users: &[UserId],
) -> RedisResult<Vec<Standing>> {
    let mut standings = Vec::with_capacity(users.len());
    for users in users.chunks(BATCH_USERS) {
        let ids: Vec<String> = users.iter().map(UserId::to_string).collect();
        let mut lookup = pipe();
        for key in [
            commands.keyspace().channel_roles(channel),
            commands.keyspace().channel_mutes(channel),
            commands.keyspace().channel_bans(channel),
        ] {
            lookup.cmd("HMGET").arg(key).arg(&ids);
        }
        let (roles, mutes, bans): (Values, Values, Values) = lookup.query_async(commands).await?;
        for (user, ((role, muted), removed)) in users.iter().zip(roles.iter().zip(mutes).zip(bans))
        {
            let role = role.as_deref().and_then(RoomRole::read);
            standings.push(Standing {
                role: role.or((owner == Some(*user)).then_some(RoomRole::Owner)),
                muted: muted.and_then(|until| until.parse().ok()),
                removed: removed.and_then(|json| serde_json::from_str(&json).ok()),
            });
        }
    }
    Ok(standings)
}
