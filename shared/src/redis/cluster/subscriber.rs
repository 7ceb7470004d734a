//! Subscriptions on a cluster: shard channels, on one connection to each master that has any.
//!
//! A channel is where its slot is. When the slot moves, the node that had it says `sunsubscribe`
//! without having been asked; when a node dies, its connection ends; when a replica takes over in
//! silence, the look at who serves what finds it. Whichever it was, the channel is subscribed
//! where the slot is now, and the owner is told that something may have been missed.
//!
//! What a node has confirmed is what it pushed (`ssubscribe`). The replies to commands tell less:
//! the library counts pushes as replies, so one that nobody asked for shifts all behind it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval},
};
use tracing::{debug, info, warn};

use super::{
    Cluster,
    link::{self, Event, Order},
};
use crate::{
    config::Address,
    id::ChannelId,
    keyspace::slots::slot,
    redis::{
        connect::{Backoff, RESPONSE_TIMEOUT},
        pubsub::{Change, Notice, Sink},
    },
};

/// Changes taken at once.
const BATCH_CHANGES: usize = 500;
/// How often channels are compared with who serves what.
const TICK: Duration = Duration::from_secs(1);
/// Ticks between two questions of who serves what, while nothing seems wrong.
const TICKS_PER_REFRESH: u32 = 5;

/// Keeps the subscriptions that `queue` asks for, until nobody can ask for any more.
pub async fn subscriber(
    cluster: Cluster,
    sink: Arc<impl Sink>,
    mut queue: mpsc::UnboundedReceiver<Change>,
) {
    let (events_in, mut events) = mpsc::unbounded_channel();
    let mut task = Task {
        cluster,
        sink,
        wanted: HashMap::new(),
        gaps: HashSet::new(),
        mended: false,
        whole: false,
        links: HashMap::new(),
        next_link: 0,
        events: events_in,
        learning: None,
        backoff: Backoff::default(),
    };
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut count: u32 = 0;
    let mut batch = Vec::with_capacity(BATCH_CHANGES);
    task.learn(Duration::ZERO);
    loop {
        tokio::select! {
            taken = queue.recv_many(&mut batch, BATCH_CHANGES) => {
                if taken == 0 {
                    break;
                }
                for change in batch.drain(..) {
                    task.change(change);
                }
            }
            Some(event) = events.recv() => {
                task.event(event);
                while let Ok(event) = events.try_recv() {
                    task.event(event);
                }
            }
            () = finished(&mut task.learning) => {
                task.learning = None;
                task.place_all();
            }
            _ = ticks.tick() => {
                count = count.wrapping_add(1);
                if count.is_multiple_of(TICKS_PER_REFRESH) {
                    task.learn(Duration::ZERO);
                }
                task.compare();
            }
        }
        task.tell();
    }
    if task.whole {
        task.sink.notice(Notice::Disconnected);
    }
}

async fn finished(learning: &mut Option<JoinHandle<()>>) {
    match learning {
        // It can't panic; and if it did, the next tick begins another.
        Some(handle) => drop(handle.await),
        None => std::future::pending().await,
    }
}

struct Task<S> {
    cluster: Cluster,
    sink: Arc<S>,
    wanted: HashMap<ChannelId, Wanted>,
    /// Channels that may have missed something and are not subscribed again.
    gaps: HashSet<ChannelId>,
    /// Some of them are, since the owner was last told.
    mended: bool,
    /// Nothing is missed: the owner was told that everything is subscribed.
    whole: bool,
    links: HashMap<Address, Link>,
    next_link: u64,
    events: mpsc::UnboundedSender<Event>,
    /// Somebody is asking who serves what.
    learning: Option<JoinHandle<()>>,
    backoff: Backoff,
}

struct Wanted {
    slot: u16,
    state: State,
    /// Who waits for a confirmation.
    waiting: Vec<oneshot::Sender<()>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not asked for: nobody is known to serve the slot, or who was did not take it.
    Nowhere,
    /// Asked for on a link, since when.
    Asked(u64, Instant),
    /// Confirmed by a link.
    On(u64),
}

struct Link {
    number: u64,
    orders: mpsc::UnboundedSender<Order>,
}

impl<S: Sink> Task<S> {
    fn change(&mut self, change: Change) {
        match change {
            Change::Subscribe(channel, confirmed) => {
                if let Some(wanted) = self.wanted.get_mut(&channel) {
                    if matches!(wanted.state, State::On(_)) {
                        let _ = confirmed.send(());
                    } else {
                        wanted.waiting.push(confirmed);
                    }
                    return;
                }
                let wanted = Wanted {
                    slot: slot(channel.as_str().as_bytes()),
                    state: State::Nowhere,
                    waiting: vec![confirmed],
                };
                self.wanted.insert(channel.clone(), wanted);
                self.place(&channel);
            }
            Change::Unsubscribe(channel) => {
                let Some(wanted) = self.wanted.remove(&channel) else {
                    return;
                };
                self.gaps.remove(&channel);
                if let State::On(number) | State::Asked(number, _) = wanted.state {
                    self.order(number, Order::Unsubscribe(channel));
                }
            }
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Subscribed(number, channel) => {
                let Some(wanted) = self.wanted.get_mut(&channel) else {
                    return;
                };
                if !matches!(wanted.state, State::Asked(asked, _) if asked == number) {
                    return;
                }
                wanted.state = State::On(number);
                for confirmed in wanted.waiting.drain(..) {
                    let _ = confirmed.send(());
                }
                self.mended |= self.gaps.remove(&channel);
                self.backoff.reset();
            }
            // One that was asked for is of a channel that is not wanted, or is asked for again.
            Event::Unsubscribed(number, channel) => self.lose(&channel, State::On(number)),
            Event::Refused(number, channel) => {
                if let Some(wanted) = self.wanted.get_mut(&channel)
                    && matches!(wanted.state, State::Asked(asked, _) if asked == number)
                {
                    wanted.state = State::Nowhere;
                    debug!(%channel, "a node refused a subscription");
                    self.mend();
                }
            }
            Event::Lost(number) => self.lose_link(number),
        }
    }

    /// The slot has gone from where the channel was subscribed.
    fn lose(&mut self, channel: &ChannelId, was: State) {
        if let Some(wanted) = self.wanted.get_mut(channel)
            && wanted.state == was
        {
            wanted.state = State::Nowhere;
            self.gaps.insert(channel.clone());
            self.mend();
        }
    }

    fn lose_link(&mut self, number: u64) {
        let before = self.links.len();
        self.links.retain(|_, link| link.number != number);
        if self.links.len() == before {
            return;
        }
        warn!("subscriber connection lost");
        for (channel, wanted) in &mut self.wanted {
            match wanted.state {
                State::On(on) if on == number => {
                    self.gaps.insert(channel.clone());
                    wanted.state = State::Nowhere;
                }
                State::Asked(asked, _) if asked == number => wanted.state = State::Nowhere,
                _ => {}
            }
        }
        self.mend();
    }

    /// Learns who serves what after a pause, and then subscribes what is subscribed nowhere.
    fn mend(&mut self) {
        if self.learning.is_none() {
            let pause = self.backoff.next();
            self.learn(pause);
        }
    }

    fn learn(&mut self, pause: Duration) {
        if self.learning.is_some() {
            return;
        }
        let cluster = self.cluster.clone();
        self.learning = Some(tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            // Failing is logged there, and the next tick tries again.
            let _ = cluster.refresh(&cluster.slots()).await;
        }));
    }

    fn place_all(&mut self) {
        let nowhere = |(channel, wanted): (&ChannelId, &Wanted)| {
            (wanted.state == State::Nowhere).then(|| channel.clone())
        };
        let nowhere: Vec<_> = self.wanted.iter().filter_map(nowhere).collect();
        for channel in &nowhere {
            self.place(channel);
        }
    }

    /// Asks the master of a channel's slot for it.
    fn place(&mut self, channel: &ChannelId) {
        let Some(wanted) = self.wanted.get(channel) else {
            return;
        };
        let slots = self.cluster.slots();
        let Some(owner) = slots.owner(wanted.slot) else {
            self.mend();
            return;
        };
        let number = self.link(owner);
        self.order(number, Order::Subscribe(channel.clone()));
        if let Some(wanted) = self.wanted.get_mut(channel) {
            wanted.state = State::Asked(number, Instant::now());
        }
    }

    fn order(&self, number: u64, order: Order) {
        let link = self.links.values().find(|link| link.number == number);
        if let Some(link) = link {
            // It has ended: that it is lost is on its way.
            let _ = link.orders.send(order);
        }
    }

    fn link(&mut self, address: &Address) -> u64 {
        if let Some(link) = self.links.get(address) {
            return link.number;
        }
        let number = self.next_link;
        self.next_link += 1;
        let (orders, queue) = mpsc::unbounded_channel();
        let (cluster, address) = (self.cluster.clone(), address.clone());
        let run = link::run(
            cluster,
            address.clone(),
            number,
            Arc::clone(&self.sink),
            self.events.clone(),
            queue,
        );
        tokio::spawn(run);
        self.links.insert(address, Link { number, orders });
        number
    }

    /// Finds what is not where it ought to be though nobody said so, and lets go of connections to
    /// nodes that serve nothing.
    fn compare(&mut self) {
        let slots = self.cluster.slots();
        let (mut moved, mut late) = (Vec::new(), false);
        for (channel, wanted) in &mut self.wanted {
            match wanted.state {
                State::On(number) => {
                    let owner = slots.owner(wanted.slot);
                    let link = owner.and_then(|owner| self.links.get(owner));
                    if owner.is_some() && link.is_none_or(|link| link.number != number) {
                        moved.push((channel.clone(), number));
                    }
                }
                State::Asked(_, since) if since.elapsed() > RESPONSE_TIMEOUT => {
                    wanted.state = State::Nowhere;
                    late = true;
                }
                State::Asked(..) => {}
                State::Nowhere => late = true,
            }
        }
        for (channel, number) in moved {
            self.order(number, Order::Unsubscribe(channel.clone()));
            self.lose(&channel, State::On(number));
        }
        if late {
            self.mend();
        }
        let used: HashSet<u64> = self
            .wanted
            .values()
            .filter_map(|wanted| match wanted.state {
                State::On(number) | State::Asked(number, _) => Some(number),
                State::Nowhere => None,
            })
            .collect();
        self.links.retain(|address, link| {
            used.contains(&link.number) || slots.masters().contains(address)
        });
    }

    /// Tells the owner what became of the connections as a whole.
    fn tell(&mut self) {
        if self.whole && !self.gaps.is_empty() {
            self.whole = false;
            self.sink.notice(Notice::Disconnected);
        }
        let begun = self.cluster.slots().is_complete();
        if !self.whole && self.gaps.is_empty() && begun {
            self.whole = true;
            info!(
                channels = self.wanted.len(),
                masters = self.links.len(),
                "subscriber connected"
            );
            self.sink.notice(Notice::Connected);
        } else if self.mended && !self.whole {
            self.sink.notice(Notice::Mended);
        }
        self.mended = false;
    }
}
