//! Two gateways on one Redis, a room, and a history-worker when one is wanted.

use parlor_shared::{
    client::Client,
    id::{Address, ChannelId},
    protocol::{client::ChannelMessages, server::History, value::RoomRef},
};
use parlor_testkit::{Process, RedisServer, binary, wait_until};

use super::{PARTITIONS, PATIENCE, TestGateway, keys, room};

pub struct Stage {
    pub redis: RedisServer,
    pub one: TestGateway,
    pub two: TestGateway,
    pub lobby: Address,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(settings: &[&str]) -> Self {
        let redis = RedisServer::start().await;
        Self {
            one: TestGateway::start_with(&redis, settings).await,
            two: TestGateway::start_with(&redis, settings).await,
            redis,
            lobby: room("lobby"),
        }
    }

    pub fn worker(&self, settings: &[&str]) -> Process {
        history_worker(&self.redis, settings)
    }

    /// Everything published so far is moved to the lists.
    pub async fn persist(&self) -> Process {
        let worker = self.worker(&[]);
        let keyspace = keys();
        wait_until(PATIENCE, "the streams are empty", async || {
            let length = |partition| self.redis.cli(&["XLEN", &keyspace.messages(partition)]);
            (0..PARTITIONS).all(|partition| length(partition).trim() == "0")
        })
        .await;
        worker
    }

    /// The lobby's.
    pub fn channel(&self) -> ChannelId {
        let Address::Named(name) = &self.lobby else {
            unreachable!("the lobby has a name")
        };
        keys().named_room(name)
    }

    pub fn keys(&self, pattern: &str) -> Vec<String> {
        let keys = self.redis.cli(&["KEYS", pattern]);
        keys.lines().map(str::to_owned).collect()
    }
}

pub fn history_worker(redis: &RedisServer, settings: &[&str]) -> Process {
    Process::builder(binary("history-worker"))
        .args(["--redis-url", &redis.url()])
        .args(["--admin-address", "127.0.0.1:0"])
        .args(settings)
        .start()
}

/// The last page of a room.
pub async fn history(client: &mut Client, room: &Address) -> History {
    let block = ChannelMessages {
        room: RoomRef::from(room),
        ..ChannelMessages::default()
    };
    client.history(block).await.expect("history")
}
