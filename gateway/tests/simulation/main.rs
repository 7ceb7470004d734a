//! Thousands of small worlds: several gateways' sessions and rooms over a bus that loses, delays,
//! doubles and reorders, with everything drawn from a seed.
//!
//! What holds in each of them: a member gets every message once, in `Seq` order, without a gap that
//! it was not told of; what was acknowledged is in the history once and has reached every member in
//! the end. Who is in a room is known to all whom the bus brought every news of it, and nobody is told
//! of a leave that never was. `PARLOR_SIM_SEED=7` runs one world and tells what happens in it; `PARLOR_SIM_SEEDS=9000`
//! runs more of them.

mod client;
mod gateway;
mod presence;
mod random;
mod serving;
mod store;
mod tending;
mod trouble;
mod world;

use std::{
    env, panic,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

use world::{Totals, World};

/// Worlds in a run of the test suite.
const SEEDS: u64 = 2_000;

/// Worlds that may fail before a worker stops looking for more.
const FAILURES: usize = 20;

/// Tells the seed of a world that ends in a panic, wherever that came from.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the seed was {0}: PARLOR_SIM_SEED={0} shows it", self.0);
        }
    }
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

fn run(seed: u64, trace: bool) -> Totals {
    let _told = Told(seed);
    let mut world = World::new(seed, trace);
    world.say(|| format!("{:?}", world.weather));
    world.run();
    world.totals
}

fn add(sum: &mut Totals, one: Totals) {
    sum.events += one.events;
    sum.messages += one.messages;
    sum.deliveries += one.deliveries;
    sum.gaps += one.gaps;
    sum.repaired += one.repaired;
    sum.duplicates += one.duplicates;
    sum.resyncs += one.resyncs;
    sum.recovered += one.recovered;
    sum.unrecovered += one.unrecovered;
    sum.repeated += one.repeated;
    sum.left += one.left;
    sum.rosters += one.rosters;
}

#[test]
fn nothing_is_lost_doubled_or_reordered_whatever_the_seed() {
    if let Some(seed) = number("PARLOR_SIM_SEED") {
        println!("{:?}", run(seed, true));
        return;
    }
    let seeds = number("PARLOR_SIM_SEEDS").unwrap_or(SEEDS);
    let first = number("PARLOR_SIM_FROM").unwrap_or(0);
    let began = Instant::now();
    let next = AtomicU64::new(first);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (mut sum, mut failed) = (Totals::default(), Vec::new());
    thread::scope(|scope| {
        let worker = || {
            let (mut sum, mut failed) = (Totals::default(), Vec::new());
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + seeds || failed.len() >= FAILURES {
                    return (sum, failed);
                }
                match panic::catch_unwind(|| run(seed, false)) {
                    Ok(totals) => add(&mut sum, totals),
                    Err(_) => failed.push(seed),
                }
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            let (totals, seeds) = worker.join().expect("a worker catches what fails");
            add(&mut sum, totals);
            failed.extend(seeds);
        }
    });
    let rate = seeds as f64 / began.elapsed().as_secs_f64();
    println!("{seeds} worlds, {rate:.0} a second: {sum:?}");
    assert!(failed.is_empty(), "worlds that fail: {failed:?}");
    // A world in which nothing happens proves nothing.
    for seen in [
        sum.messages,
        sum.gaps,
        sum.repaired,
        sum.duplicates,
        sum.resyncs,
        sum.recovered,
        sum.unrecovered,
        sum.repeated,
        sum.left,
        sum.rosters,
    ] {
        assert!(seen > seeds / 20, "{sum:?}");
    }
}

#[test]
fn a_seed_gives_the_same_world_again() {
    let one = format!("{:?}", run(7, false));
    assert_eq!(one, format!("{:?}", run(7, false)));
}
