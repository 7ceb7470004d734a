//! Tells rooms who types. It goes over the room's pub/sub channel and is stored nowhere; what is too
//! much is dropped, since the next key stroke brings it again.

mod throttle;

use std::time::{Duration, Instant};

use parlor_shared::{
    event::Membership,
    id::ChannelId,
    redis::{Commands, scripts},
};
use tokio::sync::mpsc;
use tracing::warn;

use crate::metrics::GatewayMetrics;
use throttle::Throttle;

/// Typing that waits to be told; beyond it it is dropped.
const QUEUE_TYPING: usize = 1_024;
/// How much is told in one round trip.
const BATCH_TYPING: usize = 128;
/// How often a large room is told of anybody's typing, by all gateways together.
const LARGE_ROOM_INTERVAL: Duration = Duration::from_millis(500);

/// Somebody types, or has stopped.
#[derive(Clone, Debug)]
pub struct Typing {
    pub channel: ChannelId,
    pub who: Membership,
    pub on: bool,
}

/// The handle. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Typists {
    queue: mpsc::Sender<Typing>,
}

impl Typists {
    /// The handle, and the task to spawn. Rooms of more than `names_limit` users are large.
    pub fn new(
        commands: Commands,
        names_limit: u64,
        metrics: GatewayMetrics,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, waiting) = mpsc::channel(QUEUE_TYPING);
        let task = Task {
            commands,
            names_limit,
            metrics,
            throttle: Throttle::default(),
        };
        (Self { queue }, task.run(waiting))
    }

    /// Tells a room, unless that is too much. Never waits.
    pub fn tell(&self, typing: Typing) {
        // It is only a hint; the next one may pass.
        let _ = self.queue.try_send(typing);
    }
}

struct Task {
    commands: Commands,
    names_limit: u64,
    metrics: GatewayMetrics,
    throttle: Throttle,
}

impl Task {
    async fn run(mut self, mut queue: mpsc::Receiver<Typing>) {
        let mut batch = Vec::with_capacity(BATCH_TYPING);
        while queue.recv_many(&mut batch, BATCH_TYPING).await > 0 {
            let now = Instant::now();
            batch.retain(|it| {
                let user = it.who.user.uuid;
                self.throttle.admit(user, &it.channel, it.on, now)
            });
            self.tell(&batch).await;
            batch.clear();
        }
    }

    async fn tell(&mut self, batch: &[Typing]) {
        let calls: Vec<scripts::Call> = batch.iter().map(|it| self.call(it)).collect();
        let large = scripts::run_each::<u8>(&mut self.commands, &scripts::TYPING, &calls).await;
        match large {
            Ok(large) => {
                let now = Instant::now();
                let until = now + LARGE_ROOM_INTERVAL;
                for (typing, _) in batch.iter().zip(large).filter(|(_, large)| *large == 1) {
                    self.throttle.is_large(typing.channel.clone(), now, until);
                }
            }
            Err(error) => {
                self.metrics.redis_errors.inc();
                warn!(%error, "rooms could not be told who types");
            }
        }
    }

    fn call(&self, typing: &Typing) -> scripts::Call {
        let Typing { channel, who, on } = typing;
        let keyspace = self.commands.keyspace();
        (
            vec![
                keyspace.channel_users(channel),
                keyspace.typing_told(channel),
            ],
            vec![
                keyspace.published(channel).to_string(),
                u8::from(*on).to_string(),
                who.encode(),
                self.names_limit.to_string(),
                LARGE_ROOM_INTERVAL.as_millis().to_string(),
            ],
        )
    }
}
