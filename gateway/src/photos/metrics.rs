//! What is counted of photos. Labels are fixed enumerations.

use parlor_shared::telemetry::Metrics;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts};

use super::Refusal;

/// Seconds; from a small picture on an idle machine to the longest upload.
const SECONDS_BUCKETS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Handles to the metrics. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PhotoMetrics {
    pub uploads: IntCounter,
    pub bytes_in: IntCounter,
    pub bytes_stored: IntCounter,
    pub seconds: Histogram,
    pub deleted: IntCounter,
    pub store_errors: IntCounter,
    refused: IntCounterVec,
}

impl PhotoMetrics {
    /// Registers them all.
    ///
    /// # Errors
    /// When two have the same name.
    pub fn new(metrics: &Metrics) -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str| metrics.register(IntCounter::new(name, help)?);
        let refused = metrics.register(IntCounterVec::new(
            Opts::new(
                "parlor_photos_refused_total",
                "Uploads refused or broken off, by reason.",
            ),
            &["reason"],
        )?)?;
        for reason in Refusal::LABELS {
            refused.with_label_values(&[reason]);
        }
        let seconds = HistogramOpts::new(
            "parlor_photo_upload_seconds",
            "From the beginning of an upload until its photo was stored.",
        );
        Ok(Self {
            uploads: counter("parlor_photos_uploaded_total", "Photos taken and stored.")?,
            bytes_in: counter(
                "parlor_photo_bytes_received_total",
                "Bytes of photos received, taken or not.",
            )?,
            bytes_stored: counter(
                "parlor_photo_bytes_stored_total",
                "Bytes of photos and thumbnails stored.",
            )?,
            seconds: metrics.register(Histogram::with_opts(
                seconds.buckets(SECONDS_BUCKETS.to_vec()),
            )?)?,
            deleted: counter(
                "parlor_photos_deleted_total",
                "Photos deleted, with their message or because no message had them in time.",
            )?,
            store_errors: counter(
                "parlor_photo_store_errors_total",
                "Requests that the photos' store did not answer well.",
            )?,
            refused,
        })
    }

    pub fn refused(&self, refusal: &Refusal) {
        self.refused.with_label_values(&[refusal.label()]).inc();
    }
}
