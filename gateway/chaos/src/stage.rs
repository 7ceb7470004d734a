//! A fleet with members who talk, and the comparison at the end.

mod ending;
pub mod report;

use std::ops::Deref;

pub use crate::people::{Crowd, in_time};
use crate::{
    checker::Allowed,
    fleet::{self, Fleet},
    member::Names,
    people::People,
};

/// The members, and the fleet that they are connected to.
#[derive(Debug)]
pub struct Stage {
    people: People,
    pub fleet: Fleet,
    pub allowed: Allowed,
}

impl Stage {
    /// Starts everything and waits until everybody is in their rooms.
    pub async fn start(plan: fleet::Plan, crowd: Crowd, seed: u64) -> Self {
        let fleet = Fleet::start(plan).await;
        let people = People::start(fleet.urls(), crowd, Names::default(), seed).await;
        Self {
            people,
            fleet,
            allowed: Allowed::default(),
        }
    }
}

/// A stage is asked what its people are asked.
impl Deref for Stage {
    type Target = People;

    fn deref(&self) -> &People {
        &self.people
    }
}
