//! Read cursors on their way into Redis: of what a user reads of a room, the last position is
//! written, at most once a second.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parlor_shared::{
    clock,
    cursor::{Stand, address_text},
    id::{Address, ChannelId, SessionId, UserId},
    keyspace, limits,
    notice::{Notice, Sessions},
    protocol::{ServerFrame, people::Read, server::Sys, value::RoomRef},
    redis::{Commands, scripts},
};
use redis::{AsyncCommands as _, RedisResult, pipe};
use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::notices::Notifier;
use crate::metrics::GatewayMetrics;

/// Moves that wait to be taken in. Beyond it readers are refused, retryably.
const QUEUE_MOVES: usize = 4_096;
/// Moves taken at once.
const BATCH_MOVES: usize = 256;
/// Cursors that wait to be written, also while Redis is away. Beyond it readers are refused.
const WAITING_CURSORS: usize = 65_536;
/// How often one cursor is written.
const WRITE_INTERVAL: Duration = Duration::from_secs(1);

/// Somebody has read up to here.
#[derive(Clone, Debug)]
pub struct Move {
    pub reader: UserId,
    pub session: SessionId,
    pub address: Address,
    pub channel: ChannelId,
    pub seq: u64,
}

#[derive(Debug)]
enum Order {
    Move(Move, oneshot::Sender<bool>),
    Forget(UserId, ChannelId),
    /// Write what waits of a user, and say so.
    Settle(UserId, oneshot::Sender<()>),
}

/// The handle. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cursors {
    queue: mpsc::Sender<Order>,
    commands: Commands,
}

impl Cursors {
    /// The handle, and the task to spawn. It works until it is stopped, and then writes what waits.
    pub fn new(
        commands: Commands,
        notifier: Notifier,
        metrics: GatewayMetrics,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, orders) = mpsc::channel(QUEUE_MOVES);
        let task = Task {
            commands: commands.clone(),
            notifier,
            metrics,
            waiting: HashMap::new(),
            written: HashMap::new(),
        };
        (Self { queue, commands }, task.run(orders, stop))
    }

    /// Has a cursor moved, soon. `false` when too many wait.
    pub async fn advance(&self, to: Move) -> bool {
        let (taken, outcome) = oneshot::channel();
        if self.queue.try_send(Order::Move(to, taken)).is_err() {
            return false;
        }
        outcome.await.unwrap_or(false)
    }

    /// Gives up a cursor, unless the reader is still in the room.
    pub async fn forget(&self, reader: UserId, channel: ChannelId) {
        let _ = self.queue.send(Order::Forget(reader, channel)).await;
    }

    /// Waits until what a user has read is written, as far as Redis can be reached.
    pub async fn settle(&self, reader: UserId) {
        let (settled, done) = oneshot::channel();
        if self
            .queue
            .send(Order::Settle(reader, settled))
            .await
            .is_ok()
        {
            let _ = done.await;
        }
    }

    /// Where the reader stands in a room that they join: at its last message, if they have not been
    /// there before. `None` for a cursor of an earlier epoch: what the room has kept of it, [`unread`]
    /// can tell.
    ///
    /// [`unread`]: super::unread::unread
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn on_join(
        &self,
        reader: UserId,
        address: &Address,
        channel: &ChannelId,
        (epoch, seq): (&str, u64),
    ) -> RedisResult<Option<u64>> {
        let call = call(reader, address, channel, (epoch, seq), false);
        let mut commands = self.commands.clone();
        let stands: Vec<(u8, String, u64)> =
            scripts::run_each(&mut commands, &scripts::READ, &[call]).await?;
        let stand = stands.into_iter().next();
        Ok(stand.and_then(|(_, of, read)| (of == epoch).then_some(read)))
    }
}

fn call(
    reader: UserId,
    address: &Address,
    channel: &ChannelId,
    (epoch, seq): (&str, u64),
    moves: bool,
) -> scripts::Call {
    (
        vec![keyspace::read_cursors(reader)],
        vec![
            channel.to_string(),
            epoch.to_owned(),
            seq.to_string(),
            clock::now_ms().to_string(),
            address_text(address),
            u8::from(moves).to_string(),
            limits::READ_CURSORS.to_string(),
        ],
    )
}

/// Where rooms stand.
///
/// # Errors
/// When Redis can't be asked.
pub async fn stands(commands: &mut Commands, channels: &[&ChannelId]) -> RedisResult<Vec<Stand>> {
    if channels.is_empty() {
        return Ok(Vec::new());
    }
    let mut lookup = pipe();
    for channel in channels {
        lookup.hmget(keyspace::channel_meta(channel), &["epoch", "seq", "begun"]);
    }
    type Fields = (Option<String>, Option<u64>, Option<u64>);
    let found: Vec<Fields> = lookup.query_async(commands).await?;
    let stand = |(epoch, seq, begun): Fields| Stand {
        epoch: epoch.unwrap_or_default(),
        seq: seq.unwrap_or(0),
        begun: begun.unwrap_or(0),
    };
    Ok(found.into_iter().map(stand).collect())
}

type Place = (UserId, ChannelId);

struct Task {
    commands: Commands,
    notifier: Notifier,
    metrics: GatewayMetrics,
    waiting: HashMap<Place, Move>,
    /// What was written within the last interval.
    written: HashMap<Place, Instant>,
}

impl Task {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>, stop: CancellationToken) {
        let mut tick = interval(WRITE_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(BATCH_MOVES);
        loop {
            tokio::select! {
                biased;
                count = orders.recv_many(&mut batch, BATCH_MOVES) => {
                    if count == 0 {
                        break;
                    }
                    for order in batch.drain(..) {
                        self.take(order).await;
                    }
                    self.write(|task, place| !task.written.contains_key(place)).await;
                }
                _ = tick.tick() => {
                    let now = Instant::now();
                    self.written.retain(|_, at| now - *at < WRITE_INTERVAL);
                    self.write(|_, _| true).await;
                }
                () = stop.cancelled() => break,
            }
        }
        // Every connection has ended: what they said last is in the queue.
        while let Ok(order) = orders.try_recv() {
            self.take(order).await;
        }
        self.write(|_, _| true).await;
    }

    async fn take(&mut self, order: Order) {
        match order {
            Order::Move(to, taken) => {
                let _ = taken.send(self.wait(to));
            }
            Order::Forget(reader, channel) => self.forget(reader, channel).await,
            Order::Settle(reader, settled) => {
                self.write(|_, (of, _)| *of == reader).await;
                let _ = settled.send(());
            }
        }
    }

    fn wait(&mut self, to: Move) -> bool {
        let place = (to.reader, to.channel.clone());
        if let Some(waits) = self.waiting.get_mut(&place) {
            // The last one wins, but none goes back.
            if to.seq >= waits.seq {
                *waits = to;
            }
            return true;
        }
        if self.waiting.len() >= WAITING_CURSORS {
            return false;
        }
        self.waiting.insert(place, to);
        true
    }

    async fn forget(&mut self, reader: UserId, channel: ChannelId) {
        let place = (reader, channel);
        self.waiting.remove(&place);
        let (users, name) = (keyspace::channel_users(&place.1), reader.to_string());
        let forgotten = async {
            let stays: bool = self.commands.hexists(users, name).await?;
            if !stays {
                let cursors = keyspace::read_cursors(reader);
                let _: () = self.commands.hdel(cursors, place.1.as_str()).await?;
            }
            RedisResult::Ok(())
        };
        if let Err(error) = forgotten.await {
            self.metrics.redis_errors.inc();
            warn!(%error, "a read cursor could not be given up");
        }
    }

    /// Writes the waiting cursors that are due. What Redis does not take waits on.
    async fn write(&mut self, is_due: impl Fn(&Self, &Place) -> bool) {
        let due: Vec<Place> = self
            .waiting
            .keys()
            .filter(|place| is_due(self, place))
            .cloned()
            .collect();
        let now = Instant::now();
        for places in due.chunks(BATCH_MOVES) {
            let moves = places.iter().filter_map(|place| self.waiting.get(place));
            let moves: Vec<Move> = moves.cloned().collect();
            match self.try_write(&moves).await {
                Ok(()) => {
                    for place in places {
                        self.waiting.remove(place);
                        self.written.insert(place.clone(), now);
                    }
                }
                Err(error) => {
                    self.metrics.redis_errors.inc();
                    warn!(%error, cursors = moves.len(), "read cursors can't be written yet");
                    return;
                }
            }
        }
    }

    async fn try_write(&mut self, moves: &[Move]) -> RedisResult<()> {
        let channels: Vec<&ChannelId> = moves.iter().map(|to| &to.channel).collect();
        let stands = stands(&mut self.commands, &channels).await?;
        let calls: Vec<scripts::Call> = moves
            .iter()
            .zip(&stands)
            .map(|(to, stand)| {
                // Nobody has read what is not there.
                let place = (stand.epoch.as_str(), to.seq.min(stand.seq));
                call(to.reader, &to.address, &to.channel, place, true)
            })
            .collect();
        let moved: Vec<(u8, String, u64)> =
            scripts::run_each(&mut self.commands, &scripts::READ, &calls).await?;
        for (to, (moved, epoch, seq)) in moves.iter().zip(moved) {
            if moved == 1 {
                let room = RoomRef::from(&to.address);
                let read = ServerFrame::Sys(Sys::Read(Read { room, seq, epoch }));
                let others = Sessions::Except(to.session);
                self.notifier.notify(Notice::frame(to.reader, others, read));
            }
        }
        Ok(())
    }
}
