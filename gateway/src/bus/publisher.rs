//! Publishes messages: one script a message, one pipeline for all that wait, several pipelines
//! under way. The connection keeps their order, so what one client sent first is numbered first.
//!
//! One server is published to by one task. On a cluster each partition has its own, on a connection
//! that those of one master share: when a master is gone or a slot moves, the others go on.

mod intake;
mod task;

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::future::join_all;
use parlor_shared::{
    keyspace::{Keyspace, slots},
    redis::Redis,
};
use tokio::sync::{mpsc, watch};

pub use super::publication::{Act, Done, Publish, PublishError, Published};
use super::{commands::Publishing, durability::Durability, guard::Guard, witness::Scope};
use crate::metrics::GatewayMetrics;
use intake::Intake;
use task::Task;

/// Messages that wait to be published. Beyond it senders are refused, retryably.
const QUEUE_MESSAGES: usize = 16_384;
/// The handle. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Publisher {
    keyspace: Keyspace,
    /// One for all partitions, or one for each.
    queues: Arc<[mpsc::Sender<Publish>]>,
    /// Whether Redis is there to publish to.
    up: watch::Receiver<bool>,
}

impl Publisher {
    /// The handle, and the task to spawn.
    pub fn new(
        redis: &Redis,
        keyspace: Keyspace,
        backlog_high_water: u64,
        durability: Durability,
        guard: &Guard,
        metrics: &GatewayMetrics,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let on_cluster = redis.on_cluster();
        let (up_in, up) = watch::channel(true);
        let up_in = Arc::new(Up {
            down: AtomicUsize::new(0),
            told: up_in,
        });
        let publishing = Publishing {
            keyspace: keyspace.clone(),
            backlog_high_water,
            on_cluster,
        };
        let scopes: Vec<Scope> = if on_cluster {
            (0..keyspace.partitions()).map(Some).collect()
        } else {
            vec![None]
        };
        let (mut queues, mut tasks) = (Vec::new(), Vec::new());
        for scope in scopes {
            let (queue, waiting) = mpsc::channel(QUEUE_MESSAGES);
            let task = Task {
                redis: redis.clone(),
                scope,
                slot: slots::slot(keyspace.messages(scope.unwrap_or_default()).as_bytes()),
                publishing: publishing.clone(),
                durability,
                guard: guard.clone(),
                metrics: metrics.clone(),
                up: Arc::clone(&up_in),
                is_up: true,
                again: VecDeque::new(),
                held_since: None,
            };
            queues.push(queue);
            tasks.push(task.run(Intake::new(waiting)));
        }
        let publisher = Self {
            keyspace,
            queues: queues.into(),
            up,
        };
        (publisher, async move {
            join_all(tasks).await;
        })
    }

    /// Queues a message. `done` is called when the script has run, in the order of these calls; on
    /// a cluster, of those for one partition.
    pub fn publish(&self, publish: Publish) {
        let queue = match &*self.queues {
            [one] => one,
            many => {
                let partition = self.keyspace.partition_of(&publish.channel);
                &many[usize::from(partition.unwrap_or_default()) % many.len()]
            }
        };
        if let Err(error) = queue.try_send(publish) {
            let (mpsc::error::TrySendError::Full(publish)
            | mpsc::error::TrySendError::Closed(publish)) = error;
            publish.done.refuse(PublishError::Overloaded);
        }
    }

    /// Changes whenever Redis goes away or comes back.
    pub fn up(&self) -> watch::Receiver<bool> {
        self.up.clone()
    }
}

/// Whether all tasks can publish.
#[derive(Debug)]
struct Up {
    down: AtomicUsize,
    told: watch::Sender<bool>,
}

impl Up {
    /// One more task can, or can't any more.
    fn changed(&self, is_up: bool) {
        let before = if is_up {
            self.down.fetch_sub(1, Ordering::AcqRel) - 1
        } else {
            self.down.fetch_add(1, Ordering::AcqRel) + 1
        };
        let all = before == 0;
        self.told
            .send_if_modified(|told| std::mem::replace(told, all) != all);
    }
}
