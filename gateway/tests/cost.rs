//! What a delivery costs in instructions of our own: a number that no busy machine disturbs.
//!
//! Callgrind counts them while another process of this test delivers messages to a room's members
//! over real sockets. Time shows nothing in a debug build on a machine that does other work; how many
//! instructions there are does, and should they double, so has somebody put something into the path
//! that was not there.

#[path = "../benches/stage/mod.rs"]
mod stage;

use std::{env, process::Command};

use parlor_gateway::rooms::writer::Writer;

const MEMBERS: u64 = 200;
/// In the environment of the process that is counted.
const MESSAGES: &str = "PARLOR_COST_MESSAGES";
/// What a delivery took when this was last set, in a debug build: see `gateway/BENCHMARKS.md`.
const INSTRUCTIONS: u64 = 2_300;

#[test]
fn a_delivery_costs_no_more_than_it_did() {
    // What the start takes is in both.
    let (few, many) = (20, 220);
    let taken = instructions(many) - instructions(few);
    let each = taken / ((many - few) * MEMBERS);
    println!("{each} instructions a delivery, {INSTRUCTIONS} when last set");
    if cfg!(debug_assertions) {
        assert!(
            each < 2 * INSTRUCTIONS,
            "a delivery takes {each} instructions, twice what it did: {INSTRUCTIONS}"
        );
        assert!(
            each > INSTRUCTIONS / 2,
            "a delivery takes {each} instructions, half of what it did: set the new number"
        );
    }
}

/// The instructions of a process that delivers so many messages to each member.
fn instructions(messages: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().expect("this program"))
        .args(["--exact", "deliver", "--ignored", "--nocapture"])
        .env(MESSAGES, messages.to_string())
        .output()
        .expect("valgrind, which deploy/local/test installs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let collected = told
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    let (_, number) = collected.expect("what callgrind collected");
    number.trim().parse().expect("a number")
}

#[test]
#[ignore = "the part of the test above that is counted"]
fn deliver() {
    let messages: u64 = env::var(MESSAGES).map_or(1, |count| count.parse().expect("a number"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let (mut sinks, mut peers) = (Vec::new(), Vec::new());
        for _ in 0..MEMBERS {
            let (outbox, peer) = stage::outbox().await;
            sinks.push(outbox);
            // Never read: what is said fits into the socket.
            peers.push(peer);
        }
        let mut writer = Writer::default();
        let mut room = stage::room(sinks, &mut writer);
        let body = stage::body();
        for seq in 1..=messages {
            room.event(stage::event(&body, seq), &mut writer);
            writer.flush().await;
        }
        assert_eq!(room.stats.deliveries, messages * MEMBERS);
        assert_eq!(writer.overflows, 0);
    });
}
