//! Whether the history-worker persists faster than gateways can publish, so that a backlog shrinks.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::{
    fan_out::{self, Plan},
    judge_own_cpu, micros,
    pace::{Pacing, Window},
    run_name,
};
use crate::{
    args::{Common, History},
    environment::{Environment, metric},
    limits,
    progress::Progress,
    report::Report,
    schedule::Schedule,
};

/// The history-worker's counter of messages persisted.
const PERSISTED: &str = "parlor_history_persisted_total";
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// Less can't be told apart from the looking.
const LEAST_TIME: Duration = Duration::from_millis(200);
/// How long nothing may be persisted before it is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// First a gateway publishes all it can; then the history-worker works off what it left, while it is
/// silent. So each has the machine for itself.
pub fn run(args: &History, common: &Common) -> anyhow::Result<Report> {
    if !common.url.is_empty() {
        bail!(
            "This scenario starts the history-worker late, in a system of its own: it takes no --url."
        );
    }
    limits::make_room(args.rooms)?;
    let mut environment = Environment::without_history_worker(common)?;
    let targets = environment.targets.clone();
    let window = Window {
        in_flight: args.in_flight.max(1),
        read_every: Duration::ZERO,
        warm_up: Duration::from_secs(1),
        time: Duration::from_secs_f64(args.seconds),
    };
    let plan = Plan {
        targets: &targets,
        members: 1,
        schedule: Schedule::new(args.rooms, 1, 1.0, 0.0, 1.0),
        pacing: Pacing::Window(window),
        size: args.size,
        run_name: run_name(),
    };
    let watched = environment.watched();
    let published = fan_out::run(&plan, &watched, "publishing")?;

    let backlog = published.all_messages;
    let metrics = environment.add_history_worker()?;
    let watched = environment.watched();
    let persisted = || metric(&metrics, PERSISTED).map(|count| count as u64);
    let (mut first, mut done) = (None, persisted()?);
    let mut last_progress = Instant::now();
    let mut progress = Progress::new("persisting");
    while done < backlog || first.is_none() {
        std::thread::sleep(LOOK_INTERVAL);
        let count = persisted()?;
        if count > done {
            (done, last_progress) = (count, Instant::now());
            // It begins with taking its leases, which takes as long for any backlog.
            if first.is_none() {
                first = Some((done, last_progress, watched.cpu()?));
            }
        }
        if last_progress.elapsed() > PATIENCE {
            bail!("Of {backlog} messages {done} were persisted, and no more for {PATIENCE:?}.");
        }
        progress.show(done as f64 / backlog as f64, || {
            format!("{done} of {backlog} messages")
        });
    }
    let (before, began, cpu_before) = first.context("nothing was persisted")?;
    let (persisted, elapsed) = (done - before, last_progress.duration_since(began));
    if elapsed < LEAST_TIME {
        bail!(
            "{persisted} messages were persisted within {elapsed:?}, which can't be measured: let \
             more be published, with --seconds."
        );
    }
    let cpu = watched.cpu()?.since(cpu_before);

    let setup = format!(
        "{} rooms, {} messages of {} bytes under way for {} s, then persisted",
        args.rooms, window.in_flight, args.size, args.seconds
    );
    let mut report = Report::new("history", setup);
    let publishing = published.messages as f64 / published.elapsed.as_secs_f64();
    let persisting = persisted as f64 / elapsed.as_secs_f64();
    report.figure("messages", "messages", backlog as f64, "");
    report.figure("published_per_second", "published", publishing, "/s");
    report.figure("persisted_per_second", "persisted", persisting, "/s");
    report.figure(
        "persisted_ratio",
        "persisted ÷ published",
        persisting / publishing,
        "",
    );
    let per_message = |time| micros(time) / persisted as f64;
    report.figure(
        "worker_cpu_us_per_message",
        "workers' CPU a message",
        per_message(cpu.workers),
        "µs",
    );
    report.figure(
        "redis_cpu_us_per_message",
        "Redis' CPU a message persisted",
        per_message(cpu.redis),
        "µs",
    );
    report.none_expected("lost", "lost", published.wrongs.lost);
    report.none_expected("errors", "errors", published.troubles.errors);
    report.none_expected("ended", "connections that ended", published.troubles.ended);
    judge_own_cpu(&mut report, published.cpu.own, published.elapsed);
    if let Some(first) = published.troubles.first {
        report.note(format!("The first trouble was: {first}"));
    }
    Ok(report)
}
