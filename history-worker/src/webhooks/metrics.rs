//! What is counted of webhooks.

use parlor_shared::telemetry;
use prometheus::{Gauge, IntCounter, IntGauge};

#[derive(Clone)]
pub(crate) struct WebhookMetrics {
    pub(crate) delivered: IntCounter,
    pub(crate) failed: IntCounter,
    pub(crate) dead: IntCounter,
    pub(crate) dropped: IntCounter,
    pub(crate) waiting: IntGauge,
    pub(crate) waiting_age_seconds: Gauge,
    /// That of the worker.
    pub(crate) redis_errors: IntCounter,
}

impl WebhookMetrics {
    pub(crate) fn register(
        to: &telemetry::Metrics,
        redis_errors: IntCounter,
    ) -> prometheus::Result<Self> {
        let counter = |name, help| to.register(IntCounter::new(name, help)?);
        Ok(Self {
            delivered: counter(
                "parlor_webhooks_delivered_total",
                "Events that the webhook's endpoint has taken.",
            )?,
            failed: counter(
                "parlor_webhooks_failed_attempts_total",
                "Attempts to send an event that were not answered with success.",
            )?,
            dead: counter(
                "parlor_webhooks_dead_total",
                "Events that were given up and put among the dead.",
            )?,
            dropped: counter(
                "parlor_webhooks_dropped_total",
                "Events that were never put aside because too many waited.",
            )?,
            waiting: to.register(IntGauge::new(
                "parlor_webhooks_waiting",
                "Events of the owned partitions that wait for the endpoint.",
            )?)?,
            waiting_age_seconds: to.register(Gauge::new(
                "parlor_webhooks_waiting_age_seconds",
                "Age of the oldest event of the owned partitions that waits for the endpoint.",
            )?)?,
            redis_errors,
        })
    }
}
