//! Rate limits by the generic cell rate algorithm (ITU-T I.371): a burst at once, then a steady
//! rate; the state is one instant.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use parlor_shared::config::RateLimit;

/// One limit's state.
#[derive(Clone, Debug)]
pub struct Bucket {
    limit: RateLimit,
    /// When the bucket is full again.
    full_at: Option<Instant>,
}

impl Bucket {
    pub fn new(limit: RateLimit) -> Self {
        Self {
            limit,
            full_at: None,
        }
    }

    /// Takes one.
    ///
    /// # Errors
    /// How long to wait until there is one.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let Some(rate) = self.limit.rate() else {
            return Ok(());
        };
        let each = rate.window / rate.count;
        let full_at = self.full_at.map_or(now, |at| at.max(now));
        let filled_after = full_at + each - now;
        if filled_after > rate.window {
            return Err(filled_after.saturating_sub(rate.window));
        }
        self.full_at = Some(full_at + each);
        Ok(())
    }
}

/// A limit shared by all of a user's sessions on this gateway.
#[derive(Clone, Debug)]
pub struct SharedBucket(Arc<Mutex<Bucket>>);

impl SharedBucket {
    pub fn new(limit: RateLimit) -> Self {
        Self(Arc::new(Mutex::new(Bucket::new(limit))))
    }

    /// As [`Bucket::take`].
    ///
    /// # Errors
    /// How long to wait until there is one.
    pub fn take(&self, now: Instant) -> Result<(), Duration> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(now)
    }

    /// Whether some session still holds it beside the caller.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_a_steady_rate() {
        let mut bucket = Bucket::new("4/2s".parse().unwrap());
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        for _ in 0..4 {
            assert_eq!(bucket.take(at(0)), Ok(()));
        }
        assert_eq!(bucket.take(at(0)), Err(Duration::from_millis(500)));
        assert_eq!(bucket.take(at(200)), Err(Duration::from_millis(300)));
        assert_eq!(bucket.take(at(500)), Ok(()));
        assert!(bucket.take(at(500)).is_err());
        for _ in 0..4 {
            assert_eq!(
                bucket.take(at(60_000)),
                Ok(()),
                "a full bucket holds no more than a burst"
            );
        }
        assert!(bucket.take(at(60_000)).is_err());
    }

    #[test]
    fn off_is_off() {
        let mut bucket = Bucket::new(RateLimit::Off);
        assert!((0..10_000).all(|_| bucket.take(Instant::now()).is_ok()));
    }
}
