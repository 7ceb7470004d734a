//! How far a user has read a room: one field of [`crate::keyspace::read_cursors`].

use crate::id::{Address, RoomName};

/// A read cursor: `<epoch> <seq> <ms> <address>`, the address being `general`, `room:<name>` or
/// `user:<uuid>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub epoch: String,
    pub seq: u64,
    /// When it was moved last, in milliseconds since 1970.
    pub ms: u64,
    /// How the reader addresses the room.
    pub address: Address,
}

/// Where a room stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stand {
    pub epoch: String,
    pub seq: u64,
    /// The last `seq` from before the epoch.
    pub begun: u64,
}

impl Cursor {
    /// Reads a cursor; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.splitn(4, ' ');
        let epoch = fields.next()?.to_owned();
        let seq = fields.next()?.parse().ok()?;
        let ms = fields.next()?.parse().ok()?;
        let address = parse_address(fields.next()?)?;
        Some(Self {
            epoch,
            seq,
            ms,
            address,
        })
    }

    /// The last message that was read, by the numbers of the room's epoch. Of those of an earlier
    /// epoch the room has kept what came before its own began.
    pub fn read(&self, room: &Stand) -> u64 {
        let most = if self.epoch == room.epoch {
            room.seq
        } else {
            room.begun
        };
        self.seq.min(most)
    }
}

impl Stand {
    /// Whether the room still has the message that had this place.
    pub fn has(&self, epoch: &str, seq: u64) -> bool {
        seq <= self.seq && (epoch == self.epoch || seq <= self.begun)
    }
}

/// A room's address as a cursor keeps it.
pub fn address_text(address: &Address) -> String {
    match address {
        Address::General => "general".to_owned(),
        Address::Named(room) => format!("room:{room}"),
        Address::Private(user) => format!("user:{user}"),
    }
}

fn parse_address(text: &str) -> Option<Address> {
    match text.split_once(':') {
        Some(("room", name)) => RoomName::new(name).ok().map(Address::Named),
        Some(("user", user)) => user.parse().ok().map(Address::Private),
        _ => (text == "general").then_some(Address::General),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::UserId;

    #[test]
    fn what_is_written_is_read() {
        let user = UserId::random();
        for address in [
            Address::General,
            Address::Named(RoomName::new("a room: of all").unwrap()),
            Address::Private(user),
        ] {
            let text = format!("e 7 99 {}", address_text(&address));
            let cursor = Cursor::parse(&text).unwrap();
            assert_eq!((cursor.seq, cursor.ms), (7, 99));
            assert_eq!((cursor.epoch.as_str(), cursor.address), ("e", address));
        }
        for bad in ["", "e 7", "e x 1 general", "e 7 1 nowhere", "e 7 1 user:x"] {
            assert_eq!(Cursor::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_new_epoch_keeps_what_the_room_kept() {
        let cursor = Cursor::parse("old 9 1 general").unwrap();
        let stand = |epoch: &str, seq, begun| Stand {
            epoch: epoch.into(),
            seq,
            begun,
        };
        assert_eq!(cursor.read(&stand("old", 12, 0)), 9);
        // Redis has lost what came after 5.
        assert_eq!(cursor.read(&stand("new", 12, 5)), 5);
        assert_eq!(cursor.read(&stand("new", 12, 0)), 0);
        assert!(stand("new", 12, 5).has("old", 5) && !stand("new", 12, 5).has("old", 6));
        assert!(stand("new", 12, 5).has("new", 12) && !stand("new", 12, 5).has("new", 13));
    }
}
