//! How it goes, for who watches.

use std::time::{Duration, Instant};

use crate::people::People;

/// How often progress is shown.
const PROGRESS: Duration = Duration::from_secs(5);

/// Shows on stderr how it goes, every few seconds.
#[derive(Debug)]
pub struct Progress {
    began: Instant,
    shown: Instant,
}

impl Default for Progress {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            began: now,
            shown: now,
        }
    }
}

impl Progress {
    pub fn show(&mut self, people: &People, what: &str) {
        if self.shown.elapsed() >= PROGRESS {
            self.shown = Instant::now();
            let seconds = self.began.elapsed().as_secs();
            eprintln!(
                "{seconds:>5} s  {} acknowledged, {} of {} connected  {what}",
                people.total_acknowledged(),
                people.ready(),
                people.members.len(),
            );
        }
    }
}
