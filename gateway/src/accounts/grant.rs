//! What a token has granted to a session, and how its access key carries that on.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parlor_shared::{clock, id::Address, protocol::client::Secret};
use serde::{Deserialize, Serialize};

use super::keys;

/// What a token has granted, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// When the session ends, unless a fresh token comes.
    pub until: Instant,
    /// The only rooms that may be joined, by their names; `""` is General. `None` for any.
    pub rooms: Option<BTreeSet<String>>,
    /// Whether private rooms may be joined.
    pub private_rooms: bool,
}

/// The part of it that an access key ends with. Redis holds the hash of the whole key, so it can't
/// be changed by whoever has the key, and nothing beside the key has to be stored or swept.
#[derive(Serialize, Deserialize)]
struct Tail {
    rooms: Option<BTreeSet<String>>,
    private: bool,
}

/// What separates the tail from the random part of a key, which is hexadecimal.
const MARK: char = 't';

impl Grant {
    /// Whether the session may be in a room.
    pub fn allows(&self, address: &Address) -> bool {
        match (address, &self.rooms) {
            (Address::Private(_), _) => self.private_rooms,
            (_, None) => true,
            (Address::General, Some(rooms)) => rooms.contains(""),
            (Address::Named(room), Some(rooms)) => rooms.contains(room.as_str()),
        }
    }

    pub(super) fn tail(&self) -> String {
        let tail = Tail {
            rooms: self.rooms.clone(),
            private: self.private_rooms,
        };
        let json = serde_json::to_vec(&tail).expect("names and flags are JSON");
        format!("{MARK}{}", URL_SAFE_NO_PAD.encode(json))
    }

    /// What the token granted that a key was made for, which is good until `expiry` (ms since 1970).
    /// `None` for the key of one who came without a token.
    pub(super) fn of_key(key: &Secret, expiry: u64) -> Option<Self> {
        let tail = keys::tail(key).strip_prefix(MARK)?;
        let json = URL_SAFE_NO_PAD.decode(tail).ok()?;
        let Tail { rooms, private } = serde_json::from_slice(&json).ok()?;
        Some(Self {
            until: instant_of(expiry),
            rooms,
            private_rooms: private,
        })
    }
}

/// The instant of a time in ms since 1970; now for one that has passed.
pub(super) fn instant_of(ms: u64) -> Instant {
    let left = Duration::from_millis(ms.saturating_sub(clock::now_ms()));
    let now = Instant::now();
    now.checked_add(left).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use parlor_shared::id::{RoomName, UserId};

    use super::*;

    fn grant(rooms: Option<&[&str]>, private_rooms: bool) -> Grant {
        Grant {
            until: Instant::now(),
            rooms: rooms.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
            private_rooms,
        }
    }

    #[test]
    fn a_grant_allows_the_rooms_it_names() {
        let lobby = Address::Named(RoomName::new("lobby").unwrap());
        let friend = Address::Private(UserId::random());
        let all = grant(None, true);
        assert!(all.allows(&lobby) && all.allows(&friend) && all.allows(&Address::General));
        let one = grant(Some(&["lobby"]), false);
        assert!(one.allows(&lobby) && !one.allows(&friend) && !one.allows(&Address::General));
        assert!(grant(Some(&[""]), false).allows(&Address::General));
    }

    #[test]
    fn a_key_carries_its_grant() {
        let before = grant(Some(&["lobby", ""]), false);
        let key = Secret("0".repeat(64) + &before.tail());
        let after = Grant::of_key(&key, clock::now_ms()).unwrap();
        assert_eq!((after.rooms, after.private_rooms), (before.rooms, false));
        assert_eq!(Grant::of_key(&Secret("0".repeat(64)), 0), None);
    }
}
