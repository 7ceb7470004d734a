//! Where rooms stand: what audits compare themselves with, and what large rooms are told.

use std::{collections::HashMap, time::Duration};

use parlor_shared::{
    event,
    id::{ChannelId, UserId},
    redis::{moderation, scripts},
};
use redis::RedisResult;

use super::history::{Audited, History};

impl History {
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
                    .arg(commands.keyspace().channel_meta(channel))
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
            pipe.get(self.commands.keyspace().channel_era(channel));
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
            .key(self.commands.keyspace().channel_meta(channel))
            .key(self.commands.keyspace().channel_era(channel))
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
            .key(self.commands.keyspace().channel_users(channel))
            .key(self.commands.keyspace().occupancy_told(channel))
            .arg(self.commands.keyspace().published(channel).as_str())
            .arg(interval.as_millis() as u64)
            .invoke_async(&mut self.commands.clone())
            .await
    }
}
