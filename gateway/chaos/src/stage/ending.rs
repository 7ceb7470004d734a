//! The end: waits until all is settled, reads what is stored, and compares.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use parlor_shared::{
    client::ClientError,
    id::{ChannelId, UserId},
    keyspace::Keyspace,
};

use super::{Stage, in_time, report::Report};
use crate::{
    checker::{Stored, check_presence},
    ledger::{Kind, Violation},
    people::of,
    reader::{Read, Reader, listed},
};

/// What every part runs with.
const PARTITIONS: u16 = 16;
/// How long everything may take to settle.
const SETTLE: Duration = Duration::from_secs(60);
/// How long presence may take to be the truth.
const PRESENCE: Duration = Duration::from_secs(60);

impl Stage {
    /// Waits until everything is settled, and compares what everybody was told with what is stored.
    pub async fn finish(mut self) -> Report {
        let keyspace = Keyspace::new(PARTITIONS);
        let mut found = Vec::new();
        self.settle(&keyspace, &mut found).await;
        let began = Instant::now();
        self.presence(&keyspace, &mut found).await;
        let presence_took = began.elapsed();
        let (mut gone, mut told_anew) = (0, 0);
        match self.read_rooms(&keyspace).await {
            Ok(rooms) => {
                for (room, read) in rooms.into_iter().enumerate() {
                    let compared = self.compare(room, read, self.allowed);
                    found.extend(compared.violations);
                    gone += compared.gone;
                    told_anew += compared.told_anew;
                }
            }
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
        let mut report = Report::new(self.seed, &self.members, found, presence_took);
        (report.gone, report.told_anew) = (gone, told_anew);
        for member in self.members.iter() {
            member.stop();
        }
        report
    }

    /// Waits until everybody is back, everything is acknowledged, delivered and persisted.
    async fn settle(&self, keyspace: &Keyspace, found: &mut Vec<Violation>) {
        if let Err(what) = self.people.settle(SETTLE).await {
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

    fn backlog(&self, keyspace: &Keyspace) -> u64 {
        let length = |partition| {
            let stream = keyspace.messages(partition);
            let length = self.fleet.redis.cli(&["XLEN", &stream]);
            length.trim().parse::<u64>().unwrap_or(0)
        };
        (0..PARTITIONS).map(length).sum()
    }

    fn is_delivered(&self, keyspace: &Keyspace, room: usize) -> bool {
        let (epoch, seq) = self.stands_at(keyspace, &self.channel(keyspace, room));
        self.have_all_until(room, &epoch, seq)
    }

    fn channel(&self, keyspace: &Keyspace, room: usize) -> ChannelId {
        let channel = keyspace.fixed_channel(&self.names.address(room));
        channel.expect("no private rooms here")
    }

    /// A room's epoch and last message.
    fn stands_at(&self, keyspace: &Keyspace, channel: &ChannelId) -> (String, u64) {
        let key = keyspace.channel_meta(channel);
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
        let keys: Vec<String> = users.iter().map(|it| keyspace.user_status(*it)).collect();
        let online = |key: &String| redis.cli(&["EXISTS", key]) == "1";
        let shown = users.iter().copied();
        let shown = shown.zip(keys.iter().map(online)).collect();
        let mut found = check_presence("by userStatus", &truth, &shown);
        for user in &users {
            let sessions = redis.cli(&["HLEN", &keyspace.user_sessions(*user)]);
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
            let key = keyspace.channel_users(&self.channel(keyspace, room));
            let there = redis.cli(&["HKEYS", &key]);
            let there: BTreeMap<String, bool> = there
                .lines()
                .filter(|line| !line.is_empty())
                .map(|line| (line.to_owned(), true))
                .collect();
            let what = format!("in the roster of {}", self.names.room(room));
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

    async fn reader(&self) -> Result<Reader, ClientError> {
        Reader::connect(&self.fleet.gateways[0].url(), &self.names).await
    }

    async fn listed_users(&self) -> Result<BTreeMap<UserId, bool>, ClientError> {
        let mut reader = self.reader().await?;
        let listed = reader.users().await?;
        reader.close().await;
        Ok(listed)
    }

    async fn read_rooms(&self, keyspace: &Keyspace) -> Result<Vec<Read>, ClientError> {
        let mut reader = self.reader().await?;
        let mut rooms = Vec::new();
        for room in 0..self.ledger.rooms() {
            let channel = self.channel(keyspace, room);
            let (epoch, seq) = self.stands_at(keyspace, &channel);
            let key = keyspace.channel_messages(&channel);
            let list = self.fleet.redis.cli(&["LRANGE", &key, "0", "-1"]);
            let list: Vec<Stored> = list
                .lines()
                .filter(|line| !line.is_empty())
                .map(listed)
                .collect();
            let begin = list.first().map_or(0, |first| first.seq.saturating_sub(1));
            let (_, _, paged) = reader.room(&self.names.address(room), begin).await?;
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
}
