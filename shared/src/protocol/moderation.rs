//! Roles, rooms' settings and moderation: what is asked and what is answered.

use std::{borrow::Cow, collections::HashMap};

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

use super::{
    client::{DecodeError, Secret, required},
    value::{RoomRef, User},
};
use crate::{
    id::{MessageId, UserId},
    roles::{Access, RoomRole, RoomSettings, SiteRole, Write},
};

/// Generates the requests: the variant, its block, the `type` on the wire, and what it looks like.
macro_rules! requests {
    ($($(#[$doc:meta])* $variant:ident($block:ty) $kind:literal $shape:literal,)*) => {
        /// A request about roles, rooms' settings or moderation.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Request {
            $($(#[$doc])* $variant($block),)*
        }

        impl Request {
            /// The `type` on the wire.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $kind,)* }
            }

            fn read(kind: &str, block: Option<&RawValue>) -> Result<Self, DecodeError> {
                match kind {
                    $($kind => required($kind, $shape, block).map(Self::$variant),)*
                    _ => Err(DecodeError::UnknownType),
                }
            }

            /// Writes the block under its type.
            pub(super) fn serialize<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                match self { $(Self::$variant(block) => map.serialize_entry($kind, block),)* }
            }
        }
    };
}

requests! {
    /// Tells about a room.
    RoomInfo(RoomTarget) "roomInfo" r#"{"room":"…"}"#,
    /// Makes a named room with settings; who makes it owns it.
    RoomCreate(RoomPatch) "roomCreate" r#"{"room":"…","access":"public","write":"everyone","slowSeconds":0,"topic":"…"}"#,
    /// Changes a room's settings; what is left out stays.
    RoomUpdate(RoomPatch) "roomUpdate" r#"{"room":"…","access":"public","write":"everyone","slowSeconds":0,"topic":"…"}"#,
    /// Makes a user a member of a room.
    RoomInvite(RoomUser) "roomInvite" r#"{"room":"…","userUUID":"…"}"#,
    /// Gives a user a role in a room, or takes it.
    RoomRole(RoomGrant) "roomRole" r#"{"room":"…","userUUID":"…","role":"moderator"}"#,
    /// Puts a user out of a room; they may come back.
    RoomKick(RoomBan) "roomKick" r#"{"room":"…","userUUID":"…","reason":"…"}"#,
    /// Puts a user out of a room and keeps them out.
    RoomBan(RoomBan) "roomBan" r#"{"room":"…","userUUID":"…","seconds":3600,"reason":"…"}"#,
    /// Lets a banned user in again.
    RoomUnban(RoomUser) "roomUnban" r#"{"room":"…","userUUID":"…"}"#,
    /// Keeps a user from writing.
    RoomMute(RoomBan) "roomMute" r#"{"room":"…","userUUID":"…","seconds":600}"#,
    /// Lets a muted user write again.
    RoomUnmute(RoomUser) "roomUnmute" r#"{"room":"…","userUUID":"…"}"#,
    /// Closes a room: everybody but its moderators is out.
    RoomClose(RoomTarget) "roomClose" r#"{"room":"…"}"#,
    /// Opens a closed room.
    RoomReopen(RoomTarget) "roomReopen" r#"{"room":"…"}"#,
    /// Lists those who have a role in a room or are muted there.
    RoomMembers(RoomPage) "roomMembers" r#"{"room":"…","offset":0,"limit":100}"#,
    /// Lists those who are banned from a room.
    RoomBans(RoomPage) "roomBans" r#"{"room":"…","offset":0,"limit":100}"#,
    /// Gives an account a role on the site.
    UserRole(UserGrant) "userRole" r#"{"userUUID":"…","role":"moderator"}"#,
    /// Ends a user's sessions and keeps them from signing in.
    UserBan(UserBan) "userBan" r#"{"userUUID":"…","seconds":3600,"reason":"…"}"#,
    /// Lets a banned user sign in again.
    UserUnban(UserTarget) "userUnban" r#"{"userUUID":"…"}"#,
    /// Deletes an account; one's own with its password.
    UserDelete(UserDelete) "userDelete" r#"{"userUUID":"…"}, and "password" for one's own"#,
    /// Pages through what moderators did, the latest first.
    AuditLog(AuditPage) "auditLog" r#"{"before":"…","limit":100}"#,
    /// Reports a message to the moderators.
    MessageReport(MessageReport) "messageReport" r#"{"room":"…","uuid":"…","seq":7,"reason":"…"}"#,
}

impl Request {
    /// Reads a frame of one of these types.
    ///
    /// # Errors
    /// The rule that it breaks; [`DecodeError::UnknownType`] for every other type.
    pub(super) fn decode(kind: &str, text: &str) -> Result<Self, DecodeError> {
        let blocks: HashMap<Cow<'_, str>, &RawValue> =
            serde_json::from_str(text).map_err(|_| DecodeError::NotARequest)?;
        let request = Self::read(kind, blocks.get(kind).copied())?;
        if let Some(room) = request.room() {
            room.address()?;
        }
        Ok(request)
    }

    /// The room it is about.
    pub fn room(&self) -> Option<&RoomRef> {
        match self {
            Self::RoomInfo(block) | Self::RoomClose(block) | Self::RoomReopen(block) => {
                Some(&block.room)
            }
            Self::RoomCreate(block) | Self::RoomUpdate(block) => Some(&block.room),
            Self::RoomInvite(block) | Self::RoomUnban(block) | Self::RoomUnmute(block) => {
                Some(&block.room)
            }
            Self::RoomRole(block) => Some(&block.room),
            Self::RoomKick(block) | Self::RoomBan(block) | Self::RoomMute(block) => {
                Some(&block.room)
            }
            Self::RoomMembers(block) | Self::RoomBans(block) => Some(&block.room),
            Self::MessageReport(block) => Some(&block.room),
            Self::UserRole(_)
            | Self::UserBan(_)
            | Self::UserUnban(_)
            | Self::UserDelete(_)
            | Self::AuditLog(_) => None,
        }
    }

    /// The reason that it gives.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::RoomKick(block) | Self::RoomBan(block) | Self::RoomMute(block) => {
                block.reason.as_deref()
            }
            Self::UserBan(block) => block.reason.as_deref(),
            Self::MessageReport(block) => Some(&block.reason),
            _ => None,
        }
    }
}

/// A room and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomTarget {
    #[serde(flatten)]
    pub room: RoomRef,
}

/// A room and settings of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomPatch {
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(flatten)]
    pub settings: SettingsPatch,
}

/// Settings to change; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<Write>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_messages: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_seconds: Option<u64>,
}

/// A room and a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomUser {
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(rename = "userUUID")]
    pub user_uuid: UserId,
}

/// The role that somebody is to have in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RoomGrade {
    Owner,
    Moderator,
    Member,
    None,
}

impl RoomGrade {
    pub fn role(self) -> Option<RoomRole> {
        match self {
            Self::Owner => Some(RoomRole::Owner),
            Self::Moderator => Some(RoomRole::Moderator),
            Self::Member => Some(RoomRole::Member),
            Self::None => None,
        }
    }
}

/// A room, a user and a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomGrant {
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(rename = "userUUID")]
    pub user_uuid: UserId,
    pub role: RoomGrade,
}

/// A room, a user, for how long, and why. A kick ignores `seconds`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomBan {
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(rename = "userUUID")]
    pub user_uuid: UserId,
    /// For ever if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A room and a page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomPage {
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(default)]
    pub offset: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A user and a role on the site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserGrant {
    #[serde(rename = "userUUID")]
    pub user_uuid: UserId,
    pub role: SiteRole,
}

/// A user, for how long, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserBan {
    #[serde(rename = "userUUID")]
    pub user_uuid: UserId,
    /// For ever if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A user and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserTarget {
    #[serde(rename = "userUUID")]
    pub user_uuid: UserId,
}

/// An account to delete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserDelete {
    #[serde(rename = "userUUID")]
    pub user_uuid: UserId,
    /// Needed for one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// A page of the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The `id` of the oldest entry that one has; the newest page if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A message, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageReport {
    #[serde(flatten)]
    pub room: RoomRef,
    pub uuid: MessageId,
    pub seq: u64,
    pub reason: String,
}

/// The block of `roomInfo`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomDetails {
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(flatten)]
    pub settings: RoomSettings,
    /// Left out where nobody owns the room, as General.
    #[serde(rename = "ownerUUID", default, skip_serializing_if = "Option::is_none")]
    pub owner_uuid: Option<UserId>,
    /// One's own; left out for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoomRole>,
    /// RFC 3339; `"forever"` for a mute without an end. Left out for who is not muted.
    #[serde(
        rename = "mutedUntil",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub muted_until: Option<String>,
    /// How many have a role in the room.
    pub members: u64,
    /// How many are in it now.
    #[serde(rename = "usersTotal")]
    pub users_total: u64,
}

/// The block of `roomMembers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomMembers {
    #[serde(flatten)]
    pub room: RoomRef,
    pub total: u64,
    pub received: u64,
    /// The highest role first.
    pub members: Vec<RoomMember>,
}

/// One who has a role in a room or is muted there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomMember {
    pub user: User,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoomRole>,
    /// As in [`RoomDetails`].
    #[serde(
        rename = "mutedUntil",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub muted_until: Option<String>,
}

/// The block of `roomBans`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomBans {
    #[serde(flatten)]
    pub room: RoomRef,
    pub total: u64,
    pub received: u64,
    /// The latest first.
    pub bans: Vec<BannedUser>,
}

/// One who is banned from a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BannedUser {
    pub user: User,
    /// RFC 3339; left out for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who did it; left out for the operator.
    #[serde(rename = "byUUID", default, skip_serializing_if = "Option::is_none")]
    pub by_uuid: Option<UserId>,
    /// RFC 3339.
    pub at: String,
}

/// The block of `auditLog`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLog {
    /// The latest first.
    pub entries: Vec<AuditEntry>,
    /// Whether there are older ones.
    pub more: bool,
}

/// Something that somebody did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditEntry {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub at: String,
    /// Left out for the operator at the command line.
    #[serde(rename = "byUUID", skip_serializing_if = "Option::is_none")]
    pub by_uuid: Option<UserId>,
    /// Their name, or `operator`.
    pub by: String,
    /// The request's type, or the command.
    pub action: String,
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(rename = "userUUID", skip_serializing_if = "Option::is_none")]
    pub user_uuid: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// The block of `sys.roomChanged`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomChanged {
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(flatten)]
    pub settings: RoomSettings,
}

/// Why somebody is out of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    Kicked,
    Banned,
    Closed,
}

/// The block of `sys.removed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    #[serde(flatten)]
    pub room: RoomRef,
    pub why: Why,
    /// RFC 3339: when a ban ends, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The block of `sys.muted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Muted {
    #[serde(flatten)]
    pub room: RoomRef,
    /// Whether one is muted now.
    pub muted: bool,
    /// RFC 3339: when it ends, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// A role on the site or in a room, as `sys.roleChanged` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AnyRole {
    Admin,
    Owner,
    Moderator,
    Member,
    Guest,
    None,
}

impl From<SiteRole> for AnyRole {
    fn from(role: SiteRole) -> Self {
        match role {
            SiteRole::Admin => Self::Admin,
            SiteRole::Moderator => Self::Moderator,
            SiteRole::Member => Self::Member,
            SiteRole::Guest => Self::Guest,
        }
    }
}

impl From<Option<RoomRole>> for AnyRole {
    fn from(role: Option<RoomRole>) -> Self {
        match role {
            Some(RoomRole::Owner) => Self::Owner,
            Some(RoomRole::Moderator) => Self::Moderator,
            Some(RoomRole::Member) => Self::Member,
            None => Self::None,
        }
    }
}

/// The block of `sys.roleChanged`: in a room, or on the site where none is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleChanged {
    #[serde(flatten)]
    pub room: RoomRef,
    pub role: AnyRole,
}

/// The block of `done`: nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Done {}

impl Serialize for Done {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0))?.end()
    }
}
