//! What one member was told in one room: as runs of places without a gap, so that an hour of
//! messages takes a few bytes.

use crate::ledger::{Epoch, Kind, Said, Violation};

/// Why a run begins where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The room was joined for the first time.
    Joined,
    /// The room's history began anew, and its first message was the next to come.
    NewEpoch,
    /// `recovered:false`, or a page after `sys.resync`: the member knows that messages may be missing.
    Told,
    /// Nobody said anything. A violation, which was noted.
    Silent,
}

/// Places that came one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub epoch: Epoch,
    pub first: u64,
    /// `first - 1` while nothing has come.
    pub last: u64,
    pub why: Why,
}

/// What a member was told in one room.
#[derive(Clone, Debug, Default)]
pub struct RoomRecord {
    pub runs: Vec<Run>,
    /// The places of the member's own messages, by their number.
    pub acknowledged: Vec<(Said, Epoch, u64)>,
    pub violations: Vec<Violation>,
    pub deliveries: u64,
}

impl RoomRecord {
    /// The member begins behind `seq`.
    pub fn moved(&mut self, epoch: Epoch, seq: u64, why: Why) {
        self.runs.push(Run {
            epoch,
            first: seq + 1,
            last: seq,
            why,
        });
    }

    /// A message came, live or with a resume.
    pub fn delivered(&mut self, epoch: Epoch, seq: u64) {
        self.deliveries += 1;
        let Some(run) = self.runs.last_mut() else {
            self.silent(epoch, seq, "came before the room was joined");
            return;
        };
        if run.epoch == epoch && seq == run.last + 1 {
            run.last = seq;
        } else if run.epoch == epoch && seq <= run.last {
            let doubled = self.has(epoch, seq);
            let kind = if doubled {
                Kind::Doubled
            } else {
                Kind::Reordered
            };
            let last = self.runs.last().map_or(0, |run| run.last);
            let what = format!("{seq} came again or late, behind {last}");
            self.violations.push(Violation::new(kind, what));
        } else if run.epoch == epoch {
            let what = format!("came behind {}, and nobody said why", run.last);
            self.silent(epoch, seq, &what);
        } else if seq == 1 && self.runs.iter().all(|run| run.epoch != epoch) {
            self.moved(epoch, 0, Why::NewEpoch);
            if let Some(run) = self.runs.last_mut() {
                run.last = 1;
            }
        } else {
            self.silent(epoch, seq, "came from another epoch, and nobody said why");
        }
    }

    fn silent(&mut self, epoch: Epoch, seq: u64, what: &str) {
        let what = format!("{seq} {what}");
        self.violations.push(Violation::new(Kind::Lost, what));
        self.runs.push(Run {
            epoch,
            first: seq,
            last: seq,
            why: Why::Silent,
        });
    }

    /// Whether the message at this place came.
    pub fn has(&self, epoch: Epoch, seq: u64) -> bool {
        self.runs
            .iter()
            .any(|run| run.epoch == epoch && (run.first..=run.last).contains(&seq))
    }

    /// Where the member stands.
    pub fn position(&self) -> Option<(Epoch, u64)> {
        self.runs.last().map(|run| (run.epoch, run.last))
    }

    /// How often the member was told that the room's history is another than it was.
    pub fn times_anew(&self) -> usize {
        let pairs = self.runs.windows(2);
        pairs.filter(|pair| pair[0].epoch != pair[1].epoch).count()
    }

    /// How many messages the member knows it may have missed.
    pub fn told_missing(&self) -> u64 {
        self.runs
            .windows(2)
            .filter(|pair| pair[1].why == Why::Told && pair[0].epoch == pair[1].epoch)
            .map(|pair| pair[1].first.saturating_sub(pair[0].last + 1))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined() -> RoomRecord {
        let mut record = RoomRecord::default();
        record.moved(0, 10, Why::Joined);
        record.delivered(0, 11);
        record
    }

    fn kinds(record: &RoomRecord) -> Vec<Kind> {
        record.violations.iter().map(|found| found.kind).collect()
    }

    #[test]
    fn what_comes_in_order_is_one_run() {
        let mut record = joined();
        record.delivered(0, 12);
        assert_eq!(record.position(), Some((0, 12)));
        assert_eq!((record.runs.len(), record.violations.len()), (1, 0));
    }

    #[test]
    fn a_double_a_late_one_and_a_silent_gap_are_told_apart() {
        let mut record = joined();
        record.delivered(0, 11);
        record.delivered(0, 14);
        record.delivered(0, 12);
        assert_eq!(kinds(&record), [Kind::Doubled, Kind::Lost, Kind::Reordered]);
    }

    #[test]
    fn a_gap_that_was_told_and_a_history_that_began_anew_are_none() {
        let mut record = joined();
        record.moved(0, 20, Why::Told);
        record.delivered(0, 21);
        record.delivered(1, 1);
        record.delivered(1, 2);
        assert_eq!(record.violations, []);
        assert_eq!(record.told_missing(), 9);
        record.delivered(2, 5);
        assert_eq!(kinds(&record), [Kind::Lost]);
    }
}
