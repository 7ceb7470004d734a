//! A connection's messages on their way to Redis, counted: they are published without waiting for
//! one another, and every other answer waits for all of theirs.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;

/// Messages of one connection under way at once.
const MESSAGES: usize = 64;

/// The count; nothing at all while none is under way.
#[derive(Debug, Default)]
pub struct InFlight {
    inner: Option<Arc<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    count: AtomicUsize,
    done: Notify,
}

/// One message under way; dropping it counts it as done.
#[derive(Debug)]
pub struct Ticket(Arc<Inner>);

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::AcqRel);
        self.0.done.notify_waiters();
    }
}

impl InFlight {
    /// Counts one more, waiting while there are too many.
    pub async fn begin(&mut self) -> Ticket {
        let inner = self.inner.get_or_insert_default();
        inner.fewer_than(MESSAGES).await;
        inner.count.fetch_add(1, Ordering::AcqRel);
        Ticket(Arc::clone(inner))
    }

    /// Waits until none is under way.
    pub async fn idle(&mut self) {
        if let Some(inner) = &self.inner {
            inner.fewer_than(1).await;
            self.inner = None;
        }
    }
}

impl Inner {
    async fn fewer_than(&self, limit: usize) {
        loop {
            if self.count.load(Ordering::Acquire) < limit {
                return;
            }
            let mut done = pin!(self.done.notified());
            // From here on no notification is missed; the count may have changed before.
            done.as_mut().enable();
            if self.count.load(Ordering::Acquire) < limit {
                return;
            }
            done.await;
        }
    }
}
