//! What people read, type and tell about themselves: cursors, unread counts, typing, profiles and
//! sessions.

use serde::{Deserialize, Serialize};

use super::{
    client::{Page, Secret},
    value::{RoomRef, User},
};
use crate::id::{MessageId, SessionId, UserId, Username};

/// The block of a `users` request: `{"offset","limit","prefix"}`, all optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserSearch {
    #[serde(flatten)]
    pub page: Page,
    /// What the names begin with, in whatever case; then they come in the order of the alphabet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

impl From<Page> for UserSearch {
    fn from(page: Page) -> Self {
        Self { page, prefix: None }
    }
}

/// `{"recipientUUID" | "room","seq"}`: read up to here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadTo {
    #[serde(flatten)]
    pub room: RoomRef,
    pub seq: u64,
}

/// `{"recipientUUID" | "room","on"}`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypingNow {
    #[serde(flatten)]
    pub room: RoomRef,
    pub on: bool,
}

/// `{"userUUID"}`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileOf {
    #[serde(rename = "userUUID")]
    pub user_uuid: UserId,
}

/// `{"displayName","color","avatar"}`: what is left out stays, what is empty is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileUpdate {
    #[serde(
        rename = "displayName",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
}

/// `{"old","new"}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordChange {
    pub old: Secret,
    pub new: Secret,
}

/// `{"sessionUUID"}`: one of those that `sessions` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionEnd {
    #[serde(rename = "sessionUUID")]
    pub session_uuid: SessionId,
}

/// The block of `done`: the request was carried out and has no other answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

/// The block of `unread`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// All rooms with a cursor.
    pub total: u64,
    /// How many of them are in this frame.
    pub received: u64,
    pub rooms: Vec<UnreadRoom>,
}

/// What one has not read of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadRoom {
    #[serde(flatten)]
    pub room: RoomRef,
    pub epoch: String,
    /// The room's last message.
    pub seq: u64,
    /// The last message that was read.
    pub read: u64,
    /// Messages behind it; changes of messages are not counted.
    pub unread: u64,
    /// How many of those mention the reader, of the last mentions that are kept.
    pub mentions: u64,
    /// RFC 3339; left out in a room without history.
    #[serde(
        rename = "lastMessageAt",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub last_message_at: Option<String>,
}

/// The block of `profile`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub user: User,
    /// RFC 3339: when the name was registered.
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// What the user may do on this site: `member`, `guest` …
    pub role: String,
    pub online: bool,
}

/// The block of `sessions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// The last used first.
    pub sessions: Vec<SignedInSession>,
}

/// One sign-in of a user: an access key and the connections made with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedInSession {
    /// Names the sign-in, over all its connections.
    #[serde(rename = "sessionUUID")]
    pub session_uuid: SessionId,
    /// RFC 3339.
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// RFC 3339: when a connection of it last came or went; now, while one is open.
    #[serde(rename = "lastSeenAt")]
    pub last_seen_at: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// Whether a connection of it is open.
    pub online: bool,
    /// What the client calls itself, at most 80 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}

/// The block of `sys.read`: another session of the receiver has read up to here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    #[serde(flatten)]
    pub room: RoomRef,
    pub seq: u64,
    pub epoch: String,
}

/// The block of `sys.mention`: a message names the receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    #[serde(flatten)]
    pub room: RoomRef,
    pub uuid: MessageId,
    pub seq: u64,
    pub epoch: String,
    pub sender: User,
}

/// The block of `sys.typing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typing {
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(rename = "userUUID")]
    pub user_uuid: UserId,
    pub username: Username,
    pub on: bool,
}

/// The block of `sys.signedOut`: the connection is about to be closed with 4003.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedOutBy {
    /// `passwordChanged` or `sessionEnded`.
    pub why: String,
}

/// A room, and how many users are in it, where that is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Occupied {
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(
        rename = "usersTotal",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub users_total: Option<u64>,
}
