//! What the worker counts. README.md has the table.

use std::sync::Arc;

use parlor_shared::telemetry;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts};

use crate::freshness::Freshness;

pub(crate) struct Metrics {
    pub(crate) refreshes: IntCounter,
    pub(crate) refresh_seconds: Histogram,
    pub(crate) freshness: Freshness,
    pub(crate) restored: IntCounter,
    pub(crate) reaped_departed: IntCounter,
    pub(crate) reaped_dead_gateway: IntCounter,
    pub(crate) offline_announced: IntCounter,
    pub(crate) gateways: IntGauge,
    pub(crate) gateways_owned: IntGauge,
    pub(crate) dead_gateways: IntCounter,
    pub(crate) leases_lost: IntCounter,
    pub(crate) redis_errors: IntCounter,
}

impl Metrics {
    pub(crate) fn register(to: &telemetry::Metrics) -> prometheus::Result<Arc<Self>> {
        let counter = |name, help| to.register(IntCounter::new(name, help)?);
        let reaped = to.register(IntCounterVec::new(
            Opts::new(
                "parlor_presence_reaped_total",
                "Sessions ended, by what had become of them.",
            ),
            &["reason"],
        )?)?;
        let refresh_seconds = HistogramOpts::new(
            "parlor_presence_refresh_duration_seconds",
            "How long it took to refresh all users of one gateway.",
        )
        // From an empty gateway to one whose users are about to seem offline.
        .buckets(vec![
            0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
        ]);
        Ok(Arc::new(Self {
            refreshes: counter(
                "parlor_presence_refreshes_total",
                "Statuses of connected users refreshed.",
            )?,
            refresh_seconds: to.register(Histogram::with_opts(refresh_seconds)?)?,
            freshness: to.register(Freshness::new()?)?,
            restored: counter(
                "parlor_presence_restored_total",
                "Missing statuses of connected users brought back.",
            )?,
            reaped_departed: reaped.with_label_values(&["departed"]),
            reaped_dead_gateway: reaped.with_label_values(&["dead_gateway"]),
            offline_announced: counter(
                "parlor_presence_offline_announced_total",
                "Users told to have gone offline.",
            )?,
            gateways: to.register(IntGauge::new(
                "parlor_presence_gateways",
                "Gateways there are, with dead ones of which something is left.",
            )?)?,
            gateways_owned: to.register(IntGauge::new(
                "parlor_presence_gateways_owned",
                "Gateways leased.",
            )?)?,
            dead_gateways: counter(
                "parlor_presence_dead_gateways_total",
                "Gateways taken for dead with sessions that had not departed.",
            )?,
            leases_lost: counter(
                "parlor_presence_leases_lost_total",
                "Leases lost to another worker or by not being renewed in time.",
            )?,
            redis_errors: counter(
                "parlor_presence_redis_errors_total",
                "Failures of commands and connections to Redis.",
            )?,
        }))
    }
}
