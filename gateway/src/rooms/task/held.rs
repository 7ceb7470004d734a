//! Messages that wait to leave together.
//!
//! What a shard takes at once of one room leaves in one write for each member. With a delay, a room
//! that was handed messages just now waits that long for more: so a member is written to at most once
//! in that time, and the first message after a quiet time is not late at all.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use parlor_shared::event::MessageEvent;

use super::Rooms;

/// A room's messages that wait.
#[derive(Debug, Default)]
pub(super) struct Held {
    messages: Vec<MessageEvent>,
    arrived: Vec<Instant>,
    /// When the room was last handed messages, where there is a delay.
    handed: Option<Instant>,
}

/// Which rooms have messages that wait, and until when.
#[derive(Debug)]
pub(super) struct Holding {
    delay: Duration,
    /// In the order in which they are due, but for rooms that were handed theirs before.
    due: VecDeque<(Instant, Box<str>)>,
    /// When messages arrived that have been handed on and are being written.
    handed: Vec<Instant>,
}

impl Holding {
    pub fn new(delay: Duration) -> Self {
        Self {
            delay,
            due: VecDeque::new(),
            handed: Vec::new(),
        }
    }

    /// When the next room is due; `None` when none waits.
    pub fn next(&self) -> Option<Instant> {
        self.due.front().map(|(at, _)| *at)
    }

    /// When messages arrived that were written.
    pub fn take_handed(&mut self) -> Vec<Instant> {
        std::mem::take(&mut self.handed)
    }
}

impl Rooms {
    /// Takes in a message; its room is handed it once it is due, or when something else comes.
    pub(super) fn hold(&mut self, channel: &str, arrived: Instant, message: MessageEvent) {
        let Some(entry) = self.entries.get_mut(channel) else {
            return;
        };
        let held = &mut entry.held;
        if held.messages.is_empty() {
            let Holding { delay, due, .. } = &mut self.holding;
            let at = held.handed.map_or(arrived, |handed| handed + *delay);
            // A busy room's time comes after that of one that was quiet.
            let place = due.partition_point(|(other, _)| *other <= at);
            due.insert(place, (at, channel.into()));
        }
        held.messages.push(message);
        held.arrived.push(arrived);
    }

    /// Hands all rooms their messages that are due.
    pub(super) fn hand_due(&mut self) {
        let now = Instant::now();
        while self.holding.next().is_some_and(|at| at <= now) {
            if let Some((_, channel)) = self.holding.due.pop_front() {
                self.hand(&channel);
            }
        }
    }

    /// Hands all rooms what they wait for.
    pub(super) fn hand_all(&mut self) {
        while let Some((_, channel)) = self.holding.due.pop_front() {
            self.hand(&channel);
        }
    }

    /// Hands a room its messages, if some wait.
    pub(super) fn hand(&mut self, channel: &str) {
        let Some(entry) = self.entries.get_mut(channel) else {
            return;
        };
        let held = &mut entry.held;
        if held.messages.is_empty() {
            return;
        }
        if !self.holding.delay.is_zero() {
            held.handed = Some(Instant::now());
        }
        let messages = std::mem::take(&mut held.messages);
        self.holding.handed.append(&mut held.arrived);
        self.decide(channel, |room, out| room.messages(messages, out));
    }
}
