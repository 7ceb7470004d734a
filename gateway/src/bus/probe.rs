//! The end-to-end probe: a message of the gateway to itself through Redis.
//!
//! A connection may look alive while nothing comes through any more. The gateway publishes to a
//! channel of its own and expects it back; if it does not come, the gateway is not ready.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parlor_shared::{
    id::{ChannelId, GatewayId},
    keyspace,
    redis::{Commands, pubsub::Subscriptions},
    telemetry::Condition,
};
use prometheus::Histogram;
use redis::AsyncCommands as _;
use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval, timeout},
};
use tracing::{info, warn};

/// How long a probe may take. A healthy one takes a millisecond.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// What the probe knows.
#[derive(Debug)]
pub struct Probe {
    channel: ChannelId,
    last: AtomicU64,
    back: Notify,
    connected: AtomicBool,
}

impl Probe {
    pub fn new(gateway: GatewayId) -> Arc<Self> {
        Arc::new(Self {
            channel: keyspace::probe(gateway),
            last: AtomicU64::new(0),
            back: Notify::new(),
            connected: AtomicBool::new(false),
        })
    }

    /// Whether an event is a probe of this gateway.
    pub fn is_own(&self, channel: &str) -> bool {
        channel == self.channel.as_str()
    }

    /// A probe has come back.
    pub fn arrived(&self, payload: &[u8]) {
        if let Some(number) = std::str::from_utf8(payload)
            .ok()
            .and_then(|text| text.parse().ok())
        {
            self.last.store(number, Ordering::Release);
            self.back.notify_one();
        }
    }

    /// The subscriber's connection came or went.
    pub fn connected(&self, connected: bool) {
        self.connected.store(connected, Ordering::Release);
    }

    /// Probes for ever, and says in `condition` whether Redis works both ways, in `seconds` how long
    /// that takes.
    pub async fn run(
        self: Arc<Self>,
        mut commands: Commands,
        subscriptions: Subscriptions,
        every: Duration,
        condition: Condition,
        seconds: Histogram,
    ) {
        // During an outage this waits; the condition says so.
        let mut subscribed = subscriptions.subscribe(&self.channel);
        condition.fails("not connected yet");
        let _ = (&mut subscribed).await;
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut well = None;
        for number in 1_u64.. {
            ticks.tick().await;
            let began = Instant::now();
            let verdict = self.probe(&mut commands, number).await;
            match &verdict {
                Ok(()) => {
                    seconds.observe(began.elapsed().as_secs_f64());
                    condition.holds();
                }
                Err(reason) => condition.fails(reason),
            }
            if well != Some(verdict.is_ok()) {
                match &verdict {
                    Ok(()) => info!("Redis answers end to end"),
                    Err(reason) => warn!(%reason, "Redis does not answer end to end"),
                }
                well = Some(verdict.is_ok());
            }
        }
    }

    async fn probe(&self, commands: &mut Commands, number: u64) -> Result<(), String> {
        let channel = commands.keyspace().published(&self.channel);
        let publish = commands.publish::<_, _, ()>(channel.as_str(), number.to_string());
        match timeout(ANSWER_TIMEOUT, publish).await {
            Err(_) => return Err("Redis does not answer".to_owned()),
            Ok(Err(error)) => return Err(format!("Redis can't be reached: {error}")),
            Ok(Ok(())) => {}
        }
        let back = async {
            while self.last.load(Ordering::Acquire) < number {
                self.back.notified().await;
            }
        };
        timeout(ANSWER_TIMEOUT, back)
            .await
            .map_err(|_| "what is published does not come back".to_owned())
    }
}
