//! What can be asked for on the command line.

use std::net::SocketAddr;

/// Measures Parlor's gateways. Starts a Redis, gateways and workers of its own, or measures those
/// that --url and --pid name. Ends with 1 when something was lost, doubled, reordered or refused.
#[derive(Debug, clap::Parser)]
#[command(name = "parlor-bench", version, max_term_width = 100)]
pub struct Args {
    #[command(subcommand)]
    pub scenario: Scenario,
    #[command(flatten)]
    pub common: Common,
}

// Doc comments are the texts of --help, where backticks would be noise.
#[allow(clippy::doc_markdown)]
#[derive(Debug, clap::Args)]
pub struct Common {
    /// Print JSON in place of a table
    #[arg(long, global = true)]
    pub json: bool,

    /// A running gateway to measure, as ws://127.0.0.1:5555/ws; once for each gateway
    #[arg(long, global = true, value_name = "URL")]
    pub url: Vec<String>,

    /// Process of a gateway named by --url, for its CPU and memory; once for each
    #[arg(long, global = true, value_name = "PID", requires = "url")]
    pub pid: Vec<u32>,

    /// A setting of the gateways that are started here, as NAME=VALUE; once for each
    #[arg(long, global = true, value_name = "NAME=VALUE", value_parser = setting, conflicts_with = "url")]
    pub set: Vec<(String, String)>,

    /// Offer permessage-deflate, and unpack what is compressed; with --set COMPRESSION=true
    #[arg(long, global = true)]
    pub compress: bool,

    /// Process of the Redis behind --url, for its CPU
    #[arg(long, global = true, value_name = "PID", requires = "url")]
    pub redis_pid: Option<u32>,
}

#[derive(Debug, clap::Subcommand)]
pub enum Scenario {
    /// Connections that are signed in and do nothing: the gateway's memory for each
    Idle(Idle),
    /// Sign-ins, each with a join of General, as fast as they go: the gateway's CPU for each
    JoinStorm(JoinStorm),
    /// All connections break at once and come back: the gateway's CPU for each
    ReconnectStorm(ReconnectStorm),
    /// One room with members on each of two gateways
    TwoGateways(TwoGateways),
    /// One room with many members on one gateway
    BigRoom(BigRoom),
    /// Many small rooms on one gateway
    ManyRooms(ManyRooms),
    /// As many messages as go through, a number of them under way all the time
    Saturation(Saturation),
    /// Messages persisted by the history-worker, compared with what a gateway can publish
    History(History),
    /// Votes and typing in one room, compared with messages in it
    LivelyRoom(LivelyRoom),
    /// The bare loop that --floor compares with; not for people
    #[command(hide = true)]
    FloorServer(FloorServer),
}

#[derive(Debug, clap::Args)]
pub struct Idle {
    /// Connections to make
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    pub connections: usize,

    /// Let each join General, too
    #[arg(long)]
    pub join: bool,

    /// Quiet time before the memory is read
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    pub settle: u64,

    #[command(flatten)]
    pub arrivals: Arrivals,
}

#[derive(Debug, clap::Args)]
pub struct JoinStorm {
    /// Connections to make
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    pub connections: usize,

    #[command(flatten)]
    pub arrivals: Arrivals,
}

#[derive(Debug, clap::Args)]
pub struct ReconnectStorm {
    /// Connections that break
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    pub connections: usize,

    #[command(flatten)]
    pub arrivals: Arrivals,
}

/// How connections come.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Arrivals {
    /// Sign in and join in the address (GET /ws?nickname=…) in place of two frames
    #[arg(long)]
    pub one_step: bool,

    /// Connections that are being made at the same time, at most
    #[arg(long, value_name = "COUNT", default_value_t = 256)]
    pub in_flight: usize,
}

#[derive(Debug, clap::Args)]
pub struct TwoGateways {
    /// Members of the room on each gateway
    #[arg(long, value_name = "COUNT", default_value_t = 200)]
    pub members: usize,

    /// Messages per second, of all senders
    #[arg(long, value_name = "COUNT", default_value_t = 100.0, value_parser = rate)]
    pub rate: f64,

    #[command(flatten)]
    pub load: Load,
}

#[derive(Debug, clap::Args)]
pub struct BigRoom {
    /// Members of the room
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    pub members: usize,

    /// Messages per second, of all senders
    #[arg(long, value_name = "COUNT", default_value_t = 100.0, value_parser = rate)]
    pub rate: f64,

    #[command(flatten)]
    pub load: Load,
}

#[derive(Debug, clap::Args)]
pub struct ManyRooms {
    /// Rooms
    #[arg(long, value_name = "COUNT", default_value_t = 500)]
    pub rooms: usize,

    /// Members of each room
    #[arg(long, value_name = "COUNT", default_value_t = 8)]
    pub members: usize,

    /// Messages per second, of all senders in all rooms
    #[arg(long, value_name = "COUNT", default_value_t = 2_500.0, value_parser = rate)]
    pub rate: f64,

    #[command(flatten)]
    pub load: Load,
}

#[derive(Debug, clap::Args)]
pub struct Saturation {
    /// Rooms; with several, --floor goes through Redis, too
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub rooms: usize,

    /// Members of each room
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    pub members: usize,

    /// Messages under way
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    pub in_flight: u64,

    /// How often members read, in ms; 0: at once
    #[arg(long, value_name = "MS", default_value_t = 20)]
    pub read_every: u64,

    #[command(flatten)]
    pub load: Load,
}

#[derive(Debug, clap::Args)]
pub struct History {
    /// Rooms, of one member each
    #[arg(long, value_name = "COUNT", default_value_t = 500)]
    pub rooms: usize,

    /// Messages under way
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    pub in_flight: u64,

    /// How long messages are published
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = rate)]
    pub seconds: f64,

    /// Bytes of a message's text
    #[arg(long, value_name = "BYTES", default_value_t = 100)]
    pub size: usize,
}

#[derive(Debug, clap::Args)]
pub struct LivelyRoom {
    /// Members of the room
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    pub members: usize,

    /// Votes in a poll, by one member after the other
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    pub votes: usize,

    /// Members who type all the time
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    pub typists: usize,

    /// How long it is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = rate)]
    pub seconds: f64,

    /// Messages per second to compare with: it fails when the rest costs as much fan-out as they
    #[arg(long, value_name = "COUNT", default_value_t = 20.0, value_parser = rate)]
    pub rate: f64,
}

/// What is sent, and for how long.
#[derive(Debug, Clone, clap::Args)]
pub struct Load {
    /// How long it is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = rate)]
    pub seconds: f64,

    /// How long messages are sent, and checked, before it is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    pub warm_up: f64,

    /// Bytes of a message's text
    #[arg(long, value_name = "BYTES", default_value_t = 100)]
    pub size: usize,

    /// Members of each room, on each gateway, that send in turn
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    pub senders: usize,

    /// Then measure a bare loop that writes one prepared frame with one send a delivery, for
    /// comparison
    #[arg(long)]
    pub floor: bool,
}

#[derive(Debug, clap::Args)]
pub struct FloorServer {
    #[arg(long)]
    pub listen: SocketAddr,

    /// Sends every message through this Redis
    #[arg(long)]
    pub redis: Option<SocketAddr>,

    /// Lengthens frames to those of the gateway
    #[arg(long, default_value_t = 0)]
    pub frame_bytes: usize,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("not of the form NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
        _ => Err("a number above 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
