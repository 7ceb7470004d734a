//! The task that owns a shard of the rooms.
//!
//! It takes all that waits for it at once, lets the rooms decide, and then writes once to each
//! connection that got something: several messages for one connection leave together.

mod audit;
mod held;
mod policy;
mod repair;

use std::{
    collections::{HashMap, HashSet},
    future,
    time::Duration,
};

use parlor_shared::{
    event::Event,
    id::{ChannelId, SessionId},
    notice::Notice,
    redis::pubsub::Subscriptions,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval, sleep_until},
};
use tracing::warn;

use super::{
    command::{Command, Inlet, Missed, ShardSettings},
    policies::Policies,
    pump::BusEvent,
    registry::Attach,
    room::{Need, Room},
    writer::{self, Writer},
};
use crate::{
    bus::{guard::Guard, history::History},
    metrics::GatewayMetrics,
    outbox::Outbox,
};
use held::{Held, Holding};

/// How much is taken at once. Larger batches gather more into one write and let others wait longer.
const BATCH: usize = 512;
/// How often a large room's count is told, for each 1,000 users begun.
const OCCUPANCY_INTERVAL: Duration = Duration::from_secs(1);
/// Pause after a repair or an audit that Redis did not answer.
const REPAIR_RETRY: Duration = Duration::from_millis(500);

/// The shard. [`Shard::run`] is its life.
#[derive(Debug)]
pub struct Shard {
    inlet: Inlet,
    rooms: Rooms,
    audit_interval: Duration,
}

#[derive(Debug)]
struct Rooms {
    own: mpsc::UnboundedSender<Command>,
    entries: HashMap<Box<str>, Entry>,
    occupancy_changed: HashSet<ChannelId>,
    writer: Writer,
    holding: Holding,
    next_generation: u64,
    auditing: Option<audit::Audit>,
    subscriptions: Subscriptions,
    history: History,
    guard: Guard,
    ring_messages: usize,
    policies: Policies,
    /// For users' sessions on this gateway.
    orders: mpsc::Sender<Notice>,
    metrics: GatewayMetrics,
}

#[derive(Debug)]
struct Entry {
    channel: ChannelId,
    room: Room<Outbox>,
    /// Which room of this name it is: answers for one that is gone are dropped.
    generation: u64,
    subscribed: bool,
    /// Who waits for the subscription.
    waiting: Vec<(oneshot::Sender<Missed>, Missed)>,
    attachments: HashMap<SessionId, u64>,
    held: Held,
    heard: policy::Heard,
}

impl Shard {
    pub fn new(
        inlet: Inlet,
        subscriptions: Subscriptions,
        (history, guard): (History, Guard),
        settings: ShardSettings,
        metrics: GatewayMetrics,
    ) -> Self {
        let rooms = Rooms {
            own: inlet.own.clone(),
            entries: HashMap::new(),
            occupancy_changed: HashSet::new(),
            writer: Writer::default(),
            holding: Holding::new(settings.batch_delay),
            next_generation: 0,
            auditing: None,
            subscriptions,
            history,
            guard,
            ring_messages: settings.ring_messages,
            policies: settings.policies,
            orders: settings.orders,
            metrics,
        };
        Self {
            inlet,
            rooms,
            audit_interval: settings.audit_interval,
        }
    }

    /// Works until the gateway drops it.
    pub async fn run(self) {
        let Self {
            inlet:
                Inlet {
                    mut commands,
                    mut events,
                    audit,
                    ..
                },
            mut rooms,
            ..
        } = self;
        let mut audits = interval(self.audit_interval);
        let mut occupancy = interval(OCCUPANCY_INTERVAL);
        audits.set_missed_tick_behavior(MissedTickBehavior::Delay);
        occupancy.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut begun = rooms.guard.begun();
        let mut command_batch = Vec::with_capacity(BATCH);
        let mut event_batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                count = commands.recv_many(&mut command_batch, BATCH) => {
                    if count == 0 {
                        return;
                    }
                }
                count = events.recv_many(&mut event_batch, BATCH) => {
                    if count == 0 {
                        return;
                    }
                }
                () = audit.taken() => rooms.audit_all(),
                Ok(()) = begun.changed() => rooms.audit_all(),
                _ = audits.tick() => rooms.audit_all(),
                _ = occupancy.tick() => rooms.tell_occupancy(),
                () = rooms.something_is_due() => {}
            }
            for command in command_batch.drain(..) {
                rooms.command(command);
            }
            for event in event_batch.drain(..) {
                rooms.event(&event);
            }
            rooms.hand_due();
            rooms.flush().await;
        }
    }
}

impl Rooms {
    fn command(&mut self, command: Command) {
        match command {
            Command::Attach {
                attach,
                attachment,
                reply,
            } => self.attach(*attach, attachment, reply),
            Command::Subscribed {
                channel,
                generation,
            } => {
                if let Some(entry) = self.entry(&channel, generation) {
                    entry.subscribed = true;
                    for (reply, missed) in entry.waiting.drain(..) {
                        let _ = reply.send(missed);
                    }
                }
            }
            Command::Release {
                channel,
                session,
                epoch,
                seq,
            } => {
                self.with_room(channel.as_str(), |room, out| {
                    room.release(session, &epoch, seq, out)
                });
            }
            Command::Detach {
                channel,
                session,
                attachment,
            } => {
                self.detach(&channel, session, attachment);
            }
            Command::Repaired {
                channel,
                generation,
                messages,
            } => {
                if self.entry(&channel, generation).is_some() {
                    self.with_room(channel.as_str(), |room, out| {
                        room.repaired(Some(messages), out)
                    });
                }
            }
            Command::Audited(audited) => self.audited(audited),
            Command::PolicyFound {
                channel,
                generation,
                found,
            } => self.policy_found(&channel, generation, found),
            Command::OccupancyChanged(channel) => {
                self.occupancy_changed.insert(channel);
            }
        }
    }

    fn entry(&mut self, channel: &ChannelId, generation: u64) -> Option<&mut Entry> {
        self.entries
            .get_mut(channel.as_str())
            .filter(|entry| entry.generation == generation)
    }

    fn attach(&mut self, attach: Attach, attachment: u64, reply: oneshot::Sender<Missed>) {
        let Attach {
            channel,
            kind,
            session,
            user,
            outbox,
            since,
        } = attach;
        let entry = self
            .entries
            .entry(channel.as_str().into())
            .or_insert_with(|| {
                self.next_generation += 1;
                let generation = self.next_generation;
                let confirmed = self.subscriptions.subscribe(&channel);
                let (own, subscribed) = (self.own.clone(), channel.clone());
                tokio::spawn(async move {
                    if confirmed.await.is_ok() {
                        let _ = own.send(Command::Subscribed {
                            channel: subscribed,
                            generation,
                        });
                    }
                });
                self.metrics.rooms.inc();
                Entry {
                    channel,
                    room: Room::new(kind, self.ring_messages),
                    generation,
                    subscribed: false,
                    waiting: Vec::new(),
                    attachments: HashMap::new(),
                    held: Held::default(),
                    heard: policy::Heard::default(),
                }
            });
        let since = since.as_ref().map(|(epoch, seq)| (epoch.as_str(), *seq));
        let missed = entry.room.attach(session, user, outbox, since);
        entry.attachments.insert(session, attachment);
        if entry.subscribed {
            let _ = reply.send(missed);
        } else {
            entry.waiting.push((reply, missed));
        }
    }

    fn detach(&mut self, channel: &ChannelId, session: SessionId, attachment: u64) {
        let Some(entry) = self.entries.get_mut(channel.as_str()) else {
            return;
        };
        if entry.attachments.get(&session) != Some(&attachment) {
            return;
        }
        entry.attachments.remove(&session);
        entry.room.detach(session);
        self.drop_if_empty(channel.as_str());
    }

    fn drop_if_empty(&mut self, channel: &str) {
        if !self
            .entries
            .get(channel)
            .is_some_and(|it| it.room.is_empty())
        {
            return;
        }
        if let Some(entry) = self.entries.remove(channel) {
            self.policies.forget(channel);
            self.subscriptions.unsubscribe(&entry.channel);
            self.metrics.rooms.dec();
        }
    }

    fn event(&mut self, event: &BusEvent) {
        match Event::decode(&event.payload) {
            Ok(Event::Settings { version, settings }) => {
                self.settings_changed(&event.channel, version, settings);
            }
            Ok(Event::User { version, change }) => {
                self.user_changed(&event.channel, version, *change);
            }
            Ok(Event::Message(message)) => self.hold(&event.channel, event.arrived, message),
            Ok(decoded) => self.with_room(&event.channel, |room, out| room.event(decoded, out)),
            Err(error) => {
                self.metrics.bus_events_unreadable.inc();
                warn!(%error, "an event on the bus can't be read");
            }
        }
    }

    /// Waits until a room's messages have waited long enough.
    async fn something_is_due(&self) {
        match self.holding.next() {
            Some(at) => sleep_until(at.into()).await,
            None => future::pending().await,
        }
    }

    /// Lets a room decide, after what it was sent before, and does what it needs.
    fn with_room(
        &mut self,
        channel: &str,
        decide: impl FnOnce(&mut Room<Outbox>, &mut Writer) -> Vec<Need>,
    ) {
        self.hand(channel);
        self.decide(channel, decide);
    }

    fn decide(
        &mut self,
        channel: &str,
        decide: impl FnOnce(&mut Room<Outbox>, &mut Writer) -> Vec<Need>,
    ) {
        let Some(entry) = self.entries.get_mut(channel) else {
            return;
        };
        let needs = decide(&mut entry.room, &mut self.writer);
        writer::count(&self.metrics, std::mem::take(&mut entry.room.stats));
        for need in needs {
            match need {
                Need::Renew { epoch } => self.guard.spoiled(&entry.channel, &epoch),
                Need::Repair { epoch, from, to } => repair::spawn(repair::Repair {
                    own: self.own.clone(),
                    history: self.history.clone(),
                    metrics: self.metrics.clone(),
                    channel: entry.channel.clone(),
                    generation: entry.generation,
                    epoch,
                    range: (from, to),
                }),
            }
        }
    }

    fn tell_occupancy(&mut self) {
        if self.occupancy_changed.is_empty() {
            return;
        }
        let changed: Vec<ChannelId> = self.occupancy_changed.drain().collect();
        let (own, history) = (self.own.clone(), self.history.clone());
        tokio::spawn(async move {
            for channel in changed {
                // Another gateway has told it just now, or Redis is away: again in a second.
                if !history
                    .tell_occupancy(&channel, OCCUPANCY_INTERVAL)
                    .await
                    .unwrap_or(false)
                {
                    let _ = own.send(Command::OccupancyChanged(channel));
                }
            }
        });
    }

    async fn flush(&mut self) {
        let overflows = std::mem::take(&mut self.writer.overflows);
        if overflows > 0 {
            self.metrics.outbox_overflows.inc_by(overflows);
        }
        self.writer.flush().await;
        for arrived in self.holding.take_handed() {
            let taken = arrived.elapsed().as_secs_f64();
            self.metrics.fan_out_seconds.observe(taken);
        }
    }
}
