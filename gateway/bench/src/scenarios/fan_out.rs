//! Messages go to all members of their rooms, on a schedule that waits for nobody.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use hdrhistogram::Histogram;

use super::arrive::{Guest, Stay, Troubles, arrive};
use crate::{
    args::Arrivals,
    driver::{Driver, Happening, Target},
    heard::{Heard, heard},
    ledger::{Ledger, Wrongs},
    measure::{Cpu, Watched},
    progress::Progress,
    schedule::Schedule,
    websocket::{self, Opcode},
};

/// How long nothing must have arrived after the last message was sent, before what is missing counts
/// as lost.
const SILENCE: Duration = Duration::from_secs(5);
/// How long it is listened for what must not come, such as doubles.
const AFTERMATH: Duration = Duration::from_millis(300);
/// Between everybody's arrival and the first message.
const LULL: Duration = Duration::from_millis(500);
/// The longest that a turn waits when nothing is due.
const TURN: Duration = Duration::from_millis(100);
/// The longest latency that is told apart, in µs.
const LATENCY_LIMIT_US: u64 = 600_000_000;
/// Rooms are filled fast, but this is not the join storm.
const ARRIVALS: Arrivals = Arrivals {
    one_step: false,
    in_flight: 64,
};

/// Who is there and what is sent.
#[derive(Debug)]
pub struct Plan<'a> {
    /// A room's members are spread evenly over them.
    pub targets: &'a [Target],
    /// Members of a room on each target.
    pub members: usize,
    pub schedule: Schedule,
    /// Bytes of a message's text.
    pub size: usize,
    pub run_name: String,
}

#[derive(Debug)]
pub struct Outcome {
    /// After the warm-up, as all figures here; only `wrongs` and `troubles` tell of the whole run.
    pub deliveries: u64,
    pub messages: u64,
    pub elapsed: Duration,
    pub latency_us: Histogram<u64>,
    /// How late messages were sent, which is the tool's own fault.
    pub lateness_us: Histogram<u64>,
    pub cpu: Cpu,
    pub bytes_per_delivery: f64,
    pub wrongs: Wrongs,
    pub troubles: Troubles,
}

impl Plan<'_> {
    fn members_of_a_room(&self) -> usize {
        self.members * self.targets.len()
    }

    pub fn connections(&self) -> usize {
        self.schedule.rooms * self.members_of_a_room()
    }

    fn room_name(&self, room: usize) -> String {
        format!("bench-{}-{room:06}", self.run_name)
    }

    /// Rooms one after the other, in each room a member of every target in turn: so its senders,
    /// who are its first members, are of all targets.
    fn guest(&self, number: usize) -> Guest<'_> {
        Guest {
            target: &self.targets[number % self.targets.len()],
            nickname: format!("b{}-{number}", self.run_name),
            stay: Stay::Named(self.room_name(number / self.members_of_a_room())),
        }
    }

    fn frame(&self, index: u64, frame: &mut Vec<u8>) -> usize {
        let tag = self.schedule.tag(index);
        let text = format!(
            r#"{{"type":"channelMessage","channelMessage":{{"room":"{}","message":"{}"}}}}"#,
            self.room_name(tag.room),
            tag.text(self.size)
        );
        frame.clear();
        websocket::put_masked(frame, Opcode::Text, text.as_bytes());
        tag.room * self.members_of_a_room() + tag.sender
    }
}

/// All that members receive.
struct Reception {
    schedule: Schedule,
    ledgers: Vec<Ledger>,
    began: Instant,
    latency_us: Histogram<u64>,
    due_received: u64,
    received: u64,
    last_received: Instant,
    troubles: Troubles,
}

impl Reception {
    fn take(&mut self, number: usize, happening: Happening<'_>) {
        match happening {
            Happening::Text(payload) => match heard(payload) {
                Heard::Message { seq, tag } => {
                    let now = Instant::now();
                    self.received += 1;
                    self.last_received = now;
                    self.due_received += u64::from(self.ledgers[number].book(seq, tag));
                    if tag.index >= self.schedule.warm_up {
                        let due = self.began + self.schedule.due(tag.index);
                        let latency = now.saturating_duration_since(due);
                        self.latency_us
                            .saturating_record(latency.as_micros() as u64);
                    }
                }
                Heard::Error(frame) => self.troubles.error(frame),
                _ => {}
            },
            Happening::Ended(why) => self.troubles.ended(why),
        }
    }
}

/// Fills the rooms, sends what is planned, and waits until all of it has arrived.
pub fn run(plan: &Plan<'_>, watched: &Watched, what: &'static str) -> anyhow::Result<Outcome> {
    let schedule = plan.schedule;
    let mut driver = Driver::new()?;
    let arrived = arrive(&mut driver, plan.connections(), ARRIVALS, |number| {
        plan.guest(number)
    })?;
    let began = Instant::now() + LULL;
    let mut reception = Reception {
        schedule,
        ledgers: (0..plan.connections())
            .map(|number| Ledger::new(number / plan.members_of_a_room(), schedule.senders))
            .collect(),
        began,
        latency_us: histogram()?,
        due_received: 0,
        received: 0,
        last_received: began,
        troubles: arrived.troubles,
    };
    let expected = schedule.total * plan.members_of_a_room() as u64;
    let mut lateness_us = histogram()?;
    let mut progress = Progress::new(what);
    let mut start = None;
    let mut frame = Vec::new();
    let mut next = 0;
    while reception.due_received < expected {
        while next < schedule.total && began + schedule.due(next) <= Instant::now() {
            if next == schedule.warm_up {
                let cpu = watched.cpu()?;
                start = Some((
                    cpu,
                    Instant::now(),
                    reception.received,
                    driver.received_bytes,
                ));
            }
            let sender = plan.frame(next, &mut frame);
            let late = Instant::now().saturating_duration_since(began + schedule.due(next));
            if next >= schedule.warm_up {
                lateness_us.saturating_record(late.as_micros() as u64);
            }
            driver.send(sender, &frame);
            next += 1;
        }
        let now = Instant::now();
        let until = if next < schedule.total {
            (now + TURN).min(began + schedule.due(next))
        } else if now.saturating_duration_since(reception.last_received) > SILENCE {
            break;
        } else {
            now + TURN
        };
        driver.turn(until, |number, happening| reception.take(number, happening))?;
        progress.show(next as f64 / schedule.total as f64, || {
            format!("{next} messages sent, {} delivered", reception.received)
        });
    }
    let cpu_after = watched.cpu()?;
    let (cpu_before, started, received_before, bytes_before) =
        start.context("the schedule ended in its warm-up")?;
    let elapsed = reception.last_received.saturating_duration_since(started);
    let deliveries = reception.received - received_before;
    let bytes = driver.received_bytes - bytes_before;

    let until = Instant::now() + AFTERMATH;
    while Instant::now() < until {
        driver.turn(until, |number, happening| reception.take(number, happening))?;
    }
    let mut wrongs = Wrongs::default();
    for (number, ledger) in reception.ledgers.iter().enumerate() {
        wrongs.add(ledger.close(&schedule.sent(number / plan.members_of_a_room())));
    }
    Ok(Outcome {
        deliveries,
        messages: schedule.total - schedule.warm_up,
        elapsed,
        latency_us: reception.latency_us,
        lateness_us,
        cpu: cpu_after.since(cpu_before),
        bytes_per_delivery: bytes as f64 / deliveries as f64,
        wrongs,
        troubles: reception.troubles,
    })
}

fn histogram() -> anyhow::Result<Histogram<u64>> {
    Histogram::new_with_bounds(1, LATENCY_LIMIT_US, 3).context("no histogram can be had")
}
