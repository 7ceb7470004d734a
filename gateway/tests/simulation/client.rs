//! A client that keeps the protocol's rules and holds the gateways to theirs: what it gets of a
//! room follows on what it has, or it was told otherwise.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use parlor_shared::{
    id::{ChannelId, SessionId, UserId, Username},
    protocol::value::{Recipient, RoomRef, User},
};
use serde::Deserialize;

use super::{gateway::ConnectionId, store::Place};

#[derive(Debug)]
pub struct Client {
    pub user: User,
    pub connection: Option<ConnectionId>,
    /// Signed in on this connection and, after a resume, told how it went.
    pub ready: bool,
    pub known: bool,
    pub rooms: BTreeMap<ChannelId, View>,
    pub pending: VecDeque<Pending>,
    pub sent: u64,
}

/// One room as the client sees it.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each changes by itself")]
pub struct View {
    /// The field that names it in a block.
    pub field: String,
    pub wanted: bool,
    pub joined: bool,
    /// Since when an answer to a join is awaited.
    pub asked: Option<u64>,
    /// The last message it has.
    pub place: Option<Place>,
    /// It was told that messages are lost, and has to join again.
    pub lost: bool,
    pub left_epochs: Vec<String>,
    /// The names of the messages that it has, by `seq`: those from its last fresh page on.
    pub has: BTreeMap<u64, String>,
    /// Who is there, as it was told.
    pub users: BTreeSet<UserId>,
    /// The bus has lost news of who came or went since it joined: they are told at most once.
    pub stale: bool,
}

/// A message that is not acknowledged.
#[derive(Debug)]
pub struct Pending {
    pub channel: ChannelId,
    pub name: String,
    pub with_id: bool,
    pub sent_at: Option<u64>,
}

/// What a frame has that matters here; reading no more keeps thousands of runs short.
#[derive(Debug, Deserialize)]
pub struct Light {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default, rename = "channelMessage")]
    pub message: Option<LightMessage>,
    #[serde(default, rename = "channelJoin")]
    pub join: Option<LightJoin>,
    #[serde(default, rename = "channelLeave")]
    pub leave: Option<RoomRef>,
    #[serde(default, rename = "SUUID")]
    pub session: Option<SessionId>,
    #[serde(default, rename = "userUUID")]
    pub user: Option<UserId>,
    #[serde(default)]
    pub ack: Option<LightMessage>,
    #[serde(default)]
    pub sys: Option<LightSys>,
    #[serde(default)]
    pub error: Option<LightError>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct LightMessage {
    #[serde(rename = "Seq")]
    pub seq: u64,
    #[serde(rename = "Epoch")]
    pub epoch: String,
    #[serde(default, rename = "ClientMessageId")]
    pub name: String,
    #[serde(default, rename = "Room")]
    pub room: Option<String>,
    #[serde(default, rename = "RecipientUUID")]
    pub recipient: Option<Recipient>,
}

#[derive(Debug, Deserialize)]
pub struct LightJoin {
    #[serde(default)]
    pub room: Option<String>,
    #[serde(default, rename = "recipientUUID")]
    pub recipient: Option<Recipient>,
    pub messages: Vec<LightMessage>,
    pub users: Vec<LightUser>,
    pub epoch: String,
    pub seq: u64,
    #[serde(default)]
    pub recovered: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub struct LightUser {
    #[serde(rename = "UUID")]
    pub uuid: UserId,
}

#[derive(Debug, Deserialize)]
pub struct LightSys {
    #[serde(default, rename = "channelJoin")]
    pub join: Option<RoomRef>,
    #[serde(default)]
    pub resync: Option<LightResync>,
}

#[derive(Debug, Deserialize)]
pub struct LightResync {
    #[serde(default)]
    pub room: Option<String>,
    #[serde(default, rename = "recipientUUID")]
    pub recipient: Option<Recipient>,
    pub epoch: String,
    pub seq: u64,
}

#[derive(Debug, Deserialize)]
pub struct LightError {
    pub reason: String,
}

impl Client {
    pub fn new(name: &str, uuid: UserId) -> Self {
        Self {
            user: User {
                uuid,
                username: Username::new(name).expect("a name"),
                online: None,
                guest: true,
                look: None,
            },
            connection: None,
            ready: false,
            known: false,
            rooms: BTreeMap::new(),
            pending: VecDeque::new(),
            sent: 0,
        }
    }

    /// The connection is gone, and with it what was on its way.
    pub fn cut_off(&mut self) {
        self.connection = None;
        self.ready = false;
        for view in self.rooms.values_mut() {
            view.joined = false;
            view.asked = None;
        }
        for pending in &mut self.pending {
            pending.sent_at = None;
        }
    }

    /// What is to be said on a new connection.
    pub fn greeting(&self) -> String {
        if !self.known {
            let name = &self.user.username;
            return format!(r#"{{"type":"signIn","signIn":{{"nickname":"{name}"}}}}"#);
        }
        let rooms: Vec<String> = self
            .rooms
            .values()
            .filter(|view| view.wanted)
            .filter_map(|view| {
                let (epoch, seq) = view.place.as_ref()?;
                let field = &view.field;
                // Who was told of a loss wants a fresh page.
                let epoch = if view.lost { "" } else { epoch };
                Some(format!(r#"{{{field},"epoch":"{epoch}","seq":{seq}}}"#))
            })
            .collect();
        format!(
            r#"{{"type":"resume","resume":{{"userUUID":"{}","accessKey":"k","rooms":[{}]}}}}"#,
            self.user.uuid,
            rooms.join(",")
        )
    }

    /// The sender has its message back or its ack.
    pub fn acknowledged(&mut self, channel: &ChannelId, name: &str) {
        self.pending
            .retain(|pending| pending.channel != *channel || pending.name != name);
    }
}

impl View {
    /// Takes a live message.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn message(&mut self, message: &LightMessage) -> Result<(), String> {
        let Some((epoch, seq)) = self.place.clone() else {
            return Err("a message before the answer to the join".into());
        };
        if epoch == message.epoch {
            if message.seq != seq + 1 {
                return Err(format!("{} {} after {seq}", message.epoch, message.seq));
            }
        } else if self.lost {
            // It was told that what it has is no more.
        } else if self.left_epochs.contains(&message.epoch) {
            return Err(format!("{} again, after {epoch}", message.epoch));
        } else if message.seq != 1 {
            return Err(format!("{} begins at {}", message.epoch, message.seq));
        }
        if epoch != message.epoch && !self.lost {
            self.has.clear();
        }
        if !self.lost {
            self.has.insert(message.seq, message.name.clone());
        }
        self.moved((message.epoch.clone(), message.seq));
        Ok(())
    }

    /// Takes the answer to a join or one room of a resume.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn joined(&mut self, join: &LightJoin) -> Result<(), String> {
        for pair in join.messages.windows(2) {
            if pair[1].seq != pair[0].seq + 1 {
                return Err(format!("a page with {} after {}", pair[1].seq, pair[0].seq));
            }
        }
        if let Some(last) = join.messages.last()
            && (last.seq, &last.epoch) != (join.seq, &join.epoch)
        {
            return Err(format!(
                "a page up to {} said to end at {}",
                last.seq, join.seq
            ));
        }
        if join.recovered == Some(true) {
            let (epoch, seq) = self.place.clone().ok_or("recovered from nothing")?;
            let follows = join
                .messages
                .first()
                .map_or(join.seq, |first| first.seq - 1);
            if (&epoch, seq) != (&join.epoch, follows) {
                return Err(format!("recovered from {follows}, not {seq}"));
            }
        } else {
            self.has.clear();
        }
        let messages = join.messages.iter();
        self.has
            .extend(messages.map(|message| (message.seq, message.name.clone())));
        self.moved((join.epoch.clone(), join.seq));
        self.users = join.users.iter().map(|user| user.uuid).collect();
        self.joined = true;
        self.asked = None;
        self.lost = false;
        Ok(())
    }

    /// Goes to a place, wherever that is; what was told may lead back.
    pub fn moved(&mut self, place: Place) {
        if let Some((epoch, _)) = &self.place
            && *epoch != place.0
        {
            self.left_epochs.push(epoch.clone());
        }
        self.left_epochs.retain(|epoch| *epoch != place.0);
        self.place = Some(place);
    }
}
