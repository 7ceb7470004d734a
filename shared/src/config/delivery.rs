//! How the gateway sends what rooms are told: what costs latency or CPU and saves the other.

use std::time::Duration;

use super::value::{boolean, duration};

/// Settings of delivery.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Delivery")]
pub struct DeliverySettings {
    /// Time in which a room's messages leave together, once for each member; 0 sends each at once
    #[arg(
        long,
        env = "BATCH_DELAY",
        value_name = "DURATION",
        default_value = "0s",
        value_parser = duration(0.0, 1)
    )]
    pub batch_delay: Duration,

    /// Whether messages are compressed for clients that offer permessage-deflate
    #[arg(
        long,
        env = "COMPRESSION",
        value_name = "BOOL",
        num_args = 0..=1,
        default_value = "false",
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        value_parser = boolean,
    )]
    pub compression: bool,
}
