//! Taking names: `SET NX` on a name's index makes it unique, among accounts and guests alike.

use parlor_shared::{
    clock,
    id::{UserId, Username},
    keyspace::Keyspace,
    protocol::client::Secret,
    redis::{Commands, scripts},
};
use redis::{AsyncCommands as _, Pipeline, RedisResult, pipe};
use serde::{Deserialize, Serialize};

use super::{by_name, keys};

/// How long a sign-up may take until its name is free again, in seconds.
const PENDING_SECONDS: u64 = 60;
/// What stands in place of an index meanwhile.
const PENDING: &str = "pending";

/// One entry of `users`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    #[serde(rename = "UUID")]
    pub uuid: UserId,
    #[serde(rename = "Username")]
    pub username: Username,
    #[serde(rename = "CreatedAt")]
    pub created_at: String,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    Nobody,
    /// An account, or one that is being made.
    Account(UserId),
    Pending,
    Guest,
}

/// Who holds a name.
pub async fn holder(commands: &mut Commands, name: &Username) -> RedisResult<Holder> {
    let index: Option<String> = commands
        .get(commands.keyspace().users_username_index(name))
        .await?;
    let Some(index) = index else {
        return Ok(Holder::Nobody);
    };
    if index.starts_with("guest:") {
        return Ok(Holder::Guest);
    }
    let Ok(index) = index.parse::<isize>() else {
        return Ok(Holder::Pending);
    };
    let entry: Option<String> = commands.lindex(commands.keyspace().users(), index).await?;
    Ok(entry
        .and_then(|entry| serde_json::from_str::<Registered>(&entry).ok())
        .map_or(Holder::Nobody, |entry| Holder::Account(entry.uuid)))
}

/// Registers an account. `None` when the name is taken. A crash on the way leaves the name
/// reserved for [`PENDING_SECONDS`]; a failure gives it back at once.
pub async fn register(
    commands: &mut Commands,
    name: &Username,
    password_hash: &str,
) -> RedisResult<Option<UserId>> {
    let user = UserId::random();
    let fields = [("PasswordHash", password_hash), ("Role", "member")];
    let made = register_as(commands, user, name, &fields).await?;
    Ok(made.then_some(user))
}

/// Registers an account under a UUID that is known to be free, with further fields. `false` when
/// the name is taken.
pub async fn register_as(
    commands: &mut Commands,
    user: UserId,
    name: &Username,
    fields: &[(&str, &str)],
) -> RedisResult<bool> {
    let index_key = commands.keyspace().users_username_index(name);
    let pending = format!("pending:{user}");
    if !reserve(commands, &index_key, &pending, PENDING_SECONDS).await? {
        return Ok(false);
    }
    let made = register_reserved(commands, user, name, fields).await;
    if made.is_err() {
        let _: RedisResult<()> = scripts::DELETE_IF_EQUAL
            .key(&index_key)
            .arg(&pending)
            .invoke_async(commands)
            .await;
        let _: RedisResult<()> = commands.del(commands.keyspace().user_account(user)).await;
        let _: RedisResult<()> = by_name::remove(commands, name, user).await;
    }
    made.map(|()| true)
}

async fn register_reserved(
    commands: &mut Commands,
    user: UserId,
    name: &Username,
    fields: &[(&str, &str)],
) -> RedisResult<()> {
    let created_at = clock::rfc3339(clock::now_ms());
    let entry = Registered {
        uuid: user,
        username: name.clone(),
        created_at: created_at.clone(),
    };
    let entry = serde_json::to_string(&entry).expect("ids and names are JSON");
    let (length,): (u64,) = pipe()
        .hset_multiple(
            commands.keyspace().user_account(user),
            &[("Username", name.as_str()), ("CreatedAt", &created_at)],
        )
        .ignore()
        .hset_multiple(commands.keyspace().user_account(user), fields)
        .ignore()
        .rpush(commands.keyspace().users(), entry)
        .query_async(commands)
        .await?;
    let mut indices = pipe();
    by_name::enter(&mut indices, commands.keyspace(), name, user);
    indices
        .set(commands.keyspace().users_uuid_index(user), length - 1)
        .ignore()
        .set(commands.keyspace().users_username_index(name), length - 1)
        .ignore()
        .query_async(commands)
        .await
}

/// Takes a name for a guest, and gives them an access key in the same breath. `None` when it is
/// taken.
pub async fn take_for_guest(
    commands: &mut Commands,
    name: &Username,
    ttl_seconds: u64,
) -> RedisResult<Option<(UserId, Secret)>> {
    let user = UserId::random();
    let index_key = commands.keyspace().users_username_index(name);
    if !reserve(commands, &index_key, &format!("guest:{user}"), ttl_seconds).await? {
        return Ok(None);
    }
    let account = commands.keyspace().user_account(user);
    let created_at = clock::rfc3339(clock::now_ms());
    let mut steps = pipe();
    steps
        .hset_multiple(
            &account,
            &[
                ("Username", name.as_str()),
                ("Role", "guest"),
                ("CreatedAt", &created_at),
            ],
        )
        .ignore()
        .expire(&account, ttl_seconds as i64)
        .ignore();
    let key = keys::issue_first(&mut steps, commands.keyspace(), user);
    let _: () = steps.query_async(commands).await?;
    Ok(Some((user, key)))
}

/// Keeps a guest's keys while they are here; when they are gone the registry lets them expire.
pub fn keep_guest(steps: &mut Pipeline, keyspace: &Keyspace, user: UserId, name: &Username) {
    steps
        .persist(keyspace.user_account(user))
        .ignore()
        .persist(keyspace.users_username_index(name))
        .ignore()
        .persist(keyspace.read_cursors(user))
        .ignore()
        .persist(keyspace.mentions(user))
        .ignore();
}

/// Takes the UUID of a user from elsewhere, so that of several gateways one makes the account.
/// Gives it back by itself after [`PENDING_SECONDS`].
pub async fn reserve_user(commands: &mut Commands, user: UserId) -> RedisResult<bool> {
    let key = commands.keyspace().users_uuid_index(user);
    reserve(commands, &key, PENDING, PENDING_SECONDS).await
}

/// Gives a UUID back that no account was made for.
pub async fn release_user(commands: &mut Commands, user: UserId) -> RedisResult<()> {
    scripts::DELETE_IF_EQUAL
        .key(commands.keyspace().users_uuid_index(user))
        .arg(PENDING)
        .invoke_async(commands)
        .await
}

async fn reserve(
    commands: &mut Commands,
    key: &str,
    value: &str,
    ttl_seconds: u64,
) -> RedisResult<bool> {
    let taken: Option<String> = redis::cmd("SET")
        .arg(key)
        .arg(value)
        .arg("EX")
        .arg(ttl_seconds)
        .arg("NX")
        .query_async(commands)
        .await?;
    Ok(taken.is_some())
}
