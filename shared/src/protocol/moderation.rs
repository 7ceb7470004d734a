//! Roles, rooms' settings and moderation: what is asked; the answers are in [`answers`].

mod answers;

use std::{borrow::Cow, collections::HashMap};

use serde::{Deserialize, Serialize, ser::SerializeMap};
use serde_json::value::RawValue;

use super::{
    client::{DecodeError, Secret, required},
    value::RoomRef,
};
use crate::{
    id::{MessageId, UserId},
    roles::{Access, RoomRole, SiteRole, Write},
};

pub use answers::{
    AnyRole, AuditEntry, AuditLog, BannedUser, Done, Muted, Removed, RoleChanged, RoomBans,
    RoomChanged, RoomDetails, RoomMember, RoomMembers, Why,
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
