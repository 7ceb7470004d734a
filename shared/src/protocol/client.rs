//! What clients send.
//!
//! A frame is an object with a `type` and, under that name, the type's block. `SUUID`, `SSUID`,
//! `sessionUUID`, `userUUID` and `accessKey` beside them, which the demo's client sends, are
//! accepted and ignored: who a connection is, the connection knows.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};
use serde_json::value::RawValue;

use super::{
    change::{MessageEdit, MessageReact, MessageRef, MessageTarget, NewPoll, PollVote, is_emoji},
    moderation,
    people::{PasswordChange, ProfileOf, ProfileUpdate, ReadTo, SessionEnd, TypingNow, UserSearch},
    value::{AddressError, RoomRef},
};
use crate::{
    id::{PhotoId, UserId},
    limits,
};

/// An `id` of the client's choice, repeated in the reply: a string or a whole number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RequestId {
    Number(i64),
    Text(String),
}

/// A text that must never be shown: a password or an access key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A request, and the `id` to repeat in what answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientEnvelope {
    pub id: Option<RequestId>,
    pub frame: ClientFrame,
}

/// Every request there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientFrame {
    /// Registers a name with a password and signs in.
    SignUp(Credentials),
    /// Signs in by password (an unknown name is registered), by token or, as a guest, by nickname.
    SignIn(SignIn),
    /// Ends the user's session on this connection and its access key.
    SignOut,
    /// Lists accounts in the order of registration, or those whose names begin alike.
    Users(UserSearch),
    /// Joins a room and asks for its last messages.
    ChannelJoin(ChannelJoin),
    /// Leaves a room.
    ChannelLeave(RoomRef),
    /// Sends a message to a joined room.
    ChannelMessage(ChannelMessage),
    /// Pages through the history of a joined room.
    ChannelMessages(ChannelMessages),
    /// Lists named rooms.
    Rooms(Page),
    /// Lists the private rooms in which something was said, the latest first.
    PrivateRooms(Page),
    /// Signs in by access key after a reconnection and asks for what was missed.
    Resume(Resume),
    /// Asks for a `pong`: browsers can't send WebSocket pings.
    Ping,
    /// Gives an own message another text.
    MessageEdit(MessageEdit),
    /// Deletes a message.
    MessageDelete(MessageTarget),
    /// Puts an emoji to a message or takes it away.
    MessageReact(MessageReact),
    /// Votes, votes otherwise, or withdraws a vote.
    PollVote(PollVote),
    /// Ends a poll.
    PollClose(MessageTarget),
    /// Moves one's read cursor of a joined room forward.
    ReadTo(ReadTo),
    /// Lists the rooms with a read cursor, and what is unread there.
    Unread(Page),
    /// Tells a joined room that one types, or stopped.
    Typing(TypingNow),
    /// Asks who somebody is.
    Profile(ProfileOf),
    /// Changes how one is shown.
    ProfileUpdate(ProfileUpdate),
    /// Changes one's password and ends all other sessions.
    PasswordChange(PasswordChange),
    /// Lists one's sign-ins.
    Sessions,
    /// Ends one of one's sign-ins.
    SessionEnd(SessionEnd),
    /// Roles, rooms' settings and moderation.
    Moderation(Box<moderation::Request>),
}

/// `{"username","password"}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Checked by the session, which answers with the rule it breaks.
    pub username: String,
    pub password: Secret,
}

/// `{"username","password"}`, `{"nickname"}` or `{"token"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SignIn {
    Guest {
        nickname: String,
    },
    Password(Credentials),
    /// A JWT of an issuer that the gateway trusts; again on the same connection before it expires.
    Token {
        token: Secret,
    },
}

/// `{"offset","limit"}`, both optional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    #[serde(default, skip_serializing_if = "is_zero")]
    pub offset: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl Page {
    /// The limit asked for, at most [`limits::LIST_PAGE_ENTRIES`].
    pub fn limit(&self) -> usize {
        self.limit
            .map_or(limits::LIST_PAGE_ENTRIES, |limit| limit as usize)
            .min(limits::LIST_PAGE_ENTRIES)
    }
}

/// `{"recipientUUID" | "room","keepJoined","limit"}`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelJoin {
    #[serde(flatten)]
    pub room: RoomRef,
    /// Stay in the rooms joined before; otherwise they are left, as in the demo.
    #[serde(
        rename = "keepJoined",
        default,
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub keep_joined: bool,
    /// How many of the last messages to send; the gateway's `join_history` if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// `{"recipientUUID" | "room","message","clientMessageId","replyTo","poll","photo"}`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelMessage {
    #[serde(flatten)]
    pub room: RoomRef,
    pub message: String,
    /// The same id sent again within five minutes is the same message: it is stored once.
    #[serde(
        rename = "clientMessageId",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub client_message_id: Option<String>,
    /// The message that this one answers.
    #[serde(rename = "replyTo", default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageRef>,
    /// What can be voted for; the question is the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<NewPoll>,
    /// A photo that the sender uploaded for this room; the text may then be empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<PhotoId>,
}

/// `{"recipientUUID" | "room","before","after","limit"}`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelMessages {
    #[serde(flatten)]
    pub room: RoomRef,
    /// Messages with a lower `Seq`; the newest page if neither is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Messages with a higher `Seq`, the oldest of them first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// `{"userUUID","accessKey","rooms"}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    #[serde(rename = "userUUID")]
    pub user_uuid: UserId,
    #[serde(rename = "accessKey")]
    pub access_key: Secret,
    #[serde(default)]
    pub rooms: Vec<ResumeRoom>,
}

/// `{"recipientUUID" | "room","epoch","seq"}`: the last message that was received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeRoom {
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(default)]
    pub epoch: String,
    #[serde(default)]
    pub seq: u64,
}

/// `GET /ws?nickname=…&room=…`: sign in as a guest and join in one step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ConnectQuery {
    pub nickname: Option<String>,
    pub room: Option<String>,
}

/// Why a text is no request. The texts are fixed: nothing of the frame is ever repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("the frame is not a JSON object with a \"type\"")]
    NotARequest,
    #[error("\"id\" is a string of at most 64 bytes or a whole number")]
    BadId,
    #[error("the type is unknown; see the protocol's list of requests")]
    UnknownType,
    #[error("{kind}: the block is missing; it looks like {shape}")]
    MissingBlock {
        kind: &'static str,
        shape: &'static str,
    },
    #[error("{kind}: the block has a wrong shape; it looks like {shape}")]
    BadBlock {
        kind: &'static str,
        shape: &'static str,
    },
    #[error("{0}")]
    BadAddress(#[from] AddressError),
}

/// A request that could not be read, with its `id` if that much was readable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFrame {
    pub id: Option<RequestId>,
    pub error: DecodeError,
}

/// The outer object. Blocks stay raw until the type says which of them counts.
#[derive(Deserialize)]
struct Outer<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default, rename = "signUp")]
    sign_up: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "signIn")]
    sign_in: Option<&'a RawValue>,
    #[serde(borrow, default)]
    users: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "channelJoin")]
    channel_join: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "channelLeave")]
    channel_leave: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "channelMessage")]
    channel_message: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "channelMessages")]
    channel_messages: Option<&'a RawValue>,
    #[serde(borrow, default)]
    rooms: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "privateRooms")]
    private_rooms: Option<&'a RawValue>,
    #[serde(borrow, default)]
    resume: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "messageEdit")]
    message_edit: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "messageDelete")]
    message_delete: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "messageReact")]
    message_react: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "pollVote")]
    poll_vote: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "pollClose")]
    poll_close: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "readTo")]
    read_to: Option<&'a RawValue>,
    #[serde(borrow, default)]
    unread: Option<&'a RawValue>,
    #[serde(borrow, default)]
    typing: Option<&'a RawValue>,
    #[serde(borrow, default)]
    profile: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "profileUpdate")]
    profile_update: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "passwordChange")]
    password_change: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "sessionEnd")]
    session_end: Option<&'a RawValue>,
}

impl ClientEnvelope {
    /// Reads one text frame.
    ///
    /// # Errors
    /// [`BadFrame`] names the rule that the frame breaks, never what it holds.
    pub fn decode(text: &str) -> Result<Self, BadFrame> {
        let outer: Outer<'_> = serde_json::from_str(text).map_err(|_| BadFrame {
            id: None,
            error: DecodeError::NotARequest,
        })?;
        let id = decode_id(outer.id).map_err(|error| BadFrame { id: None, error })?;
        match decode_block(&outer, text) {
            Ok(frame) => Ok(Self { id, frame }),
            Err(error) => Err(BadFrame { id, error }),
        }
    }
}

fn decode_id(raw: Option<&RawValue>) -> Result<Option<RequestId>, DecodeError> {
    let Some(raw) = raw else { return Ok(None) };
    match serde_json::from_str(raw.get()) {
        Ok(Some(RequestId::Text(text))) if text.len() > limits::CLIENT_ID_BYTES => {
            Err(DecodeError::BadId)
        }
        Ok(id) => Ok(id),
        Err(_) => Err(DecodeError::BadId),
    }
}

fn decode_block(outer: &Outer<'_>, text: &str) -> Result<ClientFrame, DecodeError> {
    const CREDENTIALS: &str = r#"{"username":"…","password":"…"}"#;
    const SIGN_IN: &str = r#"{"username":"…","password":"…"}, {"nickname":"…"} or {"token":"…"}"#;
    const PAGE: &str = r#"{"offset":0,"limit":100}"#;
    const ROOM: &str = r#"{"recipientUUID":""} or {"room":"…"}"#;
    const JOIN: &str =
        r#"{"recipientUUID":"","keepJoined":true,"limit":10}, or "room" for a named room"#;
    const MESSAGE: &str = r#"{"recipientUUID":"","message":"…"}, or "room" for a named room"#;
    const POLL: &str = r#"{"room":"…","message":"question","poll":{"options":["…","…"],"multiple":false,"anonymous":false,"closesInSeconds":3600}}: 2 to 10 options of at most 200 characters"#;
    const HISTORY: &str =
        r#"{"recipientUUID":"","before":100,"limit":100}, or "room" for a named room"#;
    const RESUME: &str =
        r#"{"userUUID":"…","accessKey":"…","rooms":[{"recipientUUID":"","epoch":"…","seq":7}]}"#;

    const SEARCH: &str = r#"{"offset":0,"limit":100,"prefix":"…"}"#;
    const READ_TO: &str = r#"{"recipientUUID":"","seq":7}, or "room" for a named room"#;
    const TYPING: &str = r#"{"recipientUUID":"","on":true}, or "room" for a named room"#;
    const PROFILE: &str = r#"{"userUUID":"…"}"#;
    const PROFILE_UPDATE: &str = r##"{"displayName":"…","color":"#336699","avatar":"…"}"##;
    const PASSWORDS: &str = r#"{"old":"…","new":"…"}"#;
    const SESSION: &str = r#"{"sessionUUID":"…"}"#;

    match &*outer.kind {
        "signUp" => required("signUp", CREDENTIALS, outer.sign_up).map(ClientFrame::SignUp),
        "signIn" => required("signIn", SIGN_IN, outer.sign_in).map(ClientFrame::SignIn),
        // The demo's document sends it without a block, a client may send one: neither matters.
        "signOut" => Ok(ClientFrame::SignOut),
        "users" => optional("users", SEARCH, outer.users).map(ClientFrame::Users),
        "channelJoin" => {
            let block: ChannelJoin = required("channelJoin", JOIN, outer.channel_join)?;
            block.room.address()?;
            Ok(ClientFrame::ChannelJoin(block))
        }
        "channelLeave" => {
            let block: RoomRef = required("channelLeave", ROOM, outer.channel_leave)?;
            block.address()?;
            Ok(ClientFrame::ChannelLeave(block))
        }
        "channelMessage" => {
            let block: ChannelMessage = required("channelMessage", MESSAGE, outer.channel_message)?;
            block.room.address()?;
            let poll_is_fit = block.poll.as_ref().is_none_or(NewPoll::is_fit);
            fit(
                "channelMessage",
                MESSAGE,
                client_id_is_fit(block.client_message_id.as_ref()),
            )?;
            fit("channelMessage", POLL, poll_is_fit)?;
            Ok(ClientFrame::ChannelMessage(block))
        }
        "channelMessages" => {
            let block: ChannelMessages =
                required("channelMessages", HISTORY, outer.channel_messages)?;
            block.room.address()?;
            Ok(ClientFrame::ChannelMessages(block))
        }
        "rooms" => optional("rooms", PAGE, outer.rooms).map(ClientFrame::Rooms),
        "privateRooms" => {
            optional("privateRooms", PAGE, outer.private_rooms).map(ClientFrame::PrivateRooms)
        }
        "resume" => {
            let block: Resume = required("resume", RESUME, outer.resume)?;
            for entry in &block.rooms {
                entry.room.address()?;
            }
            Ok(ClientFrame::Resume(block))
        }
        "ping" => Ok(ClientFrame::Ping),
        "readTo" => {
            let block: ReadTo = required("readTo", READ_TO, outer.read_to)?;
            block.room.address()?;
            Ok(ClientFrame::ReadTo(block))
        }
        "unread" => optional("unread", PAGE, outer.unread).map(ClientFrame::Unread),
        "typing" => {
            let block: TypingNow = required("typing", TYPING, outer.typing)?;
            block.room.address()?;
            Ok(ClientFrame::Typing(block))
        }
        "profile" => required("profile", PROFILE, outer.profile).map(ClientFrame::Profile),
        "profileUpdate" => required("profileUpdate", PROFILE_UPDATE, outer.profile_update)
            .map(ClientFrame::ProfileUpdate),
        "passwordChange" => required("passwordChange", PASSWORDS, outer.password_change)
            .map(ClientFrame::PasswordChange),
        "sessions" => Ok(ClientFrame::Sessions),
        "sessionEnd" => {
            required("sessionEnd", SESSION, outer.session_end).map(ClientFrame::SessionEnd)
        }
        // Rare ones: the text is read again for their blocks.
        kind => decode_change(outer).unwrap_or_else(|| {
            let request = moderation::Request::decode(kind, text);
            request.map(|request| ClientFrame::Moderation(Box::new(request)))
        }),
    }
}

/// Reads a change of a message; `None` for anything else.
fn decode_change(outer: &Outer<'_>) -> Option<Result<ClientFrame, DecodeError>> {
    const EDIT: &str = r#"{"room":"…","uuid":"…","seq":7,"message":"…"}"#;
    const TARGET: &str = r#"{"room":"…","uuid":"…","seq":7}"#;
    const REACT: &str =
        r#"{"room":"…","uuid":"…","seq":7,"emoji":"👍","on":true}: one emoji of at most 32 bytes"#;
    const VOTE: &str = r#"{"room":"…","uuid":"…","seq":7,"options":[0]}: indices from 0 to 9"#;

    Some(match &*outer.kind {
        "messageEdit" => {
            required("messageEdit", EDIT, outer.message_edit).and_then(|block: MessageEdit| {
                block.room.address()?;
                let id_is_fit = client_id_is_fit(block.client_message_id.as_ref());
                fit("messageEdit", EDIT, id_is_fit)?;
                Ok(ClientFrame::MessageEdit(block))
            })
        }
        "messageDelete" => {
            target("messageDelete", TARGET, outer.message_delete).map(ClientFrame::MessageDelete)
        }
        "messageReact" => {
            required("messageReact", REACT, outer.message_react).and_then(|block: MessageReact| {
                block.room.address()?;
                fit("messageReact", REACT, is_emoji(&block.emoji))?;
                Ok(ClientFrame::MessageReact(block))
            })
        }
        "pollVote" => required("pollVote", VOTE, outer.poll_vote).and_then(|block: PollVote| {
            block.room.address()?;
            let most = *limits::POLL_OPTIONS.end();
            let is_index = |option: &u8| usize::from(*option) < most;
            let is_fit = block.options.len() <= most && block.options.iter().all(is_index);
            fit("pollVote", VOTE, is_fit)?;
            Ok(ClientFrame::PollVote(block))
        }),
        "pollClose" => target("pollClose", TARGET, outer.poll_close).map(ClientFrame::PollClose),
        _ => return None,
    })
}

/// A block that names a message and nothing else.
fn target(
    kind: &'static str,
    shape: &'static str,
    block: Option<&RawValue>,
) -> Result<MessageTarget, DecodeError> {
    let block: MessageTarget = required(kind, shape, block)?;
    block.room.address()?;
    Ok(block)
}

/// Refuses a block that breaks a rule which its shape does not show.
fn fit(kind: &'static str, shape: &'static str, is_fit: bool) -> Result<(), DecodeError> {
    if is_fit {
        return Ok(());
    }
    Err(DecodeError::BadBlock { kind, shape })
}

fn client_id_is_fit(id: Option<&String>) -> bool {
    id.is_none_or(|id| (1..=limits::CLIENT_ID_BYTES).contains(&id.len()))
}

pub(super) fn required<'a, T: Deserialize<'a>>(
    kind: &'static str,
    shape: &'static str,
    block: Option<&'a RawValue>,
) -> Result<T, DecodeError> {
    let block = block.ok_or(DecodeError::MissingBlock { kind, shape })?;
    // serde's own message may quote the value, which may be a password: it is dropped.
    serde_json::from_str(block.get()).map_err(|_| DecodeError::BadBlock { kind, shape })
}

fn optional<'a, T: Deserialize<'a> + Default>(
    kind: &'static str,
    shape: &'static str,
    block: Option<&'a RawValue>,
) -> Result<T, DecodeError> {
    block.map_or_else(
        || Ok(T::default()),
        |block| required(kind, shape, Some(block)),
    )
}

impl Serialize for ClientEnvelope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = &self.id {
            map.serialize_entry("id", id)?;
        }
        map.serialize_entry("type", self.frame.kind())?;
        match &self.frame {
            ClientFrame::SignUp(block) => map.serialize_entry("signUp", block)?,
            ClientFrame::SignIn(block) => map.serialize_entry("signIn", block)?,
            ClientFrame::SignOut | ClientFrame::Ping | ClientFrame::Sessions => {}
            ClientFrame::Users(block) => map.serialize_entry("users", block)?,
            ClientFrame::ChannelJoin(block) => map.serialize_entry("channelJoin", block)?,
            ClientFrame::ChannelLeave(block) => map.serialize_entry("channelLeave", block)?,
            ClientFrame::ChannelMessage(block) => map.serialize_entry("channelMessage", block)?,
            ClientFrame::ChannelMessages(block) => map.serialize_entry("channelMessages", block)?,
            ClientFrame::Rooms(block) => map.serialize_entry("rooms", block)?,
            ClientFrame::PrivateRooms(block) => map.serialize_entry("privateRooms", block)?,
            ClientFrame::Resume(block) => map.serialize_entry("resume", block)?,
            ClientFrame::MessageEdit(block) => map.serialize_entry("messageEdit", block)?,
            ClientFrame::MessageDelete(block) => map.serialize_entry("messageDelete", block)?,
            ClientFrame::MessageReact(block) => map.serialize_entry("messageReact", block)?,
            ClientFrame::PollVote(block) => map.serialize_entry("pollVote", block)?,
            ClientFrame::PollClose(block) => map.serialize_entry("pollClose", block)?,
            ClientFrame::ReadTo(block) => map.serialize_entry("readTo", block)?,
            ClientFrame::Unread(block) => map.serialize_entry("unread", block)?,
            ClientFrame::Typing(block) => map.serialize_entry("typing", block)?,
            ClientFrame::Profile(block) => map.serialize_entry("profile", block)?,
            ClientFrame::ProfileUpdate(block) => map.serialize_entry("profileUpdate", block)?,
            ClientFrame::PasswordChange(block) => map.serialize_entry("passwordChange", block)?,
            ClientFrame::SessionEnd(block) => map.serialize_entry("sessionEnd", block)?,
            ClientFrame::Moderation(request) => request.serialize(&mut map)?,
        }
        map.end()
    }
}

impl ClientFrame {
    /// The `type` on the wire.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SignUp(_) => "signUp",
            Self::SignIn(_) => "signIn",
            Self::SignOut => "signOut",
            Self::Users(_) => "users",
            Self::ChannelJoin(_) => "channelJoin",
            Self::ChannelLeave(_) => "channelLeave",
            Self::ChannelMessage(_) => "channelMessage",
            Self::ChannelMessages(_) => "channelMessages",
            Self::Rooms(_) => "rooms",
            Self::PrivateRooms(_) => "privateRooms",
            Self::Resume(_) => "resume",
            Self::Ping => "ping",
            Self::MessageEdit(_) => "messageEdit",
            Self::MessageDelete(_) => "messageDelete",
            Self::MessageReact(_) => "messageReact",
            Self::PollVote(_) => "pollVote",
            Self::PollClose(_) => "pollClose",
            Self::ReadTo(_) => "readTo",
            Self::Unread(_) => "unread",
            Self::Typing(_) => "typing",
            Self::Profile(_) => "profile",
            Self::ProfileUpdate(_) => "profileUpdate",
            Self::PasswordChange(_) => "passwordChange",
            Self::Sessions => "sessions",
            Self::SessionEnd(_) => "sessionEnd",
            Self::Moderation(request) => request.kind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> DecodeError {
        ClientEnvelope::decode(text).expect_err("refused").error
    }

    #[test]
    fn what_is_no_request_is_told_without_repeating_it() {
        assert_eq!(refused("hello"), DecodeError::NotARequest);
        assert_eq!(refused("[]"), DecodeError::NotARequest);
        assert_eq!(refused(r#"{"type":7}"#), DecodeError::NotARequest);
        assert_eq!(refused(r#"{"type":"hunter2"}"#), DecodeError::UnknownType);
        let wrong = r#"{"type":"signIn","signIn":{"username":"a","password":["hunter2"]}}"#;
        assert!(!refused(wrong).to_string().contains("hunter2"));
        assert!(matches!(
            refused(r#"{"type":"signIn"}"#),
            DecodeError::MissingBlock { .. }
        ));
        let both = r#"{"type":"channelLeave","channelLeave":{"room":"a","recipientUUID":"6f0b1d2c-0000-4000-8000-000000000001"}}"#;
        assert_eq!(
            refused(both),
            DecodeError::BadAddress(AddressError::Ambiguous)
        );
        for block in [
            r#""type":"readTo","readTo":{"room":"a","seq":-1}"#,
            r#""type":"readTo","readTo":{"room":"a"}"#,
            r#""type":"unread","unread":{"limit":"all"}"#,
            r#""type":"typing","typing":{"room":"a"}"#,
            r#""type":"profile","profile":{"userUUID":"hunter2"}"#,
            r#""type":"profileUpdate","profileUpdate":{"color":7}"#,
            r#""type":"passwordChange","passwordChange":{"old":"hunter2"}"#,
            r#""type":"sessionEnd","sessionEnd":{"sessionUUID":"hunter2"}"#,
            r#""type":"users","users":{"prefix":["hunter2"]}"#,
        ] {
            let refused = refused(&format!("{{{block}}}"));
            assert!(
                matches!(refused, DecodeError::BadBlock { .. }),
                "{block}: {refused:?}"
            );
            assert!(!refused.to_string().contains("hunter2"));
        }
        let id = format!(r#"{{"id":"{}","type":"ping"}}"#, "x".repeat(65));
        assert_eq!(refused(&id), DecodeError::BadId);
    }

    #[test]
    fn changes_that_break_a_rule_are_refused() {
        let of = r#""room":"a","uuid":"6f0b1d2c-0000-4000-8000-000000000001","seq":7"#;
        let text =
            |kind: &str, more: &str| format!(r#"{{"type":"{kind}","{kind}":{{{of}{more}}}}}"#);
        for (kind, more) in [
            ("messageEdit", ""),
            ("messageEdit", r#","message":"x","clientMessageId":"""#),
            ("messageReact", r#","emoji":"","on":true"#),
            ("messageReact", r#","emoji":"ab","on":true"#),
            ("messageReact", r#","emoji":"👍""#),
            ("pollVote", ""),
            ("pollVote", r#","options":[10]"#),
            ("pollVote", r#","options":[0,0,0,0,0,0,0,0,0,0,0]"#),
            ("pollVote", r#","options":[-1]"#),
        ] {
            let refused = refused(&text(kind, more));
            assert!(
                matches!(refused, DecodeError::BadBlock { .. }),
                "{kind} {more}"
            );
        }
        for kind in ["messageDelete", "pollClose"] {
            let nameless = format!(r#"{{"type":"{kind}","{kind}":{{"room":"a","seq":7}}}}"#);
            assert!(matches!(refused(&nameless), DecodeError::BadBlock { .. }));
            let missing = format!(r#"{{"type":"{kind}"}}"#);
            assert!(matches!(
                refused(&missing),
                DecodeError::MissingBlock { .. }
            ));
        }
        let poll = |poll: &str| {
            format!(
                r#"{{"type":"channelMessage","channelMessage":{{"message":"?","poll":{poll}}}}}"#
            )
        };
        for bad in ["{}", r#"{"options":["a"]}"#, r#"{"options":["a",""]}"#] {
            assert!(
                matches!(refused(&poll(bad)), DecodeError::BadBlock { .. }),
                "{bad}"
            );
        }
    }

    #[test]
    fn nesting_is_bounded_wherever_it_stands() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        for text in [
            deep.clone(),
            format!(r#"{{"type":"ping","other":{deep}}}"#),
            format!(r#"{{"type":"signIn","signIn":{deep}}}"#),
            format!(r#"{{"type":"signIn","signIn":{{"nickname":{deep}}}}}"#),
        ] {
            // Some are refused, some ignored: none may overflow the stack.
            let _ = ClientEnvelope::decode(&text);
        }
    }

    #[test]
    fn the_demo_clients_extra_fields_are_ignored() {
        let text = r#"{"SSUID":"s","type":"users","userUUID":"","accessKey":""}"#;
        let envelope = ClientEnvelope::decode(text).unwrap();
        assert_eq!(envelope.frame, ClientFrame::Users(UserSearch::default()));
        let sign_out = r#"{"type":"signOut","userUUID":"x","signOut":{"uuid":"x"}}"#;
        assert_eq!(
            ClientEnvelope::decode(sign_out).unwrap().frame,
            ClientFrame::SignOut
        );
    }

    #[test]
    fn secrets_are_not_shown_by_debug() {
        let text = r#"{"type":"signIn","signIn":{"username":"a","password":"hunter2"}}"#;
        assert!(!format!("{:?}", ClientEnvelope::decode(text).unwrap()).contains("hunter2"));
    }
}
