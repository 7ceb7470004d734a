//! The fuzzer's targets on stable: stored seeds, golden frames, and some thousand mutations of both,
//! the same in every run.

#[path = "../fuzz/bodies.rs"]
mod bodies;
#[path = "simulation/random.rs"]
#[allow(dead_code, reason = "the simulation uses all of it")]
mod random;

use std::{fs, path::Path};

use random::Random;

/// Mutations of each target's seeds.
const MUTATIONS: usize = 3_000;
/// What texts of the protocol are made of.
const WORDS: &[&[u8]] = &[
    b"\"",
    b"{",
    b"}",
    b"[[[[",
    b"null",
    b"-1",
    b"18446744073709551616",
    b"1e999",
    b"\\ud800",
    b"\n",
    b"\0",
    b" 1 2\n",
    b"\x81\x80\0\0\0\0",
    b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff",
];

/// The files of a folder beside the crate, in the order of their names.
fn files(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let Ok(entries) = fs::read_dir(&folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read(path).expect("a seed can be read"))
        .collect()
}

fn mutated(random: &mut Random, seed: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() as u64 + 1) as usize;
        let to = (at + random.below(8) as usize).min(bytes.len());
        match random.below(4) {
            0 => drop(bytes.drain(at..to)),
            1 => {
                let word = random.pick(WORDS);
                bytes.splice(at..at, word.iter().copied());
            }
            2 => bytes.extend_from_within(at..to),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
    }
    bytes
}

fn run(target: &str, more: Vec<Vec<u8>>, body: fn(&[u8])) {
    let mut seeds = files(&format!("fuzz/seeds/{target}"));
    assert!(!seeds.is_empty(), "{target} has seeds");
    seeds.extend(more);
    for seed in &seeds {
        body(seed);
    }
    let mut random = Random::new(42);
    for number in 0..MUTATIONS {
        body(&mutated(&mut random, &seeds[number % seeds.len()]));
    }
}

#[test]
fn client_frame() {
    run(
        "client_frame",
        files("../shared/fixtures/client"),
        bodies::client_frame,
    );
}

#[test]
fn websocket() {
    run("websocket", Vec::new(), bodies::websocket);
}

#[test]
fn session() {
    // A whole conversation: every golden frame on a line of its own, behind a byte that chooses
    // what comes of it.
    let lines = files("../shared/fixtures/client").into_iter().map(|frame| {
        let mut line = vec![0];
        line.extend(frame.into_iter().filter(|byte| *byte != b'\n'));
        line.push(b'\n');
        line
    });
    run("session", vec![lines.flatten().collect()], bodies::session);
}

#[test]
fn bus_event() {
    run("bus_event", Vec::new(), bodies::bus_event);
}
