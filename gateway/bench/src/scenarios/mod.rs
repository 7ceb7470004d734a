//! What can be measured.

mod arrive;
mod fan_out;
mod history;
mod idle;
mod join_storm;
mod lively_room;
mod pace;
mod reconnect_storm;
mod rooms;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{
    args::{Args, Scenario},
    report::Report,
};

pub fn run(args: &Args) -> anyhow::Result<Report> {
    match &args.scenario {
        Scenario::Idle(idle) => idle::run(idle, &args.common),
        Scenario::JoinStorm(storm) => join_storm::run(storm, &args.common),
        Scenario::ReconnectStorm(storm) => reconnect_storm::run(storm, &args.common),
        Scenario::TwoGateways(two) => rooms::two_gateways(two, &args.common),
        Scenario::BigRoom(big) => rooms::big_room(big, &args.common),
        Scenario::ManyRooms(many) => rooms::many_rooms(many, &args.common),
        Scenario::Saturation(saturation) => rooms::saturation(saturation, &args.common),
        Scenario::History(args_of) => history::run(args_of, &args.common),
        Scenario::LivelyRoom(lively) => lively_room::run(lively, &args.common),
        Scenario::FloorServer(_) => unreachable!("a server, which main starts"),
    }
}

/// Makes the names of a run its own, so that a gateway can be measured again and again.
fn run_name() -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    format!("{:x}{:x}", now.as_millis() % (1 << 32), std::process::id())
}

/// Says when the tool's one thread was nearly used up, so that the figures may be its own.
fn judge_own_cpu(report: &mut Report, cpu: Duration, elapsed: Duration) {
    /// Above it there is no reserve for uneven load.
    const BUSY: f64 = 0.9;
    let share = cpu.as_secs_f64() / elapsed.as_secs_f64();
    report.figure(
        "tool_core_share",
        "the tool's own load",
        share * 100.0,
        "% of a core",
    );
    if share > BUSY {
        report.note(
            "The tool itself was the bottleneck: its one thread had no time left. Believe neither \
             the rate nor the latency.",
        );
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
