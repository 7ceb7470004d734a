//! One partition's events on their way to the endpoint.
//!
//! A round reads the oldest that wait and sends each room's in order, several rooms at a time. An
//! event that is not taken holds up its own room, and is tried again after a pause that grows.
//! Nothing but those pauses is kept in memory: the stream is what waits.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use parlor_shared::{
    clock,
    config::WebhookSettings,
    id::ChannelId,
    keyspace::Keyspace,
    redis::{Commands, connect::Backoff, lease::Lease, scripts},
};
use redis::{RedisResult, pipe, streams::StreamRangeReply};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{
    endpoint::{Endpoint, NotTaken},
    event::{Event, Room},
    metrics::WebhookMetrics,
};

/// Events that a round looks at.
const WINDOW_EVENTS: usize = 64;
/// Rooms that are sent at once.
const ROOMS: usize = 8;
/// How often it is looked whether something waits.
const POLL: Duration = Duration::from_millis(200);
/// The same while all that waits is held up.
const POLL_HELD_UP: Duration = Duration::from_secs(2);
/// The pause after the first attempt that failed; it doubles from there.
const BACKOFF_FIRST: Duration = Duration::from_millis(500);
/// However old an event is when it is first tried, this many attempts are made: it may be old for
/// want of workers.
const ATTEMPTS_MIN: u32 = 3;
/// About how many events of a partition are kept that were given up.
const DEAD_EVENTS: u32 = 10_000;

pub(super) struct Lane {
    commands: Commands,
    keyspace: Keyspace,
    partition: u16,
    lease: Lease,
    endpoint: Endpoint,
    settings: Arc<WebhookSettings>,
    metrics: WebhookMetrics,
    held_up: HashMap<ChannelId, HeldUp>,
}

/// A room whose oldest event was not taken.
#[derive(Clone, Copy)]
struct HeldUp {
    attempts: u32,
    until: Instant,
}

/// What became of one room's events in a round.
enum RoomEnded {
    AllTaken,
    /// The oldest that is left was not taken.
    HeldUp(HeldUp),
    /// The lease is not held at the moment.
    Unowned,
}

impl Lane {
    pub fn new(
        (commands, keyspace): (Commands, Keyspace),
        (partition, lease): (u16, Lease),
        endpoint: Endpoint,
        settings: Arc<WebhookSettings>,
        metrics: WebhookMetrics,
    ) -> Self {
        Self {
            commands,
            keyspace,
            partition,
            lease,
            endpoint,
            settings,
            metrics,
            held_up: HashMap::new(),
        }
    }

    /// Sends until `halt`.
    pub async fn run(mut self, halt: CancellationToken) {
        let mut backoff = Backoff::default();
        let sending = async {
            loop {
                // A renewal may be late; a lease that is lost for good halts the lane.
                if !self.lease.is_held() {
                    sleep(POLL).await;
                    continue;
                }
                let wait = match self.round().await {
                    Ok(wait) => {
                        backoff.reset();
                        wait
                    }
                    Err(error) => {
                        self.metrics.redis_errors.inc();
                        warn!(%error, "can't look for the webhook's events");
                        backoff.next()
                    }
                };
                sleep(wait).await;
            }
        };
        tokio::select! {
            () = halt.cancelled() => {}
            () = sending => {}
        }
    }

    /// Sends what can be sent, and gives how long to wait for more.
    async fn round(&mut self) -> RedisResult<Duration> {
        let (rooms, unreadable) = self.oldest().await?;
        for entry in &unreadable {
            warn!(%entry, "removed a webhook's event that nobody can read");
            self.done(entry, "").await?;
        }
        if rooms.is_empty() {
            self.held_up.clear();
            return Ok(if unreadable.is_empty() {
                POLL
            } else {
                Duration::ZERO
            });
        }
        let names = self.names(&rooms).await?;
        let now = Instant::now();
        let free: Vec<_> = rooms
            .into_iter()
            .zip(names)
            .filter(|((channel, _), _)| {
                let held_up = self.held_up.get(channel);
                held_up.is_none_or(|held_up| held_up.until <= now)
            })
            .collect();
        let some = !free.is_empty();
        let this = &*self;
        let ended: Vec<(ChannelId, RedisResult<RoomEnded>)> = stream::iter(free)
            .map(|((channel, events), room)| async move {
                let before = this.held_up.get(&channel).map_or(0, |it| it.attempts);
                let ended = this.send_room(&room, events, before).await;
                (channel, ended)
            })
            .buffer_unordered(ROOMS)
            .collect()
            .await;
        let mut taken = false;
        for (channel, ended) in ended {
            match ended? {
                RoomEnded::AllTaken => {
                    taken = true;
                    self.held_up.remove(&channel);
                }
                RoomEnded::HeldUp(held_up) => {
                    self.held_up.insert(channel, held_up);
                }
                RoomEnded::Unowned => {}
            }
        }
        Ok(match (taken, some) {
            (true, _) => Duration::ZERO,
            (false, true) => POLL,
            (false, false) => self.until_free(now),
        })
    }

    /// How long all that waits is held up.
    fn until_free(&self, now: Instant) -> Duration {
        let soonest = self.held_up.values().map(|held_up| held_up.until).min();
        let wait = soonest.map_or(POLL, |at| at.saturating_duration_since(now));
        wait.clamp(POLL, POLL_HELD_UP)
    }

    /// The oldest events by rooms, in order, and the entries that are no events. Also tells how many
    /// were dropped for want of room since the last time.
    async fn oldest(&self) -> RedisResult<(Vec<(ChannelId, Vec<Event>)>, Vec<String>)> {
        let state = self.keyspace.webhook_state(self.partition);
        let (reply, dropped, _): (StreamRangeReply, Option<u64>, u64) = pipe()
            .atomic()
            .xrange_count(
                self.keyspace.webhooks(self.partition),
                "-",
                "+",
                WINDOW_EVENTS,
            )
            .hget(&state, "dropped")
            .hdel(&state, "dropped")
            .query_async(&mut self.commands.clone())
            .await?;
        if let Some(dropped) = dropped {
            self.metrics.dropped.inc_by(dropped);
            warn!(
                partition = self.partition,
                dropped, "events were dropped: too many wait for the webhook"
            );
        }
        let mut rooms: Vec<(ChannelId, Vec<Event>)> = Vec::new();
        let mut unreadable = Vec::new();
        for entry in &reply.ids {
            let Some(event) = Event::read(entry) else {
                unreadable.push(entry.id.clone());
                continue;
            };
            match rooms.iter_mut().find(|(room, _)| *room == event.channel) {
                Some((_, events)) => events.push(event),
                None => rooms.push((event.channel.clone(), vec![event])),
            }
        }
        Ok((rooms, unreadable))
    }

    /// Which rooms the channels are.
    async fn names(&self, rooms: &[(ChannelId, Vec<Event>)]) -> RedisResult<Vec<Room>> {
        let general = self.keyspace.general();
        let mut ask = pipe();
        for (channel, _) in rooms {
            ask.hget(self.commands.keyspace().channel_meta(channel), "name");
        }
        let names: Vec<Option<String>> = ask.query_async(&mut self.commands.clone()).await?;
        let rooms = rooms.iter().zip(names).map(|((channel, _), name)| {
            match name.filter(|name| !name.is_empty()) {
                Some(name) => Room::Named { name },
                None if *channel == general => Room::General,
                None => Room::Private {
                    channel: channel.to_string(),
                },
            }
        });
        Ok(rooms.collect())
    }

    /// Sends a room's events one after the other, until one is not taken. `attempts` were made for
    /// the first of them.
    async fn send_room(
        &self,
        room: &Room,
        events: Vec<Event>,
        mut attempts: u32,
    ) -> RedisResult<RoomEnded> {
        let wanted = self.settings.webhook_private_rooms || !matches!(room, Room::Private { .. });
        for event in events {
            // Another owner sends it too; the fewer such doubles, the better.
            if !self.lease.is_held() {
                return Ok(RoomEnded::Unowned);
            }
            let still_ours = match event.payload(room).filter(|_| wanted) {
                // Of a private room, or not to be read by anybody.
                None => self.done(&event.entry, "").await?,
                Some(payload) => {
                    let sent = self
                        .endpoint
                        .send(&event.id(), payload, clock::now_ms())
                        .await;
                    match sent {
                        Ok(()) => {
                            self.metrics.delivered.inc();
                            self.done(&event.entry, "").await?
                        }
                        Err(error) => {
                            attempts += 1;
                            self.metrics.failed.inc();
                            if !self.is_to_be_given_up(&event, attempts) {
                                return Ok(RoomEnded::HeldUp(self.hold_up(attempts, error)));
                            }
                            warn!(id = event.id(), %error, attempts, "gave up an event");
                            self.metrics.dead.inc();
                            self.done(&event.entry, &error.to_string()).await?
                        }
                    }
                }
            };
            if !still_ours {
                return Ok(RoomEnded::Unowned);
            }
            attempts = 0;
        }
        Ok(RoomEnded::AllTaken)
    }

    fn is_to_be_given_up(&self, event: &Event, attempts: u32) -> bool {
        let age_ms = clock::now_ms().saturating_sub(event.ms());
        attempts >= ATTEMPTS_MIN && Duration::from_millis(age_ms) >= self.settings.webhook_retry_for
    }

    fn hold_up(&self, attempts: u32, error: NotTaken) -> HeldUp {
        let pause = backoff(attempts, self.settings.webhook_backoff_max);
        // Half of it by chance, so that rooms that were held up together don't come back together.
        let pause = pause.mul_f64(rand::random_range(0.5..=1.0));
        debug!(%error, attempts, pause_ms = pause.as_millis(), "the webhook took an event not");
        HeldUp {
            attempts,
            until: Instant::now() + pause,
        }
    }

    /// Takes an event from those that wait. `false` when the partition is another worker's.
    async fn done(&self, entry: &str, why: &str) -> RedisResult<bool> {
        let done: i64 = scripts::WEBHOOK_DONE
            .key(self.lease.key())
            .key(self.keyspace.webhooks(self.partition))
            .key(self.keyspace.webhooks_dead(self.partition))
            .arg(self.lease.token())
            .arg(entry)
            .arg(why)
            .arg(DEAD_EVENTS)
            .invoke_async(&mut self.commands.clone())
            .await?;
        if done < 0 {
            self.lease.lose();
        }
        Ok(done >= 0)
    }
}

/// The pause after so many attempts.
fn backoff(attempts: u32, most: Duration) -> Duration {
    let doublings = attempts.saturating_sub(1).min(20);
    (BACKOFF_FIRST * 2_u32.pow(doublings)).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let most = Duration::from_secs(300);
        let pauses: Vec<_> = [1, 2, 3, 10, 11, 4_000_000]
            .into_iter()
            .map(|attempts| backoff(attempts, most).as_millis())
            .collect();
        assert_eq!(pauses, [500, 1_000, 2_000, 256_000, 300_000, 300_000]);
    }
}
