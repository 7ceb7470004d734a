//! Which of the typing that is told passes, decided purely.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parlor_shared::id::{ChannelId, UserId};

/// How often a room is told that the same user types: clients forget it after twice as long.
const AGAIN: Duration = Duration::from_secs(3);
/// Typists remembered until those of long ago are dropped.
const REMEMBERED_TYPISTS: usize = 4_096;

/// What was told lately.
#[derive(Debug, Default)]
pub struct Throttle {
    typists: HashMap<(UserId, ChannelId), Told>,
    /// Large rooms that were told just now, and until when nobody else need try.
    large: HashMap<ChannelId, Instant>,
}

#[derive(Debug)]
struct Told {
    at: Instant,
    on: bool,
}

impl Throttle {
    /// Whether the room is to be told. That somebody types is told once within [`AGAIN`]; that they
    /// stopped, only to who was told that they type.
    pub fn admit(&mut self, user: UserId, channel: &ChannelId, on: bool, now: Instant) -> bool {
        if self.large.get(channel).is_some_and(|until| now < *until) {
            return false;
        }
        if self.typists.len() >= REMEMBERED_TYPISTS {
            self.typists.retain(|_, told| now - told.at < AGAIN);
        }
        let is_full = self.typists.len() >= REMEMBERED_TYPISTS;
        match self.typists.get_mut(&(user, channel.clone())) {
            Some(told) if on && now - told.at < AGAIN => false,
            Some(told) if !on => std::mem::replace(&mut told.on, false),
            None if !on || is_full => false,
            _ => {
                let told = Told { at: now, on: true };
                self.typists.insert((user, channel.clone()), told);
                true
            }
        }
    }

    /// The room is large: nobody is told of anything there until then.
    pub fn is_large(&mut self, channel: ChannelId, now: Instant, until: Instant) {
        self.large.retain(|_, until| now < *until);
        self.large.insert(channel, until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typist_is_told_once_in_a_while() {
        let mut throttle = Throttle::default();
        let (ann, bob) = (UserId::random(), UserId::random());
        let (lobby, other) = (ChannelId::new("lobby"), ChannelId::new("other"));
        let start = Instant::now();
        assert!(
            !throttle.admit(ann, &lobby, false, start),
            "nobody was told"
        );
        assert!(throttle.admit(ann, &lobby, true, start));
        assert!(!throttle.admit(ann, &lobby, true, start + AGAIN / 2));
        assert!(throttle.admit(bob, &lobby, true, start), "it is her limit");
        assert!(throttle.admit(ann, &other, true, start), "and the room's");
        assert!(throttle.admit(ann, &lobby, false, start));
        assert!(!throttle.admit(ann, &lobby, false, start), "they know");
        assert!(
            !throttle.admit(ann, &lobby, true, start + AGAIN / 2),
            "no flicker"
        );
        assert!(throttle.admit(ann, &lobby, true, start + AGAIN));
    }

    #[test]
    fn a_large_room_is_left_alone_for_a_while() {
        let mut throttle = Throttle::default();
        let lobby = ChannelId::new("lobby");
        let start = Instant::now();
        let until = start + Duration::from_millis(500);
        assert!(throttle.admit(UserId::random(), &lobby, true, start));
        throttle.is_large(lobby.clone(), start, until);
        assert!(!throttle.admit(UserId::random(), &lobby, true, start));
        assert!(throttle.admit(UserId::random(), &lobby, true, until));
    }

    #[test]
    fn it_is_bounded() {
        let mut throttle = Throttle::default();
        let lobby = ChannelId::new("lobby");
        let start = Instant::now();
        for _ in 0..2 * REMEMBERED_TYPISTS {
            throttle.admit(UserId::random(), &lobby, true, start);
        }
        assert_eq!(throttle.typists.len(), REMEMBERED_TYPISTS);
        assert!(throttle.admit(UserId::random(), &lobby, true, start + AGAIN));
        assert_eq!(throttle.typists.len(), 1);
    }
}
