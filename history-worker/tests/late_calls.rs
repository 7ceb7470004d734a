//! Calls of the scripts that reach Redis too late, or in the name of one who owns nothing any more:
//! they change nothing.

mod common;

use common::{Stage, keys};
use parlor_shared::{
    id::ChannelId,
    redis::{scripts, stream},
};
use redis::{FromRedisValue, RedisResult};

/// A partition that no worker owns, with one room and messages in its stream.
struct Partition {
    stage: Stage,
    room: ChannelId,
    lease: String,
    stream: String,
    channels: String,
    photos_gone: String,
    list: String,
    /// What is in the stream: ids and texts.
    entries: Vec<(String, String)>,
}

const OWNER: &str = "the owner's token";

impl Partition {
    async fn new(messages: usize) -> Self {
        let stage = Stage::new().await;
        let room = stage.rooms(1).remove(0);
        let number = stage.keyspace.partition_of(&room).expect("a room of ours");
        stage.publish(std::slice::from_ref(&room), messages).await;
        let stream = stage.keyspace.messages(number);
        let mut commands = stage.commands.clone();
        let found = stream::newest(&mut commands, &stream, messages).await;
        let text = |entry: stream::Entry| {
            let message = entry.message.message().expect("a message");
            (entry.id, serde_json::to_string(&message).expect("JSON"))
        };
        let partition = Self {
            entries: found.expect("entries").into_iter().map(text).collect(),
            lease: stage.keyspace.history_lease(number),
            channels: stage.keyspace.channels(number),
            photos_gone: stage.keyspace.photos_gone(number),
            list: commands.keyspace().channel_messages(&room),
            stage,
            room,
            stream,
        };
        assert_eq!(partition.entries.len(), messages);
        partition
            .stage
            .server
            .cli(&["SET", &partition.lease, OWNER]);
        partition
    }

    /// Commits everything that was in the stream at first.
    async fn persist<T: FromRedisValue>(&self, token: &str) -> RedisResult<T> {
        let mut script = scripts::PERSIST.prepare_invoke();
        script
            .key(&self.lease)
            .key(&self.stream)
            .key(&self.channels)
            .key(keys().channel_tallies_due(&self.room))
            .key(&self.photos_gone);
        script
            .key(&self.list)
            .key(keys().channel_tallies(&self.room))
            .key(keys().channel_changes(&self.room))
            .key(keys().channel_meta(&self.room));
        script.arg(token).arg(0);
        script.arg(keys().channel_votes_stem());
        script.arg(keys().channel_reactions_stem());
        // One room, and nothing that changes another entry.
        script.arg(1).arg(self.room.as_str()).arg(1).arg(0);
        script
            .key(keys().channel_webhook_state(&self.room))
            .key(keys().channel_webhooks(&self.room));
        for (id, text) in &self.entries {
            script.arg(id).arg(1).arg(text);
        }
        script.invoke_async(&mut self.stage.commands.clone()).await
    }

    /// Drops the oldest message, which was `oldest` when it was looked at.
    async fn trim(&self, token: &str, oldest: &str) -> i64 {
        let mut script = scripts::TRIM.prepare_invoke();
        script.key(&self.lease).key(&self.list).key(&self.channels);
        script
            .key(keys().channel_tallies(&self.room))
            .key(keys().channel_changes(&self.room))
            .key(keys().channel_tallies_due(&self.room))
            .key(&self.photos_gone);
        script.arg(token).arg(oldest).arg(1).arg(self.room.as_str());
        script.arg(keys().channel_votes_stem());
        script.arg(keys().channel_reactions_stem());
        let mut commands = self.stage.commands.clone();
        script.invoke_async(&mut commands).await.expect("it runs")
    }

    fn listed(&self) -> Vec<String> {
        let list = self.stage.server.cli(&["LRANGE", &self.list, "0", "-1"]);
        let texts = list.lines().filter(|text| !text.is_empty());
        texts.map(str::to_owned).collect()
    }

    fn texts(&self) -> Vec<String> {
        self.entries.iter().map(|(_, text)| text.clone()).collect()
    }

    fn left(&self) -> String {
        self.stage.server.cli(&["XLEN", &self.stream])
    }
}

#[tokio::test]
async fn a_batch_that_is_committed_again_is_in_the_list_once() {
    let partition = Partition::new(3).await;
    let first: (i64, i64, i64) = partition.persist(OWNER).await.expect("it runs");
    let again: (i64, i64, i64) = partition.persist(OWNER).await.expect("it runs");
    assert_eq!((first, again), ((3, 0, 0), (0, 0, 0)));
    assert_eq!(partition.listed(), partition.texts());
}

#[tokio::test]
async fn who_has_lost_the_lease_commits_and_trims_nothing() {
    let partition = Partition::new(3).await;
    let refused: (i64, i64, i64) = partition.persist("another's").await.expect("it runs");
    assert_eq!(refused, (-1, 0, 0));
    assert_eq!(
        (partition.left().as_str(), partition.listed().len()),
        ("3", 0)
    );
    let _: (i64, i64, i64) = partition.persist(OWNER).await.expect("it runs");
    let oldest = &partition.texts()[0];
    assert_eq!(partition.trim("another's", oldest).await, -1);
    assert_eq!(partition.listed(), partition.texts());
}

#[tokio::test]
async fn a_room_that_was_trimmed_since_it_was_looked_at_is_left_alone() {
    let partition = Partition::new(3).await;
    let _: (i64, i64, i64) = partition.persist(OWNER).await.expect("it runs");
    let oldest = &partition.texts()[0];
    assert_eq!(partition.trim(OWNER, oldest).await, 1);
    assert_eq!(partition.trim(OWNER, oldest).await, 0);
    assert_eq!(partition.listed(), partition.texts()[1..]);
}

#[tokio::test]
async fn what_can_not_be_written_stays_in_the_stream() {
    let partition = Partition::new(3).await;
    for key in [&partition.list, &partition.channels] {
        let server = &partition.stage.server;
        server.cli(&["SET", key, "of a wrong type"]);
        let failed: RedisResult<(i64, i64, i64)> = partition.persist(OWNER).await;
        assert!(failed.is_err(), "{failed:?}");
        assert_eq!(partition.left(), "3", "{key}");
        server.cli(&["DEL", key]);
    }
    let done: (i64, i64, i64) = partition.persist(OWNER).await.expect("it runs");
    assert_eq!(done, (3, 0, 0));
}
