//! Compares what was acknowledged to those who changed things with what a client reads at the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
    time::Duration,
};

use parlor_shared::{
    client::{Client, ClientError},
    id::{Address, MessageId},
    protocol::{
        change::Mark,
        client::ChannelMessages,
        value::{Message, RoomRef},
    },
};

use tokio::time::timeout;

use super::{Done, Meddlers, OPTIONS};
use crate::{
    ledger::{Held, Kind, Ledger, Violation},
    people::in_time,
};

/// How long the last tallies may take to be told, and gateways to come back.
const SETTLE: Duration = Duration::from_secs(60);
const PAGE: u32 = 100;

/// What they did, once they have stopped.
#[derive(Debug)]
pub struct Meddled {
    all: Vec<Done>,
}

impl Meddlers {
    /// Has them finish what they are at and leave, and waits until what they chose is what is read.
    pub async fn finish(self, found: &mut Vec<Violation>) -> Meddled {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for task in self.tasks {
            if let Ok(done) = timeout(SETTLE, task).await {
                all.push(done.expect("a meddler does not panic"));
            } else {
                let what = "a change was not answered for good";
                found.push(Violation::new(Kind::Unexpected, what));
            }
        }
        let addresses: Vec<Address> = (0..self.rooms).map(|it| self.names.address(it)).collect();
        let url = &self.urls[0];
        let mut differences = Vec::new();
        let settled = in_time(SETTLE, async || {
            differences = match read(url, &self.names.meddler_reader(), &addresses).await {
                Ok(messages) => differ(&all, &messages),
                Err(error) => vec![format!("what was changed can't be read: {error}")],
            };
            differences.is_empty()
        });
        if !settled.await {
            let violation = |what| Violation::new(Kind::History, what);
            found.extend(differences.into_iter().map(violation));
        }
        Meddled { all }
    }
}

impl Meddled {
    /// How much they did.
    pub fn acts(&self) -> u64 {
        self.all.iter().map(|done| done.acts).sum()
    }

    /// What was acknowledged has its place, as everybody was told.
    pub fn check(&self, ledger: &Ledger, found: &mut Vec<Violation>) {
        let mut places: BTreeMap<(usize, &str, u64), Held> = BTreeMap::new();
        for (room, held, epoch, seq) in self.all.iter().flat_map(|it| &it.acknowledged) {
            let mut log = ledger.room(*room);
            let number = log.epoch(epoch);
            if log.at(number, *seq) != Some(*held) {
                let what = format!("{held} was acknowledged as {seq}, which is another");
                found.push(Violation::new(Kind::Lost, what));
            }
            let place = (*room, epoch.as_str(), *seq);
            if places.insert(place, *held).is_some() {
                let what = format!("{held} was acknowledged as {seq}, as something else was");
                found.push(Violation::new(Kind::Doubled, what));
            }
        }
    }
}

/// All messages of rooms, and the first place that is there of each.
async fn read(
    url: &str,
    name: &str,
    rooms: &[Address],
) -> Result<(BTreeMap<MessageId, Message>, Vec<u64>), ClientError> {
    let mut client = Client::connect(url).await?;
    client.sign_in(name, "the meddlers' reader's").await?;
    let (mut messages, mut first) = (BTreeMap::new(), Vec::new());
    for room in rooms {
        client.join(room).await?;
        let mut begin = None;
        let mut after = 0;
        loop {
            let block = ChannelMessages {
                room: RoomRef::from(room),
                before: None,
                after: Some(after),
                limit: Some(PAGE),
            };
            let page = client.history(block).await?;
            let Some(last) = page.messages.last() else {
                break;
            };
            after = last.seq;
            begin.get_or_insert(page.messages[0].seq);
            messages.extend(page.messages.into_iter().map(|it| (it.uuid, it)));
            if !page.more {
                break;
            }
        }
        first.push(begin.unwrap_or(u64::MAX));
        client.leave(room).await?;
    }
    client.close().await;
    Ok((messages, first))
}

/// How what is read differs from what was acknowledged.
fn differ(
    all: &[Done],
    (messages, first): &(BTreeMap<MessageId, Message>, Vec<u64>),
) -> Vec<String> {
    let mut differences = Vec::new();
    for (uuid, (room, seq, text)) in all.iter().flat_map(|done| &done.texts) {
        let Some(message) = messages.get(uuid) else {
            // A room keeps no more than it may.
            if *seq >= first[*room] {
                differences.push(format!("{uuid}, {seq} of room {room}, is not there"));
            }
            continue;
        };
        if message.deleted != text.is_none() || message.message != text.as_deref().unwrap_or("") {
            let shown = &message.message;
            differences.push(format!("{uuid} is {shown:?} and was last made {text:?}"));
        }
        let marks: Vec<&Mark> = all.iter().filter_map(|it| it.marks.get(uuid)).collect();
        let (expected, shown) = (tally(text.as_ref(), &marks), tally_of(message));
        if expected != shown {
            differences.push(format!(
                "{uuid} has {shown:?}, and {expected:?} were chosen"
            ));
        }
    }
    differences
}

/// Who chose what, counted: emoji, and options by their digit.
type Counts = BTreeMap<String, u64>;

fn tally(text: Option<&String>, marks: &[&Mark]) -> Counts {
    let mut counts = Counts::new();
    if text.is_none() {
        return counts;
    }
    for mark in marks {
        let emoji: BTreeSet<&String> = mark.reactions.iter().collect();
        for emoji in emoji {
            *counts.entry(emoji.clone()).or_default() += 1;
        }
        for option in &mark.vote {
            *counts.entry(option.to_string()).or_default() += 1;
        }
    }
    counts
}

fn tally_of(message: &Message) -> Counts {
    let reactions = message.reactions.iter();
    let mut counts: Counts = reactions.map(|it| (it.emoji.clone(), it.count)).collect();
    if let Some(results) = &message.results {
        for (option, count) in (0..OPTIONS).zip(&results.counts) {
            if *count > 0 {
                counts.insert(option.to_string(), *count);
            }
        }
    }
    counts
}
