//! Who is let in: bounded connections for an address and in all, at a bounded rate, so that a storm
//! of reconnects sinks neither the gateway nor Redis.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// The longest a handshake waits for its turn; beyond it the client had better come back later.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The address has its share.
    Address,
    /// The gateway is full.
    Full,
    /// Too many want in at once; the time after which to come back.
    Later(Duration),
}

/// Admits connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Admission {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    connections: AtomicUsize,
    connections_limit: usize,
    addresses: Mutex<HashMap<IpAddr, usize>>,
    /// Zero for no limit.
    address_limit: usize,
    pause: Duration,
    next_turn: Mutex<Option<Instant>>,
}

/// A connection's place; dropping it frees it.
#[derive(Debug)]
pub struct Place {
    inner: Arc<Inner>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.inner.connections.fetch_sub(1, Ordering::AcqRel);
        let mut addresses = self
            .inner
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

impl Admission {
    pub fn new(connections_limit: usize, address_limit: usize, per_second: u32) -> Self {
        let inner = Inner {
            connections: AtomicUsize::new(0),
            connections_limit,
            addresses: Mutex::default(),
            address_limit,
            pause: Duration::from_secs(1) / per_second.max(1),
            next_turn: Mutex::new(None),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Takes a place, waiting for its turn.
    ///
    /// # Errors
    /// [`Refused`] says why not.
    pub async fn admit(&self, address: IpAddr) -> Result<Place, Refused> {
        let place = self.place(address)?;
        let turn = self.turn()?;
        sleep_until(turn).await;
        Ok(place)
    }

    fn place(&self, address: IpAddr) -> Result<Place, Refused> {
        let inner = &self.inner;
        {
            let mut addresses = inner
                .addresses
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let count = addresses.entry(address).or_default();
            if inner.address_limit > 0 && *count >= inner.address_limit {
                return Err(Refused::Address);
            }
            *count += 1;
        }
        let before = inner.connections.fetch_add(1, Ordering::AcqRel);
        // From here on the place gives back both counts.
        let place = Place {
            inner: Arc::clone(inner),
            address,
        };
        if before >= inner.connections_limit {
            return Err(Refused::Full);
        }
        Ok(place)
    }

    /// When it is the next one's turn. A tenth of a second's worth may come at once.
    fn turn(&self) -> Result<Instant, Refused> {
        const BURST: Duration = Duration::from_millis(100);
        let now = Instant::now();
        let mut next = self
            .inner
            .next_turn
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        let at = next.map_or(earliest, |next| next.max(earliest));
        if at > now + LONGEST_WAIT {
            return Err(Refused::Later(at - now));
        }
        *next = Some(at + self.inner.pause);
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const ONE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));

    #[tokio::test]
    async fn places_are_bounded_and_given_back() {
        let admission = Admission::new(2, 1, 1_000);
        let first = admission.admit(ONE).await.unwrap();
        assert_eq!(admission.admit(ONE).await.unwrap_err(), Refused::Address);
        let _second = admission.admit(OTHER).await.unwrap();
        let third = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert_eq!(admission.admit(third).await.unwrap_err(), Refused::Full);
        drop(first);
        assert!(admission.admit(ONE).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_storm_is_spread_and_its_end_sent_away() {
        let admission = Admission::new(1_000, 0, 10);
        let began = Instant::now();
        for _ in 0..11 {
            let _ = admission.admit(ONE).await.unwrap();
        }
        assert!(
            began.elapsed() >= Duration::from_millis(800),
            "{:?}",
            began.elapsed()
        );
        let waiting: Vec<_> = (0..200)
            .map(|_| {
                let admission = admission.clone();
                tokio::spawn(async move { admission.admit(ONE).await.is_ok() })
            })
            .collect();
        let mut admitted = 0;
        for task in waiting {
            admitted += usize::from(task.await.unwrap());
        }
        assert!(
            (90..=110).contains(&admitted),
            "ten seconds' worth wait: {admitted}"
        );
    }
}
