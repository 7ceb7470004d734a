//! Settings of the presence-worker.

use std::time::Duration;

use super::value::{between, duration};
use super::{Common, Settings};

/// Keeps `userStatus` keys fresh, reaps dead gateways, announces who went offline.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "presence-worker", version)]
pub struct PresenceConfig {
    #[command(flatten)]
    pub common: Common,

    #[command(flatten)]
    pub presence: PresenceSettings,
}

#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Presence")]
pub struct PresenceSettings {
    /// How often the status of connected users is refreshed
    #[arg(
        long,
        env = "REFRESH_INTERVAL",
        value_name = "DURATION",
        default_value = "20s",
        value_parser = duration(0.1, 600)
    )]
    pub refresh_interval: Duration,

    /// How long a user's status lives without a refresh
    #[arg(
        long,
        env = "STATUS_TTL",
        value_name = "DURATION",
        default_value = "60s",
        value_parser = duration(1.0, 3600)
    )]
    pub status_ttl: Duration,

    /// How long a session's key lives without a refresh
    #[arg(
        long,
        env = "SESSION_TTL",
        value_name = "DURATION",
        default_value = "1h",
        value_parser = duration(1.0, 86_400)
    )]
    pub session_ttl: Duration,

    /// Silence of a gateway after which its sessions are taken for gone
    #[arg(
        long,
        env = "GATEWAY_DEAD_AFTER",
        value_name = "DURATION",
        default_value = "15s",
        value_parser = duration(1.0, 600)
    )]
    pub gateway_dead_after: Duration,

    /// How long a user may be without a session before others are told
    #[arg(
        long,
        env = "OFFLINE_GRACE",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = duration(0.0, 600)
    )]
    pub offline_grace: Duration,

    /// How long a gateway stays with a worker that no longer renews its lease
    #[arg(
        long,
        env = "PRESENCE_LEASE",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = duration(1.0, 300)
    )]
    pub presence_lease: Duration,

    /// How long a guest's name stays taken after the last session
    #[arg(
        long,
        env = "GUEST_TTL",
        value_name = "DURATION",
        default_value = "1h",
        value_parser = duration(1.0, 86_400 * 365)
    )]
    pub guest_ttl: Duration,

    /// Members above which a room's presence is told as counts; the same as the gateways'
    #[arg(
        long,
        env = "PRESENCE_NAMES_LIMIT",
        value_name = "COUNT",
        default_value = "100",
        value_parser = between(0_usize, 100_000)
    )]
    pub presence_names_limit: usize,
}

impl Settings for PresenceConfig {
    const ADMIN_ADDRESS: &'static str = "127.0.0.1:9102";

    fn common(&self) -> &Common {
        &self.common
    }

    fn check(&self) -> Result<(), String> {
        let presence = &self.presence;
        // One refresh may fail and the next be on its way before a connected user seems offline.
        if presence.status_ttl < presence.refresh_interval * 2 {
            return Err("status_ttl must be at least twice refresh_interval.".to_owned());
        }
        if presence.session_ttl < presence.refresh_interval * 2 {
            return Err("session_ttl must be at least twice refresh_interval.".to_owned());
        }
        Ok(())
    }
}
