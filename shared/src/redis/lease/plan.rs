//! The pure part: which leases a worker takes and which it gives up.

/// Who holds an item, as one worker sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    Me,
    Another,
    Nobody,
}

/// What one worker does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<T> {
    pub take: Vec<T>,
    pub release: Vec<T>,
}

/// Shares `items` fairly among `workers` that each plan for themselves.
///
/// A worker aims at ⌈items / workers⌉: it gives up what it holds beyond that, and takes free items
/// up to it. The shares add up to at least all items, so a free item always finds somebody with
/// room for it; and nobody gives up what keeps the share, so shares come to rest. `start` is where
/// it begins to take: workers that begin at different places seldom ask for the same item.
pub fn plan<T: Clone>(items: &[(T, Holder)], workers: usize, start: usize) -> Plan<T> {
    let share = items.len().div_ceil(workers.max(1));
    let held = |holder: Holder| items.iter().filter(move |(_, found)| *found == holder);
    let mine = held(Holder::Me).count();
    let release = held(Holder::Me).skip(share);
    let free = held(Holder::Nobody).count();
    let take = held(Holder::Nobody)
        .cycle()
        .skip(if free == 0 { 0 } else { start % free })
        .take(share.saturating_sub(mine).min(free));
    let only_items = |(item, _): &(T, Holder)| item.clone();
    Plan {
        take: take.map(only_items).collect(),
        release: release.map(only_items).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn seen_by(me: usize, holders: &[Option<usize>]) -> Vec<(usize, Holder)> {
        let as_seen = |holder: &Option<usize>| match holder {
            None => Holder::Nobody,
            Some(other) if *other == me => Holder::Me,
            Some(_) => Holder::Another,
        };
        holders.iter().map(as_seen).enumerate().collect()
    }

    #[test]
    fn one_worker_takes_everything() {
        let items = seen_by(0, &[None, None, None]);
        let plan = plan(&items, 1, 2);
        assert_eq!(plan.take, [2, 0, 1]);
        assert!(plan.release.is_empty());
    }

    #[test]
    fn a_second_worker_is_given_half() {
        let items = seen_by(0, &[Some(0); 16]);
        let first = plan(&items, 2, 0);
        assert_eq!((first.take.len(), first.release.len()), (0, 8));
    }

    #[test]
    fn nothing_to_share_is_no_trouble() {
        let nothing = plan::<u16>(&[], 0, 7);
        assert!(nothing.take.is_empty() && nothing.release.is_empty());
    }

    proptest! {
        /// Whoever holds what at first: after some rounds, each worker planning in its turn, every
        /// item is held, nobody holds more than the share, and nobody wants a change.
        #[test]
        fn shares_come_to_rest(
            workers in 1_usize..6,
            holders in vec(proptest::option::of(0_usize..6), 0..40),
            starts in vec(any::<usize>(), 6),
        ) {
            // Leases of workers that are gone have expired.
            let mut holders: Vec<_> =
                holders.into_iter().map(|holder| holder.filter(|by| *by < workers)).collect();
            for _ in 0..2 {
                for (me, start) in starts.iter().enumerate().take(workers) {
                    let plan = plan(&seen_by(me, &holders), workers, *start);
                    plan.release.into_iter().for_each(|item| holders[item] = None);
                    plan.take.into_iter().for_each(|item| holders[item] = Some(me));
                }
            }
            let share = holders.len().div_ceil(workers);
            for me in 0..workers {
                let mine = holders.iter().filter(|holder| **holder == Some(me)).count();
                prop_assert!(mine <= share);
                let plan = plan(&seen_by(me, &holders), workers, 0);
                prop_assert!(plan.take.is_empty() && plan.release.is_empty());
            }
            prop_assert!(holders.iter().all(Option::is_some));
        }

        /// Nobody takes what is another's, takes an item twice, or gives up what is not theirs.
        #[test]
        fn a_plan_touches_only_what_it_may(
            holders in vec(proptest::option::of(0_usize..3), 0..40),
            workers in 0_usize..6,
            start in any::<usize>(),
        ) {
            let plan = plan(&seen_by(0, &holders), workers, start);
            let mut taken = plan.take.clone();
            taken.sort_unstable();
            taken.dedup();
            prop_assert_eq!(taken.len(), plan.take.len());
            prop_assert!(plan.take.iter().all(|item| holders[*item].is_none()));
            prop_assert!(plan.release.iter().all(|item| holders[*item] == Some(0)));
        }
    }
}
