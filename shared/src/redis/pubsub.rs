//! Subscriptions that outlive the connection they are made on.
//!
//! This is for one server; on a cluster, [`super::cluster`] has its own way of the same.
//!
//! One task owns the connection and the set of wanted channels. Pub/sub delivers at most once:
//! what is published while the connection is away is lost, so the owner is told of every
//! [`Notice::Connected`] and then looks what it missed.

use std::{collections::HashSet, sync::Arc, time::Duration};

use bytes::Bytes;
use redis::{PushInfo, PushKind, Value, aio::MultiplexedConnection};
use tokio::sync::{Notify, mpsc, oneshot};
use tracing::{debug, info, warn};

use super::{
    cluster,
    connect::{Backoff, Redis},
};
use crate::{id::ChannelId, keyspace::Keyspace};

/// Channels in one SUBSCRIBE: a reply to each comes back, so a batch is bounded.
const BATCH_CHANNELS: usize = 500;
/// How often a silent connection is asked whether it is alive.
const WATCHDOG: Duration = Duration::from_secs(5);

/// What became of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It is up and every wanted channel is subscribed. Between this and the last
    /// `Disconnected`, anything may have been missed.
    Connected,
    Disconnected,
    /// Since the last `Disconnected`, some channels are subscribed again, and others not yet. A
    /// cluster tells this: what those missed need not wait for the others.
    Mended,
}

/// Takes what arrives. It runs on the connection's own task, so it must not block: Redis cuts off
/// subscribers that read slowly.
pub trait Sink: Send + Sync + 'static {
    fn message(&self, channel: &str, payload: Bytes);
    fn notice(&self, notice: Notice);
}

/// Changes what is subscribed. Cheap to clone; the task ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Subscriptions {
    /// Unbounded, so that a change never waits and the order of calls is the order of changes;
    /// what bounds it is the number of rooms that come and go.
    changes: mpsc::UnboundedSender<Change>,
    keyspace: Keyspace,
}

/// By what Redis calls the channels.
#[derive(Debug)]
pub(super) enum Change {
    Subscribe(ChannelId, oneshot::Sender<()>),
    Unsubscribe(ChannelId),
}

impl Subscriptions {
    /// The handle, and the task to spawn.
    pub fn new(redis: Redis, sink: impl Sink) -> (Self, impl Future<Output = ()> + Send) {
        let (changes, queue) = mpsc::unbounded_channel();
        let keyspace = redis.keyspace().clone();
        let run = async move {
            let keyspace = redis.keyspace().clone();
            let sink = Arc::new(Own { keyspace, sink });
            if let Some(cluster) = redis.cluster() {
                return cluster::subscriber(cluster, sink, queue).await;
            }
            let task = Task {
                redis,
                sink,
                wanted: HashSet::new(),
                waiting: Vec::new(),
            };
            task.run(queue).await;
        };
        (Self { changes, keyspace }, run)
    }

    /// Subscribes. What is returned resolves when Redis has confirmed it: what is published from
    /// then on arrives. During an outage that is when Redis is back. It fails when the task ended.
    pub fn subscribe(&self, channel: &ChannelId) -> oneshot::Receiver<()> {
        let (confirmed, confirmation) = oneshot::channel();
        let channel = self.keyspace.published(channel);
        // The task has ended: dropping the sender says so.
        let _ = self.changes.send(Change::Subscribe(channel, confirmed));
        confirmation
    }

    /// Unsubscribes, some time later.
    pub fn unsubscribe(&self, channel: &ChannelId) {
        let channel = self.keyspace.published(channel);
        // The task has ended: so have its subscriptions.
        let _ = self.changes.send(Change::Unsubscribe(channel));
    }
}

/// Gives what arrives to `sink` by the name that a channel has within this Parlor.
struct Own<S> {
    keyspace: Keyspace,
    sink: S,
}

impl<S: Sink> Sink for Own<S> {
    fn message(&self, channel: &str, payload: Bytes) {
        if let Some(channel) = self.keyspace.heard(channel) {
            self.sink.message(channel, payload);
        }
    }

    fn notice(&self, notice: Notice) {
        self.sink.notice(notice);
    }
}

struct Task<S> {
    redis: Redis,
    sink: Arc<S>,
    wanted: HashSet<ChannelId>,
    /// Who waits for a confirmation that an outage has delayed.
    waiting: Vec<oneshot::Sender<()>>,
}

impl<S: Sink> Task<S> {
    async fn run(mut self, mut queue: mpsc::UnboundedReceiver<Change>) {
        let mut backoff = Backoff::default();
        loop {
            let broken = Arc::new(Notify::new());
            match self.connect(Arc::clone(&broken)).await {
                Ok(connection) => {
                    backoff.reset();
                    for confirmed in self.waiting.drain(..) {
                        let _ = confirmed.send(());
                    }
                    info!(channels = self.wanted.len(), "subscriber connected");
                    self.sink.notice(Notice::Connected);
                    let ended = self.serve(connection, &broken, &mut queue).await;
                    self.sink.notice(Notice::Disconnected);
                    if ended {
                        return;
                    }
                    warn!("subscriber connection lost");
                }
                Err(error) => {
                    let wait = backoff.next();
                    warn!(%error, retry_in_ms = wait.as_millis(), "subscriber can't connect");
                    if self.collect_changes(&mut queue, wait).await {
                        return;
                    }
                }
            }
        }
    }

    async fn connect(&self, broken: Arc<Notify>) -> redis::RedisResult<MultiplexedConnection> {
        let sink = Arc::clone(&self.sink);
        let push = move |info: PushInfo| -> Result<(), ()> {
            match info.kind {
                PushKind::Message => {
                    if let [Value::BulkString(channel), Value::BulkString(_)] = info.data.as_slice()
                        && let Ok(channel) = String::from_utf8(channel.clone())
                        && let Some(Value::BulkString(payload)) = info.data.into_iter().nth(1)
                    {
                        sink.message(&channel, Bytes::from(payload));
                    }
                }
                PushKind::Disconnection => broken.notify_one(),
                _ => {}
            }
            Ok(())
        };
        let mut connection = self.redis.dedicated_with_pushes(push).await?;
        let wanted: Vec<&str> = self.wanted.iter().map(ChannelId::as_str).collect();
        for batch in wanted.chunks(BATCH_CHANNELS) {
            connection.subscribe(batch).await?;
        }
        Ok(connection)
    }

    /// Works until the connection breaks (`false`) or no handle is left (`true`).
    async fn serve(
        &mut self,
        mut connection: MultiplexedConnection,
        broken: &Notify,
        queue: &mut mpsc::UnboundedReceiver<Change>,
    ) -> bool {
        let mut batch = Vec::with_capacity(BATCH_CHANNELS);
        let mut watchdog = tokio::time::interval(WATCHDOG);
        watchdog.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = broken.notified() => return false,
                _ = watchdog.tick() => {
                    let pong: redis::RedisResult<()> =
                        redis::cmd("PING").query_async(&mut connection).await;
                    if let Err(error) = pong {
                        warn!(%error, "subscriber connection does not answer");
                        return false;
                    }
                }
                count = queue.recv_many(&mut batch, BATCH_CHANNELS) => {
                    if count == 0 {
                        return true;
                    }
                    if let Err(error) = self.apply(&mut connection, &mut batch).await {
                        warn!(%error, "subscription refused");
                        return false;
                    }
                }
            }
        }
    }

    /// Applies changes in their order, with as few commands as that allows.
    async fn apply(
        &mut self,
        connection: &mut MultiplexedConnection,
        batch: &mut Vec<Change>,
    ) -> redis::RedisResult<()> {
        let mut subscribe: Vec<ChannelId> = Vec::new();
        let mut unsubscribe: Vec<ChannelId> = Vec::new();
        for change in batch.drain(..) {
            match change {
                Change::Subscribe(channel, confirmed) => {
                    self.waiting.push(confirmed);
                    unsubscribe.retain(|other| *other != channel);
                    if self.wanted.insert(channel.clone()) {
                        subscribe.push(channel);
                    }
                }
                Change::Unsubscribe(channel) => {
                    if self.wanted.remove(&channel) {
                        unsubscribe.push(channel);
                    }
                }
            }
        }
        // A channel that came and went within the batch is subscribed and unsubscribed, in that
        // order; one that went and came back is in `wanted` and was never unsubscribed.
        if !subscribe.is_empty() {
            let names: Vec<&str> = subscribe.iter().map(ChannelId::as_str).collect();
            connection.subscribe(names.as_slice()).await?;
        }
        for confirmed in self.waiting.drain(..) {
            let _ = confirmed.send(());
        }
        if !unsubscribe.is_empty() {
            let names: Vec<&str> = unsubscribe.iter().map(ChannelId::as_str).collect();
            connection.unsubscribe(names.as_slice()).await?;
        }
        debug!(channels = self.wanted.len(), "subscriptions changed");
        Ok(())
    }

    /// Notes changes while there is no connection, for `wait`. `true` when no handle is left.
    async fn collect_changes(
        &mut self,
        queue: &mut mpsc::UnboundedReceiver<Change>,
        wait: Duration,
    ) -> bool {
        let until = tokio::time::Instant::now() + wait;
        loop {
            match tokio::time::timeout_at(until, queue.recv()).await {
                Err(_) => return false,
                Ok(None) => return true,
                Ok(Some(Change::Subscribe(channel, confirmed))) => {
                    self.wanted.insert(channel);
                    self.waiting.push(confirmed);
                }
                Ok(Some(Change::Unsubscribe(channel))) => {
                    self.wanted.remove(&channel);
                }
            }
        }
    }
}
