//! Users as they were lately looked up.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parlor_shared::{
    id::{UserId, Username},
    protocol::value::{Look, User},
};

/// Users kept; beyond it they are looked up anew.
const KNOWN_USERS: usize = 50_000;
/// How long what was looked up counts. A name never changes; how somebody is shown does, and nobody
/// tells the other gateways.
const FRESH: Duration = Duration::from_secs(60);

/// The memory.
#[derive(Debug)]
pub struct Known {
    users: HashMap<UserId, Entry>,
    began: Instant,
}

#[derive(Debug)]
struct Entry {
    username: Username,
    guest: bool,
    look: Option<Box<Look>>,
    /// In seconds since the memory began: there are as many entries as users.
    since: u32,
}

impl Known {
    pub fn new(now: Instant) -> Self {
        Self {
            users: HashMap::new(),
            began: now,
        }
    }

    /// After more than a century it stands still.
    fn seconds(&self, now: Instant) -> u32 {
        let seconds = now.duration_since(self.began).as_secs();
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }

    /// Whether a user has to be looked up.
    pub fn needs(&self, user: UserId, now: Instant) -> bool {
        let entry = self.users.get(&user);
        entry.is_none_or(|entry| {
            u64::from(self.seconds(now).saturating_sub(entry.since)) >= FRESH.as_secs()
        })
    }

    pub fn remember(&mut self, user: &User, now: Instant) {
        if self.users.len() >= KNOWN_USERS {
            self.users.clear();
        }
        let entry = Entry {
            username: user.username.clone(),
            guest: user.guest,
            look: user.look.clone(),
            since: self.seconds(now),
        };
        self.users.insert(user.uuid, entry);
    }

    pub fn forget(&mut self, user: UserId) {
        self.users.remove(&user);
    }

    /// A user as remembered, however long ago.
    pub fn user(&self, uuid: UserId) -> Option<User> {
        let entry = self.users.get(&uuid)?;
        Some(User {
            uuid,
            username: entry.username.clone(),
            online: None,
            guest: entry.guest,
            look: entry.look.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_is_looked_up_again() {
        let start = Instant::now();
        let mut known = Known::new(start);
        let user = User {
            uuid: UserId::random(),
            username: Username::new("ann").unwrap(),
            online: None,
            guest: false,
            look: None,
        };
        assert!(known.needs(user.uuid, start));
        known.remember(&user, start);
        assert!(!known.needs(user.uuid, start + FRESH / 2));
        assert!(known.needs(user.uuid, start + FRESH));
        assert_eq!(known.user(user.uuid), Some(user.clone()));
        known.forget(user.uuid);
        assert_eq!(known.user(user.uuid), None);
    }
}
