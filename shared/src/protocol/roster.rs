//! Who is in a room, as a joiner is told.

use std::{ops::Deref, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::value::User;

/// Some or all of a room's users. Cheap to clone; one that many are sent is encoded once.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    users: Arc<[User]>,
    json: Option<Arc<RawValue>>,
}

impl Roster {
    /// The same, to be sent to many.
    #[must_use]
    pub fn encoded(mut self) -> Self {
        // Without it each frame encodes the users for itself.
        self.json = to_raw_value(&*self.users).ok().map(Arc::from);
        self
    }
}

impl From<Vec<User>> for Roster {
    fn from(users: Vec<User>) -> Self {
        Self {
            users: users.into(),
            json: None,
        }
    }
}

impl Deref for Roster {
    type Target = [User];

    fn deref(&self) -> &[User] {
        &self.users
    }
}

impl PartialEq for Roster {
    fn eq(&self, other: &Self) -> bool {
        self.users == other.users
    }
}

impl Eq for Roster {}

impl Serialize for Roster {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.json {
            Some(json) => json.serialize(serializer),
            None => self.users.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Roster {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{UserId, Username};

    #[test]
    fn one_encoded_before_is_the_same_in_a_frame() {
        #[derive(Serialize, Deserialize)]
        struct Block {
            users: Roster,
        }
        let user = User {
            uuid: UserId::random(),
            username: Username::new("ann").unwrap(),
            online: Some(true),
            guest: false,
            look: None,
        };
        let users = Roster::from(vec![user]);
        let block = |users: &Roster| {
            let users = users.clone();
            serde_json::to_string(&Block { users }).unwrap()
        };
        assert_eq!(block(&users), block(&users.clone().encoded()));
        let back: Block = serde_json::from_str(&block(&users)).unwrap();
        assert_eq!(back.users, users);
    }
}
