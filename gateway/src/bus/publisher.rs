//! Publishes messages: one script a message, one pipeline for all that wait, several pipelines
//! under way. The connection keeps their order, so what one client sent first is numbered first.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt as _,
    future::BoxFuture,
    stream::{FuturesOrdered, StreamExt as _},
};
use parlor_shared::{
    keyspace::Keyspace,
    redis::{Redis, connect::Backoff, scripts},
};
use redis::{
    Cmd, Pipeline, PushInfo, PushKind, RedisError, RedisResult, Value, aio::MultiplexedConnection,
};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{MissedTickBehavior, interval},
};
use tracing::{info, warn};

pub use super::publication::{Act, Done, Publish, PublishError, Published};
use super::{
    commands::{self, Publishing},
    durability::{Durability, WAITING_PIPELINES},
    guard::Guard,
    publication::{read_reply, read_tally},
};
use crate::metrics::GatewayMetrics;

/// Messages that wait to be published. Beyond it senders are refused, retryably.
const QUEUE_MESSAGES: usize = 16_384;
/// Messages in one pipeline.
const BATCH_MESSAGES: usize = 256;
/// How often a silent connection is asked whether it is alive.
const WATCHDOG: Duration = Duration::from_secs(5);
/// Pipelines under way at once.
const PIPELINES: usize = 16;

/// The handle. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Publisher {
    queue: mpsc::Sender<Publish>,
    /// Whether Redis is there to publish to.
    up: watch::Receiver<bool>,
}

impl Publisher {
    /// The handle, and the task to spawn.
    pub fn new(
        redis: Redis,
        keyspace: Keyspace,
        backlog_high_water: u64,
        durability: Durability,
        guard: Guard,
        metrics: GatewayMetrics,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, waiting) = mpsc::channel(QUEUE_MESSAGES);
        let (up_in, up) = watch::channel(true);
        let task = Task {
            redis,
            publishing: Publishing {
                keyspace,
                backlog_high_water,
            },
            durability,
            guard,
            metrics,
            up: up_in,
            again: VecDeque::new(),
        };
        (Self { queue, up }, task.run(waiting))
    }

    /// Queues a message. `done` is called when the script has run, in the order of these calls.
    pub fn publish(&self, publish: Publish) {
        if let Err(error) = self.queue.try_send(publish) {
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

struct Task {
    redis: Redis,
    publishing: Publishing,
    durability: Durability,
    guard: Guard,
    metrics: GatewayMetrics,
    up: watch::Sender<bool>,
    /// What Redis did not run because it did not know the script, oldest first.
    again: VecDeque<Publish>,
}

type Batch = (Vec<Publish>, Instant, RedisResult<Vec<RedisResult<Value>>>);

impl Task {
    async fn run(mut self, mut queue: mpsc::Receiver<Publish>) {
        let mut backoff = Backoff::default();
        let mut first = true;
        loop {
            match self.connect().await {
                Ok((connection, lost)) => {
                    backoff.reset();
                    if !first {
                        info!("publishing works again");
                    }
                    self.up.send_replace(true);
                    if self.serve(connection, &lost, &mut queue).await {
                        return;
                    }
                    self.metrics.redis_reconnects.inc();
                }
                Err(error) => {
                    self.metrics.redis_errors.inc();
                    warn!(%error, "publishing waits for Redis");
                }
            }
            first = false;
            self.up.send_replace(false);
            if self.refuse_for(backoff.next(), &mut queue).await {
                return;
            }
        }
    }

    /// A connection, and what tells that it broke while nothing was on its way.
    async fn connect(&self) -> RedisResult<(MultiplexedConnection, Arc<Notify>)> {
        let lost = Arc::new(Notify::new());
        let tell = Arc::clone(&lost);
        let pushed = move |push: PushInfo| -> Result<(), ()> {
            if push.kind == PushKind::Disconnection {
                tell.notify_one();
            }
            Ok(())
        };
        let mut connection = self.redis.dedicated_with_pushes(pushed).await?;
        commands::load(&mut connection).await?;
        // Before anything is numbered: it may be another Redis, or the same one with less in it.
        self.guard.ask(&mut connection).await?;
        Ok((connection, lost))
    }

    /// Publishes until the connection fails (`false`) or nobody is left to publish (`true`).
    async fn serve(
        &mut self,
        mut connection: MultiplexedConnection,
        lost: &Notify,
        queue: &mut mpsc::Receiver<Publish>,
    ) -> bool {
        let mut watchdog = interval(WATCHDOG);
        watchdog.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut under_way: FuturesOrdered<BoxFuture<'static, Batch>> = FuturesOrdered::new();
        let mut taken = Vec::with_capacity(BATCH_MESSAGES);
        let mut broken = false;
        let pipelines = if self.durability.waits() {
            WAITING_PIPELINES
        } else {
            PIPELINES
        };
        loop {
            // What Redis did not run goes first, and only once nothing is under way that could
            // be numbered before it.
            if under_way.is_empty() && !self.again.is_empty() && !broken {
                if let Err(error) = commands::load(&mut connection).await {
                    warn!(%error, "the publish scripts can't be loaded");
                    broken = true;
                } else {
                    let batch = self.again.drain(..).collect();
                    under_way.push_back(self.send(&connection, batch));
                }
            }
            if broken && under_way.is_empty() {
                for publish in self.again.drain(..) {
                    publish.done.refuse(PublishError::Unavailable);
                }
                return false;
            }
            let accepts = !broken && self.again.is_empty() && under_way.len() < pipelines;
            tokio::select! {
                biased;
                Some((batch, began, outcome)) = under_way.next(), if !under_way.is_empty() => {
                    broken |= self.finish(batch, began, outcome);
                }
                () = lost.notified() => broken = true,
                () = self.guard.wanted(), if !broken => {
                    if let Err(error) = self.guard.ask(&mut connection).await {
                        self.metrics.redis_errors.inc();
                        warn!(%error, "Redis can't be asked what it has");
                        broken = true;
                    }
                }
                // What is on its way has a time limit of its own.
                _ = watchdog.tick(), if under_way.is_empty() => {
                    let pong: RedisResult<()> = redis::cmd("PING").query_async(&mut connection).await;
                    broken |= pong.is_err();
                }
                count = queue.recv_many(&mut taken, BATCH_MESSAGES), if accepts => {
                    if count == 0 {
                        return true;
                    }
                    let sent = self.send(&connection, std::mem::take(&mut taken));
                    under_way.push_back(sent);
                }
            }
        }
    }

    /// A batch on its way. The first poll hands it to the connection, and new futures are polled in
    /// the order in which they were pushed: so batches leave in the order of these calls.
    fn send(
        &self,
        connection: &MultiplexedConnection,
        batch: Vec<Publish>,
    ) -> BoxFuture<'static, Batch> {
        let mut pipeline = Pipeline::with_capacity(batch.len());
        for publish in &batch {
            let era = self.guard.era(self.publishing.partition(publish));
            let mut command = Cmd::new();
            self.publishing.write(&mut command, publish, &era);
            pipeline.add_command(command);
        }
        // On the same connection: it waits for what this connection has written.
        self.durability.add(&mut pipeline);
        pipeline.ignore_errors();
        let mut connection = connection.clone();
        let began = Instant::now();
        async move {
            let outcome = pipeline.query_async(&mut connection).await;
            (batch, began, outcome)
        }
        .boxed()
    }

    /// Tells who waits. `true` if the connection is of no use any more.
    fn finish(
        &mut self,
        batch: Vec<Publish>,
        began: Instant,
        outcome: RedisResult<Vec<RedisResult<Value>>>,
    ) -> bool {
        self.metrics
            .publish_seconds
            .observe(began.elapsed().as_secs_f64());
        let waits = self.durability.waits();
        let mut replies = match outcome {
            Ok(replies) if replies.len() == batch.len() + usize::from(waits) => replies,
            Ok(_) => {
                warn!("Redis gave another number of replies than commands");
                refuse(batch);
                return true;
            }
            Err(error) => {
                warn!(%error, messages = batch.len(), "messages could not be published");
                self.metrics.redis_errors.inc();
                refuse(batch);
                return true;
            }
        };
        let mut broken = false;
        let confirmed = !waits
            || replies
                .pop()
                .is_some_and(|answer| self.durability.is_confirmed(answer));
        for (publish, reply) in batch.into_iter().zip(replies) {
            match reply {
                // Everything behind it fails the same way until the script is loaded, so keeping
                // these in order keeps the clients' order.
                Err(error) if scripts::is_not_loaded(&error) => self.again.push_back(publish),
                Err(error) => {
                    self.report(&error);
                    broken |= error.is_unrecoverable_error();
                    publish.done.refuse(PublishError::Unavailable);
                }
                Ok(reply) => self.tell(publish, &reply, confirmed),
            }
        }
        broken
    }

    /// Tells who waits what the script gave.
    fn tell(&self, publish: Publish, reply: &Value, confirmed: bool) {
        let done = match publish.done {
            Done::Published(done) => done,
            Done::Tallied(done) => {
                let tallied = read_tally(reply);
                return done(tallied.and_then(|tallied| {
                    confirmed
                        .then_some(tallied)
                        .ok_or(PublishError::Unconfirmed)
                }));
            }
        };
        let mut published = read_reply(reply, publish.message);
        if let Ok(Published { position, message }) = &published
            // Not what a message seen before was given then.
            && *message == publish.message
        {
            self.guard.published(&publish.channel, position);
        }
        if !confirmed && published.is_ok() {
            published = Err(PublishError::Unconfirmed);
        }
        if published.is_ok() {
            self.metrics.messages_published.inc();
        }
        done(published);
    }

    fn report(&self, error: &RedisError) {
        self.metrics.redis_errors.inc();
        warn!(%error, "Redis refused a message");
    }

    /// Refuses what comes while Redis is away. `true` when nobody is left to publish.
    async fn refuse_for(&mut self, wait: Duration, queue: &mut mpsc::Receiver<Publish>) -> bool {
        let until = tokio::time::Instant::now() + wait;
        loop {
            match tokio::time::timeout_at(until, queue.recv()).await {
                Err(_) => return false,
                Ok(None) => return true,
                Ok(Some(publish)) => publish.done.refuse(PublishError::Unavailable),
            }
        }
    }
}

fn refuse(batch: Vec<Publish>) {
    for publish in batch {
        publish.done.refuse(PublishError::Unavailable);
    }
}
