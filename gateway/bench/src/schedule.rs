//! An open-loop schedule: when each message is due, and whose it is, whatever happens to the others.

use std::time::Duration;

use crate::heard::Tag;

/// Who sends what when. Rooms take turns, and in a room its senders.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    pub rooms: usize,
    /// Of each room.
    pub senders: usize,
    /// Messages per second.
    pub rate: f64,
    /// Messages that are sent before it is measured.
    pub warm_up: u64,
    /// All messages, those of the warm-up included.
    pub total: u64,
}

impl Schedule {
    pub fn new(rooms: usize, senders: usize, rate: f64, warm_up: f64, seconds: f64) -> Self {
        let warm_up_messages = (rate * warm_up.max(0.0)).round() as u64;
        Self {
            rooms,
            senders,
            rate,
            warm_up: warm_up_messages,
            total: warm_up_messages + ((rate * seconds).round() as u64).max(1),
        }
    }

    /// When a message is due, from the beginning.
    pub fn due(&self, index: u64) -> Duration {
        Duration::from_secs_f64(index as f64 / self.rate)
    }

    pub fn tag(&self, index: u64) -> Tag {
        let turn = index / self.rooms as u64;
        Tag {
            room: (index % self.rooms as u64) as usize,
            sender: (turn % self.senders as u64) as usize,
            number: turn / self.senders as u64,
            index,
        }
    }

    /// How many messages each sender of a room sends.
    pub fn sent(&self, room: usize) -> Vec<u64> {
        let stride = (self.rooms * self.senders) as u64;
        (0..self.senders)
            .map(|sender| {
                let first = (sender * self.rooms + room) as u64;
                self.total.saturating_sub(first).div_ceil(stride)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_sent_is_somebodys() {
        let schedule = Schedule::new(3, 2, 100.0, 0.5, 0.53);
        assert_eq!((schedule.warm_up, schedule.total), (50, 103));
        assert_eq!(schedule.due(50), Duration::from_millis(500));
        let mut sent = vec![vec![0; 2]; 3];
        for index in 0..schedule.total {
            let tag = schedule.tag(index);
            assert_eq!(tag.number, sent[tag.room][tag.sender]);
            sent[tag.room][tag.sender] += 1;
        }
        for (room, sent) in sent.into_iter().enumerate() {
            assert_eq!(schedule.sent(room), sent);
        }
    }
}
