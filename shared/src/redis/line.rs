//! A connection to publish on: what is written on it is run in that order.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use redis::{PushInfo, PushKind, RedisResult, aio::MultiplexedConnection};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

/// Batches on one connection that may wait for replicas or the disk at once. Redis answers one
/// connection's commands in turn, so more of them would only add up their waits, past the time
/// limit of an answer.
pub const WAITING_BATCHES: usize = 2;

/// The connection. On a cluster those who publish to partitions of the same master share it. Cheap
/// to clone.
#[derive(Clone, Debug)]
pub struct Line {
    pub connection: MultiplexedConnection,
    broken: watch::Sender<bool>,
    given_up: Arc<AtomicBool>,
    waiting: Arc<Semaphore>,
}

impl Line {
    /// Makes one of a connection that tells in `broken` when it has ended.
    pub(super) fn new(connection: MultiplexedConnection, broken: watch::Sender<bool>) -> Self {
        Self {
            connection,
            broken,
            given_up: Arc::default(),
            waiting: Arc::new(Semaphore::new(WAITING_BATCHES)),
        }
    }

    /// Waits until the connection has ended.
    pub async fn broken(&self) {
        // The sender is here: it can't be gone.
        let _ = self.broken.subscribe().wait_for(|broken| *broken).await;
    }

    /// Whether it has ended.
    pub fn is_broken(&self) -> bool {
        *self.broken.borrow()
    }

    /// Says that it is of no use any more, for all who share it. `true` for the first of them.
    pub fn give_up(&self) -> bool {
        self.broken.send_replace(true);
        !self.given_up.swap(true, Ordering::AcqRel)
    }

    /// Waits for the turn of a batch that has Redis wait for replicas or the disk. Turns are taken
    /// in the order of the calls.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.waiting.acquire().await.ok()
    }
}

/// What tells in `broken` that a connection has ended.
pub(super) fn telling(
    broken: watch::Sender<bool>,
) -> impl Fn(PushInfo) -> Result<(), ()> + Send + Sync + 'static {
    move |push| {
        if push.kind == PushKind::Disconnection {
            broken.send_replace(true);
        }
        Ok(())
    }
}

/// Connects with what tells of the end.
pub(super) async fn connected<C, F>(connect: C) -> RedisResult<Line>
where
    C: FnOnce(watch::Sender<bool>) -> F,
    F: Future<Output = RedisResult<MultiplexedConnection>>,
{
    let broken = watch::Sender::new(false);
    let connection = connect(broken.clone()).await?;
    Ok(Line::new(connection, broken))
}
