//! Guards against a Redis that has gone back: asks it for what the [`Witness`] has seen, and has it
//! begin a new era of a partition that has lost something.
//!
//! Redis is asked before the first message on a new connection, so a gateway that knows better
//! numbers nothing over what was lost; and whenever something seen contradicts what was seen before.
//! One script compares and begins the era, so of several gateways that notice, one does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parlor_shared::{
    clock,
    event::{self, Position},
    id::ChannelId,
    keyspace::Keyspace,
    redis::scripts,
};
use redis::{Pipeline, RedisResult, Value, aio::MultiplexedConnection};
use tokio::sync::{Notify, watch};
use tracing::warn;

use super::witness::{Question, Scope, Verdict, Witness};
use crate::metrics::GatewayMetrics;

/// The handle. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Guard {
    keyspace: Keyspace,
    shared: Arc<Shared>,
    metrics: GatewayMetrics,
}

#[derive(Debug)]
struct Shared {
    witness: Mutex<Witness>,
    /// Redis is to be asked: about all at once, or about each partition by itself.
    wanted: Vec<Notify>,
    /// Changes when this gateway learns that an era has begun.
    begun: watch::Sender<()>,
}

impl Guard {
    /// For a Redis that has gone back as a whole if it has.
    pub fn new(keyspace: Keyspace, metrics: GatewayMetrics) -> Self {
        Self::asking(1, keyspace, metrics)
    }

    /// For one where each partition may have gone back by itself: a cluster.
    pub fn by_partition(keyspace: Keyspace, metrics: GatewayMetrics) -> Self {
        Self::asking(usize::from(keyspace.partitions()), keyspace, metrics)
    }

    fn asking(scopes: usize, keyspace: Keyspace, metrics: GatewayMetrics) -> Self {
        let shared = Shared {
            witness: Mutex::new(Witness::new(keyspace.partitions())),
            wanted: (0..scopes).map(|_| Notify::new()).collect(),
            begun: watch::Sender::new(()),
        };
        Self {
            keyspace,
            shared: Arc::new(shared),
            metrics,
        }
    }

    fn witness(&self) -> MutexGuard<'_, Witness> {
        let witness = self.shared.witness.lock();
        witness.unwrap_or_else(PoisonError::into_inner)
    }

    /// `about` is the partition that was judged, or all.
    fn follow(&self, verdict: Verdict, about: Scope) {
        match verdict {
            Verdict::Nothing => {}
            Verdict::Ask => {
                let wanted = &self.shared.wanted;
                match about.and_then(|partition| wanted.get(usize::from(partition))) {
                    Some(one) => one.notify_one(),
                    None => wanted.iter().for_each(Notify::notify_one),
                }
            }
            Verdict::Begun => self.shared.begun.send_replace(()),
        }
    }

    /// The era that a partition is in as far as is known; empty if it is not.
    pub fn era(&self, partition: u16) -> Arc<str> {
        self.witness().era(partition)
    }

    /// Redis has numbered a message for this gateway. To be told in the order of the numbers.
    pub fn published(&self, channel: &ChannelId, position: &Position) {
        if let Some(partition) = self.keyspace.partition_of(channel) {
            let mut witness = self.witness();
            let verdict = witness.published(partition, channel.as_str(), position);
            drop(witness);
            self.follow(verdict, Some(partition));
        }
    }

    /// Something came from the bus. To be told in the order in which it came.
    pub fn heard(&self, channel: &str, payload: &[u8]) {
        if let Some(position) = event::message_position(payload)
            && let Some(partition) = self.keyspace.partition_of_name(channel)
        {
            self.witness().heard(partition, channel, position);
        }
    }

    /// What a room was shown of an epoch contradicts what it was shown before.
    pub fn spoiled(&self, channel: &ChannelId, epoch: &str) {
        if let Some(partition) = self.keyspace.partition_of(channel) {
            let verdict = self.witness().spoiled(partition, event::era_of(epoch));
            self.follow(verdict, Some(partition));
        }
    }

    /// The subscriber's connection came or went.
    pub fn connected(&self, connected: bool) {
        if connected {
            let verdict = self.witness().connected();
            self.follow(verdict, None);
        } else {
            self.witness().disconnected();
        }
    }

    /// Waits until Redis is to be asked about `scope`.
    pub async fn wanted(&self, scope: Scope) {
        let place = usize::from(scope.unwrap_or_default());
        match self.shared.wanted.get(place) {
            Some(wanted) => wanted.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Changes when an era has begun: rooms then compare themselves with Redis.
    pub fn begun(&self) -> watch::Receiver<()> {
        self.shared.begun.subscribe()
    }

    /// Asks Redis whether it has what was seen of `scope`, and begins new eras where it has not.
    /// `connection` is the one on which messages are to be numbered.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn ask(
        &self,
        connection: &mut MultiplexedConnection,
        scope: Scope,
    ) -> RedisResult<()> {
        let (connects, questions) = self.witness().questions(scope);
        let answers = loop {
            scripts::WITNESS.load_async(connection).await?;
            match self.answers(connection, &questions).await {
                // Scripts were flushed just now.
                Err(error) if scripts::is_not_loaded(&error) => {}
                answers => break answers?,
            }
        };
        for (question, (era, begun)) in questions.iter().zip(answers) {
            let partition = question.partition;
            if begun > 0 {
                warn!(partition, "Redis has gone back: rooms begin new epochs");
                self.metrics.redis_gone_back.inc();
            }
            let era = Some(era.as_str()).filter(|era| !era.is_empty());
            let verdict = self.witness().answered(partition, era);
            self.follow(verdict, Some(partition));
        }
        self.witness().settled(scope, connects);
        Ok(())
    }

    /// What Redis says to each question: the era, and whether it began it just now.
    async fn answers(
        &self,
        connection: &mut MultiplexedConnection,
        questions: &[Question],
    ) -> RedisResult<Vec<(String, u64)>> {
        let mut pipeline = Pipeline::with_capacity(questions.len());
        for question in questions {
            self.add(&mut pipeline, question);
        }
        pipeline.ignore_errors();
        let replies: Vec<RedisResult<Value>> = pipeline.query_async(connection).await?;
        let answer = |reply: RedisResult<Value>| Ok(redis::from_redis_value(reply?)?);
        replies.into_iter().map(answer).collect()
    }

    fn add(&self, pipeline: &mut Pipeline, question: &Question) {
        let Question {
            partition,
            over,
            seen,
        } = question;
        let command = pipeline.cmd("EVALSHA").arg(scripts::WITNESS.get_hash());
        command.arg(if seen.is_some() { 4 } else { 1 });
        command.arg(self.keyspace.era(*partition));
        if let Some(seen) = seen {
            let channel = ChannelId::new(seen.channel.clone());
            command.arg(self.keyspace.channel_meta(&channel));
            command.arg(self.keyspace.channel_messages(&channel));
            command.arg(self.keyspace.messages(*partition));
        }
        command.arg(event::new_era()).arg(over.len());
        for era in over {
            command.arg(&**era);
        }
        if let Some(seen) = seen {
            command.arg(&seen.channel).arg(&seen.epoch).arg(seen.seq);
            command.arg(seen.ms).arg(clock::rfc3339(seen.ms));
        }
    }
}
