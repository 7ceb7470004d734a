//! A room's history: what is persisted and what waits in the stream, merged by `seq`.
//!
//! The stream is read first, then the list. What is persisted in between shows in both, never in
//! neither; doubles are dropped by `seq`.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use parlor_shared::{
    event::{self, MessageEvent, Position},
    id::{ChannelId, UserId},
    keyspace::{self, Keyspace},
    protocol::value::Message,
    redis::{Commands, moderation, scripts},
};
use redis::RedisResult;

use super::tail::{Depth, Tails};

/// What a repair fetches at once.
const REPAIR_MESSAGES: usize = 10_000;

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
    pub messages: Vec<Message>,
    pub epoch: String,
    /// The room's last message when it was read.
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

/// What the list has of a room.
#[derive(Debug)]
struct Persisted {
    epoch: String,
    /// The room's last message, persisted or not.
    seq: u64,
    /// The last message from before the epoch.
    begun: u64,
    /// How many persisted messages lie before the page and after it.
    older: u64,
    newer: u64,
    /// JSON, oldest first.
    page: Vec<String>,
}

/// Reads history. Cheap to clone.
#[derive(Clone, Debug)]
pub struct History {
    commands: Commands,
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

    /// A page of at most `count` messages of a room.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn page(
        &self,
        channel: &ChannelId,
        range: Range,
        count: usize,
    ) -> RedisResult<HistoryPage> {
        let (page, whole) = self.page_at(channel, range, count, Depth::Newest).await?;
        if whole {
            return Ok(page);
        }
        // A backlog hides a part of the room: look through all of it.
        Ok(self.page_at(channel, range, count, Depth::All).await?.0)
    }

    /// The page, and whether nothing can be missing from it.
    async fn page_at(
        &self,
        channel: &ChannelId,
        range: Range,
        count: usize,
        depth: Depth,
    ) -> RedisResult<(HistoryPage, bool)> {
        let partition = self.keyspace.partition_of(channel).unwrap_or_default();
        let stream = self.keyspace.messages(partition);
        let tail = self.tails.read(partition, &stream, depth).await?;
        let (direction, seq) = match range {
            Range::Last => ("last", 0),
            Range::Before(seq) => ("before", seq),
            Range::After(seq) => ("after", seq),
        };
        let Persisted {
            epoch,
            seq: last,
            begun,
            older,
            newer,
            page,
        } = self.persisted(channel, direction, seq, count).await?;

        // What stood in the room before its epoch began is part of it, under the same numbers.
        let belongs = |of: &str, seq: u64| *of == *epoch || seq <= begun;
        let mut merged: BTreeMap<u64, Message> = page
            .iter()
            .filter_map(|text| serde_json::from_str::<Message>(text).ok())
            .filter(|message| belongs(&message.epoch, message.seq))
            .map(|message| (message.seq, message))
            .collect();
        let persisted_last = merged.last_key_value().map(|(seq, _)| *seq);
        for event in tail.room(channel) {
            let Position { epoch, seq, .. } = &event.position;
            if belongs(epoch, *seq)
                && in_range(range, *seq)
                && let Ok(message) = event.message()
            {
                merged.entry(*seq).or_insert(message);
            }
        }
        for message in merged.values_mut() {
            message.epoch.clone_from(&epoch);
        }
        let newest = merged.last_key_value().map_or(0, |(seq, _)| *seq);
        let whole = !tail.partial || is_whole(&merged, range, persisted_last, last, count);
        let extra = merged.len().saturating_sub(count);
        let messages: Vec<Message> = match range {
            Range::After(_) => merged.into_values().take(count).collect(),
            Range::Last | Range::Before(_) => merged.into_values().skip(extra).collect(),
        };
        let more = match range {
            Range::After(_) => extra > 0 || newer > 0,
            Range::Last | Range::Before(_) => {
                extra > 0 || (older > 0 && (count == 0 || !messages.is_empty()))
            }
        };
        let seq = last.max(newest);
        Ok((
            HistoryPage {
                messages,
                epoch,
                seq,
                more,
            },
            whole,
        ))
    }

    async fn persisted(
        &self,
        channel: &ChannelId,
        direction: &str,
        seq: u64,
        count: usize,
    ) -> RedisResult<Persisted> {
        let reply: Vec<redis::Value> = scripts::HISTORY
            .key(keyspace::channel_messages(channel))
            .key(keyspace::channel_meta(channel))
            .arg(direction)
            .arg(seq)
            .arg(count)
            .invoke_async(&mut self.commands.clone())
            .await?;
        let mut reply = reply.into_iter();
        let mut next = || reply.next().unwrap_or(redis::Value::Nil);
        Ok(Persisted {
            epoch: redis::from_redis_value(next())?,
            seq: redis::from_redis_value(next())?,
            begun: redis::from_redis_value(next())?,
            older: redis::from_redis_value(next())?,
            newer: redis::from_redis_value(next())?,
            page: redis::from_redis_value(redis::Value::Array(reply.collect()))?,
        })
    }

    /// The messages `from..=to` of an epoch, as far as they can be had, oldest first.
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
            .min(REPAIR_MESSAGES);
        let page = self
            .page(channel, Range::After(from.saturating_sub(1)), count)
            .await?;
        Ok(page
            .messages
            .into_iter()
            .filter(|message| message.epoch == epoch && message.seq <= to)
            .map(|message| as_event(&message))
            .collect())
    }

    /// Where rooms stand in Redis. A room that is behind its partition's era begins its new epoch.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn positions(
        &self,
        rooms: Vec<(ChannelId, (String, u64))>,
    ) -> RedisResult<Vec<Audited>> {
        /// Rooms in one pipeline: enough to be cheap, few enough not to hold up others.
        const BATCH_ROOMS: usize = 500;
        let mut commands = self.commands.clone();
        let mut audited = Vec::with_capacity(rooms.len());
        for batch in rooms.chunks(BATCH_ROOMS) {
            let mut pipe = redis::pipe();
            for (channel, _) in batch {
                pipe.cmd("HMGET")
                    .arg(keyspace::channel_meta(channel))
                    .arg("epoch")
                    .arg("seq")
                    .arg("policy");
            }
            let found: Vec<(Option<String>, Option<u64>, Option<u64>)> =
                pipe.query_async(&mut commands).await?;
            // Read behind them: a room that was read in an era that is over is behind this one.
            let eras = self.eras(batch).await?;
            for ((channel, asked), (epoch, seq, policy)) in batch.iter().zip(found) {
                // Without an epoch the room's keys are gone; its next message brings a new one.
                let Some(epoch) = epoch else { continue };
                let mut found = (epoch, seq.unwrap_or(0));
                let era = channel.tag().and_then(|tag| eras.get(tag));
                if era.is_some_and(|era| *era != event::era_of(&found.0)) {
                    found = self.renewed(channel).await?;
                }
                audited.push(Audited {
                    channel: channel.clone(),
                    asked: asked.clone(),
                    found,
                    policy: policy.unwrap_or(0),
                });
            }
        }
        Ok(audited)
    }

    /// The eras of rooms' partitions, by their tags.
    async fn eras<T>(&self, rooms: &[(ChannelId, T)]) -> RedisResult<HashMap<String, String>> {
        let mut channels: Vec<&ChannelId> = rooms.iter().map(|(channel, _)| channel).collect();
        channels.sort_by_key(|channel| channel.tag());
        channels.dedup_by_key(|channel| channel.tag());
        let mut pipe = redis::pipe();
        for channel in &channels {
            pipe.get(keyspace::channel_era(channel));
        }
        let eras: Vec<Option<String>> = pipe.query_async(&mut self.commands.clone()).await?;
        let tags = channels.iter().filter_map(|channel| channel.tag());
        let by_tag = tags.zip(eras);
        Ok(by_tag
            .filter_map(|(tag, era)| Some((tag.to_owned(), era?)))
            .collect())
    }

    /// Has a room begin its new epoch, and gives where it stands then.
    async fn renewed(&self, channel: &ChannelId) -> RedisResult<(String, u64)> {
        scripts::RENEW
            .key(keyspace::channel_meta(channel))
            .key(keyspace::channel_era(channel))
            .arg(event::new_epoch())
            .invoke_async(&mut self.commands.clone())
            .await
    }

    /// What a room is set to, and what users are there, in their order. How often it was moderated is
    /// read first: what is decided after that is not overlooked.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn standings(
        &self,
        channel: &ChannelId,
        users: &[UserId],
    ) -> RedisResult<(moderation::Facts, Vec<moderation::Standing>)> {
        let mut commands = self.commands.clone();
        let facts = moderation::facts(&mut commands, channel).await?;
        let standings = moderation::standings(&mut commands, channel, facts.owner, users).await?;
        Ok((facts, standings))
    }

    /// Tells a large room how many are in it, unless that was done within `interval`.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn tell_occupancy(
        &self,
        channel: &ChannelId,
        interval: Duration,
    ) -> RedisResult<bool> {
        scripts::OCCUPANCY
            .key(keyspace::channel_users(channel))
            .key(keyspace::occupancy_told(channel))
            .arg(channel.as_str())
            .arg(interval.as_millis() as u64)
            .invoke_async(&mut self.commands.clone())
            .await
    }
}

fn in_range(range: Range, seq: u64) -> bool {
    match range {
        Range::Last => true,
        Range::Before(before) => seq < before,
        Range::After(after) => seq > after,
    }
}

/// Whether a page that a partial tail went into is without a gap up to where it has to reach.
fn is_whole(
    merged: &BTreeMap<u64, Message>,
    range: Range,
    persisted_last: Option<u64>,
    last: u64,
    count: usize,
) -> bool {
    let (Some((first, _)), Some((newest, _))) = (merged.first_key_value(), merged.last_key_value())
    else {
        // Nothing found: right only if there is nothing to find.
        return match range {
            Range::Last => last == 0 || count == 0,
            Range::Before(before) => before <= 1 || persisted_last.is_some(),
            Range::After(after) => after >= last,
        };
    };
    let contiguous = (newest - first + 1) as usize == merged.len();
    let reaches = match range {
        Range::Last => *newest >= last,
        Range::Before(before) => *newest + 1 >= before.min(last + 1),
        Range::After(after) => *first == after + 1 && (merged.len() >= count || *newest >= last),
    };
    // What lies before the first is in the list, where nothing is missing, unless the page has
    // nothing from the list at all and is not full.
    let rooted = persisted_last.is_some() || merged.len() >= count || *first == 1;
    contiguous && reaches && rooted
}

/// A stored message as the event it came from.
fn as_event(message: &Message) -> MessageEvent {
    let position = Position {
        epoch: message.epoch.as_str().into(),
        seq: message.seq,
        ms: parlor_shared::clock::parse_rfc3339(&message.created_at).unwrap_or_default(),
    };
    let body = serde_json::to_vec(message).expect("a message is JSON");
    MessageEvent {
        position,
        body: body.into(),
    }
}
