//! How long ago the users of the owned gateway that waits longest were refreshed, told with each scrape:
//! a refresher that hangs tells nothing by itself.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use prometheus::{
    Gauge,
    core::{Collector, Desc},
    proto::MetricFamily,
};
use tokio::time::Instant;

/// All refreshers of the worker. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Freshness {
    state: Arc<Mutex<State>>,
    age: Gauge,
}

#[derive(Default)]
struct State {
    next: u64,
    /// By refresher: two of one gateway may overlap for a moment when its lease was taken again.
    refreshed: BTreeMap<u64, Instant>,
}

/// One refresher's entry, until it is dropped.
pub(crate) struct Watched {
    freshness: Freshness,
    id: u64,
}

impl Freshness {
    pub(crate) fn new() -> prometheus::Result<Self> {
        Ok(Self {
            state: Arc::default(),
            age: Gauge::new(
                "parlor_presence_refresh_age_seconds",
                "Time since the users of the owned gateway that waits longest were refreshed.",
            )?,
        })
    }

    /// Counts from now: nobody knows when the last owner refreshed.
    pub(crate) fn watch(&self) -> Watched {
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        state.refreshed.insert(id, Instant::now());
        drop(state);
        Watched {
            freshness: self.clone(),
            id,
        }
    }

    fn oldest_seconds(&self) -> f64 {
        let oldest = self.lock().refreshed.values().min().copied();
        oldest.map_or(0.0, |oldest| oldest.elapsed().as_secs_f64())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under it can leave it half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    pub(crate) fn refreshed(&self) {
        self.freshness
            .lock()
            .refreshed
            .insert(self.id, Instant::now());
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.freshness.lock().refreshed.remove(&self.id);
    }
}

impl Collector for Freshness {
    fn desc(&self) -> Vec<&Desc> {
        self.age.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.age.set(self.oldest_seconds());
        self.age.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_one_that_waits_longest_is_told() {
        let freshness = Freshness::new().expect("valid");
        let age = || freshness.oldest_seconds().round() as u64;
        assert_eq!(age(), 0);
        let (stuck, lively) = (freshness.watch(), freshness.watch());
        tokio::time::advance(Duration::from_secs(30)).await;
        lively.refreshed();
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(age(), 40);
        stuck.refreshed();
        assert_eq!(age(), 10);
        // A gateway that is another's now is no concern of this worker.
        drop(lively);
        assert_eq!(age(), 0);
    }
}
