//! Leases: which of a role's workers works on what.
//!
//! A lease is a key with a time to live and its worker's fencing token. Each worker runs one
//! [`Keeper`], which renews what it holds and takes or gives up leases towards a fair share.
//!
//! A worker can be paused at any line and wake up when its lease is another's, so a lease is never
//! a proof by itself. Who works under one checks [`Lease::is_held`] before each step, and what must
//! not happen twice is made safe where it happens: by a script that compares the token, or by
//! steps that may be repeated.

mod keeper;
mod plan;

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{Arc, Mutex, PoisonError},
};

use redis::RedisResult;
use tokio::{sync::watch, time::Instant};

use super::Commands;

pub use keeper::{Keeper, Reports, Settings};
pub use plan::{Holder, Plan, plan};

/// The role of history-workers, who lease partitions.
pub const HISTORY: &str = "history";
/// The role of presence-workers, who lease gateways.
pub const PRESENCE: &str = "presence";

/// What the leases of a role are about.
pub trait Items: Send + Sync + 'static {
    type Item: Clone + Ord + Debug + Send + Sync + 'static;

    /// Everything that is to be worked on just now.
    fn list(
        &self,
        commands: &mut Commands,
    ) -> impl Future<Output = RedisResult<Vec<Self::Item>>> + Send;

    /// The key of an item's lease.
    fn key(&self, item: &Self::Item) -> String;
}

/// What this worker holds, told with each change. Whoever holds a clone works under the leases:
/// they are released when all clones are dropped.
pub type Owned<T> = watch::Receiver<BTreeMap<T, Lease>>;

/// The right to work on one item, until it is lost. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Lease {
    state: Arc<LeaseState>,
}

#[derive(Debug)]
struct LeaseState {
    key: String,
    token: Arc<str>,
    /// Until when the lease is certain to be ours; `None` once it was lost or released.
    until: Mutex<Option<Instant>>,
}

/// Two are equal when they are the same taking of the same lease.
impl PartialEq for Lease {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state, &other.state)
    }
}

impl Eq for Lease {}

impl Lease {
    fn new(key: String, token: Arc<str>, until: Instant) -> Self {
        let until = Mutex::new(Some(until));
        Self {
            state: Arc::new(LeaseState { key, token, until }),
        }
    }

    /// The lease's key, for scripts that check the token.
    pub fn key(&self) -> &str {
        &self.state.key
    }

    /// The fencing token.
    pub fn token(&self) -> &str {
        &self.state.token
    }

    /// Whether the lease is certain to be ours. Not being able to renew it for its time to live is
    /// losing it: by then another may have taken it.
    pub fn is_held(&self) -> bool {
        self.until().is_some_and(|until| Instant::now() < until)
    }

    /// To be called by who found a stranger's token in its place.
    pub fn lose(&self) {
        *self.lock() = None;
    }

    /// Works as long as the lease is held; `None` if it was lost before the work was done. After a
    /// pause of the whole process, the loss is noticed before the work goes on.
    pub async fn while_held<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.ended() => None,
            done = work => Some(done),
        }
    }

    async fn ended(&self) {
        while let Some(until) = self.until().filter(|until| Instant::now() < *until) {
            tokio::time::sleep_until(until).await;
        }
    }

    fn extend(&self, until: Instant) {
        if let Some(held) = self.lock().as_mut() {
            *held = until;
        }
    }

    fn until(&self) -> Option<Instant> {
        *self.lock()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        // An assignment can't panic half-way.
        self.state
            .until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
