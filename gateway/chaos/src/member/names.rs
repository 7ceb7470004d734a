//! What members and rooms are called.

use parlor_shared::id::{Address, RoomName};

/// Where all rooms are the members' own, the first is General and names are plain. Where other people
/// talk too, a prefix keeps the members among themselves, and General is left to the others.
#[derive(Clone, Debug, Default)]
pub struct Names {
    prefix: Option<String>,
}

impl Names {
    pub fn with_prefix(prefix: impl Into<String>) -> Self {
        Self {
            prefix: Some(prefix.into()),
        }
    }

    /// The user name of a member.
    pub fn member(&self, number: u32) -> String {
        self.prefixed(&format!("member-{number}"))
    }

    /// The user name of the client that reads what is stored.
    pub fn reader(&self) -> String {
        self.prefixed("reader")
    }

    /// The user name of one who changes what was said.
    pub fn meddler(&self, number: u32) -> String {
        self.prefixed(&format!("meddler-{number}"))
    }

    /// The user name of the client that reads what they made of it.
    pub fn meddler_reader(&self) -> String {
        self.prefixed("meddler-reader")
    }

    /// The room of a number.
    pub fn address(&self, room: usize) -> Address {
        if room == 0 && self.prefix.is_none() {
            return Address::General;
        }
        let name = self.prefixed(&format!("room-{room}"));
        Address::Named(RoomName::new(&name).expect("a valid name"))
    }

    /// The room of a number, for people.
    pub fn room(&self, room: usize) -> String {
        match self.address(room) {
            Address::Named(name) => name.to_string(),
            _ => "General".to_owned(),
        }
    }

    fn prefixed(&self, name: &str) -> String {
        match &self.prefix {
            Some(prefix) => format!("{prefix}-{name}"),
            None => name.to_owned(),
        }
    }
}
