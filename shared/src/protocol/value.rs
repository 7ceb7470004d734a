//! The values that frames are made of.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap as _,
};

use super::change::{Poll, Reaction, ReplyTo, Results};
use crate::id::{Address, MessageId, NameError, PhotoId, RoomName, UserId, Username};

/// A user as others see them: `{"UUID","Username","OnLine"}`. Never a password, hash or key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "OwnedUser")]
pub struct User {
    pub uuid: UserId,
    pub username: Username,
    /// Left out where nobody looked it up, as for the senders in history.
    pub online: Option<bool>,
    pub guest: bool,
    /// `None` for most people; so it costs one pointer to have none.
    pub look: Option<Box<Look>>,
}

/// How a user wants to be shown: `{"DisplayName","Color","Avatar"}` beside the user's other fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    #[serde(
        rename = "DisplayName",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub display_name: Option<String>,
    /// `#rrggbb`
    #[serde(rename = "Color", default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// A photo's id.
    #[serde(rename = "Avatar", default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
}

impl Look {
    /// The look as a user carries it: nothing where nothing is set.
    pub fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

/// A user's JSON, as it is read.
#[derive(Deserialize)]
struct OwnedUser {
    #[serde(rename = "UUID")]
    uuid: UserId,
    #[serde(rename = "Username")]
    username: Username,
    #[serde(rename = "OnLine", default)]
    online: Option<bool>,
    #[serde(rename = "Guest", default)]
    guest: bool,
    #[serde(rename = "DisplayName", default)]
    display_name: Option<String>,
    #[serde(rename = "Color", default)]
    color: Option<String>,
    #[serde(rename = "Avatar", default)]
    avatar: Option<String>,
}

impl From<OwnedUser> for User {
    fn from(user: OwnedUser) -> Self {
        let look = Look {
            display_name: user.display_name,
            color: user.color,
            avatar: user.avatar,
        };
        Self {
            uuid: user.uuid,
            username: user.username,
            online: user.online,
            guest: user.guest,
            look: look.boxed(),
        }
    }
}

impl Serialize for User {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("UUID", &self.uuid)?;
        map.serialize_entry("Username", &self.username)?;
        if let Some(online) = self.online {
            map.serialize_entry("OnLine", &online)?;
        }
        if self.guest {
            map.serialize_entry("Guest", &true)?;
        }
        if let Some(look) = &self.look {
            let fields = [
                ("DisplayName", &look.display_name),
                ("Color", &look.color),
                ("Avatar", &look.avatar),
            ];
            for (name, value) in fields {
                if let Some(value) = value {
                    map.serialize_entry(name, value)?;
                }
            }
        }
        map.end()
    }
}

/// A message as it is sent to clients and kept in `channelMessages:<channel>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    #[serde(rename = "UUID")]
    pub uuid: MessageId,
    #[serde(rename = "SenderUUID")]
    pub sender_uuid: UserId,
    #[serde(rename = "Sender")]
    pub sender: User,
    /// `""` in General, the other user in a private room; left out in a named room.
    #[serde(
        rename = "RecipientUUID",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub recipient_uuid: Option<Recipient>,
    #[serde(rename = "Recipient", default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<User>,
    #[serde(rename = "Room", default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomName>,
    /// `""` once it is deleted.
    #[serde(rename = "Message")]
    pub message: String,
    /// When it was last edited; RFC 3339.
    #[serde(rename = "EditedAt", default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<String>,
    /// A tombstone: only who sent it, when and where is left.
    #[serde(
        rename = "Deleted",
        default,
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub deleted: bool,
    #[serde(rename = "DeletedBy", default, skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<UserId>,
    #[serde(rename = "ReplyTo", default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Box<ReplyTo>>,
    /// Users whom the text names as `@name`, at most [`crate::limits::MENTIONS`].
    #[serde(rename = "Mentions", default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
    /// What can be voted for; the question is the text.
    #[serde(rename = "Poll", default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<Box<Poll>>,
    /// On pages only; kept beside the message, never in it.
    #[serde(rename = "Reactions", default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// On pages only, as `Reactions`.
    #[serde(rename = "Results", default, skip_serializing_if = "Option::is_none")]
    pub results: Option<Box<Results>>,
    /// What the sender's client named it, so that it knows its own message again.
    #[serde(
        rename = "ClientMessageId",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub client_message_id: Option<String>,
    /// RFC 3339, UTC, milliseconds; from Redis' clock.
    #[serde(
        rename = "CreatedAt",
        default,
        skip_serializing_if = "String::is_empty"
    )]
    pub created_at: String,
    /// Position in the room, from 1, without gaps within an epoch.
    #[serde(rename = "Seq", default)]
    pub seq: u64,
    #[serde(rename = "Epoch", default, skip_serializing_if = "String::is_empty")]
    pub epoch: String,
    #[serde(rename = "Photo", default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<Photo>,
}

/// A message's photo: `{"Id","Width","Height","Url","ThumbnailUrl"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    #[serde(rename = "Id")]
    pub id: PhotoId,
    /// In pixels, as it is shown.
    #[serde(rename = "Width")]
    pub width: u32,
    #[serde(rename = "Height")]
    pub height: u32,
    /// Left out where only members may see it: they ask `GET /api/photos/<id>/links`.
    #[serde(rename = "Url", default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(
        rename = "ThumbnailUrl",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub thumbnail_url: Option<String>,
}

impl Message {
    /// A message that has a sender and a text, and no place yet.
    pub fn new(sender: User, message: String) -> Self {
        Self {
            uuid: MessageId::default(),
            sender_uuid: sender.uuid,
            sender,
            recipient_uuid: None,
            recipient: None,
            room: None,
            message,
            edited_at: None,
            deleted: false,
            deleted_by: None,
            reply_to: None,
            mentions: Vec::new(),
            poll: None,
            reactions: Vec::new(),
            results: None,
            client_message_id: None,
            created_at: String::new(),
            seq: 0,
            epoch: String::new(),
            photo: None,
        }
    }

    /// What is left of it once `by` has deleted it: who sent it, when and where.
    #[must_use]
    pub fn tombstone(&self, by: UserId) -> Self {
        Self {
            uuid: self.uuid,
            recipient_uuid: self.recipient_uuid,
            recipient: self.recipient.clone(),
            room: self.room.clone(),
            deleted: true,
            deleted_by: Some(by),
            client_message_id: self.client_message_id.clone(),
            created_at: self.created_at.clone(),
            seq: self.seq,
            epoch: self.epoch.clone(),
            ..Self::new(self.sender.clone(), String::new())
        }
    }
}

/// A `recipientUUID`: `""` for General, otherwise a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recipient {
    General,
    User(UserId),
}

impl Serialize for Recipient {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::General => serializer.serialize_str(""),
            Self::User(user) => user.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Recipient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self::General);
        }
        text.parse()
            .map(Self::User)
            .map_err(|_| D::Error::custom("recipientUUID is empty or a UUID"))
    }
}

/// How a block names its room, flattened into it: `recipientUUID` or `room`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRef {
    #[serde(
        rename = "recipientUUID",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub recipient_uuid: Option<Recipient>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
}

/// Why a [`RoomRef`] is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("a room is named by recipientUUID or by room, not by both")]
    Ambiguous,
    #[error("the room can't have that name: {0}")]
    Name(#[from] NameError),
}

impl RoomRef {
    /// The address it stands for. Nothing given is General, as the demo's client has it; a named
    /// room goes with no recipient or an empty one.
    ///
    /// # Errors
    /// When it names both a user and a room, or the room's name breaks a rule.
    pub fn address(&self) -> Result<Address, AddressError> {
        match (&self.room, self.recipient_uuid) {
            (Some(room), None | Some(Recipient::General)) => {
                Ok(Address::Named(RoomName::new(room)?))
            }
            (Some(_), Some(Recipient::User(_))) => Err(AddressError::Ambiguous),
            (None, None | Some(Recipient::General)) => Ok(Address::General),
            (None, Some(Recipient::User(user))) => Ok(Address::Private(user)),
        }
    }
}

impl From<&Address> for RoomRef {
    fn from(address: &Address) -> Self {
        match address {
            Address::General => Self {
                recipient_uuid: Some(Recipient::General),
                room: None,
            },
            Address::Private(user) => Self {
                recipient_uuid: Some(Recipient::User(*user)),
                room: None,
            },
            Address::Named(room) => Self {
                recipient_uuid: None,
                room: Some(room.to_string()),
            },
        }
    }
}
