//! What history-workers lease: partitions.

use parlor_shared::{
    keyspace::Keyspace,
    redis::{Commands, lease::Items},
};
use redis::RedisResult;

pub(crate) struct Partitions {
    keyspace: Keyspace,
}

impl Partitions {
    pub(crate) fn new(keyspace: Keyspace) -> Self {
        Self { keyspace }
    }
}

impl Items for Partitions {
    type Item = u16;

    async fn list(&self, _commands: &mut Commands) -> RedisResult<Vec<u16>> {
        Ok((0..self.keyspace.partitions()).collect())
    }

    fn key(&self, partition: &u16) -> String {
        self.keyspace.history_lease(*partition)
    }
}
