//! What the gateway sends.
//!
//! A frame is an object with a `type` and, under that name, the type's block. `id` repeats the
//! request's; `SUUID`, `userUUID` and `user` stand beside the block where the demo has them.

use std::collections::BTreeMap;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _},
    ser::SerializeMap as _,
};
use serde_json::{Map, Value};

use super::{
    change::{Mark, MessageChange, MessageMark},
    client::{RequestId, Secret},
    error::ErrorBody,
    moderation::{
        AuditLog, Muted, Removed, RoleChanged, RoomBans, RoomChanged, RoomDetails, RoomMembers,
    },
    people::{Done, Mention, Occupied, Profile, Read, Sessions, SignedOutBy, Typing, Unread},
    roster::Roster,
    value::{Message, RoomRef, User},
};
use crate::{
    id::{MessageId, SessionId, UserId, Username},
    roles::{Access, RoomRole, RoomSettings, SiteRole},
};

/// A frame, and the `id` of the request it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEnvelope {
    pub id: Option<RequestId>,
    pub frame: ServerFrame,
}

/// Every frame there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerFrame {
    /// The first frame of a connection.
    Ready(Ready),
    /// Signed in.
    Authorized(Authorized),
    /// Signed out.
    SignOut(SignedOut),
    /// A page of accounts.
    Users(Users),
    /// Joined; the room's last messages and who is there. Also one for each room of a `resume`.
    ChannelJoin(Box<ChannelJoined>),
    /// Somebody left a room: the answer to who left, and told to who stays.
    ChannelLeave(Departure),
    /// A message in a joined room.
    ChannelMessage(Box<Message>),
    /// A page of history.
    ChannelMessages(History),
    /// A page of named rooms.
    Rooms(Rooms),
    /// A page of one's private rooms.
    PrivateRooms(PrivateRooms),
    /// A message sent with an `id` is stored.
    Ack(Ack),
    /// All rooms of a `resume` have been answered.
    Resume(Resumed),
    /// The answer to `ping`.
    Pong(Pong),
    /// Something happened that nobody asked for.
    Sys(Sys),
    /// A request was carried out.
    Done(Done),
    /// The rooms with a read cursor, and what is unread there.
    Unread(Unread),
    /// Who somebody is.
    Profile(Box<Profile>),
    /// One's sign-ins.
    Sessions(Sessions),
    /// A request was refused, or the connection is about to end.
    Error(ErrorBody),
    /// A message in a joined room was edited, deleted, reacted to or voted on.
    MessageChange(Box<MessageChange>),
    /// What one has chosen on a message: the answer to reactions and votes.
    MessageMark(MessageMark),
    /// What a room is set to, and what one is there.
    RoomInfo(Box<RoomDetails>),
    /// A page of those who have a role in a room.
    RoomMembers(RoomMembers),
    /// A page of those who are banned from a room.
    RoomBans(RoomBans),
    /// A page of what moderators did.
    AuditLog(AuditLog),
}

/// The block of `ready`: the session, and what a client should know before it asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    #[serde(rename = "sessionUUID")]
    pub session_uuid: SessionId,
    /// The gateway's version.
    pub version: String,
    /// How often the gateway pings, in milliseconds.
    #[serde(rename = "pingIntervalMs")]
    pub ping_interval_ms: u64,
    /// The longest frame taken, in bytes.
    #[serde(rename = "frameBytes")]
    pub frame_bytes: u64,
    /// The longest text of a message, in characters.
    #[serde(rename = "messageCharacters")]
    pub message_characters: u64,
    /// The longest page of history, in messages.
    #[serde(rename = "historyPage")]
    pub history_page: u64,
    /// Whether a nickname is enough to sign in.
    pub guests: bool,
    /// Whether new names can be registered.
    #[serde(rename = "signUp")]
    pub sign_up: bool,
    /// Whether joining an unknown named room creates it.
    #[serde(rename = "createRooms")]
    pub create_rooms: bool,
    /// What an uploaded photo may be; left out where photos are switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photos: Option<PhotoLimits>,
}

/// What an uploaded photo may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoLimits {
    /// The largest file taken, in bytes.
    pub bytes: u64,
    /// The most pixels, in millions.
    pub megapixels: u64,
}

/// The block of `authorized`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorized {
    #[serde(rename = "userUUID")]
    pub user_uuid: UserId,
    /// For `resume`; keep it like a password.
    #[serde(rename = "accessKey")]
    pub access_key: Secret,
    pub username: Username,
    pub guest: bool,
    /// The role on the site.
    #[serde(default)]
    pub role: SiteRole,
}

/// The block of `signOut`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedOut {
    pub uuid: UserId,
}

/// The block of `users`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Users {
    /// All accounts there are.
    pub total: u64,
    /// How many of them are in this frame.
    pub received: u64,
    pub users: Vec<User>,
}

/// The block of `channelJoin`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelJoined {
    #[serde(flatten)]
    pub room: RoomRef,
    /// Oldest first. After a `resume` that recovered: all that was missed.
    pub messages: Vec<Message>,
    /// Who is in the room, at most `roster_limit` of them.
    pub users: Roster,
    /// How many are in the room.
    #[serde(rename = "usersTotal")]
    pub users_total: u64,
    pub epoch: String,
    /// The room's last message: what comes live begins behind it.
    pub seq: u64,
    /// The last message that the receiver has read, on whichever device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<u64>,
    /// Whether there is history before the first of `messages`.
    pub more: bool,
    /// Only after a `resume`: `false` means that messages may be missing between what the client
    /// has and `messages`, a fresh page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<bool>,
    /// After a `resume` that recovered: the changes that were missed, in `Seq` order. With `messages`
    /// they are every `Seq` that was missed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<MessageChange>,
    /// What the asker has chosen on messages, by their UUIDs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub marks: BTreeMap<MessageId, Mark>,
    /// One's own role in the room; left out for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoomRole>,
    /// Left out where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Whether one may write now; left out in private rooms, where one always may.
    #[serde(rename = "canWrite", default, skip_serializing_if = "Option::is_none")]
    pub can_write: Option<bool>,
    /// What the room is set to; left out in private rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<RoomSettings>,
}

/// A `channelLeave` frame: who left, from which session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    pub session: SessionId,
    pub user: UserId,
    pub room: RoomRef,
    /// How many users are left; not told to the one who leaves.
    pub users_total: Option<u64>,
}

/// The block of `channelMessages`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    #[serde(flatten)]
    pub room: RoomRef,
    /// Oldest first.
    pub messages: Vec<Message>,
    pub epoch: String,
    /// The room's last message.
    pub seq: u64,
    /// Whether there is more in the direction asked for.
    pub more: bool,
    /// What the asker has chosen on messages, by their UUIDs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub marks: BTreeMap<MessageId, Mark>,
}

/// The block of `rooms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rooms {
    pub total: u64,
    pub received: u64,
    pub rooms: Vec<RoomInfo>,
}

/// One of the named rooms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomInfo {
    pub room: String,
    /// How many users are in it now.
    pub users: u64,
    /// Left out for public rooms; others are listed to those who have a role in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
}

/// The block of `privateRooms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateRooms {
    pub total: u64,
    pub received: u64,
    /// The latest first.
    pub rooms: Vec<PrivateRoom>,
}

/// One of a user's private rooms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateRoom {
    /// The other user, by whom the room is addressed.
    #[serde(rename = "recipientUUID")]
    pub recipient_uuid: UserId,
    pub user: User,
    /// RFC 3339, to about a second.
    #[serde(rename = "lastMessageAt")]
    pub last_message_at: String,
}

/// The block of `ack`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(rename = "UUID")]
    pub uuid: MessageId,
    #[serde(rename = "Seq")]
    pub seq: u64,
    #[serde(rename = "Epoch")]
    pub epoch: String,
    #[serde(rename = "CreatedAt")]
    pub created_at: String,
    #[serde(
        rename = "ClientMessageId",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub client_message_id: Option<String>,
}

/// The block of `resume`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    pub rooms: Vec<ResumedRoom>,
}

/// What became of one room of a `resume`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumedRoom {
    #[serde(flatten)]
    pub room: RoomRef,
    pub recovered: bool,
    pub epoch: String,
    pub seq: u64,
    /// Why the room could not be joined again; then nothing else about it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
}

/// The block of `pong`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// The gateway's clock, in milliseconds since 1970.
    pub time: u64,
}

/// A `sys` frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sys {
    /// To the one who signed in and nobody else: the demo's client takes it for its own identity.
    SignIn { uuid: UserId, username: Username },
    /// Somebody joined a room that the receiver is in.
    ChannelJoin {
        session: SessionId,
        user: User,
        room: RoomRef,
        /// How many users are in it now.
        users_total: Option<u64>,
    },
    /// Somebody who shares a room came online or went offline; counts only in a large room.
    Presence(Presence),
    /// Somebody wrote to the receiver in a private room, which may not be joined.
    PrivateMessage(PrivateMessage),
    /// The gateway can't reach Redis: sending is paused, or works again.
    Sending(Sending),
    /// The gateway is going away: reconnect after the delay.
    Reconnect(Reconnect),
    /// Live messages of a room were lost and can't be had any more: join it again for a fresh page.
    Resync(Resync),
    /// Another session of the receiver has read on.
    Read(Read),
    /// A message names the receiver.
    Mention(Mention),
    /// Somebody types in a room that the receiver is in.
    Typing(Typing),
    /// The receiver's session was ended from elsewhere.
    SignedOut(SignedOutBy),
    /// A room that one is in was set otherwise.
    RoomChanged(RoomChanged),
    /// One is out of a room by somebody's decision.
    Removed(Removed),
    /// One may not write in a room, or may again.
    Muted(Muted),
    /// One has another role, in a room or on the site.
    RoleChanged(RoleChanged),
}

/// The block of `sys.presence`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    #[serde(flatten)]
    pub room: RoomRef,
    /// Left out in large rooms, as are the next two.
    #[serde(rename = "userUUID", default, skip_serializing_if = "Option::is_none")]
    pub user_uuid: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Username>,
    #[serde(rename = "onLine", default, skip_serializing_if = "Option::is_none")]
    pub online: Option<bool>,
    /// How many users are in the room.
    #[serde(rename = "usersTotal")]
    pub users_total: u64,
}

/// The block of `sys.privateMessage`: a hint, at most one a second for each room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateMessage {
    /// Who wrote, by whom the room is addressed.
    #[serde(rename = "recipientUUID")]
    pub recipient_uuid: UserId,
    pub user: User,
    pub epoch: String,
    pub seq: u64,
}

/// The block of `sys.sending`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    pub paused: bool,
}

/// The block of `sys.reconnect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconnect {
    /// How long to wait before connecting again, in milliseconds; jittered by the gateway.
    #[serde(rename = "delayMs")]
    pub delay_ms: u64,
}

/// The block of `sys.resync`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resync {
    #[serde(flatten)]
    pub room: RoomRef,
    pub epoch: String,
    pub seq: u64,
}

impl From<ServerFrame> for ServerEnvelope {
    fn from(frame: ServerFrame) -> Self {
        Self { id: None, frame }
    }
}

impl ServerEnvelope {
    /// The frame as its JSON text.
    pub fn encode(&self) -> String {
        // Every type in it serializes to JSON: strings, numbers, and maps with string keys.
        serde_json::to_string(self).expect("frames hold nothing that JSON can't")
    }

    /// Appends the same.
    pub fn encode_to(&self, bytes: &mut Vec<u8>) {
        // As above, and a vector takes everything.
        serde_json::to_writer(bytes, self).expect("frames hold nothing that JSON can't");
    }
}

impl ServerFrame {
    /// The `type` on the wire.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Ready(_) => "ready",
            Self::Authorized(_) => "authorized",
            Self::SignOut(_) => "signOut",
            Self::Users(_) => "users",
            Self::ChannelJoin(_) => "channelJoin",
            Self::ChannelLeave(_) => "channelLeave",
            Self::ChannelMessage(_) => "channelMessage",
            Self::ChannelMessages(_) => "channelMessages",
            Self::Rooms(_) => "rooms",
            Self::PrivateRooms(_) => "privateRooms",
            Self::Ack(_) => "ack",
            Self::Resume(_) => "resume",
            Self::Pong(_) => "pong",
            Self::Sys(_) => "sys",
            Self::Done(_) => "done",
            Self::Unread(_) => "unread",
            Self::Profile(_) => "profile",
            Self::Sessions(_) => "sessions",
            Self::Error(_) => "error",
            Self::MessageChange(_) => "messageChange",
            Self::MessageMark(_) => "messageMark",
            Self::RoomInfo(_) => "roomInfo",
            Self::RoomMembers(_) => "roomMembers",
            Self::RoomBans(_) => "roomBans",
            Self::AuditLog(_) => "auditLog",
        }
    }
}

impl Sys {
    /// The `sys.type` on the wire.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SignIn { .. } => "signIn",
            Self::ChannelJoin { .. } => "channelJoin",
            Self::Presence(_) => "presence",
            Self::PrivateMessage(_) => "privateMessage",
            Self::Sending(_) => "sending",
            Self::Reconnect(_) => "reconnect",
            Self::Resync(_) => "resync",
            Self::Read(_) => "read",
            Self::Mention(_) => "mention",
            Self::Typing(_) => "typing",
            Self::SignedOut(_) => "signedOut",
            Self::RoomChanged(_) => "roomChanged",
            Self::Removed(_) => "removed",
            Self::Muted(_) => "muted",
            Self::RoleChanged(_) => "roleChanged",
        }
    }
}

/// The block of `sys.signIn`.
#[derive(Serialize, Deserialize)]
struct SysSignIn {
    uuid: UserId,
    username: Username,
}

impl Serialize for ServerEnvelope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = &self.id {
            map.serialize_entry("id", id)?;
        }
        let kind = self.frame.kind();
        map.serialize_entry("type", kind)?;
        match &self.frame {
            ServerFrame::Ready(block) => map.serialize_entry(kind, block)?,
            ServerFrame::Authorized(block) => map.serialize_entry(kind, block)?,
            ServerFrame::SignOut(block) => map.serialize_entry(kind, block)?,
            ServerFrame::Users(block) => map.serialize_entry(kind, block)?,
            ServerFrame::ChannelJoin(block) => map.serialize_entry(kind, block)?,
            ServerFrame::ChannelLeave(Departure {
                session,
                user,
                room,
                users_total,
            }) => {
                map.serialize_entry("SUUID", session)?;
                map.serialize_entry("userUUID", user)?;
                map.serialize_entry(kind, &occupied(room, *users_total))?;
            }
            ServerFrame::ChannelMessage(block) => map.serialize_entry(kind, block)?,
            ServerFrame::ChannelMessages(block) => map.serialize_entry(kind, block)?,
            ServerFrame::Rooms(block) => map.serialize_entry(kind, block)?,
            ServerFrame::PrivateRooms(block) => map.serialize_entry(kind, block)?,
            ServerFrame::Ack(block) => map.serialize_entry(kind, block)?,
            ServerFrame::Resume(block) => map.serialize_entry(kind, block)?,
            ServerFrame::Pong(block) => map.serialize_entry(kind, block)?,
            ServerFrame::Sys(sys) => {
                if let Sys::ChannelJoin { session, user, .. } = sys {
                    map.serialize_entry("SUUID", session)?;
                    map.serialize_entry("userUUID", &user.uuid)?;
                    map.serialize_entry("user", user)?;
                }
                map.serialize_entry(kind, &SysBlock(sys))?;
            }
            ServerFrame::Done(block) => map.serialize_entry(kind, block)?,
            ServerFrame::Unread(block) => map.serialize_entry(kind, block)?,
            ServerFrame::Profile(block) => map.serialize_entry(kind, block)?,
            ServerFrame::Sessions(block) => map.serialize_entry(kind, block)?,
            ServerFrame::Error(block) => map.serialize_entry(kind, block)?,
            ServerFrame::MessageChange(block) => map.serialize_entry(kind, block)?,
            ServerFrame::MessageMark(block) => map.serialize_entry(kind, block)?,
            ServerFrame::RoomInfo(block) => map.serialize_entry(kind, block)?,
            ServerFrame::RoomMembers(block) => map.serialize_entry(kind, block)?,
            ServerFrame::RoomBans(block) => map.serialize_entry(kind, block)?,
            ServerFrame::AuditLog(block) => map.serialize_entry(kind, block)?,
        }
        map.end()
    }
}

fn occupied(room: &RoomRef, users_total: Option<u64>) -> Occupied {
    Occupied {
        room: room.clone(),
        users_total,
    }
}

/// `{"type","<type>"}` inside a `sys` frame.
struct SysBlock<'a>(&'a Sys);

impl Serialize for SysBlock<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        let kind = self.0.kind();
        map.serialize_entry("type", kind)?;
        match self.0 {
            Sys::SignIn { uuid, username } => {
                map.serialize_entry(
                    kind,
                    &SysSignIn {
                        uuid: *uuid,
                        username: username.clone(),
                    },
                )?;
            }
            Sys::ChannelJoin {
                room, users_total, ..
            } => map.serialize_entry(kind, &occupied(room, *users_total))?,
            Sys::Presence(block) => map.serialize_entry(kind, block)?,
            Sys::PrivateMessage(block) => map.serialize_entry(kind, block)?,
            Sys::Sending(block) => map.serialize_entry(kind, block)?,
            Sys::Reconnect(block) => map.serialize_entry(kind, block)?,
            Sys::Resync(block) => map.serialize_entry(kind, block)?,
            Sys::Read(block) => map.serialize_entry(kind, block)?,
            Sys::Mention(block) => map.serialize_entry(kind, block)?,
            Sys::Typing(block) => map.serialize_entry(kind, block)?,
            Sys::SignedOut(block) => map.serialize_entry(kind, block)?,
            Sys::RoomChanged(block) => map.serialize_entry(kind, block)?,
            Sys::Removed(block) => map.serialize_entry(kind, block)?,
            Sys::Muted(block) => map.serialize_entry(kind, block)?,
            Sys::RoleChanged(block) => map.serialize_entry(kind, block)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for ServerEnvelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::deserialize(deserializer)?;
        decode(&mut fields).map_err(D::Error::custom)
    }
}

fn decode(fields: &mut Map<String, Value>) -> Result<ServerEnvelope, serde_json::Error> {
    let id = fields
        .remove("id")
        .map(serde_json::from_value)
        .transpose()?;
    let kind: String = field(fields, "type")?;
    let frame = match kind.as_str() {
        "ready" => ServerFrame::Ready(field(fields, &kind)?),
        "authorized" => ServerFrame::Authorized(field(fields, &kind)?),
        "signOut" => ServerFrame::SignOut(field(fields, &kind)?),
        "users" => ServerFrame::Users(field(fields, &kind)?),
        "channelJoin" => ServerFrame::ChannelJoin(field(fields, &kind)?),
        "channelLeave" => {
            let Occupied { room, users_total } = field(fields, &kind)?;
            ServerFrame::ChannelLeave(Departure {
                session: field(fields, "SUUID")?,
                user: field(fields, "userUUID")?,
                room,
                users_total,
            })
        }
        "channelMessage" => ServerFrame::ChannelMessage(field(fields, &kind)?),
        "channelMessages" => ServerFrame::ChannelMessages(field(fields, &kind)?),
        "rooms" => ServerFrame::Rooms(field(fields, &kind)?),
        "privateRooms" => ServerFrame::PrivateRooms(field(fields, &kind)?),
        "ack" => ServerFrame::Ack(field(fields, &kind)?),
        "resume" => ServerFrame::Resume(field(fields, &kind)?),
        "pong" => ServerFrame::Pong(field(fields, &kind)?),
        "sys" => ServerFrame::Sys(decode_sys(fields)?),
        "done" => ServerFrame::Done(field(fields, &kind)?),
        "unread" => ServerFrame::Unread(field(fields, &kind)?),
        "profile" => ServerFrame::Profile(field(fields, &kind)?),
        "sessions" => ServerFrame::Sessions(field(fields, &kind)?),
        "error" => ServerFrame::Error(field(fields, &kind)?),
        "messageChange" => ServerFrame::MessageChange(field(fields, &kind)?),
        "messageMark" => ServerFrame::MessageMark(field(fields, &kind)?),
        "roomInfo" => ServerFrame::RoomInfo(field(fields, &kind)?),
        "roomMembers" => ServerFrame::RoomMembers(field(fields, &kind)?),
        "roomBans" => ServerFrame::RoomBans(field(fields, &kind)?),
        "auditLog" => ServerFrame::AuditLog(field(fields, &kind)?),
        other => return Err(serde_json::Error::custom(format!("unknown type {other:?}"))),
    };
    Ok(ServerEnvelope { id, frame })
}

fn decode_sys(fields: &mut Map<String, Value>) -> Result<Sys, serde_json::Error> {
    let mut sys: Map<String, Value> = field(fields, "sys")?;
    let kind: String = field(&mut sys, "type")?;
    Ok(match kind.as_str() {
        "signIn" => {
            let SysSignIn { uuid, username } = field(&mut sys, &kind)?;
            Sys::SignIn { uuid, username }
        }
        "channelJoin" => {
            let Occupied { room, users_total } = field(&mut sys, &kind)?;
            Sys::ChannelJoin {
                session: field(fields, "SUUID")?,
                user: field(fields, "user")?,
                room,
                users_total,
            }
        }
        "presence" => Sys::Presence(field(&mut sys, &kind)?),
        "privateMessage" => Sys::PrivateMessage(field(&mut sys, &kind)?),
        "sending" => Sys::Sending(field(&mut sys, &kind)?),
        "reconnect" => Sys::Reconnect(field(&mut sys, &kind)?),
        "resync" => Sys::Resync(field(&mut sys, &kind)?),
        "read" => Sys::Read(field(&mut sys, &kind)?),
        "mention" => Sys::Mention(field(&mut sys, &kind)?),
        "typing" => Sys::Typing(field(&mut sys, &kind)?),
        "signedOut" => Sys::SignedOut(field(&mut sys, &kind)?),
        "roomChanged" => Sys::RoomChanged(field(&mut sys, &kind)?),
        "removed" => Sys::Removed(field(&mut sys, &kind)?),
        "muted" => Sys::Muted(field(&mut sys, &kind)?),
        "roleChanged" => Sys::RoleChanged(field(&mut sys, &kind)?),
        other => {
            return Err(serde_json::Error::custom(format!(
                "unknown sys.type {other:?}"
            )));
        }
    })
}

fn field<T: DeserializeOwned>(
    fields: &mut Map<String, Value>,
    name: &str,
) -> Result<T, serde_json::Error> {
    let value = fields
        .remove(name)
        .ok_or_else(|| serde_json::Error::custom(format!("the field {name:?} is missing")))?;
    serde_json::from_value(value)
}
