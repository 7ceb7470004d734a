//! The alarm clock of all connections: one task and one sorted table in place of a timer each.
//!
//! A connection that sets an alarm has at most one that counts. Setting it later costs nothing: the
//! earlier one rings, and the connection sets the next.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use tokio::{sync::Notify, time::timeout_at};

use super::Inner;

/// Alarms ring up to this late, many at once.
const TICK: Duration = Duration::from_millis(50);

/// The clock. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Alarms {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    began: Instant,
    set: Mutex<BTreeMap<u32, Vec<Weak<Inner>>>>,
    /// There is one that rings before all others.
    earlier: Notify,
}

impl Alarms {
    /// The clock, and the task to spawn.
    pub fn new() -> (Self, impl Future<Output = ()> + Send) {
        let alarms = Self {
            shared: Arc::new(Shared {
                began: Instant::now(),
                set: Mutex::default(),
                earlier: Notify::new(),
            }),
        };
        (alarms.clone(), alarms.run())
    }

    fn set(&self) -> MutexGuard<'_, BTreeMap<u32, Vec<Weak<Inner>>>> {
        let set = self.shared.set.lock();
        set.unwrap_or_else(PoisonError::into_inner)
    }

    /// The first tick that is not before `at`. After seven years it is the last there is.
    fn tick(&self, at: Instant) -> u32 {
        let since = at.saturating_duration_since(self.shared.began);
        let ticks = since.as_millis().div_ceil(TICK.as_millis());
        u32::try_from(ticks).unwrap_or(u32::MAX - 1)
    }

    /// Has a connection rung at `at` or soon after, unless it is rung before.
    pub(super) fn ring_at(&self, connection: &Arc<Inner>, at: Instant) {
        let tick = self.tick(at);
        if !connection.bell.set_alarm(tick) {
            return;
        }
        let mut set = self.set();
        let is_first = set.first_key_value().is_none_or(|(first, _)| tick < *first);
        set.entry(tick)
            .or_default()
            .push(Arc::downgrade(connection));
        drop(set);
        if is_first {
            self.shared.earlier.notify_one();
        }
    }

    async fn run(self) {
        loop {
            let earlier = self.shared.earlier.notified();
            let next = self.ring_due();
            match next {
                Some(next) => drop(timeout_at(next.into(), earlier).await),
                None => earlier.await,
            }
        }
    }

    /// Rings what is due, and gives when the next is.
    fn ring_due(&self) -> Option<Instant> {
        loop {
            let now = Instant::now();
            let mut set = self.set();
            let first = set.first_entry()?;
            let (tick, at) = (*first.key(), self.shared.began + TICK * *first.key());
            if at > now {
                return Some(at);
            }
            let due = first.remove();
            drop(set);
            for connection in due.iter().filter_map(Weak::upgrade) {
                connection.bell.ring(tick);
            }
        }
    }
}
