//! How a page comes of what is persisted and what is not, decided purely.

use std::collections::BTreeMap;

use parlor_shared::{entry::Entry, event::MessageEvent};
use redis::RedisResult;

use super::history::{HistoryPage, Range};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub range: Range,
    pub count: usize,
}

/// What the list has of a room.
#[derive(Debug)]
pub(super) struct Persisted {
    pub epoch: String,
    /// The room's last number, persisted or not.
    pub seq: u64,
    /// The last number from before its epoch.
    begun: u64,
    /// Entries before the page, and behind it.
    older: usize,
    newer: usize,
    /// The last number that is persisted.
    pub newest: u64,
    /// Whether any message has reactions or votes.
    pub tallies: bool,
    page: Vec<String>,
}

impl Persisted {
    /// Takes the reply of the script.
    pub fn read(reply: Vec<redis::Value>) -> RedisResult<Self> {
        let mut reply = reply.into_iter();
        let mut next = || reply.next().unwrap_or(redis::Value::Nil);
        Ok(Self {
            epoch: redis::from_redis_value(next())?,
            seq: redis::from_redis_value(next())?,
            begun: redis::from_redis_value(next())?,
            older: redis::from_redis_value(next())?,
            newer: redis::from_redis_value(next())?,
            newest: redis::from_redis_value(next())?,
            tallies: redis::from_redis_value(next())?,
            page: redis::from_redis_value(redis::Value::Array(reply.collect()))?,
        })
    }

    /// Whether a place is one of the room's: what stood in it before its epoch began is part of it,
    /// under the same numbers.
    pub fn has(&self, epoch: &str, seq: u64) -> bool {
        *epoch == *self.epoch || seq <= self.begun
    }

    /// The page by numbers.
    pub fn entries(&self) -> BTreeMap<u64, Entry> {
        self.page
            .iter()
            .filter_map(|text| Entry::parse(text.as_bytes()).ok())
            .filter(|entry| self.has(entry.epoch(), entry.seq()))
            .map(|entry| (entry.seq(), entry))
            .collect()
    }
}

impl Range {
    pub(super) fn holds(self, seq: u64) -> bool {
        match self {
            Self::Last => true,
            Self::Before(before) => seq < before,
            Self::After(after) => seq > after,
        }
    }
}

impl Wanted {
    /// Leaves as many as are wanted. Gives whether there are more.
    pub fn cut(self, entries: &mut Vec<Entry>, persisted: &Persisted) -> bool {
        let extra = entries.len().saturating_sub(self.count);
        match self.range {
            Range::After(_) => {
                entries.truncate(self.count);
                extra > 0 || persisted.newer > 0
            }
            Range::Last | Range::Before(_) => {
                entries.drain(..extra);
                extra > 0 || (persisted.older > 0 && (self.count == 0 || !entries.is_empty()))
            }
        }
    }
}

impl HistoryPage {
    /// Leaves at most `count` messages, with the changes between and behind them, at the end that a
    /// further page goes on from.
    pub(super) fn shorten(&mut self, range: Range, count: usize) {
        let is_message = |(_, entry): &(usize, &Entry)| entry.message().is_some();
        match range {
            Range::After(_) => {
                let beyond = self
                    .entries
                    .iter()
                    .enumerate()
                    .filter(is_message)
                    .nth(count);
                if let Some((beyond, _)) = beyond {
                    self.entries.truncate(beyond);
                    self.more = true;
                }
            }
            Range::Last | Range::Before(_) => {
                let newest_first = self.entries.iter().enumerate().rev();
                let beyond = newest_first.filter(is_message).nth(count);
                if let Some((beyond, _)) = beyond {
                    self.entries.drain(..=beyond);
                    self.more = true;
                }
            }
        }
    }
}

/// Whether a page that a partial tail went into is without a gap up to where it has to reach.
pub(super) fn is_whole<'a>(
    mut merged: impl ExactSizeIterator<Item = &'a u64> + DoubleEndedIterator,
    Wanted { range, count }: Wanted,
    persisted_last: Option<u64>,
    last: u64,
) -> bool {
    let length = merged.len();
    let first = merged.next().copied();
    let newest = merged.next_back().copied().or(first);
    let (Some(first), Some(newest)) = (first, newest) else {
        // Nothing found: right only if there is nothing to find.
        return match range {
            Range::Last => last == 0 || count == 0,
            Range::Before(before) => before <= 1 || persisted_last.is_some(),
            Range::After(after) => after >= last,
        };
    };
    let contiguous = (newest - first + 1) as usize == length;
    let reaches = match range {
        Range::Last => newest >= last,
        Range::Before(before) => newest + 1 >= before.min(last + 1),
        Range::After(after) => first == after + 1 && (length >= count || newest >= last),
    };
    // What lies before the first is in the list, where nothing is missing, unless the page has
    // nothing from the list at all and is not full.
    let rooted = persisted_last.is_some() || length >= count || first == 1;
    contiguous && reaches && rooted
}

/// Whether a partial tail has all of a room that is not persisted, so that no change is missing.
pub(super) fn covers(tail: &[MessageEvent], newest: u64, last: u64) -> bool {
    let waiting = tail.iter().filter(|event| event.position.seq > newest);
    waiting.count() as u64 >= last.saturating_sub(newest)
}
