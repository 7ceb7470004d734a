//! Reads the owned partitions' streams and hands what comes to the committer.
//!
//! What is left in a stream is by definition not persisted. So a run begins at the beginning of
//! each stream, and any error and any change of leases simply ends the run and begins another.
//! Within a run each read goes on after the last one, while the last one is being committed.
//!
//! Order: a batch is sent to be committed only when everything that stood before it in the stream
//! is known to be committed. New entries come only at the end, so a batch that is sent stays the
//! oldest part of what is left, however late Redis gets it and whoever commits parts of it again.

use std::{sync::Arc, time::Duration};

use futures_util::future::try_join_all;
use parlor_shared::{
    keyspace::Keyspace,
    redis::{
        Redis,
        connect::Backoff,
        lease::{Lease, Owned},
        stream::Entries,
    },
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    commit::{Batch, CommitError, Committer},
    metrics::Metrics,
};

/// How long a read waits for messages.
const BLOCK: Duration = Duration::from_secs(1);
/// When a read counts as failed: well above what it may wait, or answers would be thrown away.
const READ_TIMEOUT: Duration = Duration::from_secs(4);
/// Entries of all partitions in one read, which bounds memory: with messages of the greatest
/// length, about 64 MiB, and twice that as one read overlaps the next.
const READ_ENTRIES: usize = 4_096;
/// The least of one partition in one read, however many are owned.
const READ_ENTRIES_PARTITION_MIN: usize = 16;
/// The pause after a read that found little. A message that comes after a silence is read at once;
/// in a steady trickle each commit carries what came in this time, and a commit costs Redis as much
/// as several messages in it. Nothing waits for it but webhooks: messages are safe in the stream, and
/// history is read from both.
const GATHER: Duration = Duration::from_millis(100);

pub(crate) struct Consumer {
    pub(crate) redis: Redis,
    pub(crate) committer: Committer,
    pub(crate) keyspace: Keyspace,
    pub(crate) owned: Owned<u16>,
    pub(crate) batch_entries: usize,
    pub(crate) metrics: Arc<Metrics>,
}

/// One owned partition within a run.
struct Partition {
    number: u16,
    lease: Lease,
    stream: String,
    /// The id of the last entry read.
    after: String,
}

impl Consumer {
    /// Consumes until `stop`, finishing the commit in flight.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut backoff = Backoff::default();
        while !stop.is_cancelled() {
            match self.run_once(&stop, &mut backoff).await {
                Ok(()) => {}
                Err(CommitError::Fenced) => {
                    warn!("a partition is another worker's, reading all of ours again");
                    // The leases' task needs a moment to notice.
                    pause(&stop, backoff.next()).await;
                }
                Err(CommitError::Redis(error)) => {
                    self.metrics.redis_errors.inc();
                    let wait = backoff.next();
                    warn!(%error, retry_in_ms = wait.as_millis(), "can't persist");
                    pause(&stop, wait).await;
                }
            }
        }
        Ok(())
    }

    /// Consumes until `stop`, an error, or a change of leases.
    async fn run_once(
        &mut self,
        stop: &CancellationToken,
        backoff: &mut Backoff,
    ) -> Result<(), CommitError> {
        let mut partitions = self.owned_partitions();
        if partitions.is_empty() {
            tokio::select! {
                () = stop.cancelled() => {}
                // The leases' task has ended: so will this one.
                changed = self.owned.changed() => if changed.is_err() { stop.cancelled().await },
            }
            return Ok(());
        }
        let commands = &self.committer.commands;
        let mut reader = self.redis.reader(commands, READ_TIMEOUT).await?;
        info!(partitions = partitions.len(), "reading");
        let count = per_partition(self.batch_entries, partitions.len());
        let mut batches = Vec::new();
        let mut little = false;
        loop {
            let something = !batches.is_empty();
            let committing = try_join_all(
                std::mem::take(&mut batches)
                    .into_iter()
                    .map(|batch| self.committer.commit(batch)),
            );
            let reading = async {
                if little {
                    pause(stop, GATHER).await;
                }
                let streams: Vec<_> = partitions
                    .iter()
                    .map(|partition| (partition.stream.as_str(), partition.after.as_str()))
                    .collect();
                tokio::select! {
                    biased;
                    () = stop.cancelled() => Ok(None),
                    _ = self.owned.changed() => Ok(None),
                    // Not waiting for its end wastes a read, and loses nothing: reading does not
                    // change the stream.
                    read = reader.read(&streams, count, BLOCK) => read.map(Some),
                }
            };
            let reading = async { reading.await.map_err(CommitError::from) };
            let (_, read) = tokio::try_join!(committing, reading)?;
            let Some(read) = read else { return Ok(()) };
            // To read is not to persist: while commits fail, the pauses must grow.
            if something || read.is_empty() {
                backoff.reset();
            }
            little = !read.is_empty() && read.iter().all(|(_, entries)| entries.len() < count);
            batches = take_in(&mut partitions, read);
        }
    }

    /// What is owned now, each from its beginning. A later change is seen as one.
    fn owned_partitions(&mut self) -> Vec<Partition> {
        let owned = self.owned.borrow_and_update();
        let partition = |(number, lease): (&u16, &Lease)| Partition {
            number: *number,
            lease: lease.clone(),
            stream: self.keyspace.messages(*number),
            after: "0".to_owned(),
        };
        owned.iter().map(partition).collect()
    }
}

/// Moves the partitions on to what was read.
fn take_in(partitions: &mut [Partition], read: Vec<(usize, Entries)>) -> Vec<Batch> {
    let mut batches = Vec::with_capacity(read.len());
    for (index, entries) in read {
        let partition = &mut partitions[index];
        let Some(last) = entries.last.clone() else {
            continue;
        };
        partition.after = last;
        batches.push(Batch {
            partition: partition.number,
            lease: partition.lease.clone(),
            entries,
        });
    }
    batches
}

/// How much is read of each partition at once.
fn per_partition(batch_entries: usize, partitions: usize) -> usize {
    let share = READ_ENTRIES / partitions.max(1);
    batch_entries.min(share.max(READ_ENTRIES_PARTITION_MIN))
}

async fn pause(stop: &CancellationToken, wait: Duration) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(wait) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_is_bounded_however_many_partitions_are_owned() {
        assert_eq!(per_partition(500, 1), 500);
        assert_eq!(per_partition(500, 16), 256);
        assert_eq!(per_partition(500, 1_024), READ_ENTRIES_PARTITION_MIN);
        assert_eq!(per_partition(10_000, 1), READ_ENTRIES);
        assert_eq!(per_partition(1, 16), 1);
    }
}
