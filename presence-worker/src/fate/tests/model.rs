//! A gateway that beats, pauses, loses its Redis or dies, and workers that take it over from each
//! other in the middle of their work: whatever happens, once all is quiet who is connected is
//! registered, and nothing is left of anybody else.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use proptest::{collection::vec, prelude::*, sample::Index};

use super::super::{Fate, Grace, Patience, Signs};

const GRACE: Grace = Grace {
    offline_ms: 3_000,
    dead_after_ms: 15_000,
};
/// The gateway's heartbeat and the worker's rounds.
const BEAT_MS: u64 = 5_000;
const ROUND_MS: u64 = 1_000;

type Session = u32;

#[derive(Clone, Debug)]
enum Step {
    /// Nothing happens for so many ms.
    Wait(u64),
    /// A heartbeat arrives.
    Beat,
    Connect,
    /// A connection ends; the gateway notes it when it gets to it.
    Disconnect(Index),
    /// One of the notes and registrations that wait in the gateway arrives.
    Note,
    /// The worker looks, and decides what to do.
    Look,
    /// It does the next of it.
    Act,
    /// Redis does not answer the worker.
    Fail,
    /// Another worker takes the lease; what this one has not done it does not do.
    TakeOver,
    Die,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u64..6_000).prop_map(Step::Wait),
        1 => (6_000_u64..40_000).prop_map(Step::Wait),
        4 => Just(Step::Beat),
        3 => Just(Step::Connect),
        2 => any::<Index>().prop_map(Step::Disconnect),
        6 => Just(Step::Note),
        6 => Just(Step::Look),
        8 => Just(Step::Act),
        1 => Just(Step::Fail),
        1 => Just(Step::TakeOver),
        1 => Just(Step::Die),
    ]
}

/// What the gateway has to tell.
#[derive(Debug)]
enum Note {
    Registered(Session),
    Departed(Session),
}

/// What a worker does after having looked, each a step of its own at Redis.
#[derive(Debug)]
enum Action {
    Condemn(u64),
    /// Ends the sessions of a dead gateway whose grace is over, if it is still dead.
    End(Session),
    EndDeparted(Session),
    Bury(u64),
    GiveBack(u64),
    Miss(u64),
    StopAwaiting,
}

struct World {
    /// Of Redis, in ms.
    now: u64,
    began: Instant,
    heartbeat: Option<u64>,
    dead_since: Option<u64>,
    awaited_since: Option<u64>,
    sessions: BTreeSet<Session>,
    departed: BTreeMap<Session, u64>,
    /// The gateway: whether it lives, who is connected, what it has not told yet.
    lives: bool,
    /// Whether it has beaten before.
    known: bool,
    connected: BTreeSet<Session>,
    notes: VecDeque<Note>,
    next: Session,
    /// The worker that holds the lease.
    patience: Patience,
    actions: VecDeque<Action>,
}

impl World {
    fn new() -> Self {
        Self {
            now: 1_000_000,
            began: Instant::now(),
            heartbeat: None,
            dead_since: None,
            awaited_since: None,
            sessions: BTreeSet::new(),
            departed: BTreeMap::new(),
            lives: true,
            known: false,
            connected: BTreeSet::new(),
            notes: VecDeque::new(),
            next: 0,
            patience: Patience::default(),
            actions: VecDeque::new(),
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Wait(ms) => self.now += ms,
            Step::Beat => self.beat(),
            // Nobody is let in before the first heartbeat.
            Step::Connect if self.lives && self.known => {
                self.next += 1;
                self.connected.insert(self.next);
                self.notes.push_back(Note::Registered(self.next));
            }
            Step::Connect => {}
            Step::Disconnect(at) => self.disconnect(*at),
            Step::Note => self.note(),
            Step::Look => self.look(),
            Step::Act => self.act(),
            Step::Fail => {
                self.actions.clear();
                self.patience.forget();
            }
            Step::TakeOver => {
                self.actions.clear();
                self.patience = Patience::default();
            }
            Step::Die => {
                self.lives = false;
                self.connected.clear();
                self.notes.clear();
            }
        }
    }

    fn beat(&mut self) {
        if !self.lives {
            return;
        }
        let missing = self.heartbeat.is_none();
        self.heartbeat = Some(self.now);
        if missing && self.known {
            let again = self.connected.iter().map(|it| Note::Registered(*it));
            self.notes.extend(again);
        }
        self.known = true;
    }

    fn disconnect(&mut self, at: Index) {
        if self.connected.is_empty() {
            return;
        }
        let at = at.index(self.connected.len());
        let session = *self.connected.iter().nth(at).expect("it is there");
        self.connected.remove(&session);
        self.notes.push_back(Note::Departed(session));
    }

    fn note(&mut self) {
        match self.notes.pop_front() {
            Some(Note::Registered(session)) => {
                self.sessions.insert(session);
            }
            Some(Note::Departed(session)) => {
                self.departed.insert(session, self.now);
            }
            None => {}
        }
    }

    /// A round begins when the last one is done.
    fn look(&mut self) {
        if !self.actions.is_empty() {
            return;
        }
        let signs = Signs {
            now: self.now,
            heartbeat: self.heartbeat,
            dead_since: self.dead_since,
            awaited_since: self.awaited_since,
        };
        let instant = self.began + Duration::from_millis(self.now);
        let still = signs
            .stands_at()
            .is_some_and(|beat| self.patience.has_stood_still(beat, instant, GRACE));
        match signs.fate(GRACE) {
            Fate::Alive => self.plan_departed(),
            Fate::Silent { heartbeat } if still => {
                self.actions.push_back(Action::Condemn(heartbeat));
            }
            Fate::Dead { heartbeat } => self.plan_dead(heartbeat),
            Fate::Revived => self.actions.push_back(Action::GiveBack(self.now)),
            Fate::Missed { since } if still => self.actions.push_back(Action::Miss(since)),
            Fate::Back => self.actions.push_back(Action::StopAwaiting),
            Fate::Silent { .. } | Fate::Missed { .. } | Fate::Awaited | Fate::Gone => {}
        }
    }

    fn plan_departed(&mut self) {
        let due = |at: u64| at + GRACE.offline_ms <= self.now;
        let departed = self.departed.iter().filter(|(_, at)| due(**at));
        let ends = departed.map(|(session, _)| Action::EndDeparted(*session));
        self.actions.extend(ends);
    }

    fn plan_dead(&mut self, heartbeat: u64) {
        self.plan_departed();
        for session in &self.sessions {
            let left = self.departed.get(session).copied().unwrap_or(heartbeat);
            if left + GRACE.offline_ms <= self.now {
                self.actions.push_back(Action::End(*session));
            }
        }
        self.actions.push_back(Action::Bury(self.now));
    }

    fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.departed.is_empty()
    }

    fn act(&mut self) {
        match self.actions.pop_front() {
            // The script looks once more.
            Some(Action::Condemn(heartbeat)) if self.heartbeat == Some(heartbeat) => {
                self.heartbeat = None;
                self.dead_since = Some(heartbeat);
                self.plan_dead(heartbeat);
            }
            Some(Action::EndDeparted(session)) => {
                self.sessions.remove(&session);
                self.departed.remove(&session);
            }
            Some(Action::End(session)) => {
                self.sessions.remove(&session);
                self.departed.remove(&session);
                // Looked at after each page: whoever beats again is left alone.
                if self.heartbeat.is_some() {
                    self.actions.clear();
                }
            }
            Some(Action::Bury(now)) if self.is_empty() => {
                self.dead_since = None;
                self.awaited_since = Some(now);
            }
            Some(Action::GiveBack(now)) => {
                self.heartbeat = None;
                self.dead_since = None;
                self.awaited_since = Some(now);
            }
            Some(Action::Miss(since)) => {
                self.awaited_since = None;
                if !self.is_empty() {
                    self.dead_since = Some(since);
                }
            }
            Some(Action::StopAwaiting) => self.awaited_since = None,
            Some(Action::Condemn(_) | Action::Bury(_)) | None => {}
        }
    }

    /// Two minutes in which everything works.
    fn settle(&mut self) {
        for round in 0..120 {
            self.now += ROUND_MS;
            if round % (BEAT_MS / ROUND_MS) == 0 {
                self.beat();
            }
            while !self.notes.is_empty() {
                self.note();
            }
            self.look();
            while !self.actions.is_empty() {
                self.act();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn who_is_connected_stays_and_nobody_else_does(steps in vec(step(), 1..120)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.settle();
        prop_assert_eq!(&world.sessions, &world.connected);
        prop_assert!(world.departed.is_empty());
        prop_assert_eq!((world.dead_since, world.awaited_since), (None, None));
        prop_assert_eq!(world.heartbeat.is_some(), world.lives && world.known);
    }

    /// After an outage of Redis, however long, every heartbeat is old: a gateway that beats again
    /// within its interval loses nobody.
    #[test]
    fn an_outage_of_redis_makes_nobody_dead(
        outage_ms in 0_u64..600_000,
        beat_after_ms in 0..=BEAT_MS,
        looks in vec(1_u64..3_000, 1..20),
    ) {
        let mut world = World::new();
        world.beat();
        world.step(&Step::Connect);
        world.step(&Step::Note);
        world.look();
        world.step(&Step::Fail);
        world.now += outage_ms;
        let mut beat_at = world.now + beat_after_ms;
        for wait in looks {
            world.look();
            while !world.actions.is_empty() {
                world.act();
            }
            let next = world.now + wait;
            while beat_at <= next {
                world.now = beat_at;
                world.beat();
                beat_at += BEAT_MS;
            }
            world.now = next;
            prop_assert_eq!((world.sessions.len(), world.dead_since), (1, None));
        }
    }
}
