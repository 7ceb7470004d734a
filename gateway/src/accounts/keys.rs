//! Access keys: 32 random bytes, given to the client once; Redis holds their SHA-256 only.

use parlor_shared::{
    clock, id::UserId, keyspace, limits, protocol::client::Secret, redis::Commands,
};
use rand::RngCore as _;
use redis::{AsyncCommands as _, RedisResult, pipe};
use sha2::{Digest as _, Sha256};

/// Keys one user may hold: one a device and page is plenty. The oldest go first.
const KEYS_PER_USER: usize = 32;

/// Makes a key for a user.
pub async fn issue(commands: &mut Commands, user: UserId) -> RedisResult<Secret> {
    let mut bytes = [0_u8; limits::ACCESS_KEY_BYTES];
    rand::rngs::ThreadRng::default().fill_bytes(&mut bytes);
    let key = Secret(hex(&bytes));
    let expiry = clock::now_ms() + limits::ACCESS_KEY_TTL_SECONDS * 1_000;
    let name = keyspace::access_key(user);
    let (held,): (usize,) = pipe()
        .hset(&name, digest(&key), expiry)
        .ignore()
        .expire(&name, limits::ACCESS_KEY_TTL_SECONDS as i64)
        .ignore()
        .hlen(&name)
        .query_async(commands)
        .await?;
    if held > KEYS_PER_USER {
        prune(commands, user).await?;
    }
    Ok(key)
}

/// Whether a key is one of the user's and has not expired.
pub async fn check(commands: &mut Commands, user: UserId, key: &Secret) -> RedisResult<bool> {
    let expiry: Option<u64> = commands
        .hget(keyspace::access_key(user), digest(key))
        .await?;
    Ok(expiry.is_some_and(|expiry| expiry > clock::now_ms()))
}

/// Ends a key.
pub async fn revoke(commands: &mut Commands, user: UserId, key: &Secret) -> RedisResult<()> {
    commands.hdel(keyspace::access_key(user), digest(key)).await
}

/// Ends all of a user's keys.
pub async fn revoke_all(commands: &mut Commands, user: UserId) -> RedisResult<()> {
    commands.del(keyspace::access_key(user)).await
}

async fn prune(commands: &mut Commands, user: UserId) -> RedisResult<()> {
    let name = keyspace::access_key(user);
    let mut keys: Vec<(String, u64)> = commands.hgetall(&name).await?;
    keys.sort_by_key(|(_, expiry)| *expiry);
    let surplus = keys.len().saturating_sub(KEYS_PER_USER);
    let oldest: Vec<String> = keys
        .into_iter()
        .take(surplus)
        .map(|(digest, _)| digest)
        .collect();
    if oldest.is_empty() {
        return Ok(());
    }
    commands.hdel(name, oldest).await
}

/// What Redis knows a key by. The key is random, so a plain hash can't be guessed back.
fn digest(key: &Secret) -> String {
    hex(&Sha256::digest(key.0.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            use std::fmt::Write as _;
            let _ = write!(text, "{byte:02x}");
            text
        })
}
