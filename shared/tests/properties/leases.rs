//! Workers that plan from what they saw a while ago, come, go and die with their leases: no lease is
//! ever two workers', and once workers stay the same all are held, fairly, and stay where they are.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use parlor_shared::redis::lease::{Holder, Plan, plan};
use proptest::{collection::vec, prelude::*};

type Worker = usize;
type Item = usize;

/// Workers there may be.
const WORKERS: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    /// A worker counts the live ones and looks who holds what.
    Look(Worker, usize),
    /// It carries out what it planned then, whatever has happened since.
    Act(Worker),
    /// It comes to life.
    Start(Worker),
    /// It ends in good order, releasing what it holds.
    End(Worker),
    /// It dies or is paused; its leases expire, and if it wakes up it finds out by its clock.
    Die(Worker),
}

fn step() -> impl Strategy<Value = Step> {
    let worker = 0..WORKERS;
    prop_oneof![
        5 => (worker.clone(), any::<usize>()).prop_map(|(worker, start)| Step::Look(worker, start)),
        5 => worker.clone().prop_map(Step::Act),
        2 => worker.clone().prop_map(Step::Start),
        1 => worker.clone().prop_map(Step::End),
        1 => worker.prop_map(Step::Die),
    ]
}

/// Redis, and what each worker believes.
struct World {
    items: usize,
    /// By Redis.
    holders: BTreeMap<Item, Worker>,
    owned: BTreeMap<Worker, BTreeSet<Item>>,
    plans: BTreeMap<Worker, Plan<Item>>,
}

impl World {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Look(worker, start) => self.look(*worker, *start),
            Step::Act(worker) => drop(self.act(*worker)),
            Step::Start(worker) => drop(self.owned.entry(*worker).or_default()),
            Step::End(worker) | Step::Die(worker) => {
                self.owned.remove(worker);
                self.plans.remove(worker);
                self.holders.retain(|_, holder| holder != worker);
            }
        }
    }

    fn look(&mut self, worker: Worker, start: usize) {
        let Some(mine) = self.owned.get(&worker) else {
            return;
        };
        let seen: Vec<(Item, Holder)> = (0..self.items)
            .map(|item| match self.holders.get(&item) {
                _ if mine.contains(&item) => (item, Holder::Me),
                Some(_) => (item, Holder::Another),
                None => (item, Holder::Nobody),
            })
            .collect();
        self.plans
            .insert(worker, plan(&seen, self.owned.len(), start));
    }

    /// Gives how many leases were released, and how many were taken.
    fn act(&mut self, worker: Worker) -> (usize, usize) {
        let (Some(plan), Some(mine)) = (self.plans.remove(&worker), self.owned.get_mut(&worker))
        else {
            return (0, 0);
        };
        let (mut released, mut taken) = (0, 0);
        for item in plan.release {
            if mine.remove(&item) {
                // Deleted only if it is still this worker's.
                assert_eq!(self.holders.remove(&item), Some(worker));
                released += 1;
            }
        }
        for item in plan.take {
            // The script takes what is free, and renews what is the worker's.
            if let Entry::Vacant(free) = self.holders.entry(item) {
                free.insert(worker);
                mine.insert(item);
                taken += 1;
            }
        }
        (released, taken)
    }

    fn no_lease_is_twos(&self) -> bool {
        let all: Vec<_> = self.owned.values().flatten().collect();
        let each: BTreeSet<_> = all.iter().collect();
        all.len() == each.len()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn leases_are_one_workers_and_come_to_rest(
        items in 0_usize..24,
        steps in vec(step(), 0..60),
        order in Just((0..WORKERS).collect::<Vec<_>>()).prop_shuffle(),
        starts in vec(any::<usize>(), WORKERS),
        together: bool,
    ) {
        let mut world = World {
            items,
            holders: BTreeMap::new(),
            owned: BTreeMap::from([(0, BTreeSet::new())]),
            plans: BTreeMap::new(),
        };
        for step in &steps {
            world.step(step);
            prop_assert!(world.no_lease_is_twos(), "after {:?}", step);
        }
        world.step(&Step::Start(order[0]));
        // From here on workers stay the same. The first round may carry out what was planned
        // before, the second gives up what is too much, and nobody gives up anything again; within
        // some more, however workers get in each other's way, all is taken, and nothing moves.
        for round in 0..2 * WORKERS + 4 {
            let (mut released, mut taken) = (0, 0);
            let looks = order.iter().map(|worker| Step::Look(*worker, starts[*worker]));
            if together && round > 0 {
                for look in looks.clone() {
                    world.step(&look);
                }
            }
            for (worker, look) in order.iter().zip(looks) {
                if !together && round > 0 {
                    world.step(&look);
                }
                let (gave, took) = world.act(*worker);
                (released, taken) = (released + gave, taken + took);
                prop_assert!(world.no_lease_is_twos());
            }
            prop_assert!(round < 2 || released == 0, "{} leases are given up", released);
            prop_assert!(round < 2 * WORKERS + 2 || taken == 0, "{} leases move", taken);
        }
        prop_assert_eq!(world.holders.len(), items, "all are held");
        let share = items.div_ceil(world.owned.len());
        for (worker, mine) in &world.owned {
            prop_assert!(mine.len() <= share, "{} holds {} of {}", worker, mine.len(), items);
        }
    }
}
