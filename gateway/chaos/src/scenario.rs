//! What the tool does: faults drawn from a seed, and three that are about one question each.

pub mod cut_all;
pub mod faults;
pub mod random;
pub mod redis_away;
pub mod rolling;

use crate::{checker::Allowed, fleet::Plan, stage::Crowd, stage::Stage};

/// Messages that a room keeps: less than an hour of load brings, so that memory stays bounded.
const HISTORY_MESSAGES: usize = 20_000;

/// How much of everything there is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub gateways: usize,
    pub workers: usize,
    pub clients: u32,
    pub rooms: usize,
    pub rooms_each: usize,
    /// Messages per second.
    pub rate: u32,
    pub seed: u64,
}

impl Size {
    async fn stage(self, plan: Plan) -> Stage {
        let plan = Plan {
            gateways: self.gateways,
            history_workers: self.workers,
            presence_workers: self.workers,
            ..plan
        };
        let plan = plan.history("HISTORY_MAX_MESSAGES", &HISTORY_MESSAGES.to_string());
        let crowd = Crowd {
            members: self.clients,
            rooms: self.rooms,
            rooms_each: self.rooms_each,
            ..Crowd::default()
        };
        eprintln!("seed {}: everything is being started", self.seed);
        let mut stage = Stage::start(plan, crowd, self.seed).await;
        stage.allowed = Allowed {
            // Who was away for long gets a page, and is told.
            told_gaps: true,
            history_limit: HISTORY_MESSAGES,
            ..Allowed::default()
        };
        eprintln!("{} members are in their rooms", self.clients);
        stage
    }
}
