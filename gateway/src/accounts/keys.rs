//! Access keys: 32 random bytes, given to the client once; Redis holds their SHA-256 only.

use parlor_shared::{
    clock, hex,
    id::{SessionId, UserId},
    keyspace::Keyspace,
    limits,
    protocol::client::Secret,
    redis::Commands,
};
use rand::RngCore as _;
use redis::{AsyncCommands as _, Pipeline, RedisResult, pipe};
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

/// Keys one user may hold: one a device and page is plenty. The oldest go first.
const KEYS_PER_USER: usize = 32;

/// Makes a key for a user.
pub async fn issue(commands: &mut Commands, user: UserId) -> RedisResult<Secret> {
    issue_until(commands, user, expiry_from_now(), "").await
}

/// Makes the first key of a user, by what it adds to `steps`.
pub fn issue_first(steps: &mut Pipeline, keyspace: &Keyspace, user: UserId) -> Secret {
    add(steps, keyspace, user, expiry_from_now(), "")
}

fn expiry_from_now() -> u64 {
    clock::now_ms() + limits::ACCESS_KEY_TTL_SECONDS * 1_000
}

fn add(steps: &mut Pipeline, keyspace: &Keyspace, user: UserId, expiry: u64, tail: &str) -> Secret {
    let mut bytes = [0_u8; limits::ACCESS_KEY_BYTES];
    rand::rngs::ThreadRng::default().fill_bytes(&mut bytes);
    let key = Secret(hex::encode(&bytes) + tail);
    let name = keyspace.access_key(user);
    steps
        .hset(&name, digest(&key), expiry)
        .ignore()
        .expire(&name, limits::ACCESS_KEY_TTL_SECONDS as i64)
        .ignore();
    key
}

/// Makes a key that is good until `expiry` (ms since 1970) and ends with `tail`. Since Redis holds
/// the hash of all of it, nobody can change the tail.
pub async fn issue_until(
    commands: &mut Commands,
    user: UserId,
    expiry: u64,
    tail: &str,
) -> RedisResult<Secret> {
    let mut steps = pipe();
    let key = add(&mut steps, commands.keyspace(), user, expiry, tail);
    let (held,): (usize,) = steps
        .hlen(commands.keyspace().access_key(user))
        .query_async(commands)
        .await?;
    if held > KEYS_PER_USER {
        prune(commands, user).await?;
    }
    Ok(key)
}

/// Until when a key is good (ms since 1970); `None` if it is not one of the user's or has expired.
pub async fn good_until(
    commands: &mut Commands,
    user: UserId,
    key: &Secret,
) -> RedisResult<Option<u64>> {
    let held: Option<String> = commands
        .hget(commands.keyspace().access_key(user), digest(key))
        .await?;
    let expiry = held.as_deref().and_then(expiry);
    Ok(expiry.filter(|expiry| *expiry > clock::now_ms()))
}

/// What follows the random part of a key.
pub fn tail(key: &Secret) -> &str {
    key.0
        .get(2 * limits::ACCESS_KEY_BYTES..)
        .unwrap_or_default()
}

/// Ends a key.
pub async fn revoke(commands: &mut Commands, user: UserId, key: &Secret) -> RedisResult<()> {
    pipe()
        .hdel(commands.keyspace().access_key(user), digest(key))
        .ignore()
        .hdel(commands.keyspace().sign_ins(user), sign_in(key).to_string())
        .ignore()
        .query_async(commands)
        .await
}

/// Ends all of a user's keys.
pub async fn revoke_all(commands: &mut Commands, user: UserId) -> RedisResult<()> {
    commands.del(commands.keyspace().access_key(user)).await
}

async fn prune(commands: &mut Commands, user: UserId) -> RedisResult<()> {
    let name = commands.keyspace().access_key(user);
    let mut keys: Vec<(String, String)> = commands.hgetall(&name).await?;
    keys.sort_by_key(|(_, held)| expiry(held));
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
pub(super) fn digest(key: &Secret) -> String {
    hex::encode(&Sha256::digest(key.0.as_bytes()))
}

/// When a key expires, in ms, by what is held of it.
pub(super) fn expiry(held: &str) -> Option<u64> {
    held.split(' ').next()?.parse().ok()
}

/// What the sign-in that a key is of is called: it tells nothing that would let anybody in.
pub(super) fn sign_in(key: &Secret) -> SessionId {
    sign_in_of(&digest(key)).unwrap_or_default()
}

/// The same by what Redis knows the key by.
pub(super) fn sign_in_of(digest: &str) -> Option<SessionId> {
    let half = digest.get(..32)?;
    let bytes = Uuid::parse_str(half).ok()?.into_bytes();
    Some(SessionId(Builder::from_random_bytes(bytes).into_uuid()))
}
