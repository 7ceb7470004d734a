//! Faults drawn from a seed, one or two at a time, every few seconds, under load.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::time::sleep;

use super::{Size, faults::Fault};
use crate::{
    fleet::Plan,
    meddler::Meddlers,
    progress::Progress,
    stage::{Stage, report::Report},
};

/// Time between faults, in milliseconds.
const PAUSE_MS: std::ops::Range<u64> = 500..4_000;
/// How likely a fault comes with another one.
const TWO_AT_ONCE: f64 = 0.4;
/// How likely all gateways are replaced instead.
const ROLLING: f64 = 0.03;
/// People who edit, delete, react and vote meanwhile.
const MEDDLERS: u32 = 4;
const POLL: Duration = Duration::from_millis(200);

/// Breaks things for so long; gives what came of it.
pub async fn run(size: Size, lasts: Duration) -> Report {
    let mut stage = size.stage(Plan::default()).await;
    let members = Arc::clone(&stage.members);
    let load = stage.load(size.rate);
    let (urls, rooms) = (stage.fleet.urls(), stage.ledger.rooms());
    let meddlers = Meddlers::start(&urls, &stage.names, rooms, MEDDLERS, size.seed);
    let mut rng = StdRng::seed_from_u64(size.seed);
    let mut progress = Progress::default();
    let mut faults: BTreeMap<String, u64> = BTreeMap::new();
    let until = Instant::now() + lasts;
    while Instant::now() < until {
        let pause = Duration::from_millis(rng.random_range(PAUSE_MS));
        pass(&stage, &mut progress, pause, "").await;
        if rng.random_bool(ROLLING) {
            eprintln!("         all gateways are replaced");
            stage.fleet.rolling_restart().await;
            *faults.entry("RollingRestart".to_owned()).or_default() += 1;
            continue;
        }
        let (broken, hold) = draw(&mut rng, &stage);
        for fault in &broken {
            *faults.entry(fault.name()).or_default() += 1;
        }
        let what = format!("{broken:?} for {} ms", hold.as_millis());
        eprintln!("         {what}");
        for fault in &broken {
            fault.begin(&mut stage.fleet, &members).await;
        }
        pass(&stage, &mut progress, hold, &what).await;
        for fault in &broken {
            fault.end(&mut stage.fleet, &members).await;
        }
        for part in stage.fleet.parts_mut() {
            part.ready().await;
        }
    }
    eprintln!("the load ends");
    stage.quiet(load).await;
    let mut found = Vec::new();
    let meddled = meddlers.finish(&mut found).await;
    let ledger = Arc::clone(&stage.ledger);
    let mut report = stage.finish().await;
    meddled.check(&ledger, &mut found);
    report.add(found);
    report.acts = meddled.acts();
    report.faults = faults;
    report
}

/// One or two faults that can be undone separately, those of Redis first.
fn draw(rng: &mut StdRng, stage: &Stage) -> (Vec<Fault>, Duration) {
    let (first, hold) = Fault::draw(rng, &stage.fleet);
    let mut broken = vec![first];
    if rng.random_bool(TWO_AT_ONCE) {
        let (second, _) = Fault::draw(rng, &stage.fleet);
        let same_program = first.target().is_some() && second.target() == first.target();
        let both_of_redis = first.is_of_redis() && second.is_of_redis();
        if second != first && !same_program && !both_of_redis {
            broken.push(second);
        }
    }
    broken.sort_by_key(|fault| !fault.is_of_redis());
    (broken, hold)
}

async fn pass(stage: &Stage, progress: &mut Progress, time: Duration, what: &str) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        progress.show(stage, what);
        sleep(POLL.min(until.saturating_duration_since(Instant::now()))).await;
    }
}
