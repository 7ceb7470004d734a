//! A message on its way into Redis, and what may come of it.

use std::time::Duration;

use parlor_shared::{
    event::Position,
    id::{ChannelId, MessageId},
};
use redis::Value;

/// A message to publish.
#[derive(Debug)]
pub struct Publish {
    pub channel: ChannelId,
    pub message: MessageId,
    /// JSON of the message without its position.
    pub body: String,
    /// The key under which a repeated send is known, if the client named the message.
    pub seen_key: Option<String>,
    /// In slow mode: the key that stands while the sender has to wait, and for how long it will.
    pub slow: Option<(String, Duration)>,
    pub done: Done,
}

/// Takes the outcome. It runs on the publisher's task, so it must not wait.
pub struct Done(pub Box<dyn FnOnce(Result<Published, PublishError>) + Send + Sync>);

impl std::fmt::Debug for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Done")
    }
}

/// Where a message has come to stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    pub position: Position,
    /// The message's own, or that of the one it repeats.
    pub message: MessageId,
}

/// Why a message was not published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// Redis can't be reached; whether the message was stored is not known.
    #[error("Redis can't be reached")]
    Unavailable,
    /// It is stored, but not where an acknowledgement says that it is.
    #[error("too few replicas or disks have confirmed the message")]
    Unconfirmed,
    #[error("too many messages wait to be persisted")]
    BacklogFull,
    #[error("too many messages wait to be published")]
    Overloaded,
    #[error("the room is in slow mode")]
    TooSoon(Duration),
}

/// Reads what the script gave for `message`.
///
/// # Errors
/// When the message was not taken.
pub(super) fn read_reply(reply: &Value, message: MessageId) -> Result<Published, PublishError> {
    let text = match reply {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text.as_str()),
        _ => None,
    };
    let published = text.and_then(|text| match text.split_once(' ') {
        Some(("m", position)) => Some(Published {
            position: Position::parse(position)?,
            message,
        }),
        Some(("d", earlier)) => {
            let (position, message) = earlier.rsplit_once(' ')?;
            Some(Published {
                position: Position::parse(position)?,
                message: message.parse().ok()?,
            })
        }
        _ => None,
    });
    if let Some(ms) = text.and_then(|text| text.strip_prefix("s ")?.parse().ok()) {
        return Err(PublishError::TooSoon(Duration::from_millis(ms)));
    }
    match published {
        Some(published) => Ok(published),
        None if text == Some("f") => Err(PublishError::BacklogFull),
        None => Err(PublishError::Unavailable),
    }
}
