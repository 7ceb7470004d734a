//! When messages are sent: on a schedule that waits for nobody, or as fast as they arrive.

use std::time::{Duration, Instant};

use crate::schedule::Schedule;

/// The longest that a turn waits when nothing is due.
const TURN: Duration = Duration::from_millis(100);

/// How messages follow on one another.
#[derive(Clone, Copy, Debug)]
pub enum Pacing {
    /// Each when it is due, whatever became of the others.
    Scheduled,
    /// So many under way all the time.
    Window(Window),
}

#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Messages that some member has not received yet.
    pub in_flight: u64,
    /// How often members read; zero: at once.
    pub read_every: Duration,
    pub warm_up: Duration,
    /// After the warm-up.
    pub time: Duration,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Send,
    /// Nothing before then, unless something arrives.
    Wait(Instant),
    /// Everything was sent.
    Over,
}

/// The pace of one run.
#[derive(Debug)]
pub struct Pace {
    pacing: Pacing,
    schedule: Schedule,
    began: Instant,
    /// In a window: when each was sent.
    sent: Vec<Instant>,
    /// In a window: the first message that is measured.
    first_measured: Option<u64>,
}

impl Pace {
    /// The first message is due at `began`.
    pub fn new(pacing: Pacing, schedule: Schedule, began: Instant) -> Self {
        Self {
            pacing,
            schedule,
            began,
            sent: Vec::new(),
            first_measured: None,
        }
    }

    /// What is next, when `sent` messages were sent and `arrived` of them everywhere.
    pub fn step(&self, sent: u64, arrived: u64, now: Instant) -> Step {
        if now < self.began {
            return Step::Wait(self.began);
        }
        match self.pacing {
            Pacing::Scheduled if sent == self.schedule.total => Step::Over,
            Pacing::Scheduled if self.due(sent) <= now => Step::Send,
            Pacing::Scheduled => Step::Wait((now + TURN).min(self.due(sent))),
            Pacing::Window(window) if now >= self.began + window.warm_up + window.time => {
                Step::Over
            }
            Pacing::Window(window) if sent < arrived + window.in_flight => Step::Send,
            Pacing::Window(_) => Step::Wait(now + TURN),
        }
    }

    /// Notes that the next message is being sent; tells whether it is the first that is measured.
    pub fn note_sent(&mut self, index: u64, now: Instant) -> bool {
        match self.pacing {
            Pacing::Scheduled => index == self.schedule.warm_up,
            Pacing::Window(window) => {
                self.sent.push(now);
                let first = self.first_measured.is_none() && now >= self.began + window.warm_up;
                if first {
                    self.first_measured = Some(index);
                }
                first
            }
        }
    }

    /// From when the latency of a message counts.
    pub fn due(&self, index: u64) -> Instant {
        match self.pacing {
            Pacing::Scheduled => self.began + self.schedule.due(index),
            Pacing::Window(_) => self.sent.get(index as usize).copied().unwrap_or(self.began),
        }
    }

    pub fn is_measured(&self, index: u64) -> bool {
        match self.pacing {
            Pacing::Scheduled => index >= self.schedule.warm_up,
            Pacing::Window(_) => self.first_measured.is_some_and(|first| index >= first),
        }
    }

    /// Whether measuring ends when the last message was sent, and not when it has arrived.
    pub fn ends_with_sending(&self) -> bool {
        matches!(self.pacing, Pacing::Window(_))
    }

    /// How much of the run is over, 0 to 1.
    pub fn progress(&self, sent: u64, now: Instant) -> f64 {
        match self.pacing {
            Pacing::Scheduled => sent as f64 / self.schedule.total as f64,
            Pacing::Window(window) => {
                let over = now.saturating_duration_since(self.began);
                over.as_secs_f64() / (window.warm_up + window.time).as_secs_f64()
            }
        }
    }

    /// How often members read; zero: at once.
    pub fn read_every(&self) -> Duration {
        match self.pacing {
            Pacing::Scheduled => Duration::ZERO,
            Pacing::Window(window) => window.read_every,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_sends_what_has_room_in_it_until_its_time_is_over() {
        let began = Instant::now();
        let window = Window {
            in_flight: 2,
            read_every: Duration::ZERO,
            warm_up: Duration::from_secs(1),
            time: Duration::from_secs(2),
        };
        let schedule = Schedule::new(1, 1, 1.0, 0.0, 1.0);
        let mut pace = Pace::new(Pacing::Window(window), schedule, began);
        assert_eq!(pace.step(1, 0, began), Step::Send);
        assert!(matches!(pace.step(2, 0, began), Step::Wait(_)));
        assert_eq!(pace.step(2, 1, began), Step::Send);
        assert!(!pace.note_sent(0, began));
        let warm = began + Duration::from_secs(1);
        assert!(pace.note_sent(1, warm));
        assert!(!pace.note_sent(2, warm), "only one is the first");
        assert!(!pace.is_measured(0) && pace.is_measured(1));
        assert_eq!(pace.due(1), warm);
        assert_eq!(pace.step(0, 0, began + Duration::from_secs(3)), Step::Over);
    }

    #[test]
    fn a_schedule_waits_for_nobody() {
        let began = Instant::now();
        let schedule = Schedule::new(1, 1, 10.0, 0.1, 0.2);
        let mut pace = Pace::new(Pacing::Scheduled, schedule, began);
        assert_eq!(pace.step(0, 0, began), Step::Send);
        assert_eq!(pace.step(1, 0, began), Step::Wait(began + TURN));
        assert!(!pace.note_sent(0, began) && pace.note_sent(1, began));
        assert_eq!(pace.step(3, 0, began + Duration::from_secs(9)), Step::Over);
    }
}
