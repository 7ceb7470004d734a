//! A member's place in one room: how far it has read, and what it has still to send.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use parlor_shared::{
    id::Address,
    protocol::{
        client::{ChannelMessage, ResumeRoom},
        value::RoomRef,
    },
};

use crate::ledger::Said;

/// An answer that takes longer than this was lost; as in the web client.
pub(super) const ACKNOWLEDGEMENT_TIMEOUT: Duration = Duration::from_secs(15);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not asked for on this connection yet.
    Wanted,
    Joining,
    Joined,
}

#[derive(Debug)]
pub(super) struct Place {
    pub room: usize,
    pub address: Address,
    pub phase: Phase,
    /// The last message received, for `resume`.
    pub position: Option<(String, u64)>,
    pub pending: VecDeque<Outgoing>,
    last_number: u32,
}

#[derive(Debug)]
pub(super) struct Outgoing {
    pub said: Said,
    /// When it first went out.
    pub first_sent: Option<Instant>,
    /// When it last went out on this connection.
    pub sent: Option<Instant>,
}

impl Place {
    pub fn new(room: usize, address: Address) -> Self {
        Self {
            room,
            address,
            phase: Phase::Wanted,
            position: None,
            pending: VecDeque::new(),
            last_number: 0,
        }
    }

    pub fn write(&mut self, member: u32) {
        self.last_number += 1;
        let number = self.last_number;
        self.pending.push_back(Outgoing {
            said: Said { member, number },
            first_sent: None,
            sent: None,
        });
    }

    /// The next message, if none of the room's is on its way: so a refused one is never overtaken.
    pub fn due(&mut self) -> Option<&mut Outgoing> {
        let first = self.pending.front_mut()?;
        (self.phase == Phase::Joined && first.sent.is_none()).then_some(first)
    }

    /// It is stored. How long that took, if it was waited for.
    pub fn settle(&mut self, said: Said) -> Option<Duration> {
        let at = self.pending.iter().position(|it| it.said == said)?;
        let settled = self.pending.remove(at)?;
        Some(
            settled
                .first_sent
                .map_or(Duration::ZERO, |sent| sent.elapsed()),
        )
    }

    /// Whatever is on its way goes out again.
    pub fn requeue(&mut self) {
        for outgoing in &mut self.pending {
            outgoing.sent = None;
        }
    }

    pub fn answer_is_late(&self) -> bool {
        let sent = self.pending.front().and_then(|first| first.sent);
        sent.is_some_and(|sent| sent.elapsed() > ACKNOWLEDGEMENT_TIMEOUT)
    }

    pub fn resume(&self) -> ResumeRoom {
        let (epoch, seq) = self.position.clone().unwrap_or_default();
        ResumeRoom {
            room: RoomRef::from(&self.address),
            epoch,
            seq,
        }
    }

    pub fn message(&self, said: Said, padding: usize) -> ChannelMessage {
        ChannelMessage {
            room: RoomRef::from(&self.address),
            message: said.text(padding),
            client_message_id: Some(said.id()),
            ..ChannelMessage::default()
        }
    }
}
