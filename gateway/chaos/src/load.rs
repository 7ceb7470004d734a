//! Makes members talk at an even rate.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep_until},
};

use crate::member::Member;

/// How often messages are handed out.
const TICK: Duration = Duration::from_millis(20);
/// Who has so many messages waiting says nothing more: people stop typing too.
const MOST_PENDING: usize = 50;

/// A load under way.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    said: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Load {
    /// `per_second` messages from random members to random rooms of theirs.
    pub fn start(members: &Arc<Vec<Member>>, per_second: u32, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let said = Arc::new(AtomicU64::new(0));
        let talking = Talking {
            members: Arc::clone(members),
            rng: StdRng::seed_from_u64(seed),
            stop: Arc::clone(&stop),
            said: Arc::clone(&said),
        };
        let task = tokio::spawn(talking.run(f64::from(per_second)));
        Self { stop, said, task }
    }

    pub fn said(&self) -> u64 {
        self.said.load(Ordering::Relaxed)
    }

    /// Ends the load; gives how many messages there were.
    pub async fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.expect("the load does not panic");
        self.said.load(Ordering::Relaxed)
    }
}

struct Talking {
    members: Arc<Vec<Member>>,
    rng: StdRng,
    stop: Arc<AtomicBool>,
    said: Arc<AtomicU64>,
}

impl Talking {
    async fn run(mut self, per_second: f64) {
        let mut next = Instant::now();
        let mut owed = 0.0;
        while !self.stop.load(Ordering::Relaxed) {
            owed += per_second * TICK.as_secs_f64();
            while owed >= 1.0 {
                owed -= 1.0;
                self.say();
            }
            next += TICK;
            // A machine that was too busy does not catch up in one burst.
            next = next.max(Instant::now());
            sleep_until(next).await;
        }
    }

    fn say(&mut self) {
        let member = &self.members[self.rng.random_range(0..self.members.len())];
        let room = member.rooms[self.rng.random_range(0..member.rooms.len())];
        let record = member.record();
        let takes = record.online && record.pending < MOST_PENDING;
        drop(record);
        if takes {
            member.say(room);
            self.said.fetch_add(1, Ordering::Relaxed);
        }
    }
}
