//! Reading a partition's stream: the messages that are not persisted yet.

use std::time::Duration;

use bytes::Bytes;
use redis::{RedisResult, Value, aio::ConnectionLike};

use super::Commands;
use crate::{
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

/// Waits up to `block` for entries of several streams, and reads up to `count` of each. `streams`
/// are keys, each with the id to read after (`0` for the beginning). Gives those streams that have
/// any, by their index.
///
/// The connection must be the caller's own, with a response timeout above `block`.
///
/// # Errors
/// When Redis can't be asked.
pub async fn read(
    connection: &mut impl ConnectionLike,
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
    let by_key: Vec<(Value, Value)> = match reply {
        Value::Map(pairs) => pairs,
        // Nil: the time passed.
        _ => Vec::new(),
    };
    Ok(by_key
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
