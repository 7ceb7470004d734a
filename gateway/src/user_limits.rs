//! The message limits of the users on this gateway: one for all of a user's sessions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use parlor_shared::{config::RateLimit, id::UserId};

use crate::session::rate::SharedBucket;

/// Entries beyond which those nobody holds any more are dropped.
const SWEEP_USERS: usize = 1_024;

/// The limits. Cheap to clone.
#[derive(Clone, Debug)]
pub struct UserLimits {
    rate: RateLimit,
    users: Arc<Mutex<Users>>,
}

#[derive(Debug, Default)]
struct Users {
    buckets: HashMap<UserId, SharedBucket>,
    sweep_at: usize,
}

impl UserLimits {
    pub fn new(rate: RateLimit) -> Self {
        Self {
            rate,
            users: Arc::default(),
        }
    }

    /// The user's limit.
    pub fn of(&self, user: UserId) -> SharedBucket {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if users.buckets.len() >= users.sweep_at.max(SWEEP_USERS) {
            users.buckets.retain(|_, bucket| bucket.is_shared());
            // Doubled, so that sweeping costs little however many there are.
            users.sweep_at = 2 * users.buckets.len();
        }
        users
            .buckets
            .entry(user)
            .or_insert_with(|| SharedBucket::new(self.rate))
            .clone()
    }
}
