//! The end: waits until all is settled, reads what is stored, and compares.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use parlor_shared::{
    client::{Client, ClientError},
    id::{ChannelId, UserId},
    keyspace::{self, Keyspace},
    protocol::{
        client::{ChannelMessages, Page},
        value::{Message, RoomRef},
    },
};

use super::{Stage, are_all_ready, in_time, report::Report};
use crate::{
    checker::{RoomEnd, Stored, check_presence, check_room},
    ledger::{Kind, Said, Violation},
    member::{Member, Record, address},
    record::RoomRecord,
};

/// What every part runs with.
const PARTITIONS: u16 = 16;
/// How long everything may take to settle.
const SETTLE: Duration = Duration::from_secs(60);
/// How long presence may take to be the truth.
const PRESENCE: Duration = Duration::from_secs(60);
/// The gateways' page of history.
const PAGE: u32 = 100;

impl Stage {
    /// Waits until everything is settled, and compares what everybody was told with what is stored.
    pub async fn finish(mut self) -> Report {
        let keyspace = Keyspace::new(PARTITIONS);
        let mut found = Vec::new();
        self.settle(&keyspace, &mut found).await;
        let began = Instant::now();
        self.presence(&keyspace, &mut found).await;
        let presence_took = began.elapsed();
        match self.read_rooms(&keyspace).await {
            Ok(rooms) => found.extend(self.compare(rooms)),
            Err(error) => {
                let what = format!("the history can't be read: {error}");
                found.push(Violation::new(Kind::History, what));
            }
        }
        for part in self.fleet.parts_mut() {
            if !part.is_running() {
                let what = format!("a {} has ended", part.program());
                found.push(Violation::new(Kind::Unexpected, what));
            }
        }
        for member in self.members.iter() {
            if member.has_ended() {
                let what = format!("member {} has ended", member.number);
                found.push(Violation::new(Kind::Unexpected, what));
            }
            found.append(&mut member.record().violations);
        }
        let report = Report::new(self.seed, &self.members, found, presence_took);
        for member in self.members.iter() {
            member.stop();
        }
        report
    }

    /// Waits until everybody is back, everything is acknowledged, delivered and persisted.
    async fn settle(&self, keyspace: &Keyspace, found: &mut Vec<Violation>) {
        let all_back = in_time(SETTLE, async || {
            are_all_ready(&self.members) && self.pending() == 0
        });
        if !all_back.await {
            let what = format!(
                "{} messages wait, and {} of {} members are in their rooms",
                self.pending(),
                self.ready(),
                self.members.len()
            );
            found.push(Violation::new(Kind::Unexpected, what));
        }
        if !in_time(SETTLE, async || self.backlog(keyspace) == 0).await {
            let what = format!("{} messages wait in the streams", self.backlog(keyspace));
            found.push(Violation::new(Kind::Backlog, what));
        }
        // What is missing after this is told by the comparison.
        in_time(SETTLE, async || {
            (0..self.ledger.rooms()).all(|room| self.is_delivered(keyspace, room))
        })
        .await;
    }

    fn pending(&self) -> usize {
        let waiting = self.members.iter().map(|it| it.record().pending);
        waiting.sum()
    }

    fn backlog(&self, keyspace: &Keyspace) -> u64 {
        let length = |partition| {
            let stream = keyspace.messages(partition);
            let length = self.fleet.redis.cli(&["XLEN", &stream]);
            length.trim().parse::<u64>().unwrap_or(0)
        };
        (0..PARTITIONS).map(length).sum()
    }

    fn is_delivered(&self, keyspace: &Keyspace, room: usize) -> bool {
        let (epoch, seq) = self.stands_at(&channel(keyspace, room));
        let epoch = self.ledger.room(room).epoch(&epoch);
        self.members_of(room).all(|member| {
            let record = member.record();
            let position = record.rooms.get(&room).and_then(RoomRecord::position);
            !record.online || seq == 0 || position.is_some_and(|at| at == (epoch, seq))
        })
    }

    fn members_of(&self, room: usize) -> impl Iterator<Item = &Member> {
        self.members
            .iter()
            .filter(move |member| member.rooms.contains(&room))
    }

    /// A room's epoch and last message.
    fn stands_at(&self, channel: &ChannelId) -> (String, u64) {
        let key = keyspace::channel_meta(channel);
        let seq = self.fleet.redis.cli(&["HGET", &key, "seq"]);
        let epoch = self.fleet.redis.cli(&["HGET", &key, "epoch"]);
        (epoch.trim().to_owned(), seq.trim().parse().unwrap_or(0))
    }

    /// Waits until presence is the truth, or tells how it differs.
    async fn presence(&self, keyspace: &Keyspace, found: &mut Vec<Violation>) {
        let mut differences = Vec::new();
        let converged = in_time(PRESENCE, async || {
            differences = self.presence_differences(keyspace).await;
            differences.is_empty()
        });
        if !converged.await {
            found.append(&mut differences);
        }
    }

    async fn presence_differences(&self, keyspace: &Keyspace) -> Vec<Violation> {
        let redis = &self.fleet.redis;
        let truth: BTreeMap<UserId, bool> = self
            .members
            .iter()
            .filter_map(|member| of(member, |record| Some((record.user?, record.online))))
            .collect();
        let users: Vec<UserId> = truth.keys().copied().collect();
        let keys: Vec<String> = users.iter().map(|it| keyspace::user_status(*it)).collect();
        let mut command = vec!["MGET"];
        command.extend(keys.iter().map(String::as_str));
        let statuses = redis.cli(&command);
        let shown = users.iter().copied().zip(statuses.split('\n'));
        let shown = shown
            .map(|(user, status)| (user, !status.is_empty()))
            .collect();
        let mut found = check_presence("by userStatus", &truth, &shown);
        for user in &users {
            let sessions = redis.cli(&["HLEN", &keyspace::user_sessions(*user)]);
            let expected = if truth[user] { "1" } else { "0" };
            if sessions.trim() != expected {
                let what = format!("{user} has {} sessions, not {expected}", sessions.trim());
                found.push(Violation::new(Kind::Presence, what));
            }
        }
        for room in 0..self.ledger.rooms() {
            let expected: BTreeMap<String, bool> = self
                .members_of(room)
                .filter_map(|member| of(member, |record| Some((record.user?, record.online))))
                .map(|(user, online)| (user.to_string(), online))
                .collect();
            let key = keyspace::channel_users(&channel(keyspace, room));
            let there = redis.cli(&["HKEYS", &key]);
            let there: BTreeMap<String, bool> = there
                .lines()
                .filter(|line| !line.is_empty())
                .map(|line| (line.to_owned(), true))
                .collect();
            let what = format!("in the roster of {}", name(room));
            found.extend(check_presence(&what, &expected, &there));
        }
        match self.listed_users().await {
            Ok(mut listed) => {
                // Without the reader itself.
                listed.retain(|user, _| truth.contains_key(user));
                let mut truth = truth;
                // A flushed Redis has forgotten the accounts of those who are still connected.
                truth.retain(|user, _| !self.allowed.new_epochs || listed.contains_key(user));
                found.extend(check_presence("in the list of users", &truth, &listed));
            }
            Err(error) => {
                let what = format!("the users can't be listed: {error}");
                found.push(Violation::new(Kind::Presence, what));
            }
        }
        found
    }

    /// A client of its own, at the first gateway, in no room.
    async fn reader(&self) -> Result<Client, ClientError> {
        let mut reader = Client::connect(&self.fleet.gateways[0].url()).await?;
        // The first time makes the account.
        reader.sign_in("reader", "the reader's password").await?;
        Ok(reader)
    }

    async fn listed_users(&self) -> Result<BTreeMap<UserId, bool>, ClientError> {
        let mut reader = self.reader().await?;
        let mut listed = BTreeMap::new();
        for offset in (0..).step_by(PAGE as usize) {
            let limit = Some(PAGE);
            let page = reader.users(Page { offset, limit }).await?;
            for user in &page.users {
                listed.insert(user.uuid, user.online.unwrap_or(false));
            }
            if offset + page.received >= page.total || page.received == 0 {
                break;
            }
        }
        reader.close().await;
        Ok(listed)
    }

    async fn read_rooms(&self, keyspace: &Keyspace) -> Result<Vec<Read>, ClientError> {
        let mut reader = self.reader().await?;
        let mut rooms = Vec::new();
        for room in 0..self.ledger.rooms() {
            let channel = channel(keyspace, room);
            let (epoch, seq) = self.stands_at(&channel);
            let key = keyspace::channel_messages(&channel);
            let list = self.fleet.redis.cli(&["LRANGE", &key, "0", "-1"]);
            let list: Vec<Stored> = list
                .lines()
                .filter(|line| !line.is_empty())
                .map(|line| match serde_json::from_str(line) {
                    Ok(message) => stored(&message),
                    Err(_) => Stored {
                        epoch: String::new(),
                        seq: 0,
                        said: None,
                    },
                })
                .collect();
            let begin = list.first().map_or(0, |first| first.seq.saturating_sub(1));
            let paged = pages(&mut reader, room, begin).await?;
            rooms.push(Read {
                epoch,
                seq,
                list,
                paged,
            });
        }
        reader.close().await;
        Ok(rooms)
    }

    fn compare(&self, rooms: Vec<Read>) -> Vec<Violation> {
        let mut found = Vec::new();
        for (room, read) in rooms.into_iter().enumerate() {
            let records: Vec<(u32, RoomRecord)> = self
                .members_of(room)
                .filter_map(|member| {
                    let record = of(member, |record| {
                        let of_room = record.rooms.get(&room).cloned();
                        record.online.then(|| of_room.unwrap_or_default())
                    });
                    Some((member.number, record?))
                })
                .collect();
            let mut log = self.ledger.room(room);
            let mut end = RoomEnd {
                name: name(room),
                log: &mut log,
                records: records.iter().map(|(of, record)| (*of, record)).collect(),
                epoch: read.epoch,
                seq: read.seq,
                list: read.list,
                paged: read.paged,
            };
            found.extend(check_room(&mut end, self.allowed));
        }
        found
    }
}

/// What was read of a room.
struct Read {
    epoch: String,
    seq: u64,
    list: Vec<Stored>,
    paged: Vec<Stored>,
}

fn of<T>(member: &Member, pick: impl FnOnce(&Record) -> T) -> T {
    pick(&member.record())
}

fn name(room: usize) -> String {
    match room {
        0 => "General".to_owned(),
        room => format!("room-{room}"),
    }
}

fn channel(keyspace: &Keyspace, room: usize) -> ChannelId {
    let channel = keyspace.fixed_channel(&address(room));
    channel.expect("no private rooms here")
}

fn stored(message: &Message) -> Stored {
    let said = Said::parse(&message.message);
    let named = message.client_message_id.as_deref().and_then(Said::parse);
    Stored {
        epoch: message.epoch.clone(),
        seq: message.seq,
        said: said.filter(|said| named == Some(*said)),
    }
}

/// A room's history from behind `begin`, as a client reads it.
async fn pages(reader: &mut Client, room: usize, begin: u64) -> Result<Vec<Stored>, ClientError> {
    let address = address(room);
    reader.join(&address).await?;
    let mut paged: Vec<Stored> = Vec::new();
    loop {
        let block = ChannelMessages {
            room: RoomRef::from(&address),
            before: None,
            after: Some(paged.last().map_or(begin, |last| last.seq)),
            limit: Some(PAGE),
        };
        let page = reader.history(block).await?;
        paged.extend(page.messages.iter().map(stored));
        if !page.more || page.messages.is_empty() {
            break;
        }
    }
    reader.leave(&address).await?;
    Ok(paged)
}
