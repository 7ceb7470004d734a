//! A look at Redis before anything is trusted to it: what would lose messages is refused, what only
//! might is told, each in one sentence with the cure.

use redis::{RedisResult, pipe};
use tracing::warn;

use super::commands::Commands;
use crate::clock;

/// The oldest versions that have what Parlor needs: (major, minor).
const REDIS: (u32, u32) = (7, 0);
const VALKEY: (u32, u32) = (8, 0);
/// Redis' own default for subscribers: less cuts gateways off in a burst.
const PUBSUB_BYTES: (u64, u64) = (32 << 20, 8 << 20);
/// How far Redis' clock and this machine's may be apart: times of messages are Redis', expiries of
/// access keys this machine's.
const CLOCK_MS: u64 = 5_000;

const OF_CLUSTER: &str = "This Redis is a node of a cluster: give REDIS_URL as \
                          redis+cluster://host:port,host:port.";

/// What Redis said of itself; `None` where it did not say, or may not be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Facts {
    redis_version: Option<String>,
    valkey_version: Option<String>,
    eviction: Option<String>,
    max_memory: Option<u64>,
    append_only: Option<bool>,
    is_replica: Option<bool>,
    /// `client-output-buffer-limit`, as `CONFIG GET` gives it.
    buffer_limits: Option<String>,
    is_cluster: Option<bool>,
    /// `cluster-require-full-coverage`, as `CONFIG GET` gives it.
    full_coverage: Option<String>,
    /// Redis' time less this machine's.
    clock_ahead_ms: i64,
}

/// What came of the look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Findings {
    /// Sentences for which nothing is started.
    refusals: Vec<String>,
    warnings: Vec<String>,
}

/// Looks at the Redis that `commands` leads to, at each master of a cluster. What is doubtful is
/// warned of in the log, once however many masters it is about.
///
/// # Errors
/// A sentence with what has to be changed, or that Redis could not be asked.
pub async fn inspect(commands: &mut Commands) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    for mut server in commands.each()? {
        let facts = ask(&mut server).await?;
        let mut found = judge(&facts);
        if facts.is_cluster == Some(true) && !commands.on_cluster() {
            found.refusals.push(OF_CLUSTER.to_owned());
        }
        findings.warnings.extend(found.warnings);
        findings.refusals.extend(found.refusals);
    }
    findings.warnings.sort();
    findings.warnings.dedup();
    for warning in &findings.warnings {
        warn!("{warning}");
    }
    findings.refusals.dedup();
    if findings.refusals.is_empty() {
        Ok(())
    } else {
        anyhow::bail!(findings.refusals.join(" "))
    }
}

async fn ask(commands: &mut Commands) -> RedisResult<Facts> {
    let before = clock::now_ms();
    let (info, (seconds, micros)): (String, (u64, u64)) =
        pipe().cmd("INFO").cmd("TIME").query_async(commands).await?;
    // Its clock was read at some moment between the two.
    let here = u64::midpoint(before, clock::now_ms());
    let there = seconds * 1_000 + micros / 1_000;
    let mut facts = read(&info);
    facts.clock_ahead_ms = there.cast_signed() - here.cast_signed();
    facts.buffer_limits = setting(commands, "client-output-buffer-limit").await;
    if facts.is_cluster == Some(true) {
        facts.full_coverage = setting(commands, "cluster-require-full-coverage").await;
    }
    Ok(facts)
}

/// What a directive is set to. A user with the least rights may not see it.
async fn setting(commands: &mut Commands, name: &str) -> Option<String> {
    let pair: RedisResult<Vec<String>> = redis::cmd("CONFIG")
        .arg("GET")
        .arg(name)
        .query_async(commands)
        .await;
    pair.ok()?.into_iter().nth(1)
}

/// Reads the answer to `INFO`: `name:value` a line.
fn read(info: &str) -> Facts {
    let fact = |name: &str| {
        info.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key == name).then(|| value.trim().to_owned())
        })
    };
    Facts {
        redis_version: fact("redis_version"),
        valkey_version: fact("valkey_version"),
        eviction: fact("maxmemory_policy"),
        max_memory: fact("maxmemory").and_then(|bytes| bytes.parse().ok()),
        append_only: fact("aof_enabled").map(|enabled| enabled == "1"),
        is_replica: fact("role").map(|role| role == "slave"),
        buffer_limits: None,
        is_cluster: fact("cluster_enabled").map(|enabled| enabled == "1"),
        full_coverage: None,
        clock_ahead_ms: 0,
    }
}

fn judge(facts: &Facts) -> Findings {
    let mut found = Findings::default();
    // Valkey tells a version of Redis' too, the last that it was compatible with.
    let (name, version, least) = match (&facts.valkey_version, &facts.redis_version) {
        (Some(version), _) => ("Valkey", Some(version), VALKEY),
        (None, version) => ("Redis", version.as_ref(), REDIS),
    };
    if let Some(version) = version
        && numbers(version).is_some_and(|numbers| numbers < least)
    {
        let (major, minor) = least;
        found.refusals.push(format!(
            "{name} {version} is too old: Parlor needs {name} {major}.{minor} or newer."
        ));
    }
    if facts.is_replica == Some(true) {
        found.refusals.push(
            "This Redis is a replica, which takes no messages: give the address of its primary."
                .to_owned(),
        );
    }
    judge_memory(facts, &mut found);
    if facts.append_only == Some(false) {
        found.warnings.push(
            "Redis keeps no append-only file, so a restart loses messages that were acknowledged: \
             set appendonly yes."
                .to_owned(),
        );
    }
    let limits = facts.buffer_limits.as_deref().and_then(pubsub_limits);
    if let Some((hard, soft)) = limits
        && (is_less(hard, PUBSUB_BYTES.0) || is_less(soft, PUBSUB_BYTES.1))
    {
        found.warnings.push(
            "Redis cuts gateways off that are behind by little: set client-output-buffer-limit \
             pubsub 32mb 8mb 60, or more."
                .to_owned(),
        );
    }
    if facts.full_coverage.as_deref() == Some("yes") {
        found.warnings.push(
            "While one master of the cluster is away, all others stand still: set \
             cluster-require-full-coverage no."
                .to_owned(),
        );
    }
    if facts.clock_ahead_ms.unsigned_abs() > CLOCK_MS {
        found.warnings.push(format!(
            "Redis' clock and this machine's are {} s apart: set both by NTP.",
            facts.clock_ahead_ms.unsigned_abs() / 1_000
        ));
    }
    found
}

fn judge_memory(facts: &Facts, found: &mut Findings) {
    let Some(policy) = facts
        .eviction
        .as_deref()
        .filter(|policy| *policy != "noeviction")
    else {
        return;
    };
    let bounded = facts.max_memory.is_none_or(|bytes| bytes > 0);
    if policy.starts_with("allkeys") && bounded {
        found.refusals.push(format!(
            "Redis may drop messages when its memory is full (maxmemory-policy is {policy}): set \
             maxmemory-policy noeviction."
        ));
    } else {
        found.warnings.push(format!(
            "Redis may drop what people are signed in with when its memory is full \
             (maxmemory-policy is {policy}): set maxmemory-policy noeviction."
        ));
    }
}

/// Zero is no limit.
fn is_less(limit: u64, than: u64) -> bool {
    limit > 0 && limit < than
}

/// The hard and the soft limit of `normal 0 0 0 slave … pubsub HARD SOFT SECONDS`, in bytes.
fn pubsub_limits(text: &str) -> Option<(u64, u64)> {
    let mut words = text.split_whitespace();
    words.find(|word| *word == "pubsub")?;
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// Major and minor of `7.0.15`.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next().flatten().unwrap_or(0)))
}

/// Whether Redis knows a command, whatever its version says.
///
/// # Errors
/// When Redis can't be asked.
pub async fn knows(commands: &mut Commands, command: &str) -> RedisResult<bool> {
    let found: Vec<redis::Value> = redis::cmd("COMMAND")
        .arg("INFO")
        .arg(command)
        .query_async(commands)
        .await?;
    Ok(found
        .first()
        .is_some_and(|answer| *answer != redis::Value::Nil))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Facts {
        let mut facts = read(
            "# Server\r\nredis_version:7.2.4\r\nrole:master\r\nmaxmemory:0\r\n\
             maxmemory_policy:noeviction\r\naof_enabled:1\r\n",
        );
        facts.buffer_limits = Some("normal 0 0 0 slave 1 1 1 pubsub 33554432 8388608 60".into());
        facts
    }

    #[test]
    fn a_sound_redis_is_not_talked_about() {
        assert_eq!(judge(&sound()), Findings::default());
        assert_eq!(judge(&Facts::default()), Findings::default());
        let unlimited = Some("pubsub 0 0 0".to_owned());
        let facts = Facts {
            buffer_limits: unlimited,
            ..sound()
        };
        assert_eq!(judge(&facts), Findings::default());
    }

    #[test]
    fn what_would_lose_messages_is_refused() {
        let full = Facts {
            eviction: Some("allkeys-lru".into()),
            max_memory: Some(1 << 30),
            ..sound()
        };
        let old = Facts {
            redis_version: Some("6.2.14".into()),
            ..sound()
        };
        let old_valkey = Facts {
            valkey_version: Some("7.2.9".into()),
            ..sound()
        };
        let replica = Facts {
            is_replica: Some(true),
            ..sound()
        };
        for (facts, cure) in [
            (full, "noeviction"),
            (old, "Redis 7.0"),
            (old_valkey, "Valkey 8.0"),
            (replica, "primary"),
        ] {
            let found = judge(&facts);
            assert!(
                found.refusals.len() == 1 && found.refusals[0].contains(cure),
                "{found:?}"
            );
        }
    }

    #[test]
    fn what_may_be_meant_is_told() {
        let unbounded = Facts {
            eviction: Some("allkeys-lru".into()),
            ..sound()
        };
        let volatile = Facts {
            eviction: Some("volatile-ttl".into()),
            max_memory: Some(1),
            ..sound()
        };
        let forgetful = Facts {
            append_only: Some(false),
            ..sound()
        };
        let narrow = Facts {
            buffer_limits: Some("pubsub 1048576 8388608 60".into()),
            ..sound()
        };
        let whole = Facts {
            full_coverage: Some("yes".into()),
            ..sound()
        };
        let late = Facts {
            clock_ahead_ms: -61_000,
            ..sound()
        };
        for (facts, cure) in [
            (unbounded, "noeviction"),
            (volatile, "noeviction"),
            (forgetful, "appendonly yes"),
            (narrow, "client-output-buffer-limit"),
            (whole, "cluster-require-full-coverage no"),
            (late, "61 s apart"),
        ] {
            let found = judge(&facts);
            assert!(found.refusals.is_empty(), "{found:?}");
            assert!(
                found.warnings.len() == 1 && found.warnings[0].contains(cure),
                "{found:?}"
            );
        }
    }
}
