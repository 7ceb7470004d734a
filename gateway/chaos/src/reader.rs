//! A client of its own, in no room, that reads what is stored.

use std::{collections::BTreeMap, time::Duration};

use parlor_shared::{
    client::{Client, ClientError},
    entry::Entry,
    id::{Address, UserId},
    protocol::{
        client::{ChannelMessages, Page},
        value::{Message, RoomRef},
    },
};

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::{checker::Stored, ledger::Held, member::Names};

/// The gateways' page of history, and of users.
const PAGE: u32 = 100;
/// Between two requests where the limits of a deployment hold: 60 frames in 10 s by default.
const PACE: Duration = Duration::from_millis(200);

/// What was read of a room.
#[derive(Debug)]
pub struct Read {
    pub epoch: String,
    pub seq: u64,
    pub list: Vec<Stored>,
    pub paged: Vec<Stored>,
}

#[derive(Debug)]
pub struct Reader {
    client: Client,
    pace: Option<Interval>,
}

impl Reader {
    pub async fn connect(url: &str, names: &Names) -> Result<Self, ClientError> {
        let mut client = Client::connect(url).await?;
        // The first time makes the account.
        client
            .sign_in(&names.reader(), "the reader's password")
            .await?;
        Ok(Self { client, pace: None })
    }

    /// From here on it asks no more often than a deployment lets one client ask.
    #[must_use]
    pub fn paced(mut self) -> Self {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.pace = Some(pace);
        self
    }

    async fn turn(&mut self) {
        if let Some(pace) = &mut self.pace {
            pace.tick().await;
        }
    }

    pub async fn close(self) {
        self.client.close().await;
    }

    /// All users, and whether they are shown as online.
    pub async fn users(&mut self) -> Result<BTreeMap<UserId, bool>, ClientError> {
        let mut listed = BTreeMap::new();
        for offset in (0..).step_by(PAGE as usize) {
            let limit = Some(PAGE);
            self.turn().await;
            let page = self.client.users(Page { offset, limit }).await?;
            for user in &page.users {
                listed.insert(user.uuid, user.online.unwrap_or(false));
            }
            if offset + page.received >= page.total || page.received == 0 {
                break;
            }
        }
        Ok(listed)
    }

    /// A room's epoch and last message, and its history from behind `begin`, as a client reads it.
    pub async fn room(
        &mut self,
        address: &Address,
        begin: u64,
    ) -> Result<(String, u64, Vec<Stored>), ClientError> {
        self.turn().await;
        let joined = self.client.join(address).await?;
        let mut paged: Vec<Stored> = Vec::new();
        loop {
            let block = ChannelMessages {
                room: RoomRef::from(address),
                before: None,
                after: Some(paged.last().map_or(begin, |last| last.seq)),
                limit: Some(PAGE),
            };
            self.turn().await;
            let page = self.client.history(block).await?;
            paged.extend(page.messages.iter().map(stored));
            if !page.more || page.messages.is_empty() {
                break;
            }
        }
        self.turn().await;
        self.client.leave(address).await?;
        Ok((joined.epoch, joined.seq, paged))
    }
}

/// What a stored message says.
fn stored(message: &Message) -> Stored {
    Stored {
        epoch: message.epoch.clone(),
        seq: message.seq,
        held: Held::of(message),
    }
}

/// What an entry of a room's list says.
pub fn listed(json: &str) -> Stored {
    match Entry::parse(json.as_bytes()) {
        Ok(Entry::Message(message)) => stored(&message),
        Ok(Entry::Change(changed)) => Stored {
            held: Some(Held::from(&changed.change)),
            epoch: changed.epoch,
            seq: changed.seq,
        },
        Err(_) => Stored {
            epoch: String::new(),
            seq: 0,
            held: None,
        },
    }
}
