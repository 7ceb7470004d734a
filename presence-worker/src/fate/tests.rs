mod model;

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
    fate_of(heartbeat, dead_since, None)
}

fn fate_of(heartbeat: Option<u64>, dead_since: Option<u64>, awaited_since: Option<u64>) -> Fate {
    let signs = Signs {
        now: 100,
        heartbeat,
        dead_since,
        awaited_since,
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
    assert_eq!(fate_of(None, None, Some(85)), Fate::Awaited);
    assert_eq!(fate_of(None, None, Some(84)), Fate::Missed { since: 84 });
    assert_eq!(fate_of(Some(99), None, Some(90)), Fate::Back);
    assert_eq!(fate_of(Some(99), Some(84), Some(90)), Fate::Revived);
}
