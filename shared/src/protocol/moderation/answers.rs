//! What is answered, and what is told to those it concerns.

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};

use crate::{
    id::UserId,
    protocol::value::{RoomRef, User},
    roles::{RoomRole, RoomSettings, SiteRole},
};

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
