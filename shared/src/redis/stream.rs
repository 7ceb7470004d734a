//! Reading a partition's stream: the messages that are not persisted yet.

use std::time::Duration;

use bytes::Bytes;
use redis::{ErrorKind, RedisResult, Value, aio::MultiplexedConnection};
use tokio::time::Instant;

use super::{Commands, sentinel::Sentinels};
use crate::{
    config::Address,
    event::{Event, MessageEvent},
    id::ChannelId,
};

/// One message in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The stream's own id, `<ms>-<n>`.
    pub id: String,
    pub channel: ChannelId,
    pub message: MessageEvent,
}

/// What was read: entries, and the ids of those that Parlor did not write and nobody can read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    pub entries: Vec<Entry>,
    pub unreadable: Vec<String>,
    /// The id of the last one, readable or not.
    pub last: Option<String>,
}

impl Entries {
    /// How many there are, readable or not.
    pub fn len(&self) -> usize {
        self.entries.len() + self.unreadable.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the reply of `XRANGE`, `XREVRANGE`, or one stream's part of `XREAD`.
    pub fn from_reply(reply: Value) -> Self {
        let mut read = Self::default();
        let Value::Array(items) = reply else {
            return read;
        };
        for item in items {
            let Value::Array(parts) = item else { continue };
            let mut parts = parts.into_iter();
            let (Some(Value::BulkString(id)), Some(fields)) = (parts.next(), parts.next()) else {
                continue;
            };
            let id = String::from_utf8_lossy(&id).into_owned();
            read.last = Some(id.clone());
            match entry_fields(fields) {
                Some((channel, message)) => read.entries.push(Entry {
                    id,
                    channel,
                    message,
                }),
                None => read.unreadable.push(id),
            }
        }
        read
    }
}

fn entry_fields(fields: Value) -> Option<(ChannelId, MessageEvent)> {
    let Value::Array(fields) = fields else {
        return None;
    };
    let mut fields = fields.into_iter();
    let (mut channel, mut message) = (None, None);
    while let (Some(Value::BulkString(name)), Some(Value::BulkString(value))) =
        (fields.next(), fields.next())
    {
        match name.as_slice() {
            b"c" => channel = Some(ChannelId::new(String::from_utf8(value).ok()?)),
            b"m" => {
                if let Event::Message(event) = Event::decode(&Bytes::from(value)).ok()? {
                    message = Some(event);
                }
            }
            _ => {}
        }
    }
    Some((channel?, message?))
}

/// Reads up to `count` of a stream's newest entries, oldest first.
///
/// # Errors
/// When Redis can't be asked.
pub async fn newest(
    commands: &mut Commands,
    stream: &str,
    count: usize,
) -> RedisResult<Vec<Entry>> {
    let reply: Value = redis::cmd("XREVRANGE")
        .arg(stream)
        .arg("+")
        .arg("-")
        .arg("COUNT")
        .arg(count)
        .query_async(commands)
        .await?;
    let mut entries = Entries::from_reply(reply).entries;
    entries.reverse();
    Ok(entries)
}

/// Reads up to `count` of a stream's entries after the id `after` (`0` for the beginning).
///
/// # Errors
/// When Redis can't be asked.
pub async fn after(
    commands: &mut Commands,
    stream: &str,
    after: &str,
    count: usize,
) -> RedisResult<Vec<Entry>> {
    let from = if after == "0" {
        "-".to_owned()
    } else {
        format!("({after}")
    };
    let reply: Value = redis::cmd("XRANGE")
        .arg(stream)
        .arg(from)
        .arg("+")
        .arg("COUNT")
        .arg(count)
        .query_async(commands)
        .await?;
    Ok(Entries::from_reply(reply).entries)
}

/// What reads streams as they grow.
///
/// On one server it waits there for entries of all of its streams at once. On a cluster no command
/// can wait for streams of several slots, and a connection for each would be many: there it asks
/// again and again, the rarer the longer nothing came, all streams of a node in one round trip.
#[derive(Debug)]
pub struct Reader {
    way: Way,
}

#[derive(Debug)]
enum Way {
    Waiting(MultiplexedConnection, Option<(Sentinels, Address)>),
    Asking(Commands, Duration),
}

/// Pauses of a reader that asks: after something came, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));

impl Reader {
    /// Reads on a connection of its own, with a response timeout above what it may wait.
    pub fn waiting(connection: MultiplexedConnection) -> Self {
        let way = Way::Waiting(connection, None);
        Self { way }
    }

    /// The same, until the server at `address` is the primary no more.
    pub(super) fn of_primary(
        connection: MultiplexedConnection,
        sentinels: Sentinels,
        address: Address,
    ) -> Self {
        let way = Way::Waiting(connection, Some((sentinels, address)));
        Self { way }
    }

    /// Reads with shared connections.
    pub(super) fn asking(commands: Commands) -> Self {
        let way = Way::Asking(commands, PAUSE.0);
        Self { way }
    }

    /// Waits up to `block` for entries of several streams, and reads up to `count` of each.
    /// `streams` are keys, each with the id to read after (`0` for the beginning). Gives those
    /// streams that have any, by their index.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn read(
        &mut self,
        streams: &[(&str, &str)],
        count: usize,
        block: Duration,
    ) -> RedisResult<Vec<(usize, Entries)>> {
        match &mut self.way {
            Way::Waiting(connection, of) => {
                if let Some((sentinels, address)) = of
                    && !sentinels.is_primary(address)
                {
                    return Err((ErrorKind::Io, "another server is the primary now").into());
                }
                wait_for(connection, streams, count, block).await
            }
            Way::Asking(commands, pause) => {
                let until = Instant::now() + block;
                loop {
                    let read = ask_for(commands, streams, count).await?;
                    if !read.is_empty() {
                        *pause = PAUSE.0;
                        return Ok(read);
                    }
                    if Instant::now() + *pause >= until {
                        return Ok(read);
                    }
                    tokio::time::sleep(*pause).await;
                    *pause = (*pause * 2).min(PAUSE.1);
                }
            }
        }
    }
}

async fn ask_for(
    commands: &mut Commands,
    streams: &[(&str, &str)],
    count: usize,
) -> RedisResult<Vec<(usize, Entries)>> {
    let mut ask = redis::pipe();
    for (key, after) in streams {
        ask.cmd("XREAD").arg("COUNT").arg(count);
        ask.arg("STREAMS").arg(key).arg(after);
    }
    let replies: Vec<Value> = ask.query_async(commands).await?;
    let mut read = Vec::new();
    for (index, reply) in replies.into_iter().enumerate() {
        if let Some((_, entries)) = by_key(reply).into_iter().next() {
            read.push((index, Entries::from_reply(entries)));
        }
    }
    Ok(read)
}

async fn wait_for(
    connection: &mut MultiplexedConnection,
    streams: &[(&str, &str)],
    count: usize,
    block: Duration,
) -> RedisResult<Vec<(usize, Entries)>> {
    let mut read = redis::cmd("XREAD");
    read.arg("COUNT").arg(count);
    read.arg("BLOCK").arg(block.as_millis() as u64);
    read.arg("STREAMS");
    for (key, _) in streams {
        read.arg(key);
    }
    for (_, after) in streams {
        read.arg(after);
    }
    let reply: Value = read.query_async(connection).await?;
    Ok(by_key(reply)
        .into_iter()
        .filter_map(|(key, entries)| {
            let Value::BulkString(key) = key else {
                return None;
            };
            let index = streams
                .iter()
                .position(|(name, _)| name.as_bytes() == key)?;
            Some((index, Entries::from_reply(entries)))
        })
        .collect())
}

/// The answer to `XREAD`: entries by the streams' keys, or nil for none.
fn by_key(reply: Value) -> Vec<(Value, Value)> {
    match reply {
        Value::Map(pairs) => pairs,
        _ => Vec::new(),
    }
}
