//! What other parts have for one connection's session to do: rare, so it costs an idle connection
//! next to nothing.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use parlor_shared::notice::Order;
use tokio::sync::Notify;

/// Orders that one session may be behind with. What is decided about a user is also written down,
/// so one more than a session can have in earnest is dropped.
const INBOX_ORDERS: usize = 1_024;

/// The inbox. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    orders: Mutex<Vec<Order>>,
    wake: Notify,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Vec<Order>> {
        self.inner
            .orders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the session something to do. `false` when it is too far behind.
    pub fn put(&self, order: Order) -> bool {
        let mut orders = self.lock();
        if orders.len() >= INBOX_ORDERS {
            return false;
        }
        orders.push(order);
        drop(orders);
        self.inner.wake.notify_one();
        true
    }

    /// Waits for orders, and takes all of them in the order in which they came.
    pub async fn take(&self) -> Vec<Order> {
        loop {
            let orders = mem::take(&mut *self.lock());
            if !orders.is_empty() {
                return orders;
            }
            self.inner.wake.notified().await;
        }
    }
}
