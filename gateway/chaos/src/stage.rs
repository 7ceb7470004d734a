//! A fleet with members who talk, and the comparison at the end.

mod ending;
pub mod report;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use parlor_testkit::wait_until;
use rand::{SeedableRng as _, rngs::StdRng, seq::index::sample};

use crate::{
    checker::Allowed,
    fleet::{self, Fleet},
    ledger::Ledger,
    load::Load,
    member::{self, Member},
};

/// Who talks, and where.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    pub members: u32,
    pub rooms: usize,
    /// Rooms that each member is in.
    pub rooms_each: usize,
    /// Characters that make each text longer.
    pub padding: usize,
    /// Members that begin at once; the rest follow when these are in.
    pub at_once: usize,
}

impl Default for Crowd {
    fn default() -> Self {
        Self {
            members: 12,
            rooms: 4,
            rooms_each: 2,
            padding: 0,
            at_once: 200,
        }
    }
}

/// The fleet, the members and what they know.
#[derive(Debug)]
pub struct Stage {
    pub members: Arc<Vec<Member>>,
    pub ledger: Arc<Ledger>,
    pub fleet: Fleet,
    pub seed: u64,
    pub allowed: Allowed,
    loud: Arc<AtomicBool>,
    padding: usize,
}

impl Stage {
    /// Starts everything and waits until everybody is in their rooms.
    pub async fn start(plan: fleet::Plan, crowd: Crowd, seed: u64) -> Self {
        let fleet = Fleet::start(plan).await;
        let gateways: Arc<[String]> = fleet.urls().into();
        let ledger = Arc::new(Ledger::new(crowd.rooms));
        let loud = Arc::new(AtomicBool::new(false));
        let mut rng = StdRng::seed_from_u64(seed);
        let mut members: Vec<Member> = Vec::new();
        for number in 0..crowd.members {
            let rooms = sample(&mut rng, crowd.rooms, crowd.rooms_each.min(crowd.rooms));
            members.push(Member::start(member::Plan {
                number,
                rooms: rooms.into_vec(),
                gateways: Arc::clone(&gateways),
                ledger: Arc::clone(&ledger),
                seed,
                padding: crowd.padding,
                loud: Arc::clone(&loud),
            }));
            if members.len().is_multiple_of(crowd.at_once) {
                all_ready(&members, fleet::PATIENCE).await;
            }
        }
        all_ready(&members, fleet::PATIENCE).await;
        Self {
            members: Arc::new(members),
            ledger,
            fleet,
            seed,
            allowed: Allowed::default(),
            loud,
            padding: crowd.padding,
        }
    }

    /// Makes the members talk. Silence counts from here until [`Self::quiet`].
    pub fn load(&self, per_second: u32) -> Load {
        self.loud.store(true, Ordering::Relaxed);
        Load::start(&self.members, per_second, self.seed)
    }

    /// Ends a load.
    pub async fn quiet(&self, load: Load) -> u64 {
        self.loud.store(false, Ordering::Relaxed);
        load.stop().await
    }

    /// Waits until so many more messages are acknowledged: the load is under way, or is again.
    pub async fn acknowledged(&self, more: u64) {
        let goal = self.total_acknowledged() + more;
        let what = format!("{more} more messages are acknowledged");
        wait_until(fleet::PATIENCE, &what, async || {
            self.total_acknowledged() >= goal
        })
        .await;
    }

    pub fn total_acknowledged(&self) -> u64 {
        let counts = self.members.iter().map(|it| it.record().acknowledged());
        counts.sum()
    }

    /// Waits until everybody who wants to be is in their rooms.
    pub async fn everybody_back(&self) {
        all_ready(&self.members, fleet::PATIENCE).await;
    }

    /// How many of those who want to be are in their rooms.
    pub fn ready(&self) -> usize {
        let is_ready = |member: &&Member| member.record().ready;
        self.members.iter().filter(is_ready).count()
    }

    pub fn padding(&self) -> usize {
        self.padding
    }
}

/// Whether everybody who wants to be is in their rooms.
pub fn are_all_ready(members: &[Member]) -> bool {
    members.iter().all(|member| {
        let record = member.record();
        record.ready || !record.online
    })
}

async fn all_ready(members: &[Member], patience: Duration) {
    wait_until(patience, "everybody is in their rooms", async || {
        are_all_ready(members)
    })
    .await;
}

/// Polls until it is true; whether it was in time. For the end, where a violation is told and not a
/// panic.
pub async fn in_time(patience: Duration, mut condition: impl AsyncFnMut() -> bool) -> bool {
    const POLL: Duration = Duration::from_millis(50);
    let deadline = Instant::now() + patience;
    while !condition().await {
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(POLL).await;
    }
    true
}
