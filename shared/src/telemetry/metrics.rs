//! The registry of a program's metrics and its text form.

use prometheus::core::Collector;
use prometheus::{IntGaugeVec, Opts, Registry, TextEncoder};

use super::process::ProcessCollector;

/// The media type of Prometheus' text format.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A program's metrics. Names begin with `parlor_`; labels are fixed enumerations, never a room, a
/// user or an address.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
}

impl Metrics {
    /// A registry with the process's own metrics and which program in which version this is.
    pub fn new(program: &str) -> prometheus::Result<Self> {
        let metrics = Self {
            registry: Registry::new(),
        };
        metrics.register(ProcessCollector::new()?)?;
        let build = IntGaugeVec::new(
            Opts::new(
                "parlor_build_info",
                "Always 1; the labels say which program this is.",
            ),
            &["program", "version"],
        )?;
        build
            .with_label_values(&[program, env!("CARGO_PKG_VERSION")])
            .set(1);
        metrics.register(build)?;
        Ok(metrics)
    }

    /// For callers that register counters by themselves.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Registers a collector and gives it back: `let sent = metrics.register(IntCounter::new(..)?)?`.
    pub fn register<C: Collector + Clone + 'static>(&self, collector: C) -> prometheus::Result<C> {
        self.registry.register(Box::new(collector.clone()))?;
        Ok(collector)
    }

    /// All metrics in Prometheus' text format.
    pub fn render(&self) -> prometheus::Result<String> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}
