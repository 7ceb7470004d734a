//! Taking names: `SET NX` on a name's index makes it unique, among accounts and guests alike.

use std::collections::HashMap;

use parlor_shared::{
    clock,
    id::{UserId, Username},
    keyspace,
    redis::{Commands, scripts},
};
use redis::{AsyncCommands as _, RedisResult, pipe};
use serde::{Deserialize, Serialize};

/// How long a sign-up may take until its name is free again, in seconds.
const PENDING_SECONDS: u64 = 60;

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
    let index: Option<String> = commands.get(keyspace::users_username_index(name)).await?;
    let Some(index) = index else {
        return Ok(Holder::Nobody);
    };
    if index.starts_with("guest:") {
        return Ok(Holder::Guest);
    }
    let Ok(index) = index.parse::<isize>() else {
        return Ok(Holder::Pending);
    };
    let entry: Option<String> = commands.lindex(keyspace::users(), index).await?;
    Ok(entry
        .and_then(|entry| serde_json::from_str::<Registered>(&entry).ok())
        .map_or(Holder::Nobody, |entry| Holder::Account(entry.uuid)))
}

/// Who holds names, accounts and guests; those of nobody are left out.
pub async fn holders(
    commands: &mut Commands,
    names: &[Username],
) -> RedisResult<HashMap<Username, UserId>> {
    let mut found = HashMap::new();
    if names.is_empty() {
        return Ok(found);
    }
    let mut ask = pipe();
    for name in names {
        ask.get(keyspace::users_username_index(name));
    }
    let indices: Vec<Option<String>> = ask.query_async(commands).await?;
    let mut accounts = pipe();
    let mut listed = Vec::new();
    for (name, index) in names.iter().zip(indices) {
        let Some(index) = index else { continue };
        if let Some(guest) = index.strip_prefix("guest:") {
            found.extend(guest.parse().ok().map(|guest| (name.clone(), guest)));
        } else if let Ok(index) = index.parse::<isize>() {
            accounts.lindex(keyspace::users(), index);
            listed.push(name);
        }
    }
    if !listed.is_empty() {
        let entries: Vec<Option<String>> = accounts.query_async(commands).await?;
        for (name, entry) in listed.into_iter().zip(entries) {
            let entry = entry.and_then(|entry| serde_json::from_str::<Registered>(&entry).ok());
            found.extend(entry.map(|entry| (name.clone(), entry.uuid)));
        }
    }
    Ok(found)
}

/// Registers an account. `None` when the name is taken. A crash on the way leaves the name
/// reserved for [`PENDING_SECONDS`]; a failure gives it back at once.
pub async fn register(
    commands: &mut Commands,
    name: &Username,
    password_hash: &str,
) -> RedisResult<Option<UserId>> {
    let user = UserId::random();
    let index_key = keyspace::users_username_index(name);
    let pending = format!("pending:{user}");
    if !reserve(commands, &index_key, &pending, PENDING_SECONDS).await? {
        return Ok(None);
    }
    let made = register_reserved(commands, user, name, password_hash).await;
    if made.is_err() {
        let _: RedisResult<()> = scripts::DELETE_IF_EQUAL
            .key(&index_key)
            .arg(&pending)
            .invoke_async(commands)
            .await;
        let _: RedisResult<()> = commands.del(keyspace::user_account(user)).await;
    }
    made.map(|()| Some(user))
}

async fn register_reserved(
    commands: &mut Commands,
    user: UserId,
    name: &Username,
    password_hash: &str,
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
            keyspace::user_account(user),
            &[
                ("Username", name.as_str()),
                ("PasswordHash", password_hash),
                ("Role", "member"),
                ("CreatedAt", &created_at),
            ],
        )
        .ignore()
        .rpush(keyspace::users(), entry)
        .query_async(commands)
        .await?;
    pipe()
        .set(keyspace::users_uuid_index(user), length - 1)
        .ignore()
        .set(keyspace::users_username_index(name), length - 1)
        .ignore()
        .query_async(commands)
        .await
}

/// Takes a name for a guest. `None` when it is taken.
pub async fn take_for_guest(
    commands: &mut Commands,
    name: &Username,
    ttl_seconds: u64,
) -> RedisResult<Option<UserId>> {
    let user = UserId::random();
    let index_key = keyspace::users_username_index(name);
    if !reserve(commands, &index_key, &format!("guest:{user}"), ttl_seconds).await? {
        return Ok(None);
    }
    let account = keyspace::user_account(user);
    let created_at = clock::rfc3339(clock::now_ms());
    let _: () = pipe()
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
        .ignore()
        .query_async(commands)
        .await?;
    Ok(Some(user))
}

/// Keeps a guest's keys while they are here; when they are gone the registry lets them expire.
pub async fn keep_guest(commands: &mut Commands, user: UserId, name: &Username) -> RedisResult<()> {
    pipe()
        .persist(keyspace::user_account(user))
        .ignore()
        .persist(keyspace::users_username_index(name))
        .ignore()
        .query_async(commands)
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
