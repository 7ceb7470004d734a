//! Commits one partition's batch: from the stream to the rooms' lists in one script.

use std::{
    collections::{HashMap, hash_map},
    sync::Arc,
};

use parlor_shared::{
    entry::Rewrite,
    id::ChannelId,
    keyspace::Keyspace,
    redis::{Commands, lease::Lease, scripts, stream::Entries},
};
use redis::RedisError;
use tracing::warn;

use crate::metrics::Metrics;

/// How many unreadable entries of a batch are named in the log.
const UNREADABLE_NAMED: usize = 10;

/// A partition's oldest entries: whatever stood before them in the stream is committed.
pub(crate) struct Batch {
    pub(crate) partition: u16,
    pub(crate) lease: Lease,
    pub(crate) entries: Entries,
}

/// Why a batch was not committed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommitError {
    #[error("the lease is another worker's")]
    Fenced,
    #[error(transparent)]
    Redis(#[from] RedisError),
}

#[derive(Clone)]
pub(crate) struct Committer {
    pub(crate) commands: Commands,
    pub(crate) keyspace: Keyspace,
    /// How many messages a room keeps that is not set to fewer; 0 for all.
    pub(crate) keep_messages: u64,
    pub(crate) metrics: Arc<Metrics>,
}

impl Committer {
    /// Commits a batch. After an error nobody knows whether it took place: reading the stream from
    /// its beginning tells.
    pub(crate) async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        let Batch {
            partition,
            lease,
            entries,
        } = batch;
        // The script checks too. This spares Redis the work when the process was paused.
        if !lease.is_held() {
            self.metrics.fenced.inc();
            return Err(CommitError::Fenced);
        }
        let total = entries.len() as u64;
        let arguments = Arguments::new(entries, |channel| {
            self.keyspace.partition_of(channel) == Some(partition)
        });
        let timer = self.metrics.persist_seconds.start_timer();
        let reply = self.call(partition, &lease, &arguments).await;
        timer.observe_duration();
        let (persisted, discarded, trimmed) = reply?;
        let Ok(persisted) = u64::try_from(persisted) else {
            lease.lose();
            self.metrics.fenced.inc();
            return Err(CommitError::Fenced);
        };
        if discarded > 0 {
            let ids = &arguments.unreadable[..arguments.unreadable.len().min(UNREADABLE_NAMED)];
            warn!(
                partition,
                count = discarded,
                ?ids,
                "removed entries that are neither messages nor changes"
            );
        }
        self.metrics.batches.inc();
        self.metrics.persisted.inc_by(persisted);
        self.metrics.unreadable.inc_by(discarded);
        self.metrics.trimmed_by_count.inc_by(trimmed);
        let passed_over = total.saturating_sub(persisted + discarded);
        self.metrics.passed_over.inc_by(passed_over);
        Ok(())
    }

    async fn call(
        &self,
        partition: u16,
        lease: &Lease,
        arguments: &Arguments,
    ) -> Result<(i64, u64, u64), RedisError> {
        let mut script = scripts::PERSIST.prepare_invoke();
        script
            .key(lease.key())
            .key(self.keyspace.messages(partition))
            .key(self.keyspace.channels(partition))
            .key(self.keyspace.tallies_due(partition))
            .key(self.keyspace.photos_gone(partition))
            .arg(lease.token())
            .arg(self.keep_messages)
            .arg(self.keyspace.channel_votes_stem())
            .arg(self.keyspace.channel_reactions_stem())
            .arg(arguments.rooms.len());
        for (channel, newest_ms) in &arguments.rooms {
            script.key(self.keyspace.channel_messages(channel));
            script.key(self.keyspace.channel_tallies(channel));
            script.key(self.keyspace.channel_changes(channel));
            script.key(self.keyspace.channel_meta(channel));
            script.arg(channel.as_str()).arg(*newest_ms);
        }
        script
            .key(self.keyspace.webhook_state(partition))
            .key(self.keyspace.webhooks(partition));
        script.arg(arguments.rewrites.len());
        for (number, rewrite) in &arguments.rewrites {
            script.arg(*number).arg(rewrite.target_seq);
            script.arg(rewrite.uuid.to_string()).arg(&rewrite.json);
        }
        for (id, room, json) in &arguments.entries {
            script.arg(id).arg(*room).arg(json);
        }
        script.invoke_async(&mut self.commands.clone()).await
    }
}

/// What the script is told.
#[derive(Debug, PartialEq, Eq)]
struct Arguments {
    /// Each room of the batch, with the time of its newest message.
    rooms: Vec<(ChannelId, u64)>,
    /// What other entries become by some of the batch's, with the numbers of these (from 1).
    rewrites: Vec<(usize, Rewrite)>,
    /// Each entry's id, the number of its room (from 1), and what the list keeps of it.
    entries: Vec<(String, usize, String)>,
    /// Those of them that are in no room: they are only removed.
    unreadable: Vec<String>,
}

impl Arguments {
    /// Sorts a batch by rooms, keeping its order. `belongs` tells whether a channel lies in the
    /// batch's partition; no other is written to.
    fn new(batch: Entries, belongs: impl Fn(&ChannelId) -> bool) -> Self {
        let mut rooms: Vec<(ChannelId, u64)> = Vec::new();
        let mut numbers: HashMap<ChannelId, usize> = HashMap::new();
        let mut entries = Vec::with_capacity(batch.len());
        let mut rewrites = Vec::new();
        let mut unreadable = batch.unreadable;
        for entry in batch.entries {
            let read = entry.message.entry().ok();
            let Some(read) = read.filter(|_| belongs(&entry.channel)) else {
                unreadable.push(entry.id);
                continue;
            };
            let (kept, rewrite) = read.kept();
            let newest_ms = entry.message.position.ms;
            let number = match numbers.entry(entry.channel) {
                hash_map::Entry::Occupied(known) => *known.get(),
                hash_map::Entry::Vacant(new) => {
                    rooms.push((new.key().clone(), newest_ms));
                    *new.insert(rooms.len())
                }
            };
            rooms[number - 1].1 = newest_ms;
            entries.push((entry.id, number, kept.json()));
            rewrites.extend(rewrite.map(|rewrite| (entries.len(), rewrite)));
        }
        entries.extend(unreadable.iter().map(|id| (id.clone(), 0, String::new())));
        Self {
            rooms,
            rewrites,
            entries,
            unreadable,
        }
    }
}

#[cfg(test)]
mod tests {
    use parlor_shared::{
        event::{MessageEvent, Position},
        redis::stream::Entry,
    };

    use super::*;

    fn entry(id: &str, channel: &str, seq: u64, text: &str) -> Entry {
        let body = format!(
            r#"{{"UUID":"6a52f2f2-6c2c-4c0a-9a27-2f6f7a3f0001","SenderUUID":"6a52f2f2-6c2c-4c0a-9a27-2f6f7a3f0002",
                "Sender":{{"UUID":"6a52f2f2-6c2c-4c0a-9a27-2f6f7a3f0002","Username":"Ada"}},"Message":"{text}"}}"#
        );
        let position = Position {
            epoch: "e".into(),
            seq,
            ms: 1_000 + seq,
        };
        Entry {
            id: id.to_owned(),
            channel: ChannelId::new(channel),
            message: MessageEvent {
                position,
                body: body.into(),
            },
        }
    }

    #[test]
    fn a_batch_is_sorted_by_rooms_in_order() {
        let batch = Entries {
            entries: vec![
                entry("1-0", "{0}a", 1, "one"),
                entry("2-0", "{0}b", 1, "two"),
                entry("3-0", "{0}a", 2, "three"),
            ],
            ..Entries::default()
        };
        let arguments = Arguments::new(batch, |_| true);
        let rooms = [
            (ChannelId::new("{0}a"), 1_002),
            (ChannelId::new("{0}b"), 1_001),
        ];
        assert_eq!(arguments.rooms, rooms);
        let order: Vec<_> = arguments
            .entries
            .iter()
            .map(|(id, room, _)| (id.as_str(), *room))
            .collect();
        assert_eq!(order, [("1-0", 1), ("2-0", 2), ("3-0", 1)]);
        let message: serde_json::Value =
            serde_json::from_str(&arguments.entries[2].2).expect("JSON");
        assert_eq!(message["Seq"], 2);
        assert_eq!(message["Epoch"], "e");
        assert_eq!(message["CreatedAt"], "1970-01-01T00:00:01.002Z");
        assert_eq!(message["Message"], "three");
    }

    #[test]
    fn an_edit_writes_its_message_anew() {
        let mut edit = entry("2-0", "{0}a", 2, "");
        edit.message.body =
            r#"{"Change":{"change":"edit","uuid":"6a52f2f2-6c2c-4c0a-9a27-2f6f7a3f0001",
            "targetSeq":1,"message":{"UUID":"6a52f2f2-6c2c-4c0a-9a27-2f6f7a3f0001",
            "SenderUUID":"6a52f2f2-6c2c-4c0a-9a27-2f6f7a3f0002",
            "Sender":{"UUID":"6a52f2f2-6c2c-4c0a-9a27-2f6f7a3f0002","Username":"Ada"},
            "Message":"corrected","Seq":1}}}"#
                .into();
        let batch = Entries {
            entries: vec![entry("1-0", "{0}a", 1, "one"), edit],
            ..Entries::default()
        };
        let arguments = Arguments::new(batch, |_| true);
        let [(number, rewrite)] = arguments.rewrites.as_slice() else {
            panic!("{arguments:?}")
        };
        assert_eq!((*number, rewrite.target_seq), (2, 1));
        assert!(rewrite.json.contains("corrected"));
        let kept = &arguments.entries[1].2;
        assert!(
            !kept.contains("corrected") && kept.contains(r#""Seq":2"#),
            "{kept}"
        );
    }

    #[test]
    fn what_is_no_message_of_this_partition_is_only_removed() {
        let mut broken = entry("2-0", "{0}a", 2, "x");
        broken.message.body = "{}".into();
        let batch = Entries {
            entries: vec![entry("1-0", "{9}a", 1, "elsewhere"), broken],
            unreadable: vec!["3-0".to_owned()],
            last: Some("3-0".to_owned()),
        };
        let arguments = Arguments::new(batch, |channel| channel.tag() == Some("0"));
        assert!(arguments.rooms.is_empty());
        assert_eq!(arguments.unreadable, ["3-0", "1-0", "2-0"]);
        assert!(
            arguments
                .entries
                .iter()
                .all(|(_, room, json)| *room == 0 && json.is_empty())
        );
    }
}
