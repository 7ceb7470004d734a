//! A user's sign-ins: each is an access key and the connections made with it.

use std::collections::HashMap;

use parlor_shared::{
    clock,
    id::{SessionId, UserId},
    keyspace::Keyspace,
    limits,
    protocol::{client::Secret, people::SignedInSession},
    redis::Commands,
};
use redis::{AsyncCommands as _, Pipeline, RedisResult, pipe};

use super::keys;

/// Notes a connection that signed in by `key`. Of the steps the last gives a `bool`, `false` when the
/// key was ended meanwhile: then the connection must not stay.
///
/// They come behind the one that names the connection in `userSessions`. Who ends keys does that first
/// and then looks for connections there: so either they find this one, or it finds its key gone.
pub fn note(
    steps: &mut Pipeline,
    keyspace: &Keyspace,
    user: UserId,
    key: &Secret,
    session: SessionId,
    client: &str,
) {
    let (by_session, sign_ins) = (keyspace.session_sign_ins(user), keyspace.sign_ins(user));
    let sign_in = keys::sign_in(key).to_string();
    steps
        .hset(&by_session, session.to_string(), &sign_in)
        .ignore()
        .expire(&by_session, limits::ACCESS_KEY_TTL_SECONDS as i64)
        .ignore()
        .hset(&sign_ins, &sign_in, format!("{} {client}", clock::now_ms()))
        .ignore()
        .expire(&sign_ins, limits::ACCESS_KEY_TTL_SECONDS as i64)
        .ignore()
        .hexists(keyspace.access_key(user), keys::digest(key));
}

/// A user's connections by their sign-ins.
struct Connections {
    sign_ins: HashMap<String, String>,
    open: Vec<String>,
}

impl Connections {
    /// The open ones whose sign-in, where it is known, is as wanted.
    fn of(&self, wanted: impl Fn(Option<&str>) -> bool) -> Vec<SessionId> {
        let open = self.open.iter();
        open.filter(|session| wanted(self.sign_ins.get(*session).map(String::as_str)))
            .filter_map(|session| session.parse().ok())
            .collect()
    }
}

type Hash = HashMap<String, String>;

/// A user's sign-ins, the last used first.
pub async fn list(
    commands: &mut Commands,
    user: UserId,
    current: &Secret,
) -> RedisResult<Vec<SignedInSession>> {
    let by_session = commands.keyspace().session_sign_ins(user);
    let (held, facts, sign_ins, open): (Hash, Hash, Hash, Vec<String>) = pipe()
        .hgetall(commands.keyspace().access_key(user))
        .hgetall(commands.keyspace().sign_ins(user))
        .hgetall(&by_session)
        .hkeys(commands.keyspace().user_sessions(user))
        .query_async(commands)
        .await?;
    // What is left of connections and keys that are no more.
    let left = sign_ins.keys().filter(|session| !open.contains(session));
    let left: Vec<&String> = left.collect();
    if !left.is_empty() {
        let _: () = commands.hdel(&by_session, left).await?;
    }
    let known: Vec<String> = held
        .keys()
        .filter_map(|it| keys::sign_in_of(it))
        .map(|it| it.to_string())
        .collect();
    let left: Vec<&String> = facts.keys().filter(|it| !known.contains(it)).collect();
    if !left.is_empty() {
        let _: () = commands
            .hdel(commands.keyspace().sign_ins(user), left)
            .await?;
    }
    let connections = Connections { sign_ins, open };
    let (now, current) = (clock::now_ms(), keys::sign_in(current));
    let sign_in = |(digest, held): (&String, &String)| {
        let expiry = keys::expiry(held).filter(|expiry| *expiry > now)?;
        let session_uuid = keys::sign_in_of(digest)?;
        let name = session_uuid.to_string();
        let created = expiry.saturating_sub(limits::ACCESS_KEY_TTL_SECONDS * 1_000);
        let facts = facts.get(&name).and_then(|facts| facts.split_once(' '));
        let seen = facts.and_then(|(seen, _)| seen.parse().ok());
        let client = facts.map(|(_, client)| client.to_owned());
        let online = !connections.of(|it| it == Some(name.as_str())).is_empty();
        let seen = if online { now } else { seen.unwrap_or(created) };
        let listed = SignedInSession {
            session_uuid,
            created_at: clock::rfc3339(created),
            last_seen_at: clock::rfc3339(seen),
            current: session_uuid == current,
            online,
            client: client.filter(|client| !client.is_empty()),
        };
        Some((seen, listed))
    };
    let mut listed: Vec<_> = held.iter().filter_map(sign_in).collect();
    listed.sort_by_key(|(seen, listed)| (std::cmp::Reverse(*seen), listed.session_uuid));
    Ok(listed.into_iter().map(|(_, listed)| listed).collect())
}

/// Ends one sign-in: its key, and gives the connections that have to go.
pub async fn end(
    commands: &mut Commands,
    user: UserId,
    sign_in: SessionId,
) -> RedisResult<Vec<SessionId>> {
    let held: Vec<String> = commands.hkeys(commands.keyspace().access_key(user)).await?;
    let ended = held
        .into_iter()
        .filter(|it| keys::sign_in_of(it) == Some(sign_in));
    let name = sign_in.to_string();
    let connections = revoke(commands, user, ended.collect()).await?;
    Ok(connections.of(|it| it == Some(name.as_str())))
}

/// Ends all sign-ins but that of `kept`, and gives the connections that have to go.
pub async fn end_others(
    commands: &mut Commands,
    user: UserId,
    kept: &Secret,
) -> RedisResult<Vec<SessionId>> {
    let held: Vec<String> = commands.hkeys(commands.keyspace().access_key(user)).await?;
    let digest = keys::digest(kept);
    let ended = held.into_iter().filter(|it| *it != digest);
    let name = keys::sign_in(kept).to_string();
    let connections = revoke(commands, user, ended.collect()).await?;
    Ok(connections.of(|it| it != Some(name.as_str())))
}

/// Ends keys first, and looks for connections then: see [`note`].
async fn revoke(
    commands: &mut Commands,
    user: UserId,
    digests: Vec<String>,
) -> RedisResult<Connections> {
    let mut steps = pipe();
    if !digests.is_empty() {
        let names = digests.iter().filter_map(|it| keys::sign_in_of(it));
        let names: Vec<String> = names.map(|it| it.to_string()).collect();
        steps
            .hdel(commands.keyspace().access_key(user), &digests)
            .ignore();
        steps
            .hdel(commands.keyspace().sign_ins(user), names)
            .ignore();
    }
    let (sign_ins, open): (HashMap<String, String>, Vec<String>) = steps
        .hgetall(commands.keyspace().session_sign_ins(user))
        .hkeys(commands.keyspace().user_sessions(user))
        .query_async(commands)
        .await?;
    Ok(Connections { sign_ins, open })
}
