//! What travels on a room's pub/sub channel and in the partition's stream.
//!
//! An event is a line of header fields and, below it, a JSON body. The header is made by the
//! scripts, in the same step that numbers the message, so that live order, stored order and `seq`
//! can't diverge. The first byte tells the kind:
//!
//! | header | body |
//! |---|---|
//! | `m <epoch> <seq> <ms>` | a [`Message`] without `Seq`, `Epoch` and `CreatedAt` |
//! | `j <users>` | [`Membership`]: a user joined |
//! | `l <users>` | [`Membership`]: a user left |
//! | `p <users> <0 or 1>` | [`Membership`]: a user went offline or came online |
//! | `o <users>` | none: how many are in a large room |
//! | `t <0 or 1>` | [`Membership`]: a user stopped typing or types; told live, never stored |
//! | `s <version>` | [`RoomSettings`]: the room is set otherwise |
//! | `u <version>` | [`UserChange`]: what one user is or may in the room has changed |

use std::ops::RangeInclusive;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    clock,
    id::{SessionId, UserId},
    protocol::{
        moderation::Why,
        value::{Message, User},
    },
    roles::{RoomRole, RoomSettings},
};

/// The numbers a message can have: from one, up to what JSON's numbers hold exactly.
const SEQS: RangeInclusive<u64> = 1..=1 << 53;

/// An event as it came from the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Message(MessageEvent),
    Joined {
        users: u64,
        who: Membership,
    },
    Left {
        users: u64,
        who: Membership,
    },
    Presence {
        users: u64,
        online: bool,
        who: Membership,
    },
    Occupancy {
        users: u64,
    },
    Typing {
        on: bool,
        who: Membership,
    },
    /// `version`: of the room's `policy`.
    Settings {
        version: u64,
        settings: Box<RoomSettings>,
    },
    User {
        version: u64,
        change: Box<UserChange>,
    },
}

/// What a user is in a room from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserChange {
    pub user: UserId,
    #[serde(default)]
    pub role: Option<RoomRole>,
    /// Milliseconds since 1970; 0 for ever.
    #[serde(default)]
    pub muted: Option<u64>,
    /// They are out of the room.
    #[serde(default)]
    pub removed: Option<Removal>,
}

/// How somebody was put out of a room; the value of `channelBans`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// The room's `policy` then: it concerns those who joined before.
    pub version: u64,
    pub why: Why,
    /// Milliseconds since 1970; 0 for ever. Of a kick: when it was.
    #[serde(default)]
    pub until: u64,
    #[serde(default)]
    pub reason: String,
    /// Who did it; `None` for the operator.
    #[serde(default)]
    pub by: Option<UserId>,
    /// Milliseconds since 1970.
    #[serde(default)]
    pub at: u64,
}

/// A numbered message; the body is not read until somebody needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageEvent {
    pub position: Position,
    /// JSON of a [`Message`] without what `position` tells.
    pub body: Bytes,
}

/// Where a message stands in its room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub epoch: Box<str>,
    pub seq: u64,
    /// Redis' clock, in milliseconds since 1970.
    pub ms: u64,
}

/// Who joined, left or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    pub session: SessionId,
    pub user: User,
}

/// Why bytes from the bus are no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    #[error("the event has no header line")]
    NoHeader,
    #[error("the event's header is malformed")]
    BadHeader,
    #[error("the event's body is malformed")]
    BadBody,
}

impl Event {
    /// Reads an event. `payload` is shared, not copied.
    ///
    /// # Errors
    /// When it was not written by Parlor's scripts.
    pub fn decode(payload: &Bytes) -> Result<Self, EventError> {
        let end = payload
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or(EventError::NoHeader)?;
        let header = std::str::from_utf8(&payload[..end]).map_err(|_| EventError::BadHeader)?;
        let body = payload.slice(end + 1..);
        let (kind, rest) = header.split_once(' ').ok_or(EventError::BadHeader)?;
        let who = || serde_json::from_slice(&body).map_err(|_| EventError::BadBody);
        match kind {
            "m" => {
                let position = Position::parse(rest).ok_or(EventError::BadHeader)?;
                Ok(Self::Message(MessageEvent { position, body }))
            }
            "j" => Ok(Self::Joined {
                users: number(rest)?,
                who: who()?,
            }),
            "l" => Ok(Self::Left {
                users: number(rest)?,
                who: who()?,
            }),
            "p" => {
                let (users, online) = rest.split_once(' ').ok_or(EventError::BadHeader)?;
                Ok(Self::Presence {
                    users: number(users)?,
                    online: online == "1",
                    who: who()?,
                })
            }
            "o" => Ok(Self::Occupancy {
                users: number(rest)?,
            }),
            "t" => Ok(Self::Typing {
                on: rest == "1",
                who: who()?,
            }),
            "s" => Ok(Self::Settings {
                version: number(rest)?,
                settings: serde_json::from_slice(&body).map_err(|_| EventError::BadBody)?,
            }),
            "u" => Ok(Self::User {
                version: number(rest)?,
                change: serde_json::from_slice(&body).map_err(|_| EventError::BadBody)?,
            }),
            _ => Err(EventError::BadHeader),
        }
    }
}

fn number(text: &str) -> Result<u64, EventError> {
    text.parse().map_err(|_| EventError::BadHeader)
}

impl Position {
    /// Reads `<epoch> <seq> <ms>`.
    pub fn parse(text: &str) -> Option<Self> {
        let (epoch, seq, ms) = Self::fields(text)?;
        let epoch = epoch.into();
        Some(Self { epoch, seq, ms })
    }

    /// The epoch, the `seq` and the time of `<epoch> <seq> <ms>`, without a copy.
    pub fn fields(text: &str) -> Option<(&str, u64, u64)> {
        let mut fields = text.split(' ');
        let epoch = fields.next().filter(|epoch| !epoch.is_empty())?;
        let seq = fields
            .next()?
            .parse()
            .ok()
            .filter(|seq| SEQS.contains(seq))?;
        let ms = fields.next()?.parse().ok()?;
        fields.next().is_none().then_some((epoch, seq, ms))
    }
}

impl MessageEvent {
    /// The message with its position filled in.
    ///
    /// # Errors
    /// When the body is no message.
    pub fn message(&self) -> Result<Message, EventError> {
        let mut message: Message =
            serde_json::from_slice(&self.body).map_err(|_| EventError::BadBody)?;
        message.seq = self.position.seq;
        message.epoch = self.position.epoch.to_string();
        message.created_at = clock::rfc3339(self.position.ms);
        Ok(message)
    }
}

impl Membership {
    /// The body of an event about this user.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("ids, names and flags are JSON")
    }
}

/// Digits of an epoch that are its room's own; the others are its era.
const EPOCH_ROOM_DIGITS: usize = 8;

/// A new epoch: 16 hexadecimal digits.
pub fn new_epoch() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// A new era: 8 hexadecimal digits.
pub fn new_era() -> String {
    format!("{:08x}", rand::random::<u32>())
}

/// The era that an epoch is of, the same for all rooms of a partition that are up to date. Empty
/// for what no script of Parlor's has made.
pub fn era_of(epoch: &str) -> &str {
    epoch.get(EPOCH_ROOM_DIGITS..).unwrap_or_default()
}

/// Where the message of an event stands, without reading the rest of it: its epoch, its `seq` and
/// its time. `None` for any other event.
pub fn message_position(payload: &[u8]) -> Option<(&str, u64, u64)> {
    let payload = payload.strip_prefix(b"m ")?;
    let end = payload.iter().position(|byte| *byte == b'\n')?;
    Position::fields(std::str::from_utf8(&payload[..end]).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{UserId, Username};

    fn pablo() -> Membership {
        let user = User {
            uuid: UserId::random(),
            username: Username::new("Pablo").unwrap(),
            online: Some(true),
            guest: false,
            look: None,
        };
        Membership {
            session: SessionId::random(),
            user,
        }
    }

    #[test]
    fn every_kind_is_read() {
        let who = pablo();
        let body = who.encode();
        let decode = |text: String| Event::decode(&Bytes::from(text)).unwrap();
        let Event::Message(message) = decode("m abc 7 1795277278457\n{}".into()) else {
            panic!()
        };
        assert_eq!(
            (message.position.seq, &*message.body),
            (7, b"{}".as_slice())
        );
        assert_eq!(
            decode(format!("j 2\n{body}")),
            Event::Joined {
                users: 2,
                who: who.clone()
            }
        );
        assert_eq!(
            decode(format!("l 1\n{body}")),
            Event::Left {
                users: 1,
                who: who.clone()
            }
        );
        let offline = Event::Presence {
            users: 1,
            online: false,
            who: who.clone(),
        };
        assert_eq!(decode(format!("p 1 0\n{body}")), offline);
        let typing = Event::Typing { on: true, who };
        assert_eq!(decode(format!("t 1\n{body}")), typing);
        assert_eq!(decode("o 9\n".into()), Event::Occupancy { users: 9 });
        let settings = r#"s 4
{"access":"invite","closed":true,"slowSeconds":5}"#;
        let Event::Settings { version, settings } = decode(settings.into()) else {
            panic!()
        };
        assert!(version == 4 && settings.closed && settings.slow_seconds == 5);
        let user = UserId::random();
        let change = format!(
            r#"{{"user":"{user}","role":"member","removed":{{"version":5,"why":"kicked"}}}}"#
        );
        let Event::User { version, change } = decode(format!("u 5\n{change}")) else {
            panic!()
        };
        assert_eq!((version, change.user, change.muted), (5, user, None));
        assert_eq!(change.removed.map(|it| it.why), Some(Why::Kicked));
    }

    #[test]
    fn an_epoch_has_its_era_and_an_event_its_place() {
        assert_eq!(era_of("0123456789abcdef"), "89abcdef");
        assert_eq!(era_of("short"), "");
        assert_eq!(new_era().len(), era_of(&new_epoch()).len());
        assert_eq!(message_position(b"m e 7 99\n{}"), Some(("e", 7, 99)));
        assert_eq!(message_position(b"j 2\n{}"), None);
        assert_eq!(message_position(b"m e 7 99"), None);
    }

    #[test]
    fn what_scripts_did_not_write_is_refused() {
        for bad in [
            "",
            "m",
            "m a 1 2",
            "m a x 2\n{}",
            "m a 0 2\n{}",
            "m  1 2\n{}",
            "m a 1 2 3\n{}",
            "z 1\n",
            "j 1\n{}",
            "o \n",
            "t 1\n{}",
            "s 1\n",
            "s x\n{}",
            "u 1\n{}",
        ] {
            assert!(Event::decode(&Bytes::from(bad)).is_err(), "{bad:?}");
        }
    }
}
