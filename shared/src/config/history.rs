//! Settings of the history-worker.

use std::time::Duration;

use super::value::{between, duration};
use super::{Common, Settings, WebhookSettings};

const DAY_SECONDS: u64 = 86_400;

/// Persists messages from Redis Streams and trims room history.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "history-worker", version)]
pub struct HistoryConfig {
    #[command(flatten)]
    pub common: Common,

    #[command(flatten)]
    pub history: HistorySettings,

    #[command(flatten)]
    pub webhooks: WebhookSettings,
}

#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "History")]
pub struct HistorySettings {
    /// Messages kept per room; 0 keeps all
    #[arg(
        long,
        env = "HISTORY_MAX_MESSAGES",
        value_name = "COUNT",
        default_value = "10000",
        value_parser = between(0_u64, 1_000_000_000)
    )]
    pub history_max_messages: u64,

    /// Age at which messages are dropped, such as 30d; 0s keeps all
    #[arg(
        long,
        env = "HISTORY_MAX_AGE",
        value_name = "DURATION",
        default_value = "0s",
        value_parser = duration(0.0, 36_500 * DAY_SECONDS)
    )]
    pub history_max_age: Duration,

    /// Messages committed in one script
    #[arg(
        long,
        env = "BATCH_ENTRIES",
        value_name = "COUNT",
        default_value = "500",
        value_parser = between(1_usize, 10_000)
    )]
    pub batch_entries: usize,

    /// How long a partition stays with a worker that no longer renews its lease
    #[arg(
        long,
        env = "HISTORY_LEASE",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = duration(1.0, 300)
    )]
    pub history_lease: Duration,

    /// How often rooms are trimmed by age
    #[arg(
        long,
        env = "TRIM_INTERVAL",
        value_name = "DURATION",
        default_value = "60s",
        value_parser = duration(1.0, DAY_SECONDS)
    )]
    pub trim_interval: Duration,
}

impl Settings for HistoryConfig {
    const ADMIN_ADDRESS: &'static str = "127.0.0.1:9101";

    fn common(&self) -> &Common {
        &self.common
    }

    fn check(&self) -> Result<(), String> {
        self.webhooks.check()
    }
}
