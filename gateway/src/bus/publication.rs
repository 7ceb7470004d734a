//! A message on its way into Redis, and what may come of it.

use std::time::Duration;

use parlor_shared::{
    event::Position,
    id::{ChannelId, MessageId},
    redis::tally::{self, Tallied, TallyCall, TallyRefusal},
};
use redis::Value;

/// A message, or a change of one, to publish.
#[derive(Debug)]
pub struct Publish {
    pub channel: ChannelId,
    /// A name of its own, for a change as well.
    pub message: MessageId,
    /// JSON of the message or the change, without its position.
    pub body: String,
    /// The key under which a repeated send is known, if the client named the message.
    pub seen_key: Option<String>,
    /// In slow mode: the key that stands while the sender has to wait, and for how long it will.
    pub slow: Option<(String, Duration)>,
    pub act: Act,
    pub done: Done,
}

/// What is to be done beside giving it a number.
#[derive(Debug)]
pub enum Act {
    Message,
    /// The message is a poll.
    Poll {
        /// As in [`parlor_shared::keyspace::channel_tallies`].
        kind: String,
        /// 0 if it does not close by itself.
        closes_ms: u64,
        /// JSON of its reactions and results before anybody has voted.
        results: String,
    },
    Edit {
        target: MessageId,
    },
    Delete {
        target: MessageId,
    },
    /// Reactions or votes. Whether that is published, and what, the script decides.
    Tally(TallyCall),
}

impl Act {
    /// The message whose reactions and votes it concerns.
    pub(super) fn subject(&self, message: MessageId) -> Option<MessageId> {
        match self {
            Self::Message => None,
            Self::Poll { .. } => Some(message),
            Self::Edit { target } | Self::Delete { target } => Some(*target),
            Self::Tally(call) => Some(call.target.uuid),
        }
    }
}

/// Takes the outcome. It runs on the publisher's task, so it must not wait.
pub enum Done {
    Published(Box<dyn FnOnce(Result<Published, PublishError>) + Send + Sync>),
    /// Of an [`Act::Tally`].
    Tallied(Box<dyn FnOnce(Result<Tallied, PublishError>) + Send + Sync>),
}

impl Done {
    /// Tells that nothing came of it.
    pub(super) fn refuse(self, error: PublishError) {
        match self {
            Self::Published(done) => done(Err(error)),
            Self::Tallied(done) => done(Err(error)),
        }
    }
}

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
    /// What was to be changed is deleted.
    #[error("there is no such message here any more")]
    Deleted,
    #[error(transparent)]
    Refused(#[from] TallyRefusal),
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
        None if text == Some("x") => Err(PublishError::Deleted),
        None => Err(PublishError::Unavailable),
    }
}

/// Reads what the script gave for reactions or votes.
///
/// # Errors
/// When nothing came of them.
pub(super) fn read_tally(reply: &Value) -> Result<Tallied, PublishError> {
    let tallied = tally::read(reply).ok_or(PublishError::Unavailable)?;
    Ok(tallied?)
}
