//! Failed sign-ins, counted in Redis by name and by address, so that they hold across gateways.

use std::{net::IpAddr, time::Duration};

use parlor_shared::{config::RateLimit, id::Username, redis::Commands};
use redis::{RedisResult, pipe};

use super::Refusal;

/// Refuses who has failed too often. An attempt on a name counts before it is made, so that many
/// at once don't slip through; a success takes it back.
pub async fn admit(
    commands: &mut Commands,
    limit: RateLimit,
    name: &Username,
    address: IpAddr,
) -> Result<(), Refusal> {
    let Some(rate) = limit.rate() else {
        return Ok(());
    };
    let by_name = commands.keyspace().sign_in_failures_name(name);
    let by_address = commands.keyspace().sign_in_failures_address(address);
    let window_ms = rate.window.as_millis() as u64;
    let (attempts, name_ttl, failures, address_ttl): (u64, i64, Option<u64>, i64) = pipe()
        .cmd("SET")
        .arg(&by_name)
        .arg(0)
        .arg("PX")
        .arg(window_ms)
        .arg("NX")
        .ignore()
        .incr(&by_name, 1)
        .pttl(&by_name)
        .get(&by_address)
        .pttl(&by_address)
        .query_async(commands)
        .await?;
    let allowed = u64::from(rate.count);
    let wait = |ttl: i64| Refusal::TooManyAttempts(Duration::from_millis(ttl.max(1_000) as u64));
    if failures.unwrap_or(0) >= allowed {
        return Err(wait(address_ttl));
    }
    if attempts > allowed {
        return Err(wait(name_ttl));
    }
    Ok(())
}

/// The attempt failed: it counts for the address too.
pub async fn failed(commands: &mut Commands, limit: RateLimit, address: IpAddr) -> RedisResult<()> {
    let Some(rate) = limit.rate() else {
        return Ok(());
    };
    let key = commands.keyspace().sign_in_failures_address(address);
    pipe()
        .cmd("SET")
        .arg(&key)
        .arg(0)
        .arg("PX")
        .arg(rate.window.as_millis() as u64)
        .arg("NX")
        .ignore()
        .incr(&key, 1)
        .ignore()
        .query_async(commands)
        .await
}

/// The attempt succeeded: it does not count.
pub async fn succeeded(
    commands: &mut Commands,
    limit: RateLimit,
    name: &Username,
) -> RedisResult<()> {
    if limit.rate().is_none() {
        return Ok(());
    }
    redis::cmd("DEL")
        .arg(commands.keyspace().sign_in_failures_name(name))
        .query_async(commands)
        .await
}
