//! Messages that come together leave together: each member gets one buffer, shared with the others,
//! and one write, whatever the number of messages.

use std::mem;

use parlor_shared::event::{Event, MessageEvent, Position};

use super::{Deliver, Frames, Need, Phase, Place, Progress, Room, view};

/// Bytes that leave in one buffer: enough that the kernel's work for a write no longer counts.
const BYTES: usize = 64 * 1_024;

/// The messages, in order, each with its place.
#[derive(Default)]
pub(super) struct Gathered {
    messages: Vec<(Frames, Place)>,
    bytes: usize,
}

impl Gathered {
    pub fn push(&mut self, frames: Frames, place: Place) {
        self.bytes += frames.bytes();
        self.messages.push((frames, place));
    }

    pub fn is_full(&self) -> bool {
        self.bytes >= BYTES
    }

    /// All of them; none are left.
    pub fn take(&mut self) -> Vec<(Frames, Place)> {
        self.bytes = 0;
        mem::take(&mut self.messages)
    }
}

impl<S> Room<S> {
    /// Messages from the bus, in the order in which they came.
    pub fn messages(
        &mut self,
        messages: impl IntoIterator<Item = MessageEvent>,
        out: &mut impl Deliver<S>,
    ) -> Vec<Need> {
        let mut gathered = Gathered::default();
        let mut needs = Vec::new();
        for message in messages {
            self.take_in(message, &mut gathered, &mut needs, out);
            if gathered.is_full() {
                self.hand_out(&mut gathered, out);
            }
        }
        self.hand_out(&mut gathered, out);
        needs
    }

    /// Counts a message as delivered, which it is with the next [`Self::hand_out`].
    pub(super) fn gather(&mut self, message: MessageEvent, gathered: &mut Gathered) {
        let Position { epoch, seq, ms } = message.position.clone();
        self.latest_ms = self.latest_ms.max(Some(ms));
        let event = Event::Message(message);
        let kind = &self.kind;
        if let Some(frames) =
            Frames::new(kind.viewers(), |viewer| view::encode(kind, viewer, &event))
        {
            gathered.push(frames, (epoch.clone(), seq));
        } else {
            self.stats.unreadable += 1;
        }
        self.progress = Progress::Delivered { epoch, seq };
        if let Event::Message(message) = event {
            self.ring.push(message);
        }
    }

    /// Hands members what was gathered. Before anything else that changes what a member gets.
    pub(super) fn hand_out(&mut self, gathered: &mut Gathered, out: &mut impl Deliver<S>) {
        let messages = gathered.take();
        let Some(together) = Frames::together(messages.iter().map(|(frames, _)| frames)) else {
            return;
        };
        let mut deliveries = 0;
        for member in self.members.iter_mut() {
            if matches!(member.phase, Phase::Live { ahead: None }) {
                out.deliver(&member.sink, together.for_viewer(member.user));
                deliveries += messages.len() as u64;
                continue;
            }
            for (frames, place) in &messages {
                let frame = frames.for_viewer(member.user);
                deliveries += u64::from(member.take(frame, Some(place), out));
            }
        }
        self.stats.deliveries += deliveries;
    }
}
