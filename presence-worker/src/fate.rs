//! The pure part of reaping: what has become of a gateway.

use std::time::{Duration, Instant};

#[derive(Clone, Copy)]
pub(crate) struct Grace {
    /// How long a session may be gone before it is ended.
    pub(crate) offline_ms: u64,
    /// How long a gateway may be silent before it is taken for dead.
    pub(crate) dead_after_ms: u64,
}

/// What is known of a gateway, all by Redis' clock, in ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signs {
    pub(crate) now: u64,
    /// The last heartbeat, if it is registered.
    pub(crate) heartbeat: Option<u64>,
    /// The heartbeat after which it was taken for dead, if it was.
    pub(crate) dead_since: Option<u64>,
    /// Since when it is not listed as either, and may beat again.
    pub(crate) awaited_since: Option<u64>,
}

/// What has become of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Alive,
    /// It is to be taken for dead, if this is still its last heartbeat.
    Silent {
        heartbeat: u64,
    },
    /// It was taken for dead, and its sessions count as departed at its last heartbeat.
    Dead {
        heartbeat: u64,
    },
    /// It was taken for dead and is not.
    Revived,
    /// It may beat again.
    Awaited,
    /// It did not beat again for too long: if anything is left of it, it is dead once more.
    Missed {
        since: u64,
    },
    /// It beats again, and has found itself missing.
    Back,
    /// Nothing is left.
    Gone,
}

impl Signs {
    pub(crate) fn fate(self, grace: Grace) -> Fate {
        let long_ago = |then: u64| then + grace.dead_after_ms < self.now;
        match (self.heartbeat, self.dead_since, self.awaited_since) {
            (Some(_), Some(_), _) => Fate::Revived,
            (None, Some(heartbeat), _) => Fate::Dead { heartbeat },
            (Some(_), None, Some(_)) => Fate::Back,
            (Some(heartbeat), None, None) if long_ago(heartbeat) => Fate::Silent { heartbeat },
            (Some(_), None, None) => Fate::Alive,
            (None, None, Some(since)) if long_ago(since) => Fate::Missed { since },
            (None, None, Some(_)) => Fate::Awaited,
            (None, None, None) => Fate::Gone,
        }
    }

    /// What moves on with the next heartbeat.
    pub(crate) fn stands_at(self) -> Option<u64> {
        self.heartbeat.or(self.awaited_since)
    }
}

/// The longest a heartbeat has to have stood still under this worker's own eyes: twice the gateways'
/// interval.
const PATIENCE_MAX: Duration = Duration::from_secs(10);

/// How long this worker itself has seen a heartbeat stand still, with Redis answering. After an
/// outage of Redis every heartbeat is old and nobody is dead: the gateways need a moment to beat.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    since: Option<(u64, Instant)>,
}

impl Patience {
    /// Notes the heartbeat; whether it has stood still for long enough.
    pub(crate) fn has_stood_still(&mut self, heartbeat: u64, now: Instant, grace: Grace) -> bool {
        match self.since {
            Some((seen, since)) if seen == heartbeat => {
                now - since >= Duration::from_millis(grace.dead_after_ms).min(PATIENCE_MAX)
            }
            _ => {
                self.since = Some((heartbeat, now));
                false
            }
        }
    }

    /// Redis did not answer: what was seen before says nothing.
    pub(crate) fn forget(&mut self) {
        self.since = None;
    }
}

#[cfg(test)]
mod tests;
