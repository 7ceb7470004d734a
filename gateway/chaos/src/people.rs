//! A crowd of members who talk, and what all of them know.

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
    checker::{Allowed, RoomEnd, check_room, gone},
    ledger::{Ledger, Violation},
    load::Load,
    member::{self, Member, Names, Record},
    reader::Read,
    record::RoomRecord,
};

/// Far beyond what anybody takes to come into their rooms on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);

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

/// The members and what they know.
#[derive(Debug)]
pub struct People {
    pub members: Arc<Vec<Member>>,
    pub ledger: Arc<Ledger>,
    pub names: Names,
    pub seed: u64,
    loud: Arc<AtomicBool>,
    padding: usize,
}

impl People {
    /// Starts everybody and waits until they are in their rooms.
    pub async fn start(gateways: Vec<String>, crowd: Crowd, names: Names, seed: u64) -> Self {
        let gateways: Arc<[String]> = gateways.into();
        let ledger = Arc::new(Ledger::new(crowd.rooms));
        let loud = Arc::new(AtomicBool::new(false));
        let mut rng = StdRng::seed_from_u64(seed);
        let mut members: Vec<Member> = Vec::new();
        for number in 0..crowd.members {
            let rooms = sample(&mut rng, crowd.rooms, crowd.rooms_each.min(crowd.rooms));
            members.push(Member::start(member::Plan {
                number,
                rooms: rooms.into_vec(),
                names: names.clone(),
                gateways: Arc::clone(&gateways),
                ledger: Arc::clone(&ledger),
                seed,
                padding: crowd.padding,
                loud: Arc::clone(&loud),
            }));
            if members.len().is_multiple_of(crowd.at_once) {
                all_ready(&members).await;
            }
        }
        all_ready(&members).await;
        Self {
            members: Arc::new(members),
            ledger,
            names,
            seed,
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
        wait_until(PATIENCE, &what, async || self.total_acknowledged() >= goal).await;
    }

    pub fn total_acknowledged(&self) -> u64 {
        let counts = self.members.iter().map(|it| it.record().acknowledged());
        counts.sum()
    }

    /// Waits until everybody who wants to be is in their rooms.
    pub async fn everybody_back(&self) {
        all_ready(&self.members).await;
    }

    /// How many of those who want to be are in their rooms.
    pub fn ready(&self) -> usize {
        let is_ready = |member: &&Member| member.record().ready;
        self.members.iter().filter(is_ready).count()
    }

    pub fn padding(&self) -> usize {
        self.padding
    }

    /// Waits until everybody is back and everything acknowledged; tells what is missing if it takes
    /// longer than the patience.
    pub async fn settle(&self, patience: Duration) -> Result<(), String> {
        let settled = in_time(patience, async || {
            are_all_ready(&self.members) && self.pending() == 0
        });
        if settled.await {
            return Ok(());
        }
        Err(format!(
            "{} messages wait, and {} of {} members are in their rooms",
            self.pending(),
            self.ready(),
            self.members.len()
        ))
    }

    fn pending(&self) -> usize {
        let waiting = self.members.iter().map(|it| it.record().pending);
        waiting.sum()
    }

    pub fn members_of(&self, room: usize) -> impl Iterator<Item = &Member> {
        self.members
            .iter()
            .filter(move |member| member.rooms.contains(&room))
    }

    /// Whether everybody who is connected has what the room ends with.
    pub fn have_all_until(&self, room: usize, epoch: &str, seq: u64) -> bool {
        let epoch = self.ledger.room(room).epoch(epoch);
        self.members_of(room).all(|member| {
            let record = member.record();
            let position = record.rooms.get(&room).and_then(RoomRecord::position);
            !record.online || seq == 0 || position.is_some_and(|at| at == (epoch, seq))
        })
    }

    /// What everybody was told in a room, compared with what is stored of it.
    pub fn compare(&self, room: usize, read: Read, allowed: Allowed) -> Comparison {
        let records: Vec<(u32, RoomRecord)> = self
            .members_of(room)
            .filter_map(|member| {
                let record = of(member, |record| {
                    let of_room = record.rooms.get(&room).cloned();
                    record.online.then(|| of_room.unwrap_or_default())
                });
                Some((member.number, record?))
            })
            .collect();
        let mut log = self.ledger.room(room);
        let mut end = RoomEnd {
            name: self.names.room(room),
            log: &mut log,
            records: records.iter().map(|(of, record)| (*of, record)).collect(),
            epoch: read.epoch,
            seq: read.seq,
            list: read.list,
            paged: read.paged,
        };
        Comparison {
            violations: check_room(&mut end, allowed),
            gone: gone(&end).len(),
            told_anew: records.iter().map(|(_, record)| record.times_anew()).sum(),
        }
    }
}

/// What came of comparing a room.
#[derive(Debug)]
pub struct Comparison {
    pub violations: Vec<Violation>,
    /// Messages that were acknowledged and are not stored.
    pub gone: usize,
    /// How often members were told that the history is another than it was.
    pub told_anew: usize,
}

/// What is picked of a member's record.
pub fn of<T>(member: &Member, pick: impl FnOnce(&Record) -> T) -> T {
    pick(&member.record())
}

/// Whether everybody who wants to be is in their rooms.
fn are_all_ready(members: &[Member]) -> bool {
    members.iter().all(|member| {
        let record = member.record();
        record.ready || !record.online
    })
}

async fn all_ready(members: &[Member]) {
    wait_until(PATIENCE, "everybody is in their rooms", async || {
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
