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
    /// Nothing is left.
    Gone,
}

impl Signs {
    pub(crate) fn fate(self, grace: Grace) -> Fate {
        match (self.heartbeat, self.dead_since) {
            (Some(heartbeat), None) if heartbeat + grace.dead_after_ms < self.now => {
                Fate::Silent { heartbeat }
            }
            (Some(_), None) => Fate::Alive,
            (None, Some(heartbeat)) => Fate::Dead { heartbeat },
            (Some(_), Some(_)) => Fate::Revived,
            (None, None) => Fate::Gone,
        }
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
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_has_to_stand_still_while_redis_answers() {
        let grace = Grace {
            offline_ms: 0,
            dead_after_ms: 2_000,
        };
        let (mut patience, start) = (Patience::default(), Instant::now());
        let mut look = |heartbeat, seconds| {
            patience.has_stood_still(heartbeat, start + Duration::from_secs(seconds), grace)
        };
        assert!(!look(7, 0) && !look(7, 1) && look(7, 2));
        assert!(!look(8, 3), "it beats");
        assert!(look(8, 5));
        patience.forget();
        assert!(!patience.has_stood_still(8, start + Duration::from_secs(9), grace));
    }

    const GRACE: Grace = Grace {
        offline_ms: 10,
        dead_after_ms: 15,
    };

    fn fate(heartbeat: Option<u64>, dead_since: Option<u64>) -> Fate {
        let signs = Signs {
            now: 100,
            heartbeat,
            dead_since,
        };
        signs.fate(GRACE)
    }

    #[test]
    fn a_gateways_fate_shows_in_its_heartbeats() {
        assert_eq!(fate(Some(85), None), Fate::Alive);
        // Clocks that were set back make nobody dead.
        assert_eq!(fate(Some(200), None), Fate::Alive);
        assert_eq!(fate(Some(84), None), Fate::Silent { heartbeat: 84 });
        assert_eq!(fate(None, Some(84)), Fate::Dead { heartbeat: 84 });
        assert_eq!(fate(Some(99), Some(84)), Fate::Revived);
        assert_eq!(fate(None, None), Fate::Gone);
    }
}
