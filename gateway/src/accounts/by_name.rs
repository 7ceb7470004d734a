//! Accounts by their names: a sorted set in which names that begin alike stand together.

use std::time::Duration;

use parlor_shared::{
    id::{self, UserId, Username},
    keyspace::Keyspace,
    limits,
    protocol::client::Page,
    redis::Commands,
};
use redis::{AsyncCommands as _, Pipeline, RedisResult, pipe};
use tracing::{info, warn};

use super::names::Registered;

/// Accounts entered in one step.
const FILL_ACCOUNTS: usize = 500;
/// Pause after a step that Redis did not take.
const FILL_RETRY: Duration = Duration::from_secs(5);
/// How far one may page into what a prefix finds: beyond it a longer prefix serves better, and a
/// sorted set counts its way there.
const MOST_OFFSET: u64 = 10_000;
/// Accounts whose names differ by their case only and that are looked at for one name.
const SAME_NAMES: usize = 16;

fn member(name: &Username, user: UserId) -> String {
    format!("{}\0{user}", id::folded(name.as_str()))
}

fn user_of(member: &str) -> Option<UserId> {
    member.rsplit_once('\0')?.1.parse().ok()
}

/// Adds an account's entry to a pipeline.
pub fn enter(pipeline: &mut Pipeline, keyspace: &Keyspace, name: &Username, user: UserId) {
    let index = keyspace.users_by_name();
    pipeline.zadd(index, member(name, user), 0).ignore();
}

/// Takes an account's entry out with a pipeline.
pub fn leave(pipeline: &mut Pipeline, keyspace: &Keyspace, name: &Username, user: UserId) {
    let index = keyspace.users_by_name();
    pipeline.zrem(index, member(name, user)).ignore();
}

/// Takes an account's entry out.
pub async fn remove(commands: &mut Commands, name: &Username, user: UserId) -> RedisResult<()> {
    let mut pipeline = pipe();
    leave(&mut pipeline, commands.keyspace(), name, user);
    pipeline.query_async(commands).await
}

/// A page of the accounts whose names begin with `prefix`, in whatever case, in the order of the
/// alphabet; and how many there are.
pub async fn search(
    commands: &mut Commands,
    prefix: &str,
    page: Page,
) -> RedisResult<(u64, Vec<UserId>)> {
    if prefix.len() > limits::NAME_BYTES {
        return Ok((0, Vec::new()));
    }
    let prefix = id::folded(prefix);
    // No text in UTF-8 has this byte.
    let mut end = format!("({prefix}").into_bytes();
    end.push(0xff);
    let begin = format!("[{prefix}");
    let count = if page.offset > MOST_OFFSET {
        0
    } else {
        page.limit()
    };
    let index = commands.keyspace().users_by_name();
    let (total, members): (u64, Vec<String>) = pipe()
        .cmd("ZLEXCOUNT")
        .arg(&index)
        .arg(&begin)
        .arg(&end)
        .cmd("ZRANGE")
        .arg(&index)
        .arg(&begin)
        .arg(&end)
        .arg("BYLEX")
        .arg("LIMIT")
        .arg(page.offset.min(MOST_OFFSET))
        .arg(count)
        .query_async(commands)
        .await?;
    Ok((total, members.iter().filter_map(|it| user_of(it)).collect()))
}

/// The accounts that have one of these names, in whatever case.
pub async fn namesakes(commands: &mut Commands, names: &[Username]) -> RedisResult<Vec<UserId>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut lookup = pipe();
    for name in names {
        let name = id::folded(name.as_str());
        lookup
            .cmd("ZRANGE")
            .arg(commands.keyspace().users_by_name())
            .arg(format!("[{name}\0"))
            .arg(format!("({name}\u{1}"))
            .arg("BYLEX")
            .arg("LIMIT")
            .arg(0)
            .arg(SAME_NAMES);
    }
    let found: Vec<Vec<String>> = lookup.query_async(commands).await?;
    let members = found.iter().flatten();
    Ok(members.filter_map(|it| user_of(it)).collect())
}

/// Enters the accounts that were registered before there was an index, or by a gateway that knew of
/// none: from where it was left off, in steps. Several gateways may do it at once.
pub async fn fill(mut commands: Commands) {
    let mut entered = 0;
    loop {
        match fill_some(&mut commands).await {
            Ok(0) => break,
            Ok(count) => entered += count,
            Err(error) => {
                warn!(%error, "the index of names can't be filled yet");
                tokio::time::sleep(FILL_RETRY).await;
            }
        }
    }
    if entered > 0 {
        info!(accounts = entered, "the index of names is up to date");
    }
}

/// One step; how many accounts it has looked at.
async fn fill_some(commands: &mut Commands) -> RedisResult<usize> {
    let done: Option<isize> = commands
        .get(commands.keyspace().users_by_name_filled())
        .await?;
    let from = done.unwrap_or(0);
    let until = from + FILL_ACCOUNTS as isize - 1;
    let entries: Vec<String> = commands
        .lrange(commands.keyspace().users(), from, until)
        .await?;
    if entries.is_empty() {
        return Ok(0);
    }
    let accounts: Vec<Registered> = entries
        .iter()
        .filter_map(|entry| serde_json::from_str(entry).ok())
        .collect();
    let mut lookup = pipe();
    for account in &accounts {
        lookup.exists(commands.keyspace().user_account(account.uuid));
    }
    let exist: Vec<bool> = if accounts.is_empty() {
        Vec::new()
    } else {
        lookup.query_async(commands).await?
    };
    let mut step = pipe();
    for (account, exists) in accounts.iter().zip(exist) {
        if exists {
            enter(
                &mut step,
                commands.keyspace(),
                &account.username,
                account.uuid,
            );
        }
    }
    let filled = from + entries.len() as isize;
    step.set(commands.keyspace().users_by_name_filled(), filled)
        .ignore();
    let _: () = step.query_async(commands).await?;
    Ok(entries.len())
}
