//! What other parts have for one connection's session to do: rare, so it costs an idle connection
//! next to nothing.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use parlor_shared::notice::Order;

use crate::{
    outbox::{Outbox, Signal},
    websocket::Frame,
};

/// Orders that one session may be behind with. What is decided about a user is also written down,
/// so one more than a session can have in earnest is dropped.
const INBOX_ORDERS: usize = 1_024;

/// The inbox. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Inbox {
    orders: Arc<Mutex<Vec<Order>>>,
    /// Wakes the connection, and leads to its client.
    outbox: Outbox,
}

impl Inbox {
    /// The inbox of the connection that has this outbox.
    pub fn new(outbox: Outbox) -> Self {
        Self {
            orders: Arc::default(),
            outbox,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Order>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the client a frame, past the session.
    pub fn tell(&self, frame: &Frame) {
        self.outbox.send(frame);
    }

    /// Gives the session something to do. `false` when it is too far behind.
    pub fn put(&self, order: Order) -> bool {
        let mut orders = self.lock();
        if orders.len() >= INBOX_ORDERS {
            return false;
        }
        orders.push(order);
        drop(orders);
        self.outbox.signal(Signal::Orders);
        true
    }

    /// Takes all orders in the order in which they came.
    pub fn take(&self) -> Vec<Order> {
        mem::take(&mut *self.lock())
    }
}
