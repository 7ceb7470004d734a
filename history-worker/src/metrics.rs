//! What the worker counts. README.md has the table.

use std::sync::Arc;

use parlor_shared::telemetry;
use prometheus::{
    Counter, Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts,
};

pub(crate) struct Metrics {
    pub(crate) backlog_entries: IntGauge,
    pub(crate) backlog_age_seconds: Gauge,
    pub(crate) persisted: IntCounter,
    pub(crate) batches: IntCounter,
    pub(crate) persist_seconds: Histogram,
    pub(crate) trimmed_by_count: IntCounter,
    pub(crate) trimmed_by_age: IntCounter,
    pub(crate) unreadable: IntCounter,
    pub(crate) passed_over: IntCounter,
    pub(crate) tallies_told: IntCounter,
    pub(crate) photos_forgotten: IntCounter,
    pub(crate) fenced: IntCounter,
    pub(crate) partitions: IntGauge,
    pub(crate) leases_owned: IntGauge,
    pub(crate) leases_lost: IntCounter,
    pub(crate) redis_errors: IntCounter,
    pub(crate) redis_memory_used: Gauge,
    pub(crate) redis_memory_limit: Gauge,
    pub(crate) redis_main_thread_seconds: Counter,
    pub(crate) redis_evicted_keys: Counter,
    pub(crate) redis_persistence_ok: IntGauge,
}

impl Metrics {
    pub(crate) fn register(to: &telemetry::Metrics) -> prometheus::Result<Arc<Self>> {
        let counter = |name, help| to.register(IntCounter::new(name, help)?);
        let gauge = |name, help| to.register(IntGauge::new(name, help)?);
        let trimmed = to.register(IntCounterVec::new(
            Opts::new(
                "parlor_history_trimmed_total",
                "Messages dropped from history, by which limit.",
            ),
            &["reason"],
        )?)?;
        let persist_seconds = HistogramOpts::new(
            "parlor_history_persist_duration_seconds",
            "How long Redis took to commit a batch.",
        )
        // From half a millisecond, a small batch nearby, to the response timeout.
        .buckets(vec![
            0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0,
        ]);
        // Nobody is to be woken before Redis was asked.
        let persistence_ok = gauge(
            "parlor_redis_persistence_ok",
            "Whether Redis' last write of each kind to its disk succeeded: 1 or 0.",
        )?;
        persistence_ok.set(1);
        Ok(Arc::new(Self {
            backlog_entries: gauge(
                "parlor_history_backlog_entries",
                "Messages in the owned partitions that are not persisted yet.",
            )?,
            backlog_age_seconds: to.register(Gauge::new(
                "parlor_history_backlog_age_seconds",
                "Age of the oldest message in the owned partitions that is not persisted yet.",
            )?)?,
            persisted: counter("parlor_history_persisted_total", "Messages persisted.")?,
            batches: counter("parlor_history_batches_total", "Batches committed.")?,
            persist_seconds: to.register(Histogram::with_opts(persist_seconds)?)?,
            trimmed_by_count: trimmed.with_label_values(&["count"]),
            trimmed_by_age: trimmed.with_label_values(&["age"]),
            unreadable: counter(
                "parlor_history_unreadable_total",
                "Stream entries removed because they were no messages.",
            )?,
            passed_over: counter(
                "parlor_history_passed_over_total",
                "Entries in a batch that had been persisted before.",
            )?,
            photos_forgotten: counter(
                "parlor_history_photos_forgotten_total",
                "Photos forgotten because their messages were deleted or trimmed.",
            )?,
            tallies_told: counter(
                "parlor_history_tallies_told_total",
                "Changes of reactions and votes that were told because no gateway did, and polls closed by time.",
            )?,
            fenced: counter(
                "parlor_history_fenced_total",
                "Batches refused because the lease was another worker's.",
            )?,
            partitions: gauge("parlor_history_partitions", "Partitions there are.")?,
            leases_owned: gauge("parlor_history_leases_owned", "Partitions leased.")?,
            leases_lost: counter(
                "parlor_history_leases_lost_total",
                "Leases lost to another worker or by not being renewed in time.",
            )?,
            redis_errors: counter(
                "parlor_history_redis_errors_total",
                "Failures of commands and connections to Redis.",
            )?,
            redis_memory_used: to.register(Gauge::new(
                "parlor_redis_memory_used_bytes",
                "Memory that Redis uses; of a cluster that of the fullest master.",
            )?)?,
            redis_memory_limit: to.register(Gauge::new(
                "parlor_redis_memory_limit_bytes",
                "Redis' maxmemory, or its machine's memory where there is none; of the same master.",
            )?)?,
            redis_main_thread_seconds: to.register(Counter::new(
                "parlor_redis_main_thread_cpu_seconds_total",
                "CPU time of the thread on which Redis runs commands; of a cluster that of the busiest master.",
            )?)?,
            redis_evicted_keys: to.register(Counter::new(
                "parlor_redis_evicted_keys_total",
                "Keys that Redis threw away for want of memory.",
            )?)?,
            redis_persistence_ok: persistence_ok,
        }))
    }
}
