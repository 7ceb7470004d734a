//! What the gateway counts. Labels are fixed enumerations, never a room, a user or an address.

use parlor_shared::telemetry::Metrics;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts};

/// Seconds; from a tenth of a millisecond to several seconds.
const LATENCY_BUCKETS: [f64; 14] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// Handles to the gateway's metrics. Cheap to clone.
#[derive(Clone, Debug)]
pub struct GatewayMetrics {
    pub connections: IntGauge,
    pub connections_total: IntCounter,
    pub handshakes_refused: IntCounter,
    pub signed_in: IntGauge,
    pub rooms: IntGauge,
    pub frames_in: IntCounter,
    pub messages_in: IntCounter,
    pub messages_published: IntCounter,
    pub deliveries: IntCounter,
    pub fan_out_seconds: Histogram,
    pub publish_seconds: Histogram,
    pub outbox_overflows: IntCounter,
    pub auth_failures: IntCounter,
    pub rate_limited: IntCounter,
    pub frames_refused: IntCounter,
    pub violations: IntCounter,
    pub gaps: IntCounter,
    pub gap_messages_repaired: IntCounter,
    pub duplicates_dropped: IntCounter,
    pub resyncs: IntCounter,
    pub bus_events_dropped: IntCounter,
    pub bus_events_unreadable: IntCounter,
    pub subscriber_connects: IntCounter,
    pub notices_dropped: IntCounter,
    pub redis_errors: IntCounter,
    pub redis_reconnects: IntCounter,
    pub redis_gone_back: IntCounter,
    resumes_recovered: IntCounter,
    resumes_fresh: IntCounter,
    closes: IntCounterVec,
}

impl GatewayMetrics {
    #[allow(clippy::too_many_lines, reason = "a list")]
    /// Registers them all.
    ///
    /// # Errors
    /// When two have the same name.
    pub fn new(metrics: &Metrics) -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str| metrics.register(IntCounter::new(name, help)?);
        let gauge = |name: &str, help: &str| metrics.register(IntGauge::new(name, help)?);
        let histogram = |name: &str, help: &str| {
            let options = HistogramOpts::new(name, help).buckets(LATENCY_BUCKETS.to_vec());
            metrics.register(Histogram::with_opts(options)?)
        };
        let resumes = metrics.register(IntCounterVec::new(
            Opts::new(
                "parlor_resumes_total",
                "Rooms resumed, by whether all that was missed could be had.",
            ),
            &["outcome"],
        )?)?;
        Ok(Self {
            connections: gauge("parlor_connections", "WebSocket connections now.")?,
            connections_total: counter("parlor_connections_total", "WebSocket connections made.")?,
            handshakes_refused: counter(
                "parlor_handshakes_refused_total",
                "Handshakes refused: origin, limits, overload or a malformed request.",
            )?,
            signed_in: gauge(
                "parlor_signed_in_sessions",
                "Connections on which somebody is signed in.",
            )?,
            rooms: gauge("parlor_rooms", "Rooms with members on this gateway.")?,
            frames_in: counter("parlor_frames_in_total", "Text frames received.")?,
            messages_in: counter(
                "parlor_messages_in_total",
                "Chat messages received from clients.",
            )?,
            messages_published: counter(
                "parlor_messages_published_total",
                "Chat messages numbered and stored by Redis.",
            )?,
            deliveries: counter(
                "parlor_deliveries_total",
                "Frames handed to members of rooms.",
            )?,
            fan_out_seconds: histogram(
                "parlor_fan_out_seconds",
                "From an event's arrival from Redis until it was written to its members.",
            )?,
            publish_seconds: histogram(
                "parlor_publish_seconds",
                "From a batch's way to Redis until its replies.",
            )?,
            outbox_overflows: counter(
                "parlor_outbox_overflows_total",
                "Connections closed because they read too slowly.",
            )?,
            auth_failures: counter(
                "parlor_auth_failures_total",
                "Sign-ins, sign-ups and resumes refused.",
            )?,
            rate_limited: counter(
                "parlor_rate_limited_total",
                "Frames refused by a rate limit.",
            )?,
            frames_refused: counter(
                "parlor_frames_refused_total",
                "Frames that were no valid request.",
            )?,
            violations: counter(
                "parlor_protocol_violations_total",
                "Connections ended because they broke the WebSocket protocol or its limits.",
            )?,
            gaps: counter("parlor_gaps_total", "Gaps noticed in rooms' live messages.")?,
            gap_messages_repaired: counter(
                "parlor_gap_messages_repaired_total",
                "Messages fetched to repair gaps.",
            )?,
            duplicates_dropped: counter(
                "parlor_duplicates_dropped_total",
                "Live messages that came twice.",
            )?,
            resyncs: counter(
                "parlor_resyncs_total",
                "Rooms told that live messages were lost.",
            )?,
            bus_events_dropped: counter(
                "parlor_bus_events_dropped_total",
                "Events dropped because a shard was behind.",
            )?,
            bus_events_unreadable: counter(
                "parlor_bus_events_unreadable_total",
                "Events on the bus that were not Parlor's.",
            )?,
            subscriber_connects: counter(
                "parlor_subscriber_connects_total",
                "Connections made by the subscriber.",
            )?,
            notices_dropped: counter(
                "parlor_notices_dropped_total",
                "Notices of private messages dropped because too many waited.",
            )?,
            redis_errors: counter(
                "parlor_redis_errors_total",
                "Commands that Redis did not answer well.",
            )?,
            redis_reconnects: counter(
                "parlor_redis_reconnects_total",
                "Times the publisher lost its connection.",
            )?,
            redis_gone_back: counter(
                "parlor_redis_gone_back_total",
                "Partitions found to have lost messages, whose rooms begin new epochs.",
            )?,
            resumes_recovered: resumes.with_label_values(&["recovered"]),
            resumes_fresh: resumes.with_label_values(&["fresh"]),
            closes: metrics.register(IntCounterVec::new(
                Opts::new(
                    "parlor_connections_closed_total",
                    "Connections ended, by reason.",
                ),
                &["reason"],
            )?)?,
        })
    }

    /// Counts a room that was resumed.
    pub fn resumed(&self, recovered: bool) {
        if recovered {
            self.resumes_recovered.inc();
        } else {
            self.resumes_fresh.inc();
        }
    }

    /// Counts a connection's end.
    pub fn closed(&self, reason: &'static str) {
        self.closes.with_label_values(&[reason]).inc();
    }
}

/// Counts one as long as it lives.
#[derive(Debug)]
pub struct Counted(IntGauge);

impl Counted {
    pub fn new(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
