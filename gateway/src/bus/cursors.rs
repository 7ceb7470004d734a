//! Read cursors on their way into Redis: of what a user reads of a room, the last position is
//! written, at most once a second.

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use parlor_shared::{
    clock,
    cursor::{Stand, address_text},
    id::{Address, ChannelId, SessionId, UserId},
    keyspace::Keyspace,
    limits,
    notice::{Notice, Sessions},
    protocol::{ServerFrame, people::Read, server::Sys, value::RoomRef},
    redis::{Commands, scripts},
};
use redis::{AsyncCommands as _, RedisResult, pipe};
use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::notices::Notifier;
use crate::metrics::GatewayMetrics;

/// Cursors that wait to be written, also while Redis is away. Beyond it readers are refused,
/// retryably.
const WAITING_CURSORS: usize = 65_536;
/// Cursors written in one round trip.
const BATCH_CURSORS: usize = 256;
/// How often one cursor is written.
const WRITE_INTERVAL: Duration = Duration::from_secs(1);

/// Somebody has read up to here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub reader: UserId,
    pub session: SessionId,
    pub address: Address,
    pub channel: ChannelId,
    pub seq: u64,
}

/// Whose cursor of which room.
type Place = (UserId, ChannelId);

/// The cursors of this gateway's users. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cursors {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    commands: Commands,
    notifier: Notifier,
    metrics: GatewayMetrics,
    /// A move stays here until it is written, so that whoever asks meanwhile can write it too: that
    /// is safe to repeat.
    waiting: Mutex<BTreeMap<Place, Move>>,
    wake: Notify,
}

impl Cursors {
    /// The handle, and the task to spawn. It works until it is stopped, and then writes what waits.
    pub fn new(
        commands: Commands,
        notifier: Notifier,
        metrics: GatewayMetrics,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let shared = Arc::new(Shared {
            commands,
            notifier,
            metrics,
            waiting: Mutex::default(),
            wake: Notify::new(),
        });
        let handle = Self { shared };
        (handle.clone(), handle.run(stop))
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<Place, Move>> {
        let waiting = self.shared.waiting.lock();
        waiting.unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a cursor moved, soon. The last move counts, but none goes back. `false` when too many
    /// wait.
    pub fn advance(&self, to: Move) -> bool {
        let mut waiting = self.waiting();
        let place = (to.reader, to.channel.clone());
        let is_full = waiting.len() >= WAITING_CURSORS;
        match waiting.get_mut(&place) {
            Some(before) if before.seq >= to.seq => {}
            Some(before) => *before = to,
            None if is_full => return false,
            None => drop(waiting.insert(place, to)),
        }
        drop(waiting);
        self.shared.wake.notify_one();
        true
    }

    /// Gives up a cursor, unless the reader is still in the room.
    ///
    /// # Errors
    /// When Redis can't be asked, as for all functions here.
    pub async fn forget(&self, reader: UserId, channel: ChannelId) -> RedisResult<()> {
        let place = (reader, channel);
        self.waiting().remove(&place);
        let mut commands = self.shared.commands.clone();
        let (users, name) = (
            commands.keyspace().channel_users(&place.1),
            reader.to_string(),
        );
        let stays: bool = commands.hexists(users, name).await?;
        if stays {
            return Ok(());
        }
        let cursors = commands.keyspace().read_cursors(reader);
        commands.hdel(cursors, place.1.as_str()).await
    }

    /// Writes what waits of a user.
    pub async fn settle(&self, reader: UserId) -> RedisResult<()> {
        let moves: Vec<Move> = {
            let waiting = self.waiting();
            let from = (reader, ChannelId::new(""));
            let own = waiting
                .range(from..)
                .take_while(|((of, _), _)| *of == reader);
            own.map(|(_, to)| to.clone()).collect()
        };
        for moves in moves.chunks(BATCH_CURSORS) {
            self.write(moves).await?;
        }
        Ok(())
    }

    /// Where the reader stands in a room that they join: at its last message, if they have not been
    /// there before; in a private room at its beginning, since all of it was said to them. `None` for a cursor of an earlier epoch: what the room has kept of it, [`unread`]
    /// can tell.
    ///
    /// [`unread`]: super::unread::unread
    pub async fn on_join(
        &self,
        reader: UserId,
        address: &Address,
        channel: &ChannelId,
        (epoch, seq): (&str, u64),
    ) -> RedisResult<Option<u64>> {
        let first = match address {
            Address::Private(_) => 0,
            Address::General | Address::Named(_) => seq,
        };
        let mut commands = self.shared.commands.clone();
        let keyspace = commands.keyspace();
        let call = call(keyspace, reader, address, channel, (epoch, first), false);
        let stands: Vec<(u8, String, u64)> =
            scripts::run_each(&mut commands, &scripts::READ, &[call]).await?;
        let stand = stands.into_iter().next();
        Ok(stand.and_then(|(_, of, read)| (of == epoch).then_some(read)))
    }

    async fn run(self, stop: CancellationToken) {
        let mut tick = interval(WRITE_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // What was written within the last interval, and is not due.
        let mut written: HashMap<Place, Instant> = HashMap::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.shared.wake.notified() => {}
                _ = tick.tick() => {
                    let now = Instant::now();
                    written.retain(|_, at| now - *at < WRITE_INTERVAL);
                }
            }
            self.write_due(&mut written).await;
        }
        // Every connection has ended: what they said last waits.
        self.write_due(&mut HashMap::new()).await;
    }

    async fn write_due(&self, written: &mut HashMap<Place, Instant>) {
        let due: Vec<Move> = {
            let waiting = self.waiting();
            let due = waiting
                .iter()
                .filter(|(place, _)| !written.contains_key(place));
            due.map(|(_, to)| to.clone()).collect()
        };
        let now = Instant::now();
        for moves in due.chunks(BATCH_CURSORS) {
            if let Err(error) = self.write(moves).await {
                self.shared.metrics.redis_errors.inc();
                warn!(%error, cursors = moves.len(), "read cursors can't be written yet");
            }
            // Also those that were not: they are tried again in a while.
            let places = moves.iter().map(|to| (to.reader, to.channel.clone()));
            written.extend(places.map(|place| (place, now)));
        }
    }

    async fn write(&self, moves: &[Move]) -> RedisResult<()> {
        let mut commands = self.shared.commands.clone();
        let channels: Vec<&ChannelId> = moves.iter().map(|to| &to.channel).collect();
        let stands = stands(&mut commands, &channels).await?;
        let calls: Vec<scripts::Call> = moves
            .iter()
            .zip(&stands)
            .map(|(to, stand)| {
                // Nobody has read what is not there.
                let place = (stand.epoch.as_str(), to.seq.min(stand.seq));
                let keyspace = commands.keyspace();
                call(keyspace, to.reader, &to.address, &to.channel, place, true)
            })
            .collect();
        let stands: Vec<(u8, String, u64)> =
            scripts::run_each(&mut commands, &scripts::READ, &calls).await?;
        for (to, (moved, epoch, seq)) in moves.iter().zip(stands) {
            let place = (to.reader, to.channel.clone());
            if let Entry::Occupied(waits) = self.waiting().entry(place)
                && waits.get() == to
            {
                waits.remove();
            }
            if moved == 1 {
                let room = RoomRef::from(&to.address);
                let read = ServerFrame::Sys(Sys::Read(Read { room, seq, epoch }));
                let others = Sessions::Except(to.session);
                let notice = Notice::frame(to.reader, others, read);
                self.shared.notifier.notify(notice);
            }
        }
        Ok(())
    }
}

fn call(
    keyspace: &Keyspace,
    reader: UserId,
    address: &Address,
    channel: &ChannelId,
    (epoch, seq): (&str, u64),
    moves: bool,
) -> scripts::Call {
    (
        vec![keyspace.read_cursors(reader)],
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

/// `epoch`, `seq` and `begun` of a room.
type Fields = (Option<String>, Option<u64>, Option<u64>);

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
        lookup.hmget(
            commands.keyspace().channel_meta(channel),
            &["epoch", "seq", "begun"],
        );
    }
    let found: Vec<Fields> = lookup.query_async(commands).await?;
    let stand = |(epoch, seq, begun): Fields| Stand {
        epoch: epoch.unwrap_or_default(),
        seq: seq.unwrap_or(0),
        begun: begun.unwrap_or(0),
    };
    Ok(found.into_iter().map(stand).collect())
}
