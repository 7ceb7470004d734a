//! A room's history: what is persisted and what waits in the stream, merged by `seq`.
//!
//! The stream is read first, then the list. What is persisted in between shows in both, never in
//! neither; doubles are dropped by `seq`. Messages are given as they are now: the list has them so,
//! and what has not come into it yet is done to them here.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use parlor_shared::{
    entry::{Entry, fold},
    event::MessageEvent,
    id::{ChannelId, MessageId},
    keyspace::Keyspace,
    protocol::{
        change::{ChangeKind, MessageRef, ReplyTo, excerpt},
        value::Message,
    },
    redis::{Commands, scripts},
};
use redis::RedisResult;

use super::{
    merge::{Persisted, Wanted, covers, is_whole},
    tail::{Depth, Tail, Tails},
    tallies,
};

/// What a repair fetches at once.
const REPAIR_ENTRIES: usize = 10_000;
/// What is read at once where a page's messages lie apart, with changes between them.
const FURTHER_ENTRIES: usize = 1_000;
/// How often that is done for one page. Far more than a room keeps.
const FURTHER_READS: usize = 32;

/// Which part of a room's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    Last,
    /// Below this `seq`, the newest of them.
    Before(u64),
    /// Above this `seq`, the oldest of them.
    After(u64),
}

/// A page of history, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// Messages as they are now, and changes.
    pub entries: Vec<Entry>,
    pub epoch: String,
    /// The room's last number when it was read.
    pub seq: u64,
    /// Whether there is more in the direction asked for.
    pub more: bool,
}

/// One room's audit.
#[derive(Debug)]
pub struct Audited {
    pub channel: ChannelId,
    /// Where the room stood before Redis was asked.
    pub asked: (String, u64),
    /// Where it stands in Redis.
    pub found: (String, u64),
    /// How often it was moderated.
    pub policy: u64,
}

/// Reads history. Cheap to clone.
#[derive(Clone, Debug)]
pub struct History {
    pub(super) commands: Commands,
    keyspace: Keyspace,
    tails: Tails,
}

impl History {
    pub fn new(commands: Commands, keyspace: Keyspace) -> Self {
        let tails = Tails::new(commands.clone(), keyspace.partitions());
        Self {
            commands,
            keyspace,
            tails,
        }
    }

    /// A page of at most `count` entries of a room, without a number left out.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn page(
        &self,
        channel: &ChannelId,
        range: Range,
        count: usize,
    ) -> RedisResult<HistoryPage> {
        let wanted = Wanted { range, count };
        let (page, whole) = self.page_at(channel, wanted, Depth::Newest).await?;
        if whole {
            return Ok(page);
        }
        // A backlog hides a part of the room: look through all of it.
        Ok(self.page_at(channel, wanted, Depth::All).await?.0)
    }

    /// A page of at most `count` messages, however many changes lie between them.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn messages(
        &self,
        channel: &ChannelId,
        range: Range,
        count: usize,
    ) -> RedisResult<HistoryPage> {
        let mut page = self.page(channel, range, count).await?;
        for _ in 0..FURTHER_READS {
            let found = page.entries.iter().filter_map(Entry::message).count();
            let (Some(first), Some(last)) = (page.entries.first(), page.entries.last()) else {
                break;
            };
            if found >= count || !page.more {
                break;
            }
            let further = match range {
                Range::After(_) => Range::After(last.seq()),
                Range::Last | Range::Before(_) => Range::Before(first.seq()),
            };
            let next = self.page(channel, further, FURTHER_ENTRIES).await?;
            if next.epoch != page.epoch {
                break;
            }
            page.more = next.more;
            match range {
                Range::After(_) => page.entries.extend(next.entries),
                Range::Last | Range::Before(_) => {
                    page.entries.splice(0..0, next.entries);
                }
            }
        }
        page.shorten(range, count);
        Ok(page)
    }

    /// The page, and whether nothing can be missing from it.
    async fn page_at(
        &self,
        channel: &ChannelId,
        wanted: Wanted,
        depth: Depth,
    ) -> RedisResult<(HistoryPage, bool)> {
        let tail = self.tail(channel, depth).await?;
        let persisted = self.persisted(channel, wanted).await?;
        let last = persisted.seq;
        let newest = persisted.newest;

        let mut merged = persisted.entries();
        let persisted_last = merged.last_key_value().map(|(seq, _)| *seq);
        let mut later = Vec::new();
        for event in tail.room(channel) {
            let seq = event.position.seq;
            if !persisted.has(&event.position.epoch, seq) {
                continue;
            }
            let Ok(entry) = event.entry() else { continue };
            if wanted.range.holds(seq) {
                merged.entry(seq).or_insert(entry);
            } else if entry.change().is_some() {
                later.push(entry);
            }
        }
        let whole = !tail.partial
            || (is_whole(merged.keys(), wanted, persisted_last, last)
                && covers(tail.room(channel), newest, last));
        // What changes the page's messages need not be in the page.
        merged.extend(later.into_iter().map(|entry| (entry.seq(), entry)));
        let mut entries: Vec<Entry> = merged.into_values().collect();
        fold(&mut entries, newest);
        entries.retain(|entry| wanted.range.holds(entry.seq()));
        for entry in &mut entries {
            entry.set_epoch(&persisted.epoch);
        }
        let seq = last.max(entries.last().map_or(0, Entry::seq));
        let more = wanted.cut(&mut entries, &persisted);
        self.complete(channel, &tail, &mut entries).await?;
        if persisted.tallies {
            tallies::fill(&self.commands, channel, &mut entries).await?;
        }
        let page = HistoryPage {
            entries,
            epoch: persisted.epoch,
            seq,
            more,
        };
        Ok((page, whole))
    }

    async fn tail(&self, channel: &ChannelId, depth: Depth) -> RedisResult<Arc<Tail>> {
        let partition = self.keyspace.partition_of(channel).unwrap_or_default();
        let stream = self.keyspace.messages(partition);
        self.tails.read(partition, &stream, depth).await
    }

    async fn persisted(&self, channel: &ChannelId, wanted: Wanted) -> RedisResult<Persisted> {
        let (direction, seq) = match wanted.range {
            Range::Last => ("last", 0),
            Range::Before(seq) => ("before", seq),
            Range::After(seq) => ("after", seq),
        };
        let reply: Vec<redis::Value> = scripts::HISTORY
            .key(self.commands.keyspace().channel_messages(channel))
            .key(self.commands.keyspace().channel_meta(channel))
            .key(self.commands.keyspace().channel_tallies(channel))
            .arg(direction)
            .arg(seq)
            .arg(wanted.count)
            .invoke_async(&mut self.commands.clone())
            .await?;
        Persisted::read(reply)
    }

    /// Puts into changes and quotes what they are about, as it is now: the list keeps it with the
    /// message only.
    async fn complete(
        &self,
        channel: &ChannelId,
        tail: &Tail,
        entries: &mut [Entry],
    ) -> RedisResult<()> {
        let stubs = entries.iter().filter_map(stub).collect();
        let changed = self.named_here(channel, tail, stubs, entries).await?;
        for entry in &mut *entries {
            if stub(entry).is_some()
                && let Entry::Change(changed_entry) = entry
            {
                let change = &mut changed_entry.change;
                change.message = changed.get(&change.uuid).cloned().map(Box::new);
            }
        }
        let quotes = entries.iter_mut().filter_map(quote);
        let quotes = quotes.map(|quoted| (quoted.seq, quoted.uuid)).collect();
        let texts = self.named_here(channel, tail, quotes, entries).await?;
        for quote in entries.iter_mut().filter_map(quote) {
            let message = texts.get(&quote.uuid);
            quote.message = message.map_or_else(String::new, |it| excerpt(&it.message));
        }
        Ok(())
    }

    /// Messages by their names, from among `entries` or from where they are kept.
    async fn named_here(
        &self,
        channel: &ChannelId,
        tail: &Tail,
        mut names: BTreeMap<u64, MessageId>,
        entries: &[Entry],
    ) -> RedisResult<HashMap<MessageId, Message>> {
        let mut found = HashMap::new();
        if names.is_empty() {
            return Ok(found);
        }
        for message in entries.iter().filter_map(Entry::message) {
            if names.get(&message.seq) == Some(&message.uuid) {
                names.remove(&message.seq);
                found.insert(message.uuid, message.clone());
            }
        }
        let others = self.named(channel, tail, &names).await?;
        found.extend(others.into_iter().map(|message| (message.uuid, message)));
        Ok(found)
    }

    /// Messages by their numbers and names, as they are now, as far as they are there.
    async fn named(
        &self,
        channel: &ChannelId,
        tail: &Tail,
        names: &BTreeMap<u64, MessageId>,
    ) -> RedisResult<Vec<Message>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut script = scripts::ENTRIES.prepare_invoke();
        script.key(self.commands.keyspace().channel_messages(channel));
        for seq in names.keys() {
            script.arg(*seq);
        }
        let reply: Vec<redis::Value> = script.invoke_async(&mut self.commands.clone()).await?;
        let mut reply = reply.into_iter();
        let newest: u64 = redis::from_redis_value(reply.next().unwrap_or(redis::Value::Int(0)))?;
        let listed: Vec<String> = redis::from_redis_value(redis::Value::Array(reply.collect()))?;
        let is_wanted = |entry: &Entry| {
            let is_named = |it: &Message| names.get(&it.seq) == Some(&it.uuid);
            entry.message().is_some_and(is_named)
        };
        let mut merged: BTreeMap<u64, Entry> = listed
            .iter()
            .filter_map(|json| Entry::parse(json.as_bytes()).ok())
            .filter(is_wanted)
            .map(|entry| (entry.seq(), entry))
            .collect();
        for event in tail.room(channel) {
            let Ok(entry) = event.entry() else { continue };
            if is_wanted(&entry) || entry.change().is_some() {
                merged.entry(entry.seq()).or_insert(entry);
            }
        }
        let mut entries: Vec<Entry> = merged.into_values().collect();
        fold(&mut entries, newest);
        let messages = entries.into_iter().filter_map(Entry::into_message);
        Ok(messages.collect())
    }

    /// A message as it is now, under the epoch that it was published in; `None` where there is no
    /// such message.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn message(
        &self,
        channel: &ChannelId,
        target: MessageRef,
    ) -> RedisResult<Option<Message>> {
        let names = BTreeMap::from([(target.seq, target.uuid)]);
        let tail = self.tail(channel, Depth::Newest).await?;
        let found = self.named(channel, &tail, &names).await?;
        if !tail.partial {
            return Ok(found.into_iter().next());
        }
        // What has changed it may wait further back.
        let tail = self.tail(channel, Depth::All).await?;
        let found = self.named(channel, &tail, &names).await?;
        Ok(found.into_iter().next())
    }

    /// The entries `from..=to` of an epoch, as far as they can be had, oldest first.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn between(
        &self,
        channel: &ChannelId,
        epoch: &str,
        from: u64,
        to: u64,
    ) -> RedisResult<Vec<MessageEvent>> {
        let count = (to.saturating_sub(from) as usize)
            .saturating_add(1)
            .min(REPAIR_ENTRIES);
        let page = self
            .page(channel, Range::After(from.saturating_sub(1)), count)
            .await?;
        Ok(page
            .entries
            .iter()
            .filter(|entry| entry.epoch() == epoch && entry.seq() <= to)
            .map(Entry::event)
            .collect())
    }
}

/// The message that a change is about, if it is one of those that have a message and has none: what
/// the list keeps.
fn stub(entry: &Entry) -> Option<(u64, MessageId)> {
    let change = &entry.change()?.change;
    let has_text = matches!(change.change, ChangeKind::Edit | ChangeKind::Delete);
    (has_text && change.message.is_none()).then_some((change.target_seq, change.uuid))
}

/// What the message in an entry quotes.
fn quote(entry: &mut Entry) -> Option<&mut ReplyTo> {
    let message = match entry {
        Entry::Message(message) => Some(&mut **message),
        Entry::Change(changed) => changed.change.message.as_deref_mut(),
    };
    message?.reply_to.as_deref_mut()
}
