//! Webhooks: what happens is told to a back end, at least once and in each room's order.
//!
//! The history-worker sends because it owns the partitions: messages are put aside by the script
//! that persists them, each exactly once, and joins and leaves by the scripts that carry them out,
//! whichever program calls those. What waits is in Redis (`webhooks:{p}`) until the endpoint has
//! taken it, so nothing is lost with a process; what is sent twice carries the same id.

mod endpoint;
mod event;
mod lane;
mod metrics;
mod waiting;

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::bail;
use parlor_shared::{
    config::WebhookSettings,
    keyspace::Keyspace,
    redis::{Commands, lease::Lease, lease::Owned},
};
use redis::{RedisResult, pipe};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use endpoint::Endpoint;
use lane::Lane;
pub(crate) use metrics::WebhookMetrics;
pub(crate) use waiting::Waiting;

/// How often the scripts are told again which events are wanted, should the key be gone.
const DECLARE: Duration = Duration::from_secs(30);

pub(crate) struct Webhooks {
    commands: Commands,
    keyspace: Keyspace,
    owned: Owned<u16>,
    settings: Arc<WebhookSettings>,
    /// `None` while webhooks are off.
    endpoint: Option<Endpoint>,
    metrics: WebhookMetrics,
}

impl Webhooks {
    /// # Errors
    /// A sentence when the URL or a secret is of no use.
    pub(crate) fn new(
        commands: Commands,
        keyspace: Keyspace,
        owned: Owned<u16>,
        settings: WebhookSettings,
        metrics: WebhookMetrics,
    ) -> anyhow::Result<Self> {
        let endpoint = match &settings.webhook_url {
            Some(url) => {
                let secrets = settings.secrets()?;
                anyhow::ensure!(!secrets.is_empty(), "webhook_secret is empty");
                Some(Endpoint::new(url, &secrets, settings.webhook_timeout)?)
            }
            None => None,
        };
        Ok(Self {
            commands,
            keyspace,
            owned,
            settings: Arc::new(settings),
            endpoint,
            metrics,
        })
    }

    /// Sends what happens in the owned partitions, until `stop`. An attempt under way is then given
    /// up: whoever owns the partition next makes it again.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut lanes = JoinSet::new();
        let mut running: HashMap<u16, (Lease, CancellationToken)> = HashMap::new();
        loop {
            let owned = self.owned.borrow_and_update().clone();
            if let Err(error) = self.declare(owned.keys().copied()).await {
                warn!(%error, "can't tell which events the webhook wants");
            }
            running.retain(|partition, (lease, halt)| {
                let same = owned
                    .get(partition)
                    .is_some_and(|now| now.token() == lease.token());
                if !same {
                    halt.cancel();
                }
                same
            });
            for (partition, lease) in owned {
                let Some(endpoint) = &self.endpoint else {
                    break;
                };
                running.entry(partition).or_insert_with(|| {
                    let halt = stop.child_token();
                    let lane = Lane::new(
                        (self.commands.clone(), self.keyspace.clone()),
                        (partition, lease.clone()),
                        endpoint.clone(),
                        Arc::clone(&self.settings),
                        self.metrics.clone(),
                    );
                    lanes.spawn(lane.run(halt.clone()));
                    (lease, halt)
                });
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                changed = self.owned.changed() => if changed.is_err() { stop.cancelled().await },
                () = tokio::time::sleep(DECLARE) => {}
                Some(ended) = lanes.join_next() => if ended.is_err_and(|error| error.is_panic()) {
                    bail!("a partition's webhooks panicked");
                },
            }
        }
    }

    /// Tells the scripts what to put aside in these partitions: nothing, while webhooks are off.
    async fn declare(&self, partitions: impl Iterator<Item = u16>) -> RedisResult<()> {
        let mut tell = pipe();
        let mut any = false;
        for partition in partitions {
            let state = self.keyspace.webhook_state(partition);
            any = true;
            if self.endpoint.is_none() {
                tell.del(state).ignore();
                continue;
            }
            tell.hset(&state, "most", self.settings.webhook_backlog)
                .ignore();
            for event in parlor_shared::config::WEBHOOK_EVENTS {
                if self.settings.webhook_events.include(event) {
                    tell.hset(&state, event, 1).ignore();
                } else {
                    tell.hdel(&state, event).ignore();
                }
            }
        }
        if any {
            let _: () = tell.query_async(&mut self.commands.clone()).await?;
        }
        Ok(())
    }
}
