//! The connections that are published on: one to each master, shared by the partitions there.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use redis::RedisResult;

use super::{Cluster, nobody};
use crate::{
    config::Address,
    redis::{
        connect::{RESPONSE_TIMEOUT, dedicated_config},
        line::{self, Line},
    },
};

/// Who holds a place's lock connects; those who want the same node wait, the others don't.
type Place = Arc<tokio::sync::Mutex<Option<Line>>>;

/// The connections. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    places: Arc<Mutex<HashMap<Address, Place>>>,
}

impl Lines {
    /// The line to the master of a slot. With `anew`, who serves what is learnt first.
    ///
    /// # Errors
    /// When nobody serves the slot, or who does can't be reached.
    pub async fn to(&self, cluster: &Cluster, slot: u16, anew: bool) -> RedisResult<Line> {
        let mut slots = cluster.slots();
        if anew || slots.owner(slot).is_none() {
            slots = cluster.refresh(&slots).await?;
        }
        let owner = slots.owner(slot).ok_or_else(nobody)?;
        let place = self.place(owner, slots.masters());
        let mut held = place.lock().await;
        if let Some(line) = held.as_ref().filter(|line| !line.is_broken()) {
            return Ok(line.clone());
        }
        let made = line::connected(async |broken| {
            let config = dedicated_config(RESPONSE_TIMEOUT).set_push_sender(line::telling(broken));
            cluster.connect(owner, config).await
        });
        let made = made.await?;
        *held = Some(made.clone());
        Ok(made)
    }

    fn place(&self, address: &Address, masters: &[Address]) -> Place {
        let places = self.places.lock();
        let mut places = places.unwrap_or_else(PoisonError::into_inner);
        if !places.contains_key(address) {
            // A new node is a good moment to let go of those that went.
            places.retain(|known, _| masters.contains(known));
        }
        places.entry(address.clone()).or_default().clone()
    }
}
