//! What concerns a user's sessions, wherever they are: JSON on [`crate::keyspace::notices`] of each
//! gateway that holds one.

use serde::{Deserialize, Serialize};

use crate::{
    event::Removal,
    id::{RoomName, SessionId, UserId},
    protocol::{
        ServerEnvelope,
        value::{Look, User},
    },
    roles::RoomRole,
};

/// A notice. It is a hint and may be lost: what it is about is also written where the next look
/// finds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub recipient: UserId,
    pub sessions: Sessions,
    pub content: Content,
}

/// Which of a user's sessions a notice is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sessions {
    All,
    Only(SessionId),
    Except(SessionId),
}

impl Sessions {
    /// Whether `session` is one of them.
    pub fn include(self, session: SessionId) -> bool {
        match self {
            Self::All => true,
            Self::Only(only) => session == only,
            Self::Except(except) => session != except,
        }
    }
}

/// What a notice tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// Somebody wrote to the recipient privately.
    PrivateMessage {
        sender: User,
        epoch: String,
        seq: u64,
    },
    /// JSON text of a frame, for the client as it is.
    Frame(String),
    /// The session itself has to do something, after its client got `frame`, JSON text of one.
    Order { order: Order, frame: Option<String> },
}

/// What a session is told to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Its user was signed out elsewhere: end the connection.
    SignedOut,
    /// Its user is shown otherwise from now on.
    Look(Option<Box<Look>>),
    /// Something about the user is otherwise: look again whether they may be here, and as what.
    Verify,
    /// The user has another role in a named room. Told by the room itself to those in it.
    RoomRole {
        room: RoomName,
        channel: String,
        role: Option<RoomRole>,
    },
    /// What the user is in a room that the session may be in.
    Standing(Box<Standing>),
}

/// What a user is in a room as of a version of the room's `policy`; nothing to a session that
/// joined at that version or later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub channel: String,
    pub version: u64,
    pub role: Option<RoomRole>,
    /// Milliseconds since 1970; 0 for ever.
    pub muted: Option<u64>,
    /// The last time they were put out of it.
    pub removed: Option<Removal>,
    /// Whether the room is closed, or for the invited only.
    pub closed: bool,
    pub invite: bool,
}

impl Notice {
    /// A frame for a user's sessions.
    pub fn frame(recipient: UserId, sessions: Sessions, frame: impl Into<ServerEnvelope>) -> Self {
        let content = Content::Frame(frame.into().encode());
        Self {
            recipient,
            sessions,
            content,
        }
    }

    /// An order to a user's sessions, and what their clients are told before.
    pub fn order(
        recipient: UserId,
        sessions: Sessions,
        order: Order,
        frame: Option<ServerEnvelope>,
    ) -> Self {
        let frame = frame.map(|frame| frame.encode());
        Self {
            recipient,
            sessions,
            content: Content::Order { order, frame },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{ServerFrame, server::SignedOut};

    #[test]
    fn what_is_written_is_read() {
        let user = UserId::random();
        let frame = ServerEnvelope::from(ServerFrame::SignOut(SignedOut { uuid: user }));
        let session = SessionId::random();
        for notice in [
            Notice::frame(user, Sessions::All, frame.clone()),
            Notice::order(user, Sessions::Only(session), Order::SignedOut, None),
            Notice::order(
                user,
                Sessions::Except(session),
                Order::SignedOut,
                Some(frame),
            ),
        ] {
            let text = serde_json::to_string(&notice).unwrap();
            assert_eq!(serde_json::from_str::<Notice>(&text).unwrap(), notice);
        }
    }

    #[test]
    fn sessions_are_chosen() {
        let (one, other) = (SessionId::random(), SessionId::random());
        assert!(Sessions::All.include(one));
        assert!(Sessions::Only(one).include(one) && !Sessions::Only(one).include(other));
        assert!(!Sessions::Except(one).include(one) && Sessions::Except(one).include(other));
    }
}
