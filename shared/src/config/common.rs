//! What all three programs have in common.

use std::path::PathBuf;

use super::redis::{self, RedisAddress, RedisLocation, Secret};
use super::value::{between, log_filter};
use super::{ConfigError, ListenAddress};
use crate::keyspace::{Keyspace, Prefix};

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    Text,
    Json,
}

impl std::str::FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("auto, text or json".to_owned()),
        }
    }
}

/// What a program that runs is asked by another of its kind: see `telemetry::ask_health`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthQuestion {
    /// Whether it is alive; never looks at Redis.
    Live,
    /// Whether it should get work.
    Ready,
}

impl std::str::FromStr for HealthQuestion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "live" => Ok(Self::Live),
            "ready" => Ok(Self::Ready),
            _ => Err("live or ready".to_owned()),
        }
    }
}

// Doc comments are the texts of --help, where backticks would be noise.
/// Settings of every program.
#[allow(clippy::doc_markdown)]
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Common")]
pub struct Common {
    /// YAML file with settings, keyed by the flags' names in snake case
    #[arg(long, env = "PARLOR_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Print the effective settings and where each came from, with secrets masked, and exit
    #[arg(long)]
    pub print_config: bool,

    /// Ask the program that runs with these settings whether it is live or ready, and exit with 0 if so
    #[arg(long, value_name = "QUESTION")]
    pub health_check: Option<HealthQuestion>,

    /// URL of Redis, as redis://host:6379, redis+cluster://host:6379,host:6379 or
    /// redis+sentinel://host:26379,host:26379/name, with rediss for TLS; wins over host and address
    #[arg(long, env = "REDIS_URL", value_name = "URL", value_parser = redis::url_value)]
    pub redis_url: Option<Secret>,

    /// Host of Redis, when the address has none [127.0.0.1]
    #[arg(long, env = "REDIS_HOST", value_name = "HOST", value_parser = redis::host_name)]
    pub redis_host: Option<String>,

    /// Address of Redis, as :6379 or host:6379
    #[arg(long, env = "REDIS_ADDRESS", value_name = "ADDRESS")]
    pub redis_address: Option<RedisAddress>,

    /// Password of Redis, when the URL has none
    #[arg(long, env = "REDIS_PASSWORD", value_name = "PASSWORD", value_parser = secret)]
    pub redis_password: Option<Secret>,

    /// ACL user of Redis, when the URL has none [the default user]
    #[arg(long, env = "REDIS_USERNAME", value_name = "NAME")]
    pub redis_username: Option<String>,

    /// ACL user of the sentinels, if not that of the servers
    #[arg(long, env = "REDIS_SENTINEL_USERNAME", value_name = "NAME")]
    pub redis_sentinel_username: Option<String>,

    /// Password of the sentinels, if not that of the servers
    #[arg(long, env = "REDIS_SENTINEL_PASSWORD", value_name = "PASSWORD", value_parser = secret)]
    pub redis_sentinel_password: Option<Secret>,

    /// PEM file with the authorities that sign Redis' certificate, for a rediss:// URL [those of the web]
    #[arg(long, env = "REDIS_TLS_CA", value_name = "FILE")]
    pub redis_tls_ca: Option<PathBuf>,

    /// PEM file with the client's certificate, where Redis asks for one
    #[arg(long, env = "REDIS_TLS_CERT", value_name = "FILE")]
    pub redis_tls_cert: Option<PathBuf>,

    /// PEM file with the key of that certificate
    #[arg(long, env = "REDIS_TLS_KEY", value_name = "FILE")]
    pub redis_tls_key: Option<PathBuf>,

    /// What every key, stream and channel in Redis begins with, as team-a:, for several Parlors on one
    /// Redis; the same for all programs and for good [none]
    #[arg(
        long,
        env = "REDIS_PREFIX",
        value_name = "PREFIX",
        default_value = "",
        hide_default_value = true
    )]
    pub redis_prefix: Prefix,

    /// Address for health and metrics; never reachable from outside
    #[arg(
        long,
        env = "ADMIN_ADDRESS",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:9100"
    )]
    pub admin_address: ListenAddress,

    /// Partitions that rooms are spread over; the same for all programs and for good
    #[arg(
        long,
        env = "PARTITIONS",
        value_name = "COUNT",
        default_value = "16",
        value_parser = between(1_u16, 1024)
    )]
    pub partitions: u16,

    /// Form of log lines: auto (text on a terminal, JSON otherwise), text or json
    #[arg(
        long,
        env = "LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "auto"
    )]
    pub log_format: LogFormat,

    /// Which log lines to write, as info or parlor_gateway=debug,info; RUST_LOG is read too
    #[arg(
        long,
        env = "LOG",
        value_name = "FILTER",
        default_value = "info",
        value_parser = log_filter
    )]
    pub log: String,
}

impl Common {
    /// Where Redis is, and what it is spoken to with.
    ///
    /// # Errors
    /// When what was set does not go together.
    pub fn redis(&self) -> Result<RedisLocation, ConfigError> {
        redis::resolve(&redis::Given {
            url: self.redis_url.as_ref(),
            host: self.redis_host.as_deref(),
            address: self.redis_address.as_ref(),
            username: self.redis_username.as_deref(),
            password: self.redis_password.as_ref(),
            sentinel_username: self.redis_sentinel_username.as_deref(),
            sentinel_password: self.redis_sentinel_password.as_ref(),
            authority: self.redis_tls_ca.as_ref(),
            certificate: self.redis_tls_cert.as_ref(),
            key: self.redis_tls_key.as_ref(),
        })
    }

    /// What this Parlor's keys are called.
    pub fn keyspace(&self) -> Keyspace {
        Keyspace::with_prefix(self.redis_prefix.clone(), self.partitions)
    }
}

// clap asks for the signature of a parser that can fail.
#[allow(clippy::unnecessary_wraps)]
fn secret(text: &str) -> Result<Secret, String> {
    Ok(Secret::from(text))
}
