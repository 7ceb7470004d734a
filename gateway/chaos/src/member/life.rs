//! The task that a member lives in.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use parlor_shared::{
    client::{Client, ClientError},
    protocol::{
        ClientFrame, CloseCode,
        client::{ChannelJoin, Credentials, Resume, Secret, SignIn},
        server::Authorized,
        value::RoomRef,
    },
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep_until, timeout},
};

use super::{
    Order, Plan, Record,
    link::{End, Link, Request},
    place::{Phase, Place},
};
use crate::ledger::{Kind, Violation};

/// From the first try to the gateway's `ready`; this and the next are the web client's.
const GREETING_TIMEOUT: Duration = Duration::from_secs(10);
/// The first wait is at most this: a lost connection mostly comes back at once.
const FIRST_WAIT_MS: u64 = 600;
const LONGEST_WAIT_MS: u64 = 20_000;
/// A connection that held this long counts as a success, and backoff begins anew.
const STABLE: Duration = Duration::from_secs(10);
/// A gateway that restarts without having said when to come back, and one that is full.
const RESTART_WAIT_MS: std::ops::Range<u64> = 500..2_000;
const FULL_WAIT_MS: std::ops::Range<u64> = 5_000..10_000;
/// How often what has a time limit is looked at.
const TICK: Duration = Duration::from_millis(250);

pub(super) struct Life {
    pub(super) plan: Plan,
    orders: mpsc::UnboundedReceiver<Order>,
    record: Arc<Mutex<Record>>,
    pub(super) rng: StdRng,
    pub(super) identity: Option<Authorized>,
    pub(super) places: Vec<Place>,
    gateway: usize,
    /// Connections in a row that failed before they were stable.
    failures: u32,
    /// Attempts since the last connection was lost.
    attempts: u64,
    lost_at: Option<Instant>,
    last_heard: Option<Instant>,
    pub(super) refusals: u32,
    wanted: bool,
    reading: bool,
}

impl Life {
    pub fn new(
        plan: Plan,
        orders: mpsc::UnboundedReceiver<Order>,
        record: Arc<Mutex<Record>>,
    ) -> Self {
        let place = |room: &usize| Place::new(*room, plan.names.address(*room));
        let places = plan.rooms.iter().map(place).collect();
        let number = plan.number;
        Self {
            rng: StdRng::seed_from_u64(plan.seed ^ (u64::from(number) << 32)),
            plan,
            orders,
            record,
            identity: None,
            places,
            gateway: number as usize,
            failures: 0,
            attempts: 0,
            lost_at: None,
            last_heard: None,
            refusals: 0,
            wanted: true,
            reading: true,
        }
    }

    pub(super) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn unexpected(&self, what: impl std::fmt::Display) {
        let what = format!("member {}: {what}", self.plan.number);
        let violation = Violation::new(Kind::Unexpected, what);
        self.record().violations.push(violation);
    }

    pub async fn run(mut self) {
        loop {
            while !self.wanted {
                let Some(order) = self.orders.recv().await else {
                    return;
                };
                if self.obey(order).is_err_and(|end| matches!(end, End::Stop)) {
                    return;
                }
            }
            let end = self.connection().await;
            self.disconnected();
            let wait = match end {
                End::Stop => return,
                End::Offline => continue,
                End::Draining(delay) => {
                    self.failures = 0;
                    delay
                }
                End::Lost(code) => self.backoff(code),
            };
            // A load balancer would not send it to the same gateway either.
            self.gateway += 1;
            if self
                .wait(wait)
                .await
                .is_err_and(|end| matches!(end, End::Stop))
            {
                return;
            }
        }
    }

    fn backoff(&mut self, code: Option<u16>) -> Duration {
        let ceiling = (FIRST_WAIT_MS << self.failures.min(16)).min(LONGEST_WAIT_MS);
        self.failures += 1;
        let grown = ceiling / 2 + self.rng.random_range(0..=ceiling / 2);
        let least = match code {
            Some(code) if code == CloseCode::Restart.code() => {
                self.rng.random_range(RESTART_WAIT_MS)
            }
            Some(code) if code == CloseCode::TryAgainLater.code() => {
                self.rng.random_range(FULL_WAIT_MS)
            }
            _ => 0,
        };
        Duration::from_millis(grown.max(least))
    }

    fn disconnected(&mut self) {
        for place in &mut self.places {
            place.phase = Phase::Wanted;
            place.requeue();
        }
        self.refusals = 0;
        self.lost_at.get_or_insert_with(Instant::now);
        self.record().ready = false;
    }

    async fn wait(&mut self, wait: Duration) -> Result<(), End> {
        let until = tokio::time::Instant::now() + wait;
        loop {
            tokio::select! {
                () = sleep_until(until) => return Ok(()),
                order = self.orders.recv() => self.obey(order.unwrap_or(Order::Stop))?,
            }
        }
    }

    fn obey(&mut self, order: Order) -> Result<(), End> {
        match order {
            Order::Say { room } => {
                let member = self.plan.number;
                let place = self.places.iter_mut().find(|place| place.room == room);
                place.expect("members talk where they are").write(member);
            }
            Order::Read(reading) => self.reading = reading,
            Order::Online(true) => self.wanted = true,
            Order::Online(false) => {
                self.wanted = false;
                return Err(End::Offline);
            }
            Order::Stop => return Err(End::Stop),
        }
        Ok(())
    }

    /// One connection, from the first try to its end.
    async fn connection(&mut self) -> End {
        self.attempts += 1;
        let url = self.plan.gateways[self.gateway % self.plan.gateways.len()].clone();
        let mut connecting = Box::pin(timeout(GREETING_TIMEOUT, Client::connect(&url)));
        let client = loop {
            tokio::select! {
                connected = &mut connecting => match connected {
                    Ok(Ok(client)) => break client,
                    Ok(Err(_)) | Err(_) => return End::Lost(None),
                },
                order = self.orders.recv() => {
                    if let Err(end) = self.obey(order.unwrap_or(Order::Stop)) {
                        return end;
                    }
                }
            }
        };
        drop(connecting);
        let mut link = Link::new(client);
        let end = match self.talk(&mut link).await {
            Ok(()) => End::Lost(None),
            Err(end) => end,
        };
        if link
            .ready_since
            .is_some_and(|since| since.elapsed() >= STABLE)
        {
            self.failures = 0;
        }
        if let End::Lost(Some(code)) = end {
            *self.record().closes.entry(code).or_default() += 1;
        }
        end
    }

    async fn talk(&mut self, link: &mut Link) -> Result<(), End> {
        self.authenticate(link).await?;
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                received = link.client.next(), if self.reading => match received {
                    Ok(envelope) => {
                        self.heard(link);
                        self.take(link, envelope).await?;
                    }
                    // Nothing came for a while: the ping below finds out why.
                    Err(ClientError::Timeout) => {}
                    Err(ClientError::Closed { code, .. }) => return Err(End::Lost(Some(code))),
                    Err(ClientError::Frame(what)) => {
                        self.unexpected(what);
                        return Err(End::Lost(None));
                    }
                    Err(_) => return Err(End::Lost(None)),
                },
                order = self.orders.recv() => self.obey(order.unwrap_or(Order::Stop))?,
                _ = ticks.tick() => self.look_at_time(link).await?,
            }
            self.flush(link).await?;
        }
    }

    fn heard(&mut self, link: &mut Link) {
        link.heard();
        let now = Instant::now();
        if let Some(last) = self.last_heard.replace(now)
            && self.plan.loud.load(Ordering::Relaxed)
        {
            let mut record = self.record();
            record.longest_silence = record.longest_silence.max(now - last);
        }
        if !self.plan.loud.load(Ordering::Relaxed) {
            self.last_heard = None;
        }
    }

    async fn look_at_time(&mut self, link: &mut Link) -> Result<(), End> {
        let now = Instant::now();
        if link.hold.is_some_and(|until| until <= now) {
            link.hold = None;
        }
        if link.retry.is_some_and(|until| until <= now) {
            link.retry = None;
            self.authenticate(link).await?;
        }
        for place in &mut self.places {
            if place.answer_is_late() {
                place.requeue();
            }
        }
        if self.reading {
            link.keep_alive().await?;
        }
        Ok(())
    }

    /// Signs up, or comes back.
    pub(super) async fn authenticate(&mut self, link: &mut Link) -> Result<(), End> {
        let Some(identity) = self.identity.clone() else {
            let frame = ClientFrame::SignUp(self.credentials());
            return link.ask(Request::SignUp, frame).await;
        };
        for place in &mut self.places {
            place.phase = Phase::Joining;
        }
        let resume = Resume {
            user_uuid: identity.user_uuid,
            access_key: identity.access_key,
            rooms: self.places.iter().map(Place::resume).collect(),
        };
        link.ask(Request::Resume, ClientFrame::Resume(resume)).await
    }

    pub(super) async fn sign_in(&mut self, link: &mut Link) -> Result<(), End> {
        let frame = ClientFrame::SignIn(SignIn::Password(self.credentials()));
        link.ask(Request::SignIn, frame).await
    }

    fn credentials(&self) -> Credentials {
        Credentials {
            username: self.plan.names.member(self.plan.number),
            password: Secret(format!("password of {}", self.plan.number)),
        }
    }

    pub(super) async fn join(&mut self, link: &mut Link, at: usize) -> Result<(), End> {
        let place = &mut self.places[at];
        place.phase = Phase::Joining;
        let block = ChannelJoin {
            room: RoomRef::from(&place.address),
            keep_joined: true,
            limit: None,
        };
        link.ask(Request::Join, ClientFrame::ChannelJoin(block))
            .await
    }

    /// Signed in and in every room: coming back is over.
    pub(super) fn check_ready(&mut self, link: &mut Link) {
        let in_all = self.places.iter().all(|place| place.phase == Phase::Joined);
        if !link.signed_in || !in_all || link.ready_since.is_some() {
            return;
        }
        link.ready_since = Some(Instant::now());
        let (lost_at, attempts) = (self.lost_at.take(), std::mem::take(&mut self.attempts));
        let mut record = self.record();
        record.ready = true;
        if let Some(lost_at) = lost_at {
            let back = &mut record.reconnections;
            back.count += 1;
            back.attempts += attempts;
            back.most_attempts = back.most_attempts.max(attempts);
            back.longest = back.longest.max(lost_at.elapsed());
        }
    }

    async fn flush(&mut self, link: &mut Link) -> Result<(), End> {
        if link.paused || link.hold.is_some() {
            return Ok(());
        }
        for at in 0..self.places.len() {
            let place = &mut self.places[at];
            let Some(first) = place.due() else { continue };
            let now = Instant::now();
            first.sent = Some(now);
            first.first_sent.get_or_insert(now);
            let said = first.said;
            let frame = place.message(said, self.plan.padding);
            link.ask(Request::Say(at), ClientFrame::ChannelMessage(frame))
                .await?;
        }
        Ok(())
    }

    /// How long to wait after a refusal that doesn't say.
    pub(super) fn pause(&mut self) -> Duration {
        let ceiling = (FIRST_WAIT_MS << self.refusals.min(16)).min(LONGEST_WAIT_MS);
        Duration::from_millis(ceiling / 2 + self.rng.random_range(0..=ceiling / 2))
    }
}
