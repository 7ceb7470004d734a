//! How a member gets from its history's end to where the room is.
//!
//! Members read their histories at different times, so one may be behind the room and another
//! ahead of it. Whoever is ahead gets nothing until the room has caught up; for one that is behind,
//! what waited since it was let in covers the difference, or the room goes back for it.

use std::mem;

use parlor_shared::{event::MessageEvent, id::SessionId};

use super::{Deliver, Frame, Frames, Need, Phase, Place, Progress, Room, Waiting, view};

impl<S> Room<S> {
    /// The member has its history up to this place: what waited is delivered, and it is live.
    pub fn release(
        &mut self,
        session: SessionId,
        epoch: &str,
        seq: u64,
        out: &mut impl Deliver<S>,
    ) -> Vec<Need> {
        let at = self.members.place(session);
        let Some(at) = at else {
            return Vec::new();
        };
        let ahead = Some(Box::new((epoch.into(), seq)));
        let phase = mem::replace(&mut self.members[at].phase, Phase::Live { ahead });
        let Phase::Joining { frames, resynced } = phase else {
            self.members[at].phase = phase;
            return Vec::new();
        };
        let (waiting, other): (Vec<_>, Vec<_>) = frames
            .into_iter()
            .partition(|waiting| waiting.position.is_some());
        for waiting in other {
            self.hand(at, &waiting.frame, out);
        }
        if let Progress::Unknown { held } = &mut self.progress {
            let held = mem::take(held);
            self.progress = Progress::Delivered {
                epoch: epoch.into(),
                seq,
            };
            self.members[at].phase = Phase::Live { ahead: None };
            return self.messages(of_epoch(held, epoch), out);
        }
        self.catch_up(at, (epoch, seq), in_order(waiting, resynced), resynced, out)
    }

    /// Takes a member from its history's end to where the room is.
    fn catch_up(
        &mut self,
        at: usize,
        (epoch, seq): (&str, u64),
        waiting: Vec<Waiting>,
        resynced: bool,
        out: &mut impl Deliver<S>,
    ) -> Vec<Need> {
        let (Progress::Delivered {
            epoch: room_epoch,
            seq: room_seq,
        }
        | Progress::Repairing {
            epoch: room_epoch,
            seq: room_seq,
            ..
        }) = &self.progress
        else {
            return Vec::new();
        };
        let (room_epoch, room_seq) = (room_epoch.clone(), *room_seq);
        let same = *room_epoch == *epoch;
        if !resynced && same && seq > room_seq {
            return Vec::new();
        }
        if !resynced && !same && !self.left_epochs.iter().any(|left| **left == *epoch) {
            // Its history is of an epoch that the room has not heard of.
            return Vec::new();
        }
        // In its history, or of an epoch that was over when that was read.
        let known = |waiting: &Waiting| {
            let is_known = |(of, number): &Place| {
                if **of == *epoch { *number <= seq } else { same }
            };
            !resynced && waiting.position.as_ref().is_some_and(is_known)
        };
        let unknown: Vec<Waiting> = waiting.into_iter().filter(|it| !known(it)).collect();
        let first = unknown.iter().filter_map(|it| it.position.as_ref());
        let mut missing = if same { seq + 1 } else { 1 };
        for (of, number) in first {
            if *of == room_epoch && *number == missing {
                missing += 1;
            }
        }
        self.members[at].phase = Phase::Live { ahead: None };
        if resynced || missing > room_seq {
            for waiting in unknown {
                self.hand(at, &waiting.frame, out);
            }
            return Vec::new();
        }
        // Another member's history took the room past this one's, and the bus has not brought, or
        // will not bring, what lies between.
        if same && matches!(self.progress, Progress::Delivered { .. }) {
            return self.rewind(at, room_epoch, seq, room_seq);
        }
        let (kind, user) = (&self.kind, self.members[at].user);
        let frame = Frames::new(kind.viewers(), |viewer| {
            Some(view::resync(kind, viewer, &room_epoch, room_seq))
        });
        if let Some(frame) = frame {
            self.stats.resyncs += 1;
            self.hand(at, frame.for_viewer(user), out);
        }
        Vec::new()
    }

    /// Goes back to `seq` to deliver again what one member has not, while the others have it.
    fn rewind(&mut self, at: usize, epoch: Box<str>, seq: u64, reached: u64) -> Vec<Need> {
        for (other, member) in self.members.iter_mut().enumerate() {
            if let Phase::Live { ahead } = &mut member.phase
                && ahead.is_none()
                && other != at
            {
                *ahead = Some(Box::new((epoch.clone(), reached)));
            }
        }
        self.progress = Progress::Delivered { epoch, seq };
        self.begin_repair(reached, Vec::new())
    }

    fn hand(&mut self, at: usize, frame: &Frame, out: &mut impl Deliver<S>) {
        out.deliver(&self.members[at].sink, frame);
        self.stats.deliveries += 1;
    }
}

/// What was held before anybody knew where the room stands, without what was on its way when this
/// epoch began. With no message of this epoch, only one that begins another can be newer.
fn of_epoch(mut held: Vec<MessageEvent>, epoch: &str) -> Vec<MessageEvent> {
    let begins = |message: &MessageEvent| *message.position.epoch == *epoch;
    let first = held.iter().position(begins);
    let first = first.or_else(|| held.iter().position(|message| message.position.seq == 1));
    held.split_off(first.unwrap_or(held.len()))
}

/// Waiting messages, each once and in order, after a repair that went back as well.
fn in_order(mut waiting: Vec<Waiting>, resynced: bool) -> Vec<Waiting> {
    if !resynced && let Some((last, _)) = waiting.last().and_then(|it| it.position.clone()) {
        let number = |it: &Waiting| {
            let (epoch, seq) = it.position.as_ref()?;
            (*epoch == last).then_some(*seq)
        };
        waiting.sort_by_key(number);
        waiting.dedup_by_key(|it| it.position.clone());
    }
    waiting
}
