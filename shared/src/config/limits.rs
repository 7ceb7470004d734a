//! The gateway's limits: everything that a connection can grow or take time over has one.

use std::num::NonZero;
use std::thread;
use std::time::Duration;

use super::RateLimit;
use super::value::{between, boolean, bytes, duration};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// Limits of the gateway.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct GatewayLimits {
    /// Largest WebSocket message taken
    #[arg(
        long,
        env = "FRAME_BYTES",
        value_name = "BYTES",
        default_value = "64KiB",
        value_parser = bytes(KIB, 16 * MIB)
    )]
    pub frame_bytes: usize,

    /// Longest text of a chat message
    #[arg(
        long,
        env = "MESSAGE_CHARACTERS",
        value_name = "COUNT",
        default_value = "4000",
        value_parser = between(1_usize, 1_000_000)
    )]
    pub message_characters: usize,

    /// How long a message can be edited or deleted by its sender; 0 is never
    #[arg(
        long,
        env = "EDIT_WINDOW",
        value_name = "DURATION",
        default_value = "24h",
        value_parser = duration(0.0, 315_360_000)
    )]
    pub edit_window: Duration,

    /// Bytes that wait for a slow reader before it is closed
    #[arg(
        long,
        env = "OUTBOX_BYTES",
        value_name = "BYTES",
        default_value = "1MiB",
        value_parser = bytes(KIB, 1024 * MIB)
    )]
    pub outbox_bytes: usize,

    /// Rooms a connection may have joined
    #[arg(
        long,
        env = "ROOMS_PER_CONNECTION",
        value_name = "COUNT",
        default_value = "100",
        value_parser = between(1_usize, 100_000)
    )]
    pub rooms_per_connection: usize,

    /// Messages a user may send; off disables
    #[arg(
        long,
        env = "MESSAGE_RATE",
        value_name = "RATE",
        default_value = "20/10s"
    )]
    pub message_rate: RateLimit,

    /// Frames a connection may send; off disables
    #[arg(
        long,
        env = "FRAME_RATE",
        value_name = "RATE",
        default_value = "60/10s"
    )]
    pub frame_rate: RateLimit,

    /// Wrong passwords allowed, by name and by address; off disables
    #[arg(
        long,
        env = "SIGN_IN_FAILURES",
        value_name = "RATE",
        default_value = "5/60s"
    )]
    pub sign_in_failures: RateLimit,

    /// Connections of one address; 0 is unlimited
    #[arg(
        long,
        env = "CONNECTIONS_PER_ADDRESS",
        value_name = "COUNT",
        default_value = "1000",
        value_parser = between(0_usize, 1_000_000)
    )]
    pub connections_per_address: usize,

    /// Connections of this gateway
    #[arg(
        long,
        env = "CONNECTIONS_PER_GATEWAY",
        value_name = "COUNT",
        default_value = "100000",
        value_parser = between(1_usize, 10_000_000)
    )]
    pub connections_per_gateway: usize,

    /// Quiet time after which a connection is pinged
    #[arg(
        long,
        env = "PING_INTERVAL",
        value_name = "DURATION",
        default_value = "25s",
        value_parser = duration(0.1, 3600)
    )]
    pub ping_interval: Duration,

    /// Time to answer a ping
    #[arg(
        long,
        env = "PONG_TIMEOUT",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = duration(0.1, 600)
    )]
    pub pong_timeout: Duration,

    /// Time for a write to a socket
    #[arg(
        long,
        env = "WRITE_TIMEOUT",
        value_name = "DURATION",
        default_value = "5s",
        value_parser = duration(0.1, 600)
    )]
    pub write_timeout: Duration,

    /// Time to sign in before a connection is closed
    #[arg(
        long,
        env = "SIGN_IN_TIMEOUT",
        value_name = "DURATION",
        default_value = "30s",
        value_parser = duration(0.1, 3600)
    )]
    pub sign_in_timeout: Duration,

    /// Time to send a request's headers
    #[arg(
        long,
        env = "HEADER_TIMEOUT",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = duration(0.1, 600)
    )]
    pub header_timeout: Duration,

    /// Most messages of one page of history
    #[arg(
        long,
        env = "HISTORY_PAGE",
        value_name = "COUNT",
        default_value = "100",
        value_parser = between(1_usize, 1000)
    )]
    pub history_page: usize,

    /// Messages sent on joining a room
    #[arg(
        long,
        env = "JOIN_HISTORY",
        value_name = "COUNT",
        default_value = "10",
        value_parser = between(0_usize, 1000)
    )]
    pub join_history: usize,

    /// Most members sent on joining a room
    #[arg(
        long,
        env = "ROSTER_LIMIT",
        value_name = "COUNT",
        default_value = "100",
        value_parser = between(0_usize, 10_000)
    )]
    pub roster_limit: usize,

    /// Members above which a room's presence is told as counts
    #[arg(
        long,
        env = "PRESENCE_NAMES_LIMIT",
        value_name = "COUNT",
        default_value = "100",
        value_parser = between(0_usize, 100_000)
    )]
    pub presence_names_limit: usize,

    /// Unpersisted messages of a partition above which new ones are refused
    #[arg(
        long,
        env = "BACKLOG_HIGH_WATER",
        value_name = "COUNT",
        default_value = "100000",
        value_parser = between(1_u64, 1_000_000_000)
    )]
    pub backlog_high_water: u64,

    /// Replicas that have to have a message before it is acknowledged
    #[arg(
        long,
        env = "ACK_REPLICAS",
        value_name = "COUNT",
        default_value = "0",
        value_parser = between(0_u64, 16)
    )]
    pub ack_replicas: u64,

    /// Whether disks have to have a message before it is acknowledged (Redis 7.2 or newer)
    #[arg(
        long,
        env = "ACK_FSYNC",
        value_name = "BOOL",
        num_args = 0..=1,
        default_value = "false",
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        value_parser = boolean,
    )]
    pub ack_fsync: bool,

    /// How long replicas and disks may take before a message is refused as not confirmed
    #[arg(
        long,
        env = "ACK_TIMEOUT",
        value_name = "DURATION",
        default_value = "1s",
        value_parser = duration(0.001, 1)
    )]
    pub ack_timeout: Duration,

    /// Handshakes and sign-ins admitted per second
    #[arg(
        long,
        env = "HANDSHAKE_RATE",
        value_name = "PER SECOND",
        default_value = "2000",
        value_parser = between(1_u32, 1_000_000)
    )]
    pub handshake_rate: u32,

    /// Passwords hashed at once [one per core]
    #[arg(
        long,
        env = "PASSWORD_HASH_CONCURRENCY",
        value_name = "COUNT",
        value_parser = between(1_usize, 1024)
    )]
    pub password_hash_concurrency: Option<usize>,

    /// Passwords that wait to be hashed before sign-ins are refused
    #[arg(
        long,
        env = "PASSWORD_HASH_QUEUE",
        value_name = "COUNT",
        default_value = "256",
        value_parser = between(0_usize, 1_000_000)
    )]
    pub password_hash_queue: usize,

    /// Memory of one password hash in KiB
    #[arg(
        long,
        env = "ARGON2_MEMORY_KIB",
        value_name = "KIB",
        default_value = "19456",
        value_parser = between(8_u32, 4_194_304)
    )]
    pub argon2_memory_kib: u32,

    /// Passes over that memory
    #[arg(
        long,
        env = "ARGON2_ITERATIONS",
        value_name = "COUNT",
        default_value = "2",
        value_parser = between(1_u32, 100)
    )]
    pub argon2_iterations: u32,

    /// Time unready before connections are refused, for the balancer
    #[arg(
        long,
        env = "DRAIN_WAIT",
        value_name = "DURATION",
        default_value = "5s",
        value_parser = duration(0.0, 600)
    )]
    pub drain_wait: Duration,

    /// Time over which connections are told to go elsewhere
    #[arg(
        long,
        env = "DRAIN_GRACE",
        value_name = "DURATION",
        default_value = "20s",
        value_parser = duration(0.0, 3600)
    )]
    pub drain_grace: Duration,

    /// Recent events kept per room for gaps and resumes
    #[arg(
        long,
        env = "RING_EVENTS",
        value_name = "COUNT",
        default_value = "128",
        value_parser = between(1_usize, 100_000)
    )]
    pub ring_events: usize,

    /// How often rooms are compared with Redis
    #[arg(
        long,
        env = "AUDIT_INTERVAL",
        value_name = "DURATION",
        default_value = "30s",
        value_parser = duration(0.1, 3600)
    )]
    pub audit_interval: Duration,

    /// How often an own message is sent through Redis and back
    #[arg(
        long,
        env = "PROBE_INTERVAL",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = duration(0.1, 3600)
    )]
    pub probe_interval: Duration,
}

impl GatewayLimits {
    /// How many passwords are hashed at once: as set, or one per core.
    pub fn password_hash_concurrency(&self) -> usize {
        self.password_hash_concurrency
            .unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZero::get))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.outbox_bytes < self.frame_bytes {
            return Err("outbox_bytes must be at least frame_bytes.".to_owned());
        }
        if self.join_history > self.history_page {
            return Err("join_history must be at most history_page.".to_owned());
        }
        Ok(())
    }
}
