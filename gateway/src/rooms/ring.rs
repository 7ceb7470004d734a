//! A room's recent messages, kept to serve gaps and resumes without asking Redis.

use std::collections::VecDeque;

use parlor_shared::event::MessageEvent;

/// Bytes of bodies in one ring, whatever the number of messages: rooms are many.
const RING_BYTES: usize = 256 * 1_024;

/// The last messages of one epoch, without a gap between them.
#[derive(Debug, Default)]
pub struct Ring {
    messages: VecDeque<MessageEvent>,
    bytes: usize,
    capacity: usize,
}

impl Ring {
    /// A ring of at most `capacity` messages.
    pub fn new(capacity: usize) -> Self {
        Self {
            messages: VecDeque::new(),
            bytes: 0,
            capacity,
        }
    }

    /// Adds a message; what does not follow on the last one begins the ring anew.
    pub fn push(&mut self, message: MessageEvent) {
        let follows = self.messages.back().is_some_and(|last| {
            last.position.epoch == message.position.epoch
                && last.position.seq + 1 == message.position.seq
        });
        if !follows {
            self.messages.clear();
            self.bytes = 0;
        }
        self.bytes += message.body.len();
        self.messages.push_back(message);
        while self.messages.len() > self.capacity || self.bytes > RING_BYTES {
            let Some(oldest) = self.messages.pop_front() else {
                break;
            };
            self.bytes -= oldest.body.len();
        }
    }

    /// The same ring without its messages.
    #[must_use]
    pub fn emptied(self) -> Self {
        Self::new(self.capacity)
    }

    /// Whether another message is known under this one's place.
    pub fn contradicts(&self, message: &MessageEvent) -> bool {
        self.messages.iter().any(|known| {
            known.position.seq == message.position.seq
                && known.position.epoch == message.position.epoch
                && known.position.ms != message.position.ms
        })
    }

    /// The messages after `seq`, if none of them is missing here.
    pub fn since(&self, epoch: &str, seq: u64) -> Option<Vec<MessageEvent>> {
        let first = self.messages.front()?;
        let last = self.messages.back()?;
        let covered = &*first.position.epoch == epoch
            && first.position.seq <= seq + 1
            && seq <= last.position.seq;
        covered.then(|| {
            self.messages
                .iter()
                .filter(|message| message.position.seq > seq)
                .cloned()
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parlor_shared::event::Position;

    use super::*;

    fn message(epoch: &str, seq: u64) -> MessageEvent {
        let position = Position {
            epoch: epoch.into(),
            seq,
            ms: 0,
        };
        MessageEvent {
            position,
            body: Bytes::from_static(b"{}"),
        }
    }

    fn seqs(messages: Option<Vec<MessageEvent>>) -> Option<Vec<u64>> {
        Some(
            messages?
                .into_iter()
                .map(|message| message.position.seq)
                .collect(),
        )
    }

    #[test]
    fn what_it_covers_is_given_and_nothing_else() {
        let mut ring = Ring::new(3);
        assert_eq!(ring.since("a", 0), None);
        for seq in 1..=5 {
            ring.push(message("a", seq));
        }
        assert_eq!(seqs(ring.since("a", 2)), Some(vec![3, 4, 5]));
        assert_eq!(seqs(ring.since("a", 5)), Some(vec![]));
        assert_eq!(ring.since("a", 1), None, "2 has left the ring");
        assert_eq!(ring.since("a", 6), None, "ahead of what was seen");
        assert_eq!(ring.since("b", 4), None, "another epoch");
        ring.push(message("a", 9));
        assert_eq!(ring.since("a", 5), None, "a gap begins it anew");
        assert_eq!(seqs(ring.since("a", 8)), Some(vec![9]));
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut ring = Ring::new(1_000);
        let body = Bytes::from(vec![b'x'; RING_BYTES / 4]);
        for seq in 1..=10 {
            ring.push(MessageEvent {
                body: body.clone(),
                ..message("a", seq)
            });
        }
        assert_eq!(seqs(ring.since("a", 6)), Some(vec![7, 8, 9, 10]));
        assert_eq!(ring.since("a", 5), None);
    }
}
