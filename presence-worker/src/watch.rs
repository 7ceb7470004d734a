//! Gives each owned gateway two tasks of its own, one that refreshes and one that reaps, so that
//! none holds up another.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use parlor_shared::{
    id::GatewayId,
    redis::{
        Commands,
        lease::{Lease, Owned},
        presence::Settings,
    },
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    announce::Announcer,
    fate::{Grace, Patience},
    metrics::Metrics,
    reap::Reaper,
    refresh::Refresher,
};

pub(crate) struct Watch {
    pub(crate) owned: Owned<GatewayId>,
    pub(crate) commands: Commands,
    pub(crate) announcer: Announcer,
    pub(crate) settings: Settings,
    pub(crate) refresh_interval: Duration,
    pub(crate) grace: Grace,
    pub(crate) metrics: Arc<Metrics>,
}

impl Watch {
    /// Works for owned gateways until `stop`. All their steps may be repeated, so tasks end wherever
    /// they are, and the next owner goes on.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut tasks = JoinSet::new();
        let mut started: BTreeMap<GatewayId, Lease> = BTreeMap::new();
        loop {
            let owned = self.owned.borrow_and_update().clone();
            for (gateway, lease) in &owned {
                if started.get(gateway) != Some(lease) {
                    tasks.spawn(self.refresher(*gateway, lease).run());
                    tasks.spawn(self.reaper(*gateway, lease).run());
                }
            }
            // Tasks of a lease that is lost end by themselves.
            started = owned;
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                // The leases' task has ended: so will this one.
                changed = self.owned.changed() => if changed.is_err() { stop.cancelled().await },
                Some(ended) = tasks.join_next() => ended.context("a gateway's task died")?,
            }
        }
    }

    fn refresher(&self, gateway: GatewayId, lease: &Lease) -> Refresher {
        Refresher {
            gateway,
            lease: lease.clone(),
            commands: self.commands.clone(),
            settings: self.settings,
            interval: self.refresh_interval,
            metrics: Arc::clone(&self.metrics),
        }
    }

    fn reaper(&self, gateway: GatewayId, lease: &Lease) -> Reaper {
        Reaper {
            gateway,
            lease: lease.clone(),
            commands: self.commands.clone(),
            announcer: self.announcer.clone(),
            grace: self.grace,
            metrics: Arc::clone(&self.metrics),
            patience: Patience::default(),
        }
    }
}
