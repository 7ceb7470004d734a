//! Notices to users wherever they are connected: a private message reaches people who have not
//! opened the room, and what is decided about a user reaches all their sessions.
//!
//! Every gateway listens on one channel of its own. Who wants to reach a user looks up the gateways
//! that hold their sessions and tells those; so it costs nothing to be reachable. A notice is a
//! hint and may be lost: what it is about is also written where the next look finds it.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use parlor_shared::{
    event::Position,
    id::{ChannelId, GatewayId, UserId},
    keyspace,
    notice::{Content, Notice, Sessions},
    protocol::value::User,
    redis::Commands,
};
use redis::{RedisResult, pipe};
use tokio::sync::mpsc;
use tracing::warn;

use super::mentions::{self, Mention};
use crate::metrics::GatewayMetrics;

/// Notices that wait to be sent, or to be handed to sessions. They are hints: beyond it they are
/// dropped and counted.
const QUEUE_NOTICES: usize = 4_096;
/// Notices looked at together.
const BATCH_NOTICES: usize = 128;
/// How often one room's recipient is told. The first brings them into the room; what follows is
/// live.
const ROOM_INTERVAL: Duration = Duration::from_secs(1);
/// Rooms whose last notice is remembered, until the memory is swept.
const REMEMBERED_ROOMS: usize = 4_096;

/// A private message that was published.
#[derive(Clone, Debug)]
pub struct PrivateMessage {
    pub channel: ChannelId,
    pub sender: User,
    pub recipient: UserId,
    pub position: Position,
}

/// The receiving end, as the pump sees it.
#[derive(Debug)]
pub struct Mailbox {
    channel: ChannelId,
    queue: mpsc::Sender<Notice>,
    metrics: GatewayMetrics,
}

impl Mailbox {
    /// The mailbox of a gateway, and what comes out of it.
    pub fn new(gateway: GatewayId, metrics: GatewayMetrics) -> (Self, mpsc::Receiver<Notice>) {
        let (queue, notices) = mpsc::channel(QUEUE_NOTICES);
        (
            Self {
                channel: keyspace::notices(gateway),
                queue,
                metrics,
            },
            notices,
        )
    }

    pub fn channel(&self) -> &ChannelId {
        &self.channel
    }

    /// The queue itself, for what this gateway tells its own sessions.
    pub fn queue(&self) -> mpsc::Sender<Notice> {
        self.queue.clone()
    }

    /// Takes in a notice. Never waits.
    pub fn arrived(&self, payload: &[u8]) {
        match serde_json::from_slice(payload) {
            Ok(notice) => {
                if self.queue.try_send(notice).is_err() {
                    self.metrics.notices_dropped.inc();
                }
            }
            Err(_) => self.metrics.bus_events_unreadable.inc(),
        }
    }
}

/// The sending end. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Notifier {
    queue: mpsc::Sender<Errand>,
    metrics: GatewayMetrics,
}

#[derive(Debug)]
enum Errand {
    PrivateMessage(PrivateMessage),
    Mention(Mention),
    Notice(Notice),
}

impl Notifier {
    /// The handle, and the task to spawn.
    pub fn new(
        commands: Commands,
        metrics: GatewayMetrics,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, errands) = mpsc::channel(QUEUE_NOTICES);
        let task = Task {
            commands,
            metrics: metrics.clone(),
            told: HashMap::new(),
        };
        (Self { queue, metrics }, task.run(errands))
    }

    /// Notes a private message and tells its recipient. Never waits.
    pub fn tell(&self, message: PrivateMessage) {
        self.queue(Errand::PrivateMessage(message));
    }

    /// Tells a user's sessions, on whichever gateways. Never waits.
    pub fn notify(&self, notice: Notice) {
        self.queue(Errand::Notice(notice));
    }

    /// Notes a message that names users and tells those. Never waits.
    pub fn mention(&self, mention: Mention) {
        self.queue(Errand::Mention(mention));
    }

    fn queue(&self, errand: Errand) {
        if self.queue.try_send(errand).is_err() {
            self.metrics.notices_dropped.inc();
        }
    }
}

struct Task {
    commands: Commands,
    metrics: GatewayMetrics,
    told: HashMap<(ChannelId, UserId), Instant>,
}

impl Task {
    async fn run(mut self, mut errands: mpsc::Receiver<Errand>) {
        let mut batch = Vec::with_capacity(BATCH_NOTICES);
        while errands.recv_many(&mut batch, BATCH_NOTICES).await > 0 {
            let (mut messages, mut mentions, mut notices) = (Vec::new(), Vec::new(), Vec::new());
            for errand in batch.drain(..) {
                match errand {
                    Errand::PrivateMessage(message) => messages.push(message),
                    Errand::Mention(mention) => mentions.push(mention),
                    Errand::Notice(notice) => notices.push(notice),
                }
            }
            let due = self.due(messages);
            notices.extend(due.iter().map(as_notice));
            notices.extend(mentions.iter().flat_map(mentions::notices));
            let told = async {
                self.note(&due).await?;
                mentions::note(&mut self.commands, &mentions).await?;
                tell(&mut self.commands, &notices).await
            };
            if let Err(error) = told.await {
                self.metrics.redis_errors.inc();
                warn!(%error, "users could not be told what concerns them");
            }
        }
    }

    /// The last message of each room that is due to be told.
    fn due(&mut self, batch: Vec<PrivateMessage>) -> Vec<PrivateMessage> {
        let now = Instant::now();
        if self.told.len() > REMEMBERED_ROOMS {
            self.told.retain(|_, at| now - *at < ROOM_INTERVAL);
        }
        let last: HashMap<_, _> = batch
            .into_iter()
            .map(|message| ((message.channel.clone(), message.recipient), message))
            .collect();
        let mut due = Vec::new();
        for (room, message) in last {
            if self
                .told
                .get(&room)
                .is_none_or(|at| now - *at >= ROOM_INTERVAL)
            {
                self.told.insert(room, now);
                due.push(message);
            }
        }
        due
    }

    /// Writes private messages to the lists of both users' private rooms.
    async fn note(&mut self, messages: &[PrivateMessage]) -> RedisResult<()> {
        if messages.is_empty() {
            return Ok(());
        }
        let mut notes = pipe();
        for message in messages {
            let (sender, recipient) = (message.sender.uuid, message.recipient);
            let ms = message.position.ms;
            notes
                .zadd(
                    self.commands.keyspace().private_rooms(sender),
                    recipient.to_string(),
                    ms,
                )
                .ignore();
            notes
                .zadd(
                    self.commands.keyspace().private_rooms(recipient),
                    sender.to_string(),
                    ms,
                )
                .ignore();
        }
        notes.query_async(&mut self.commands).await
    }
}

/// Tells users' sessions, on whichever gateways.
///
/// # Errors
/// When Redis can't be asked.
pub async fn tell(commands: &mut Commands, notices: &[Notice]) -> RedisResult<()> {
    if notices.is_empty() {
        return Ok(());
    }
    let mut lookup = pipe();
    for notice in notices {
        lookup.hvals(commands.keyspace().user_sessions(notice.recipient));
    }
    let gateways: Vec<Vec<String>> = lookup.query_async(commands).await?;
    let mut tell = pipe();
    for (notice, gateways) in notices.iter().zip(gateways) {
        let payload = serde_json::to_string(notice).expect("ids, names and numbers are JSON");
        let gateways: BTreeSet<GatewayId> = gateways
            .iter()
            .filter_map(|gateway| gateway.parse().ok())
            .collect();
        for gateway in gateways {
            let channel = commands.keyspace().published(&keyspace::notices(gateway));
            tell.publish(channel.as_str(), &payload).ignore();
        }
    }
    tell.query_async(commands).await
}

fn as_notice(message: &PrivateMessage) -> Notice {
    Notice {
        recipient: message.recipient,
        sessions: Sessions::All,
        content: Content::PrivateMessage {
            sender: message.sender.clone(),
            epoch: message.position.epoch.to_string(),
            seq: message.position.seq,
        },
    }
}
