//! The scenarios in which messages are sent, which differ in who is where.

use std::time::Duration;

use anyhow::bail;
use hdrhistogram::Histogram;

use super::{
    fan_out::{self, Outcome, Plan},
    judge_own_cpu, micros,
    pace::{Pacing, Window},
    run_name,
};
use crate::{
    args::{BigRoom, Common, Load, ManyRooms, Saturation, TwoGateways},
    environment::{self, Environment},
    heard::Tag,
    limits,
    measure::Watched,
    report::Report,
    schedule::Schedule,
};

/// Above it the schedule is no longer what was asked for.
const SLIP_LIMIT: Duration = Duration::from_millis(5);

pub fn two_gateways(args: &TwoGateways, common: &Common) -> anyhow::Result<Report> {
    let shape = Shape {
        scenario: "two-gateways",
        gateways: 2,
        rooms: 1,
        members: args.members,
        pace: Asked::Rate(args.rate),
        floor_with_redis: false,
    };
    shape.measure(&args.load, common)
}

pub fn big_room(args: &BigRoom, common: &Common) -> anyhow::Result<Report> {
    let shape = Shape {
        scenario: "big-room",
        gateways: 1,
        rooms: 1,
        members: args.members,
        pace: Asked::Rate(args.rate),
        floor_with_redis: false,
    };
    shape.measure(&args.load, common)
}

pub fn many_rooms(args: &ManyRooms, common: &Common) -> anyhow::Result<Report> {
    let shape = Shape {
        scenario: "many-rooms",
        gateways: 1,
        rooms: args.rooms,
        members: args.members,
        pace: Asked::Rate(args.rate),
        floor_with_redis: true,
    };
    shape.measure(&args.load, common)
}

pub fn saturation(args: &Saturation, common: &Common) -> anyhow::Result<Report> {
    let window = Window {
        in_flight: args.in_flight.max(1),
        read_every: Duration::from_millis(args.read_every),
        warm_up: Duration::from_secs_f64(args.load.warm_up.max(0.0)),
        time: Duration::from_secs_f64(args.load.seconds),
    };
    let shape = Shape {
        scenario: "saturation",
        gateways: 1,
        rooms: args.rooms,
        members: args.members,
        pace: Asked::Window(window),
        floor_with_redis: args.rooms > 1,
    };
    shape.measure(&args.load, common)
}

/// What sets the pace.
enum Asked {
    /// Messages per second.
    Rate(f64),
    Window(Window),
}

struct Shape {
    scenario: &'static str,
    gateways: usize,
    rooms: usize,
    /// Of a room, on each gateway.
    members: usize,
    pace: Asked,
    /// Whether a floor to compare with goes through Redis, too.
    floor_with_redis: bool,
}

impl Shape {
    fn measure(&self, load: &Load, common: &Common) -> anyhow::Result<Report> {
        if self.rooms == 0 || self.members == 0 {
            bail!("There must be a room and a member at least.");
        }
        if load.size < Tag::BYTES {
            bail!(
                "--size must be at least {}: a message carries its number.",
                Tag::BYTES
            );
        }
        limits::make_room(self.rooms * self.members * self.gateways)?;
        let mut environment = Environment::prepare(common, self.gateways)?;
        let targets = environment.targets.clone();
        let (rate, pacing) = match self.pace {
            Asked::Rate(rate) => (rate, Pacing::Scheduled),
            // Who sends what is the schedule's, too; when it is sent is not.
            Asked::Window(window) => (1.0, Pacing::Window(window)),
        };
        let senders = load.senders.clamp(1, self.members) * self.gateways;
        let mut plan = Plan {
            targets: &targets,
            members: self.members,
            schedule: Schedule::new(self.rooms, senders, rate, load.warm_up, load.seconds),
            pacing,
            size: load.size,
            run_name: run_name(),
        };
        let watched = environment.watched();
        let outcome = fan_out::run(&plan, &watched, "measuring")?;

        let mut report = Report::new(self.scenario, self.setup(load));
        report_outcome(&mut report, &outcome, &watched);
        if load.floor {
            // They would be busy with everybody leaving.
            environment.end_programs();
            let redis = environment
                .redis_address()
                .filter(|_| self.floor_with_redis);
            let (floor, target) =
                environment::start_floor(outcome.bytes_per_delivery as u64, redis)?;
            let targets = vec![target; self.gateways];
            plan.targets = &targets;
            let watched = Watched {
                gateways: vec![floor.pid()],
                redis: redis.and(environment.redis).into_iter().collect(),
                ..Watched::default()
            };
            let floor = fan_out::run(&plan, &watched, "the floor")?;
            report_floor(&mut report, &outcome, &floor, redis.is_some());
        }
        for note in &environment.notes {
            report.note(note);
        }
        Ok(report)
    }

    fn setup(&self, load: &Load) -> String {
        let Self {
            gateways,
            rooms,
            members,
            ..
        } = self;
        let many = if *rooms == 1 { "room" } else { "rooms" };
        let place = match gateways {
            1 => "one gateway".to_owned(),
            _ => format!("each of {gateways} gateways"),
        };
        let sent = match self.pace {
            Asked::Rate(rate) => format!("{rate} messages/s"),
            Asked::Window(window) => format!(
                "{} messages under way, read every {:?},",
                window.in_flight, window.read_every
            ),
        };
        format!(
            "{rooms} {many} with {members} members on {place}, {sent} of {} bytes for {} s",
            load.size, load.seconds
        )
    }
}

fn report_outcome(report: &mut Report, outcome: &Outcome, watched: &Watched) {
    let seconds = outcome.elapsed.as_secs_f64();
    report.figure("deliveries", "deliveries", outcome.deliveries as f64, "");
    report.figure(
        "deliveries_per_second",
        "deliveries",
        outcome.deliveries as f64 / seconds,
        "/s",
    );
    report.figure(
        "bytes_per_delivery",
        "size",
        outcome.bytes_per_delivery,
        "bytes",
    );
    for (key, label, value) in quantiles(&outcome.latency_us) {
        report.figure(key, format!("latency, {label}"), value, "ms");
    }
    if !watched.gateways.is_empty() {
        let cpu = per_delivery(outcome);
        report.figure(
            "gateway_cpu_us_per_delivery",
            "gateway's CPU a delivery",
            cpu,
            "µs",
        );
        report.figure(
            "gateway_kernel_us_per_delivery",
            "… of it the kernel's",
            kernel_per_delivery(outcome),
            "µs",
        );
    }
    let per_message = |cpu| micros(cpu) / outcome.messages as f64;
    if !watched.redis.is_empty() {
        let cpu = per_message(outcome.cpu.redis);
        report.figure(
            "redis_cpu_us_per_message",
            "Redis' CPU a message",
            cpu,
            "µs",
        );
    }
    if !watched.workers.is_empty() {
        let cpu = per_message(outcome.cpu.workers);
        report.figure(
            "workers_cpu_us_per_message",
            "workers' CPU a message",
            cpu,
            "µs",
        );
    }
    report.none_expected("lost", "lost", outcome.wrongs.lost);
    report.none_expected("doubled", "doubled", outcome.wrongs.doubled);
    report.none_expected("reordered", "reordered", outcome.wrongs.reordered);
    report.none_expected("seq_breaks", "breaks in Seq", outcome.wrongs.seq_breaks);
    report.none_expected("strayed", "in a wrong room", outcome.wrongs.strayed);
    report.none_expected("errors", "errors", outcome.troubles.errors);
    report.none_expected("ended", "connections that ended", outcome.troubles.ended);
    if let Some(first) = &outcome.troubles.first {
        report.note(format!("The first trouble was: {first}"));
    }
    judge_own_cpu(report, outcome.cpu.own, outcome.elapsed);
    let slip = outcome.lateness_us.value_at_quantile(0.99);
    report.figure(
        "slip_p99_ms",
        "the schedule's slip, p99",
        slip as f64 / 1e3,
        "ms",
    );
    if u128::from(slip) > SLIP_LIMIT.as_micros() {
        report.note(
            "Messages were sent late: the tool, or the machine, was too busy to keep the schedule. \
             The latency has this in it.",
        );
    }
}

fn report_floor(report: &mut Report, gateway: &Outcome, floor: &Outcome, with_redis: bool) {
    let cpu = per_delivery(floor);
    report.figure(
        "floor_cpu_us_per_delivery",
        "floor's CPU a delivery",
        cpu,
        "µs",
    );
    report.figure(
        "floor_kernel_us_per_delivery",
        "… of it the kernel's",
        kernel_per_delivery(floor),
        "µs",
    );
    let p99 = |outcome: &Outcome| outcome.latency_us.value_at_quantile(0.99) as f64 / 1e3;
    report.figure(
        "floor_latency_p99_ms",
        "floor's latency, p99",
        p99(floor),
        "ms",
    );
    if gateway.cpu.gateways > Duration::ZERO {
        let ratio = per_delivery(gateway) / cpu;
        report.figure("cpu_ratio", "gateway's CPU a delivery ÷ floor's", ratio, "");
    }
    if with_redis {
        let per_message = |outcome: &Outcome| micros(outcome.cpu.redis) / outcome.messages as f64;
        let bare = per_message(floor);
        report.figure(
            "publish_cpu_us_per_message",
            "Redis' CPU a bare PUBLISH",
            bare,
            "µs",
        );
        let ratio = per_message(gateway) / bare;
        report.figure(
            "redis_cpu_ratio",
            "Redis' CPU a message ÷ a PUBLISH",
            ratio,
            "",
        );
    }
    let rate = |outcome: &Outcome| outcome.deliveries as f64 / outcome.elapsed.as_secs_f64();
    report.figure(
        "floor_deliveries_per_second",
        "floor's deliveries",
        rate(floor),
        "/s",
    );
    report.figure(
        "deliveries_ratio",
        "deliveries/s ÷ floor's",
        rate(gateway) / rate(floor),
        "",
    );
    let ratio = p99(gateway) / p99(floor);
    report.figure("latency_p99_ratio", "gateway's p99 ÷ floor's", ratio, "");
    if floor.wrongs.any() {
        report.note(format!(
            "The floor could not deliver everything: {:?}.",
            floor.wrongs
        ));
    }
    judge_floor(report, floor);
}

fn judge_floor(report: &mut Report, floor: &Outcome) {
    let share = floor.cpu.own.as_secs_f64() / floor.elapsed.as_secs_f64();
    report.figure(
        "floor_tool_core_share",
        "the tool's own load with the floor",
        share * 100.0,
        "% of a core",
    );
}

fn per_delivery(outcome: &Outcome) -> f64 {
    micros(outcome.cpu.gateways) / outcome.deliveries as f64
}

fn kernel_per_delivery(outcome: &Outcome) -> f64 {
    micros(outcome.cpu.gateways_kernel) / outcome.deliveries as f64
}

fn quantiles(latency_us: &Histogram<u64>) -> [(&'static str, &'static str, f64); 3] {
    let at = |quantile| latency_us.value_at_quantile(quantile) as f64 / 1e3;
    [
        ("latency_p50_ms", "p50", at(0.5)),
        ("latency_p99_ms", "p99", at(0.99)),
        ("latency_max_ms", "max", latency_us.max() as f64 / 1e3),
    ]
}
