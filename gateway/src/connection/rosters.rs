//! Who is in the rooms that people join.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use parlor_shared::{
    id::{ChannelId, UserId},
    protocol::{roster::Roster, value::User},
    redis::Commands,
};
use redis::{AsyncCommands as _, RedisResult};

use crate::accounts::Directory;

/// How long some of a large room's users are shown to who joins it: a random part of them one way
/// or the other.
const FRESH: Duration = Duration::from_secs(1);
/// Rooms kept; beyond it those that are not fresh are dropped.
const ROOMS: usize = 256;

/// Reads rosters. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rosters {
    commands: Commands,
    directory: Directory,
    /// Users in one roster, at most.
    limit: usize,
    large: Arc<Mutex<HashMap<ChannelId, (Instant, Roster)>>>,
}

impl Rosters {
    pub fn new(commands: Commands, directory: Directory, limit: usize) -> Self {
        Self {
            commands,
            directory,
            limit,
            large: Arc::default(),
        }
    }

    fn large(&self) -> MutexGuard<'_, HashMap<ChannelId, (Instant, Roster)>> {
        self.large.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is in a room of `users` users, or a random part of them in a large one.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn of(&self, channel: &ChannelId, users: u64) -> RedisResult<Roster> {
        if self.limit == 0 {
            return Ok(Roster::default());
        }
        let key = self.commands.keyspace().channel_users(channel);
        let mut commands = self.commands.clone();
        if users <= self.limit as u64 {
            let ids: Vec<String> = commands.hkeys(key).await?;
            return Ok(self.look_up(&ids).await?.into());
        }
        let now = Instant::now();
        if let Some((since, roster)) = self.large().get(channel)
            && now.duration_since(*since) < FRESH
        {
            return Ok(roster.clone());
        }
        let ids: Vec<String> = redis::cmd("HRANDFIELD")
            .arg(key)
            .arg(self.limit)
            .query_async(&mut commands)
            .await?;
        let roster = Roster::from(self.look_up(&ids).await?).encoded();
        let mut large = self.large();
        if large.len() >= ROOMS {
            large.retain(|_, (since, _)| now.duration_since(*since) < FRESH);
        }
        large.insert(channel.clone(), (now, roster.clone()));
        Ok(roster)
    }

    async fn look_up(&self, ids: &[String]) -> RedisResult<Vec<User>> {
        let ids = ids.iter().take(self.limit);
        let ids: Vec<UserId> = ids.filter_map(|text| text.parse().ok()).collect();
        let mut users = self.directory.users(&ids).await?;
        for user in &mut users {
            // Who is in a room has a session there.
            user.online = Some(true);
        }
        Ok(users)
    }
}
