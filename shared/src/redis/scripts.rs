//! The Lua scripts. Each `.lua` file says what it does, what it takes and what it gives. A script of
//! several files begins with functions that it shares with others.

use std::{collections::HashMap, sync::LazyLock};

use redis::{
    FromRedisValue, Pipeline, RedisError, RedisResult, ScriptInvocation, ServerErrorKind, Value,
    aio::ConnectionLike,
};

pub use redis::Script;

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident $($file:literal)+),* $(,)?) => {
        $(
            $(#[$doc])*
            pub static $name: LazyLock<Script> = LazyLock::new(|| {
                Script::new(concat!($(include_str!(concat!("lua/", $file, ".lua"))),+))
            });
        )*

        const TEXTS: &[&str] = &[
            $( concat!($(include_str!(concat!("lua/", $file, ".lua"))),+) ),*
        ];

        /// Loads every script, so that `EVALSHA` finds them from the start.
        ///
        /// # Errors
        /// When Redis can't be reached or refuses a script.
        pub async fn load_all(connection: &mut impl ConnectionLike) -> redis::RedisResult<()> {
            $( $name.load_async(connection).await?; )*
            Ok(())
        }
    };
}

scripts! {
    PUBLISH "number" "publish",
    CHANGE "number" "change",
    TALLY "number" "tally",
    JOIN "join",
    RENEW "renew",
    WITNESS "witness",
    LEAVE "leave",
    PRESENCE "presence",
    OCCUPANCY "occupancy",
    STAMP "stamp",
    CONDEMN "condemn",
    LEASE_TAKE "lease_take",
    DELETE_IF_EQUAL "delete_if_equal",
    REPLACE_IF_EQUAL "replace_if_equal",
    PERSIST "forget" "persist",
    HISTORY "history",
    ENTRIES "entries",
    TRIM "forget" "trim",
    WEBHOOK_ADD "webhook_add",
    WEBHOOK_DONE "webhook_done",
    MODERATE "moderate",
    ROOM_SETTINGS "room_settings",
    PHOTO_ATTACH "photo_attach",
    PHOTO_DISCARD "photo_discard",
    PHOTOS_CLAIM "photos_claim",
    TYPING "typing",
    READ "read",
}

/// By a script's hash, the script as a cluster runs it: what it publishes goes to the shard of the
/// channel's slot, not to every node.
static SHARDED: LazyLock<HashMap<String, Script>> = LazyLock::new(|| {
    let sharded = |text: &&str| {
        let hash = Script::new(text).get_hash().to_owned();
        let text = text.replace("redis.call('PUBLISH'", "redis.call('SPUBLISH'");
        (hash, Script::new(&text))
    };
    TEXTS.iter().map(sharded).collect()
});

/// The script as it is run on a cluster or, with `on_cluster` false, on one server. Only who does
/// not go through [`super::Commands`] needs to ask.
pub fn as_run(script: &'static Script, on_cluster: bool) -> &'static Script {
    let other = on_cluster.then(|| SHARDED.get(script.get_hash()));
    other.flatten().unwrap_or(script)
}

/// The script with this hash, as a cluster runs it.
pub(super) fn sharded(hash: &[u8]) -> Option<&'static Script> {
    SHARDED.get(std::str::from_utf8(hash).ok()?)
}

/// The hash of the script with this text, and the script as a cluster runs it.
pub(super) fn sharded_of_text(text: &[u8]) -> Option<(&'static str, &'static Script)> {
    let text = std::str::from_utf8(text).ok()?;
    let found = SHARDED.get_key_value(Script::new(text).get_hash());
    found.map(|(hash, script)| (hash.as_str(), script))
}

/// The keys and the arguments of one run of a script.
pub type Call = (Vec<String>, Vec<String>);

/// Runs a script that may be repeated once for each call, all in one round trip.
///
/// # Errors
/// When Redis can't be reached, or one of the runs failed.
pub async fn run_each<T: FromRedisValue>(
    connection: &mut impl ConnectionLike,
    script: &Script,
    calls: &[Call],
) -> RedisResult<Vec<T>> {
    if calls.is_empty() {
        return Ok(Vec::new());
    }
    let mut pipeline = Pipeline::with_capacity(calls.len());
    for (keys, arguments) in calls {
        let command = pipeline.cmd("EVALSHA");
        command.arg(script.get_hash()).arg(keys.len());
        command.arg(keys).arg(arguments);
    }
    pipeline.ignore_errors();
    let replies = with_script(connection, &pipeline, async |connection| {
        script.load_async(connection).await.map(drop)
    });
    let replies = replies.await?;
    let read = |reply: RedisResult<Value>| Ok(redis::from_redis_value(reply?)?);
    replies.into_iter().map(read).collect()
}

/// Runs a script behind other steps, which may be repeated and whose replies matter only if they are
/// errors (so none is to be marked as ignored), in one round trip.
///
/// # Errors
/// When Redis can't be reached, or one of the steps or the script failed.
pub async fn run_behind<T: FromRedisValue>(
    connection: &mut impl ConnectionLike,
    mut steps: Pipeline,
    script: &ScriptInvocation<'_>,
) -> RedisResult<T> {
    steps.invoke_script(script).ignore_errors();
    let replies = with_script(connection, &steps, async |connection| {
        script.load_async(connection).await.map(drop)
    });
    let mut last = Value::Nil;
    for reply in replies.await? {
        last = reply?;
    }
    Ok(redis::from_redis_value(last)?)
}

/// The reply to each of the steps, which are sent again when Redis turns out not to know the script
/// that is among them.
async fn with_script<C: ConnectionLike>(
    connection: &mut C,
    steps: &Pipeline,
    load: impl AsyncFnOnce(&mut C) -> RedisResult<()>,
) -> RedisResult<Vec<RedisResult<Value>>> {
    let replies: Vec<RedisResult<Value>> = steps.query_async(connection).await?;
    let is_missing = |reply: &RedisResult<Value>| reply.as_ref().is_err_and(is_not_loaded);
    if !replies.iter().any(is_missing) {
        return Ok(replies);
    }
    load(connection).await?;
    steps.query_async(connection).await
}

/// Whether Redis does not know the script: it restarted or its scripts were flushed.
pub fn is_not_loaded(error: &RedisError) -> bool {
    error.kind() == redis::ErrorKind::Server(ServerErrorKind::NoScript)
}
