//! The messages of a partition that are not persisted yet, read for many at once.
//!
//! A read serves everyone who asked before it began; who asks while one is under way shares the
//! next one, since the one under way may have passed what they need. So a partition is read by at
//! most one at a time, however many join.

use std::{collections::HashMap, sync::Arc};

use parlor_shared::{
    event::MessageEvent,
    id::ChannelId,
    redis::{Commands, stream},
};
use redis::RedisResult;
use tokio::sync::Mutex;

/// What a first look reads: with a history-worker that keeps up, that is all there is.
const NEWEST_ENTRIES: usize = 1_000;
/// What a full read takes from Redis at once.
const CHUNK_ENTRIES: usize = 5_000;

/// How far back to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// The newest thousand entries of the partition.
    Newest,
    /// All of them: only where a backlog hides what is needed.
    All,
}

/// A partition's messages by room, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    rooms: HashMap<ChannelId, Vec<MessageEvent>>,
    /// Whether older entries were left unread.
    pub partial: bool,
}

impl Tail {
    pub fn room(&self, channel: &ChannelId) -> &[MessageEvent] {
        self.rooms.get(channel).map_or(&[], Vec::as_slice)
    }
}

/// Reads tails. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tails {
    commands: Commands,
    slots: Arc<[[Slot; 2]]>,
}

/// Who reads holds `reading`; `done` counts the reads that are over and holds the last.
#[derive(Debug, Default)]
struct Slot {
    reading: Mutex<()>,
    last: std::sync::Mutex<(u64, Arc<Tail>)>,
    begun: std::sync::atomic::AtomicU64,
}

impl Tails {
    pub fn new(commands: Commands, partitions: u16) -> Self {
        Self {
            commands,
            slots: (0..partitions).map(|_| Default::default()).collect(),
        }
    }

    /// The partition's tail, read by a command that was sent after this call.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn read(&self, partition: u16, stream: &str, depth: Depth) -> RedisResult<Arc<Tail>> {
        use std::sync::{PoisonError, atomic::Ordering::SeqCst};
        let slot = &self.slots[usize::from(partition)][depth as usize];
        // Only a read numbered above this one has begun after this call.
        let before = slot.begun.load(SeqCst);
        let _reading = slot.reading.lock().await;
        {
            let last = slot.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.0 > before {
                return Ok(Arc::clone(&last.1));
            }
        }
        let number = slot.begun.fetch_add(1, SeqCst) + 1;
        let tail = Arc::new(self.read_now(stream, depth).await?);
        *slot.last.lock().unwrap_or_else(PoisonError::into_inner) = (number, Arc::clone(&tail));
        Ok(tail)
    }

    async fn read_now(&self, stream: &str, depth: Depth) -> RedisResult<Tail> {
        let mut commands = self.commands.clone();
        let mut tail = Tail::default();
        let mut add = |entries: Vec<stream::Entry>| {
            for entry in entries {
                tail.rooms
                    .entry(entry.channel)
                    .or_default()
                    .push(entry.message);
            }
        };
        match depth {
            Depth::Newest => {
                let entries = stream::newest(&mut commands, stream, NEWEST_ENTRIES).await?;
                let partial = entries.len() == NEWEST_ENTRIES;
                add(entries);
                tail.partial = partial;
            }
            Depth::All => {
                let mut after = "0".to_owned();
                loop {
                    let entries =
                        stream::after(&mut commands, stream, &after, CHUNK_ENTRIES).await?;
                    let Some(last) = entries.last() else { break };
                    after.clone_from(&last.id);
                    let whole = entries.len() < CHUNK_ENTRIES;
                    add(entries);
                    if whole {
                        break;
                    }
                }
            }
        }
        Ok(tail)
    }
}
