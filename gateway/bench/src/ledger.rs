//! Whether a member received everything once and in order.

use crate::heard::Tag;

/// Missing numbers that one member remembers; beyond it all is lost anyway.
const MISSING_LIMIT: usize = 10_000;

/// What went wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wrongs {
    pub lost: u64,
    pub doubled: u64,
    pub reordered: u64,
    /// Messages whose `Seq` was not the last one's successor.
    pub seq_breaks: u64,
    /// Messages of a room that the member is not in.
    pub strayed: u64,
}

impl Wrongs {
    pub fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.reordered += other.reordered;
        self.seq_breaks += other.seq_breaks;
        self.strayed += other.strayed;
    }

    pub fn any(self) -> bool {
        self != Self::default()
    }
}

/// One member's books.
#[derive(Debug)]
pub struct Ledger {
    room: usize,
    last_seq: Option<u64>,
    /// For each sender, the number that comes next.
    next: Box<[u64]>,
    /// What was skipped and may yet come.
    missing: Vec<(usize, u64)>,
    wrongs: Wrongs,
}

impl Ledger {
    pub fn new(room: usize, senders: usize) -> Self {
        Self {
            room,
            last_seq: None,
            next: vec![0; senders].into(),
            missing: Vec::new(),
            wrongs: Wrongs::default(),
        }
    }

    /// Books a message; tells whether it is one that was due.
    pub fn book(&mut self, seq: u64, tag: Tag) -> bool {
        if tag.room != self.room || tag.sender >= self.next.len() {
            self.wrongs.strayed += 1;
            return false;
        }
        if self.last_seq.is_some_and(|last| seq != last + 1) {
            self.wrongs.seq_breaks += 1;
        }
        self.last_seq = self.last_seq.max(Some(seq));

        let next = &mut self.next[tag.sender];
        if tag.number >= *next {
            let skipped = *next..tag.number;
            *next = tag.number + 1;
            for number in skipped {
                if self.missing.len() < MISSING_LIMIT {
                    self.missing.push((tag.sender, number));
                } else {
                    self.wrongs.lost += 1;
                }
            }
            return true;
        }
        let late = (tag.sender, tag.number);
        let place = self.missing.iter().position(|missing| *missing == late);
        if let Some(place) = place {
            self.missing.swap_remove(place);
            self.wrongs.reordered += 1;
        } else {
            self.wrongs.doubled += 1;
        }
        place.is_some()
    }

    /// What went wrong, when each sender sent that many.
    pub fn close(&self, sent: &[u64]) -> Wrongs {
        let never: u64 = self
            .next
            .iter()
            .zip(sent)
            .map(|(next, sent)| sent.saturating_sub(*next))
            .sum();
        Wrongs {
            lost: self.wrongs.lost + self.missing.len() as u64 + never,
            ..self.wrongs
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn books(received: &[(u64, usize, u64)], sent: &[u64]) -> Wrongs {
        let mut ledger = Ledger::new(1, sent.len());
        for (seq, sender, number) in received {
            ledger.book(*seq, tag(1, *sender, *number));
        }
        ledger.close(sent)
    }

    fn tag(room: usize, sender: usize, number: u64) -> Tag {
        Tag {
            room,
            sender,
            number,
            index: 0,
        }
    }

    #[test]
    fn all_is_well() {
        // The room may have had messages before.
        let wrongs = books(&[(7, 0, 0), (8, 1, 0), (9, 0, 1)], &[2, 1]);
        assert!(!wrongs.any(), "{wrongs:?}");
    }

    #[test]
    fn losses_in_the_middle_at_the_begin_and_at_the_end_are_counted() {
        let wrongs = books(&[(3, 0, 2), (5, 0, 4)], &[7, 1]);
        assert_eq!((wrongs.lost, wrongs.seq_breaks), (2 + 1 + 2 + 1, 1));
    }

    #[test]
    fn doubles_and_latecomers_are_told_apart() {
        let wrongs = books(&[(1, 0, 0), (1, 0, 0), (3, 0, 2), (2, 0, 1)], &[3]);
        let expected = Wrongs {
            doubled: 1,
            reordered: 1,
            seq_breaks: 3,
            ..Wrongs::default()
        };
        assert_eq!(wrongs, expected);
    }

    #[test]
    fn messages_of_other_rooms_stray() {
        let mut ledger = Ledger::new(1, 1);
        assert!(!ledger.book(1, tag(2, 0, 0)));
        assert!(!ledger.book(1, tag(1, 1, 0)));
        assert_eq!(ledger.close(&[0]).strayed, 2);
    }
}
