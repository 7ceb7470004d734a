//! The task that publishes on one connection at a time.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt as _,
    future::BoxFuture,
    stream::{FuturesOrdered, StreamExt as _},
};
use parlor_shared::redis::{Line, Redis, WAITING_BATCHES, connect::Backoff, scripts, was_not_run};
use redis::{Cmd, Pipeline, RedisError, RedisResult, Value};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use super::{Done, Publish, PublishError, Published, Up, intake::Intake};
use crate::{
    bus::{
        commands::{self, Publishing},
        durability::Durability,
        guard::Guard,
        publication::{read_reply, read_tally},
        witness::Scope,
    },
    metrics::GatewayMetrics,
};

/// How often a silent connection is asked whether it is alive.
const WATCHDOG: Duration = Duration::from_secs(5);
/// Pipelines under way at once.
const PIPELINES: usize = 16;
/// How long messages wait for a slot that moves or a replica that takes over, before their senders
/// are told to try again: a slot of some ten thousand keys moves in a few seconds.
const HOLD: Duration = Duration::from_secs(10);

pub(super) struct Task {
    pub(super) redis: Redis,
    /// The partition that it publishes to; none is all.
    pub(super) scope: Scope,
    pub(super) slot: u16,
    pub(super) publishing: Publishing,
    pub(super) durability: Durability,
    pub(super) guard: Guard,
    pub(super) metrics: GatewayMetrics,
    pub(super) up: Arc<Up>,
    pub(super) is_up: bool,
    /// What Redis did not run, because it did not know the script or because another server has to,
    /// oldest first.
    pub(super) again: VecDeque<Publish>,
    /// Since when another server has to, until one has.
    pub(super) held_since: Option<Instant>,
}

type Batch = (Vec<Publish>, Instant, RedisResult<Vec<RedisResult<Value>>>);

/// How serving a connection ended.
enum Served {
    /// Nobody is left to publish.
    Ended,
    /// The connection failed.
    Broken,
    /// Another server has to run what waits.
    Displaced,
}

impl Task {
    pub(super) async fn run(mut self, mut intake: Intake<Publish>) {
        let mut backoff = Backoff::default();
        let mut first = true;
        loop {
            match self.connect(!first).await {
                Ok(line) => {
                    if !first && self.held_since.is_none() {
                        info!("publishing works again");
                    }
                    self.be_up(true);
                    match self.serve(&line, &mut intake, &mut backoff).await {
                        Served::Ended => return,
                        // On a cluster the other server's connection is there for others already.
                        Served::Displaced if self.publishing.on_cluster => {}
                        Served::Displaced => self.metrics.redis_reconnects.inc(),
                        Served::Broken => {
                            self.held_since = None;
                            self.give_up(&line);
                        }
                    }
                }
                Err(error) => {
                    self.metrics.redis_errors.inc();
                    warn!(%error, "publishing waits for Redis");
                }
            }
            first = false;
            let wait = backoff.next();
            if self.held_since.is_some_and(|since| since.elapsed() < HOLD) {
                // What comes meanwhile waits in the queue, behind what is held.
                tokio::time::sleep(wait).await;
                continue;
            }
            self.held_since = None;
            refuse(self.again.drain(..).chain(intake.give_up()));
            self.be_up(false);
            if self.refuse_for(wait, &mut intake).await {
                return;
            }
        }
    }

    fn be_up(&mut self, is_up: bool) {
        if std::mem::replace(&mut self.is_up, is_up) != is_up {
            self.up.changed(is_up);
        }
    }

    async fn connect(&self, anew: bool) -> RedisResult<Line> {
        let line = self.redis.line(self.slot, anew).await?;
        let mut connection = line.connection.clone();
        let prepared = async {
            commands::load(&mut connection, self.publishing.on_cluster).await?;
            // Before anything is numbered: it may be another Redis, or the same one with less in it.
            self.guard.ask(&mut connection, self.scope).await
        };
        if let Err(error) = prepared.await {
            if !was_not_run(&error) {
                self.give_up(&line);
            }
            return Err(error);
        }
        Ok(line)
    }

    /// Counts a connection once, however many tasks share it.
    fn give_up(&self, line: &Line) {
        if line.give_up() {
            self.metrics.redis_reconnects.inc();
        }
    }

    /// Publishes until the connection fails, the slot goes, or nobody is left to publish.
    async fn serve(
        &mut self,
        line: &Line,
        intake: &mut Intake<Publish>,
        backoff: &mut Backoff,
    ) -> Served {
        let mut connection = line.connection.clone();
        let mut watchdog = interval(WATCHDOG);
        watchdog.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut under_way: FuturesOrdered<BoxFuture<'static, Batch>> = FuturesOrdered::new();
        let mut broken = false;
        let mut displaced = false;
        // What was held goes first.
        let mut loaded = self.held_since.is_some();
        let pipelines = if self.durability.waits() {
            WAITING_BATCHES
        } else {
            PIPELINES
        };
        if self.held_since.is_none() {
            backoff.reset();
        }
        loop {
            if displaced && !broken && under_way.is_empty() {
                self.held_since.get_or_insert_with(Instant::now);
                return Served::Displaced;
            }
            // What Redis did not run goes first, and only once nothing is under way that could
            // be numbered before it.
            if under_way.is_empty() && !self.again.is_empty() && !broken {
                let load = async {
                    if !std::mem::take(&mut loaded) {
                        commands::load(&mut connection, self.publishing.on_cluster).await?;
                    }
                    RedisResult::Ok(())
                };
                if let Err(error) = load.await {
                    warn!(%error, "the publish scripts can't be loaded");
                    broken = true;
                } else {
                    let batch = self.again.drain(..).collect();
                    under_way.push_back(self.send(line, batch));
                }
            }
            if broken && under_way.is_empty() {
                refuse(self.again.drain(..));
                return Served::Broken;
            }
            let accepts =
                !broken && !displaced && self.again.is_empty() && under_way.len() < pipelines;
            tokio::select! {
                biased;
                Some((batch, began, outcome)) = under_way.next(), if !under_way.is_empty() => {
                    let finished = self.finish(batch, began, outcome);
                    broken |= finished.broken;
                    displaced |= finished.displaced;
                    if finished.ran && !displaced {
                        self.held_since = None;
                        backoff.reset();
                    }
                }
                () = line.broken() => broken = true,
                () = self.guard.wanted(self.scope), if !broken => {
                    match self.guard.ask(&mut connection, self.scope).await {
                        Ok(()) => {}
                        Err(error) if self.redis.fails_over() && was_not_run(&error) => {
                            displaced = true;
                        }
                        Err(error) => {
                            self.metrics.redis_errors.inc();
                            warn!(%error, "Redis can't be asked what it has");
                            broken = true;
                        }
                    }
                }
                // What is on its way has a time limit of its own.
                _ = watchdog.tick(), if under_way.is_empty() => {
                    let pong: RedisResult<()> = redis::cmd("PING").query_async(&mut connection).await;
                    broken |= pong.is_err();
                }
                batch = intake.next(), if accepts => match batch {
                    Some(batch) => under_way.push_back(self.send(line, batch)),
                    None => return Served::Ended,
                },
            }
        }
    }

    /// A batch on its way. The first poll hands it to the connection, and new futures are polled in
    /// the order in which they were pushed: so batches leave in the order of these calls.
    fn send(&self, line: &Line, batch: Vec<Publish>) -> BoxFuture<'static, Batch> {
        let mut pipeline = Pipeline::with_capacity(batch.len());
        for publish in &batch {
            let era = self.guard.era(self.publishing.partition(publish));
            let mut command = Cmd::new();
            self.publishing.write(&mut command, publish, &era);
            pipeline.add_command(command);
        }
        // On the same connection: it waits for what this connection has written.
        self.durability.add(&mut pipeline);
        pipeline.ignore_errors();
        let (line, waits) = (line.clone(), self.durability.waits());
        let began = Instant::now();
        async move {
            let _turn = if waits { line.turn().await } else { None };
            let outcome = pipeline.query_async(&mut line.connection.clone()).await;
            (batch, began, outcome)
        }
        .boxed()
    }

    /// Tells who waits.
    fn finish(
        &mut self,
        batch: Vec<Publish>,
        began: Instant,
        outcome: RedisResult<Vec<RedisResult<Value>>>,
    ) -> Finished {
        self.metrics
            .publish_seconds
            .observe(began.elapsed().as_secs_f64());
        let waits = self.durability.waits();
        let mut finished = Finished::default();
        let mut replies = match outcome {
            Ok(replies) if replies.len() == batch.len() + usize::from(waits) => replies,
            Ok(_) => {
                warn!("Redis gave another number of replies than commands");
                refuse(batch);
                return Finished::broken();
            }
            Err(error) => {
                warn!(%error, messages = batch.len(), "messages could not be published");
                self.metrics.redis_errors.inc();
                refuse(batch);
                return Finished::broken();
            }
        };
        let confirmed = !waits
            || replies
                .pop()
                .is_some_and(|answer| self.durability.is_confirmed(answer));
        for (publish, reply) in batch.into_iter().zip(replies) {
            match reply {
                // Everything behind it fails the same way until the script is loaded, so keeping
                // these in order keeps the clients' order.
                Err(error) if scripts::is_not_loaded(&error) => self.again.push_back(publish),
                // The same holds until another server is asked.
                Err(error) if self.redis.fails_over() && was_not_run(&error) => {
                    self.again.push_back(publish);
                    finished.displaced = true;
                }
                Err(error) => {
                    self.report(&error);
                    finished.broken |= error.is_unrecoverable_error();
                    publish.done.refuse(PublishError::Unavailable);
                }
                Ok(reply) => {
                    finished.ran = true;
                    self.tell(publish, &reply, confirmed);
                }
            }
        }
        finished
    }

    /// Tells who waits what the script gave.
    fn tell(&self, publish: Publish, reply: &Value, confirmed: bool) {
        let done = match publish.done {
            Done::Published(done) => done,
            Done::Tallied(done) => {
                let tallied = read_tally(reply);
                return done(tallied.and_then(|tallied| {
                    confirmed
                        .then_some(tallied)
                        .ok_or(PublishError::Unconfirmed)
                }));
            }
        };
        let mut published = read_reply(reply, publish.message);
        if let Ok(Published { position, message }) = &published
            // Not what a message seen before was given then.
            && *message == publish.message
        {
            self.guard.published(&publish.channel, position);
        }
        if !confirmed && published.is_ok() {
            published = Err(PublishError::Unconfirmed);
        }
        if published.is_ok() {
            self.metrics.messages_published.inc();
        }
        done(published);
    }

    fn report(&self, error: &RedisError) {
        self.metrics.redis_errors.inc();
        warn!(%error, "Redis refused a message");
    }

    /// Refuses what comes while Redis is away. `true` when nobody is left to publish.
    async fn refuse_for(&mut self, wait: Duration, intake: &mut Intake<Publish>) -> bool {
        let until = tokio::time::Instant::now() + wait;
        loop {
            match tokio::time::timeout_at(until, intake.one()).await {
                Err(_) => return false,
                Ok(None) => return true,
                Ok(Some(publish)) => publish.done.refuse(PublishError::Unavailable),
            }
        }
    }
}

/// What a batch's replies tell.
#[derive(Default)]
struct Finished {
    /// Something was run.
    ran: bool,
    /// The connection is of no use any more.
    broken: bool,
    /// Another server has to run the rest.
    displaced: bool,
}

impl Finished {
    fn broken() -> Self {
        Self {
            broken: true,
            ..Self::default()
        }
    }
}

fn refuse(batch: impl IntoIterator<Item = Publish>) {
    for publish in batch {
        publish.done.refuse(PublishError::Unavailable);
    }
}
