//! What the gateway counts. Labels are fixed enumerations, never a room, a user or an address.

use parlor_shared::{protocol::CloseCode, telemetry::Metrics};
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts};

/// Seconds; from a tenth of a millisecond to several seconds.
const LATENCY_BUCKETS: [f64; 14] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// Handles to the gateway's metrics. Cheap to clone.
#[derive(Clone, Debug)]
pub struct GatewayMetrics {
    pub connections: IntGauge,
    pub connections_limit: IntGauge,
    pub connections_total: IntCounter,
    pub handshakes_refused: IntCounter,
    pub signed_in: IntGauge,
    pub rooms: IntGauge,
    pub frames_in: IntCounter,
    pub messages_in: IntCounter,
    pub messages_published: IntCounter,
    pub messages_refused: RefusedMessages,
    pub deliveries: IntCounter,
    pub fan_out_seconds: Histogram,
    pub publish_seconds: Histogram,
    pub probe_seconds: Histogram,
    pub outbox_overflows: IntCounter,
    pub auth_failures: IntCounter,
    pub rate_limited: IntCounter,
    pub frames_refused: IntCounter,
    pub violations: IntCounter,
    pub gaps: IntCounter,
    pub gaps_open: IntGauge,
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
            connections_limit: gauge(
                "parlor_connections_limit",
                "WebSocket connections that this gateway takes.",
            )?,
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
            messages_refused: RefusedMessages(labelled(
                metrics,
                Opts::new(
                    "parlor_messages_refused_total",
                    "Chat messages refused though their senders did nothing wrong, by reason.",
                ),
                "reason",
                RefusedMessages::REASONS,
            )?),
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
            probe_seconds: histogram(
                "parlor_probe_seconds",
                "The way of the gateway's own message through Redis and back.",
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
            gaps_open: gauge(
                "parlor_gaps_open",
                "Rooms' gaps whose messages are being fetched; newer ones wait for them.",
            )?,
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
                "Notices to users, as of private messages, dropped because too many waited.",
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
            closes: labelled(
                metrics,
                Opts::new(
                    "parlor_connections_closed_total",
                    "Connections ended, by reason.",
                ),
                "reason",
                close_reasons(),
            )?,
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

    /// Counts a connection's end, by the code it was closed with; `None` when the client just went.
    pub fn closed(&self, code: Option<CloseCode>) {
        let reason = code.map_or(GONE, close_reason);
        self.closes.with_label_values(&[reason]).inc();
    }
}

/// Messages that were not taken. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RefusedMessages(IntCounterVec);

impl RefusedMessages {
    pub const UNAVAILABLE: &str = "unavailable";
    pub const UNCONFIRMED: &str = "unconfirmed";
    pub const BACKLOG_FULL: &str = "backlog_full";
    pub const OVERLOADED: &str = "overloaded";
    const REASONS: [&str; 4] = [
        Self::UNAVAILABLE,
        Self::UNCONFIRMED,
        Self::BACKLOG_FULL,
        Self::OVERLOADED,
    ];

    pub fn count(&self, reason: &'static str) {
        self.0.with_label_values(&[reason]).inc();
    }
}

/// A family with one label, all of whose values are known: each is told as 0 from the start, so that
/// the first event is a rise and not a series out of nowhere.
fn labelled(
    metrics: &Metrics,
    options: Opts,
    label: &str,
    values: impl IntoIterator<Item = &'static str>,
) -> prometheus::Result<IntCounterVec> {
    let family = metrics.register(IntCounterVec::new(options, &[label])?)?;
    for value in values {
        family.with_label_values(&[value]);
    }
    Ok(family)
}

/// The reason of a connection whose client went without a word.
const GONE: &str = "gone";

fn close_reasons() -> impl Iterator<Item = &'static str> {
    CloseCode::ALL.into_iter().map(close_reason).chain([GONE])
}

fn close_reason(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Normal => "normal",
        CloseCode::Protocol => "protocol",
        CloseCode::Unsupported => "unsupported",
        CloseCode::InvalidUtf8 => "invalid_utf8",
        CloseCode::TooBig => "too_big",
        CloseCode::Internal => "internal",
        CloseCode::Restart => "restart",
        CloseCode::TryAgainLater => "try_again_later",
        CloseCode::SignInTimeout => "sign_in_timeout",
        CloseCode::SignInRefused => "sign_in_refused",
        CloseCode::SignedOut => "signed_out",
        CloseCode::SlowConsumer => "slow_consumer",
        CloseCode::PongTimeout => "pong_timeout",
        CloseCode::Flood => "flood",
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
