//! What the tests share: a Redis of their own, real worker processes, a publisher, a checker.

// Each test is a program of its own that uses a part of this.
#![allow(dead_code, unreachable_pub)]

use std::{path::Path, sync::LazyLock, time::Duration};

use futures_util::future::join_all;
use parlor_shared::{
    event::{Position, new_epoch},
    id::{ChannelId, MessageId, RoomName, UserId},
    keyspace::Keyspace,
    protocol::value::Message,
    redis::{Commands, Redis, scripts},
};
use parlor_testkit::{
    Process, RedisServer,
    exposition::{self, Families},
    free_port, http, wait_until,
};

/// Long enough for a busy machine; nothing waits for it to pass.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// A lease short enough that a takeover is part of a test.
pub const LEASE: &str = "1s";
const PARTITIONS: u16 = 16;
/// Messages on their way to Redis at once.
const PIPELINE: usize = 500;

/// What keys are called where nothing is set.
pub fn keys() -> &'static Keyspace {
    static KEYS: LazyLock<Keyspace> = LazyLock::new(|| Keyspace::new(PARTITIONS));
    &KEYS
}

pub struct Stage {
    pub server: RedisServer,
    pub commands: Commands,
    pub keyspace: Keyspace,
}

impl Stage {
    pub async fn new() -> Self {
        let server = RedisServer::start().await;
        let redis = Redis::new(&server.url(), keys().clone()).expect("a URL");
        Self {
            commands: redis.commands().await,
            keyspace: keys().clone(),
            server,
        }
    }

    pub fn rooms(&self, count: usize) -> Vec<ChannelId> {
        let name = |number| RoomName::new(&format!("room {number}")).expect("a name");
        (0..count)
            .map(|number| self.keyspace.named_room(&name(number)))
            .collect()
    }

    /// Starts a worker with these settings beside those every test has, and waits until it is ready.
    pub async fn worker(&self, settings: &[&str]) -> Worker {
        let admin = format!("127.0.0.1:{}", free_port());
        let process = Process::builder(Path::new(env!("CARGO_BIN_EXE_history-worker")))
            .args(["--redis-url", &self.server.url()])
            .args(["--admin-address", &admin])
            .args(["--history-lease", LEASE])
            .args(settings)
            .start();
        let mut worker = Worker { process, admin };
        let url = format!("http://{}/readyz", worker.admin);
        worker.process.wait_for_ok(PATIENCE, &url).await;
        worker
    }

    /// Publishes `count` messages in turn to the rooms. Gives what Redis acknowledged: room, position,
    /// text.
    pub async fn publish(&self, rooms: &[ChannelId], count: usize) -> Vec<Published> {
        let mut published = Vec::with_capacity(count);
        for first in (0..count).step_by(PIPELINE) {
            let numbers = first..count.min(first + PIPELINE);
            let messages = numbers.map(|number| {
                let room = rooms[number % rooms.len()].clone();
                self.publish_one(room, format!("message {number}"))
            });
            published.extend(join_all(messages).await);
        }
        published
    }

    pub async fn publish_one(&self, room: ChannelId, text: String) -> Published {
        let sender = UserId::random();
        let body = serde_json::json!({
            "UUID": MessageId::random(),
            "SenderUUID": sender,
            "Sender": { "UUID": sender, "Username": "Ada" },
            "Message": text,
        });
        let partition = self.keyspace.partition_of(&room).expect("a room of ours");
        let mut commands = self.commands.clone();
        let reply: String = scripts::PUBLISH
            .key(commands.keyspace().channel_meta(&room))
            .key(self.keyspace.messages(partition))
            .key(self.keyspace.era(partition))
            .arg(room.as_str())
            .arg(body.to_string())
            .arg(1_000_000)
            .arg(new_epoch())
            .arg(MessageId::random().to_string())
            .arg(300)
            .arg("")
            .arg(self.keyspace.published(&room).as_str())
            .invoke_async(&mut commands)
            .await
            .expect("published");
        let position = reply.strip_prefix("m ").and_then(Position::parse);
        Published {
            room,
            position: position.expect("a position"),
            text,
        }
    }

    /// A room's history as it is stored.
    pub fn history(&self, room: &ChannelId) -> Vec<Message> {
        let list = self
            .server
            .cli(&["LRANGE", &self.keyspace.channel_messages(room), "0", "-1"]);
        list.lines()
            .map(|json| serde_json::from_str(json).expect("a message"))
            .collect()
    }

    /// How many messages the lists hold together.
    pub fn stored(&self, rooms: &[ChannelId]) -> usize {
        let length = |room| {
            self.server
                .cli(&["LLEN", &self.keyspace.channel_messages(room)])
        };
        rooms
            .iter()
            .map(|room| length(room).parse::<usize>().expect("a length"))
            .sum()
    }

    /// How many messages wait in the streams.
    pub fn backlog(&self) -> usize {
        let length = |partition| {
            self.server
                .cli(&["XLEN", &self.keyspace.messages(partition)])
        };
        (0..PARTITIONS)
            .map(|partition| length(partition).parse::<usize>().expect("a length"))
            .sum()
    }

    pub async fn wait_until_drained(&self) {
        wait_until(PATIENCE, "the streams are empty", async || {
            self.backlog() == 0
        })
        .await;
    }

    /// The tokens in the partitions' leases.
    pub fn lease_holders(&self) -> Vec<String> {
        let holder = |partition| {
            self.server
                .cli(&["GET", &self.keyspace.history_lease(partition)])
        };
        (0..PARTITIONS)
            .map(holder)
            .filter(|token| !token.is_empty())
            .collect()
    }

    /// Asserts that each room's history is what was acknowledged, or the newest `keep` of it: nothing
    /// lost, doubled or out of order.
    pub fn check(&self, rooms: &[ChannelId], published: &[Published], keep: usize) {
        for room in rooms {
            let mut expected: Vec<_> = published
                .iter()
                .filter(|message| message.room == *room)
                .map(|message| (message.position.seq, message.text.as_str()))
                .collect();
            expected.sort_unstable();
            let expected = &expected[expected.len().saturating_sub(keep)..];
            let history = self.history(room);
            let found: Vec<_> = history
                .iter()
                .map(|message| (message.seq, message.message.as_str()))
                .collect();
            // Compared by parts, so that a failure is readable.
            assert_eq!(found.len(), expected.len(), "the length of {room}");
            for (found, expected) in found.iter().zip(expected) {
                assert_eq!(found, expected, "in {room}");
            }
        }
    }
}

pub struct Published {
    pub room: ChannelId,
    pub position: Position,
    pub text: String,
}

pub struct Worker {
    pub process: Process,
    admin: String,
}

impl Worker {
    pub async fn metrics(&self) -> Families {
        let url = format!("http://{}/metrics", self.admin);
        let response = http::get(&url).await.expect("metrics");
        exposition::parse(&response.body).expect("valid exposition")
    }

    /// A counter or gauge of whole things, over all its labels.
    pub async fn value(&self, name: &str) -> u64 {
        self.metrics().await.sum(name) as u64
    }
}
