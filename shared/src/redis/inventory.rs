//! All that one Parlor has in Redis: found, counted, and removed. What merely looks like it stays.
//!
//! A key belongs to a Parlor when its name is one that the [`Keyspace`] gives and it holds what such
//! a key holds. Keys are walked through as `SCAN` does it, so nothing is held up, and one that comes or
//! goes meanwhile may be passed over or be seen twice.
//!
//! [`Keyspace`]: crate::keyspace::Keyspace

use std::collections::BTreeMap;

use redis::{RedisResult, pipe};

use super::{
    Commands,
    lease::{HISTORY, PRESENCE},
};
use crate::keyspace::Family;

/// Keys that Redis looks at in one step.
const STEP_KEYS: usize = 1_000;
/// How long ago a program may have said last that it is alive: three heartbeats of a gateway.
const ALIVE_MS: u64 = 15_000;

/// Keys by their families.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub own: BTreeMap<Family, u64>,
    /// Keys that begin with the prefix and are none of Parlor's; 0 where there is no prefix.
    pub others: u64,
}

impl Counts {
    /// How many there are of all families.
    pub fn total(&self) -> u64 {
        self.own.values().sum()
    }
}

/// Programs that seem to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alive {
    pub gateways: u64,
    pub history_workers: u64,
    pub presence_workers: u64,
}

/// Walks through all keys of this Parlor on every server that takes writes. `take` is given some at a
/// time, and how many beside them only begin like one.
///
/// # Errors
/// When Redis can't be asked, or `take` fails.
pub async fn walk<E: From<redis::RedisError>>(
    commands: &Commands,
    mut take: impl AsyncFnMut(&[(String, Family)], u64) -> Result<(), E>,
) -> Result<(), E> {
    let prefix = commands.keyspace().prefix();
    for mut server in commands.each()? {
        let mut cursor = 0;
        loop {
            let (next, names): (u64, Vec<Vec<u8>>) = redis::cmd("SCAN")
                .arg(cursor)
                .arg("MATCH")
                .arg(format!("{prefix}*"))
                .arg("COUNT")
                .arg(STEP_KEYS)
                .query_async(&mut server)
                .await?;
            let found = names.len() as u64;
            let (own, gone) = of_parlor(&mut commands.clone(), names).await?;
            let others = found - gone - own.len() as u64;
            take(&own, if prefix.is_empty() { 0 } else { others }).await?;
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
    }
    Ok(())
}

/// Those keys that are Parlor's, and how many of the others are gone by now.
async fn of_parlor(
    commands: &mut Commands,
    names: Vec<Vec<u8>>,
) -> RedisResult<(Vec<(String, Family)>, u64)> {
    let keyspace = commands.keyspace();
    let family = |name: Vec<u8>| {
        let name = String::from_utf8(name).ok()?;
        let family = keyspace.family(&name)?;
        Some((name, family))
    };
    let mut own: Vec<(String, Family)> = names.into_iter().filter_map(family).collect();
    if own.is_empty() {
        return Ok((own, 0));
    }
    let mut ask = pipe();
    for (name, _) in &own {
        ask.cmd("TYPE").arg(name);
    }
    let kinds: Vec<String> = ask.query_async(commands).await?;
    let gone = kinds.iter().filter(|kind| *kind == "none").count();
    let mut kinds = kinds.iter();
    own.retain(|(_, family)| {
        kinds
            .next()
            .is_some_and(|kind| kind == family.kind().name())
    });
    Ok((own, gone as u64))
}

/// Counts what this Parlor has.
///
/// # Errors
/// When Redis can't be asked.
pub async fn count(commands: &Commands) -> RedisResult<Counts> {
    let mut counts = Counts::default();
    let counting = walk(commands, async |own: &[(String, Family)], others| {
        for (_, family) in own {
            *counts.own.entry(*family).or_default() += 1;
        }
        counts.others += others;
        RedisResult::Ok(())
    });
    counting.await?;
    Ok(counts)
}

/// Removes all keys of this Parlor that one walk finds. `told` learns how many are removed by now.
///
/// # Errors
/// When Redis can't be asked; what was removed until then is.
pub async fn remove(commands: &Commands, mut told: impl FnMut(u64)) -> RedisResult<u64> {
    let mut removed = 0;
    let removing = walk(commands, async |own: &[(String, Family)], _| {
        if own.is_empty() {
            return Ok(());
        }
        // One by one, since they lie in many slots.
        let mut steps = pipe();
        for (name, _) in own {
            steps.cmd("UNLINK").arg(name);
        }
        let done: Vec<u64> = steps.query_async(&mut commands.clone()).await?;
        removed += done.iter().sum::<u64>();
        told(removed);
        RedisResult::Ok(())
    });
    removing.await?;
    Ok(removed)
}

/// Which programs of this Parlor have said lately that they are alive. One that was killed counts for
/// [`ALIVE_MS`] more.
///
/// # Errors
/// When Redis can't be asked.
pub async fn alive(commands: &mut Commands) -> RedisResult<Alive> {
    let (seconds, micros): (u64, u64) = redis::cmd("TIME").query_async(commands).await?;
    let since = (seconds * 1_000 + micros / 1_000).saturating_sub(ALIVE_MS);
    let keyspace = commands.keyspace();
    let registries = [
        keyspace.gateways(),
        keyspace.workers(HISTORY),
        keyspace.workers(PRESENCE),
    ];
    let mut ask = pipe();
    for key in registries {
        ask.cmd("ZCOUNT").arg(key).arg(since).arg("+inf");
    }
    let (gateways, history_workers, presence_workers) = ask.query_async(commands).await?;
    Ok(Alive {
        gateways,
        history_workers,
        presence_workers,
    })
}
