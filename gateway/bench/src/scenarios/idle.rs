//! What a connection costs that is signed in and does nothing.

use std::time::Duration;

use super::{
    arrive::{Guest, Stay, arrive, conclude, linger},
    micros, run_name,
};
use crate::{
    args::{Common, Idle},
    driver::Driver,
    environment::Environment,
    limits, measure,
    report::Report,
};

/// What a fresh gateway still does after it is ready.
const QUIET_BEFORE: Duration = Duration::from_secs(1);

pub fn run(args: &Idle, common: &Common) -> anyhow::Result<Report> {
    limits::make_room(args.connections)?;
    let environment = Environment::prepare(common, 1)?;
    let mut driver = Driver::new()?;
    std::thread::sleep(QUIET_BEFORE);

    let gateway = environment.gateways.first().copied();
    let memory = || gateway.map(measure::resident_kib).transpose();
    let memory_before = memory()?;
    let watched = environment.watched();
    let cpu_before = watched.cpu()?;

    let name = run_name();
    let mut arrived = arrive(&mut driver, args.connections, args.arrivals, |number| {
        Guest {
            target: &environment.targets[0],
            nickname: format!("b{name}-{number}"),
            stay: if args.join {
                Stay::General
            } else {
                Stay::SignedIn
            },
        }
    })?;
    let cpu = watched.cpu()?.since(cpu_before);
    let settle = Duration::from_secs(args.settle);
    linger(&mut driver, settle, &mut arrived.troubles)?;
    let memory_after = memory()?;

    let stay = if args.join {
        "signed in by nickname, General joined"
    } else {
        "signed in by nickname"
    };
    let setup = format!("{} connections, {stay}, idle", args.connections);
    let mut report = Report::new("idle", setup);
    let each = |total: f64| total / args.connections as f64;
    if let (Some(before), Some(after)) = (memory_before, memory_after) {
        report.figure(
            "resident_before_kib",
            "gateway's memory before",
            before as f64,
            "KiB",
        );
        report.figure(
            "resident_after_kib",
            "gateway's memory after",
            after as f64,
            "KiB",
        );
        report.figure(
            "kib_per_connection",
            "for each connection",
            each(after as f64 - before as f64),
            "KiB",
        );
        report.figure(
            "cpu_us_per_sign_in",
            "gateway's CPU for each sign-in",
            each(micros(cpu.gateways)),
            "µs",
        );
    }
    let per_second = args.connections as f64 / arrived.elapsed.as_secs_f64();
    report.figure("sign_ins_per_second", "sign-ins", per_second, "/s");
    conclude(&mut report, &arrived, cpu.own, &environment);
    Ok(report)
}
