//! What it costs when everybody comes at once.

use super::{
    arrive::{Guest, Stay, arrive, conclude},
    micros, run_name,
};
use crate::{
    args::{Common, JoinStorm},
    driver::Driver,
    environment::Environment,
    limits,
    report::Report,
};

pub fn run(args: &JoinStorm, common: &Common) -> anyhow::Result<Report> {
    limits::make_room(args.connections)?;
    let environment = Environment::prepare(common, 1)?;
    let mut driver = Driver::new()?;
    let watched = environment.watched();
    let cpu_before = watched.cpu()?;

    let name = run_name();
    let arrived = arrive(&mut driver, args.connections, args.arrivals, |number| {
        Guest {
            target: &environment.targets[0],
            nickname: format!("b{name}-{number}"),
            stay: Stay::General,
        }
    })?;
    let cpu = watched.cpu()?.since(cpu_before);

    let way = if args.arrivals.one_step {
        "in the address"
    } else {
        "by two frames"
    };
    let setup = format!(
        "{} connections sign in and join General {way}, {} at the same time",
        args.connections, args.arrivals.in_flight
    );
    let mut report = Report::new("join-storm", setup);
    let each = |total: f64| total / args.connections as f64;
    if !environment.gateways.is_empty() {
        report.figure(
            "cpu_us_per_join",
            "gateway's CPU for each",
            each(micros(cpu.gateways)),
            "µs",
        );
        report.figure(
            "kernel_us_per_join",
            "… of it the kernel's",
            each(micros(cpu.gateways_kernel)),
            "µs",
        );
    }
    if !watched.redis.is_empty() {
        let cpu = each(micros(cpu.redis));
        report.figure("redis_cpu_us_per_join", "Redis' CPU for each", cpu, "µs");
    }
    let received = driver.received_bytes as f64 / 1_024.0;
    report.figure(
        "kib_received_per_join",
        "received by each",
        each(received),
        "KiB",
    );
    let per_second = args.connections as f64 / arrived.elapsed.as_secs_f64();
    report.figure("joins_per_second", "joins", per_second, "/s");
    conclude(&mut report, &arrived, cpu.own, &environment);
    Ok(report)
}
