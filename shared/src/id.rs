//! Identifiers and names: what each is made of, and what is refused.

use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

use crate::limits;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh random identifier (UUID version 4).
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_id!(
    /// A person: an account or a guest.
    UserId
);
uuid_id!(
    /// One WebSocket connection.
    SessionId
);
uuid_id!(
    /// One message, named by the gateway that took it in.
    MessageId
);
uuid_id!(
    /// One run of one gateway process; a restarted gateway is a new one.
    GatewayId
);
uuid_id!(
    /// One uploaded photo. Random, since whoever knows a public room's photo may see it.
    PhotoId
);

/// What the demo calls `<ChannelUUID>`: `{tag}public` for General, `{tag}<uuid>` for every other
/// room. The tag is the room's partition, see [`crate::keyspace`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelId(Arc<str>);

impl ChannelId {
    /// Takes an identifier that [`crate::keyspace`] built or Redis gave back.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition's hash tag without its braces, if the identifier has one.
    pub fn tag(&self) -> Option<&str> {
        tag(&self.0)
    }
}

/// The hash tag that a channel's name begins with, without its braces.
pub(crate) fn tag(channel: &str) -> Option<&str> {
    let (tag, _) = channel.strip_prefix('{')?.split_once('}')?;
    Some(tag)
}

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a name was refused; its text is shown to people and never repeats the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("a name must not be empty")]
    Empty,
    #[error("a name has at most {} characters", limits::NAME_CHARACTERS)]
    TooLong,
    #[error("a name must not hold control, formatting or bidirectional-override characters")]
    Forbidden,
}

/// Normalizes (NFC), trims and checks a name of a person or a room.
fn checked_name(text: &str) -> Result<Arc<str>, NameError> {
    // The bytes are bounded first, so that a huge text costs no normalization.
    if text.len() > limits::NAME_BYTES {
        return Err(NameError::TooLong);
    }
    let name = normalized(text.trim());
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.chars().count() > limits::NAME_CHARACTERS || name.len() > limits::NAME_BYTES {
        return Err(NameError::TooLong);
    }
    if name.chars().any(is_forbidden_in_names) {
        return Err(NameError::Forbidden);
    }
    Ok(name.into())
}

/// NFC. ASCII is that already, and every message names a room and its sender.
fn normalized(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        text.into()
    } else {
        text.nfc().collect()
    }
}

/// Characters that are invisible or turn the text around them: a name holding one could pass for
/// another. Zero-width joiners stay out too; emoji made with them are no loss in a name.
fn is_forbidden_in_names(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// A name, or the beginning of one, as names are compared that differ by their case only.
pub fn folded(text: &str) -> String {
    normalized(text.trim_start()).to_lowercase()
}

/// Normalizes, trims and checks what somebody wants to be shown as: as a name, and shorter.
///
/// # Errors
/// [`NameError`] says which rule it breaks.
pub fn checked_display_name(text: &str) -> Result<String, NameError> {
    let name = checked_name(text)?;
    if name.chars().count() > limits::DISPLAY_NAME_CHARACTERS {
        return Err(NameError::TooLong);
    }
    Ok(name.to_string())
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and normalizes what somebody typed.
            ///
            /// # Errors
            /// [`NameError`] says which rule it breaks.
            pub fn new(text: &str) -> Result<Self, NameError> {
                checked_name(text).map(Self)
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                Self::new(&text).map_err(D::Error::custom)
            }
        }
    };
}

name_type!(
    /// The name of an account or a guest, unique among both.
    Username
);
name_type!(
    /// The name of a named room.
    RoomName
);

/// A room's address as a client gives it: General and private rooms by `recipientUUID`, named ones
/// by `room`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// `recipientUUID: ""`
    General,
    /// `recipientUUID: "<the other user>"`
    Private(UserId),
    /// `room: "<name>"`
    Named(RoomName),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_normalized() {
        assert_eq!(
            Username::new("  Zoe\u{0308} ").unwrap().as_str(),
            "Zo\u{eb}"
        );
    }

    #[test]
    fn names_that_could_deceive_are_refused() {
        for bad in [
            "a\u{202e}b",
            "a\0b",
            "a\nb",
            "\u{200b}",
            "a\u{2066}b",
            "x\u{7f}",
        ] {
            assert_eq!(Username::new(bad), Err(NameError::Forbidden), "{bad:?}");
        }
        assert_eq!(Username::new(" \t "), Err(NameError::Empty));
        assert_eq!(RoomName::new(&"x".repeat(300)), Err(NameError::TooLong));
        assert_eq!(
            RoomName::new(&"x".repeat(limits::NAME_CHARACTERS + 1)),
            Err(NameError::TooLong)
        );
        assert!(RoomName::new(&"é".repeat(limits::NAME_CHARACTERS)).is_ok());
    }

    #[test]
    fn a_channel_tells_its_tag() {
        assert_eq!(ChannelId::new("{42}public").tag(), Some("42"));
        assert_eq!(ChannelId::new("public").tag(), None);
    }
}
