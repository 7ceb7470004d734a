//! Messages go to all members of their rooms.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use hdrhistogram::Histogram;

use super::{
    arrive::{Guest, Stay, Troubles, arrive},
    pace::{Pace, Pacing, Step},
};
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
    pub pacing: Pacing,
    /// Bytes of a message's text.
    pub size: usize,
    pub run_name: String,
}

#[derive(Debug)]
pub struct Outcome {
    /// After the warm-up, as all figures here; only `wrongs` and `troubles` tell of the whole run.
    pub deliveries: u64,
    pub messages: u64,
    /// Those of the warm-up included.
    pub all_messages: u64,
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
    pace: Pace,
    ledgers: Vec<Ledger>,
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
                    if self.pace.is_measured(tag.index) {
                        let latency = now.saturating_duration_since(self.pace.due(tag.index));
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

/// How things stood at one moment.
struct Reading {
    at: Instant,
    cpu: Cpu,
    received: u64,
    received_bytes: u64,
}

impl Reading {
    fn take(
        at: Instant,
        watched: &Watched,
        received: u64,
        driver: &Driver,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            at,
            cpu: watched.cpu()?,
            received,
            received_bytes: driver.received_bytes,
        })
    }
}

/// Fills the rooms, sends what is planned, and waits until all of it has arrived.
pub fn run(plan: &Plan<'_>, watched: &Watched, what: &'static str) -> anyhow::Result<Outcome> {
    let mut schedule = plan.schedule;
    let members = plan.members_of_a_room() as u64;
    let mut driver = Driver::new()?;
    let arrived = arrive(&mut driver, plan.connections(), ARRIVALS, |number| {
        plan.guest(number)
    })?;
    let began = Instant::now() + LULL;
    let mut reception = Reception {
        pace: Pace::new(plan.pacing, schedule, began),
        ledgers: (0..plan.connections())
            .map(|number| Ledger::new(number / plan.members_of_a_room(), schedule.senders))
            .collect(),
        latency_us: histogram()?,
        due_received: 0,
        received: 0,
        last_received: began,
        troubles: arrived.troubles,
    };
    let mut lateness_us = histogram()?;
    let mut progress = Progress::new(what);
    let (mut start, mut end) = (None, None);
    let mut frame = Vec::new();
    let mut sent = 0;
    loop {
        let now = Instant::now();
        let until = match reception
            .pace
            .step(sent, reception.due_received / members, now)
        {
            Step::Send => {
                if reception.pace.note_sent(sent, now) {
                    start = Some((
                        Reading::take(now, watched, reception.received, &driver)?,
                        sent,
                    ));
                }
                let sender = plan.frame(sent, &mut frame);
                if start.is_some() {
                    let late = Instant::now().saturating_duration_since(reception.pace.due(sent));
                    lateness_us.saturating_record(late.as_micros() as u64);
                }
                driver.send(sender, &frame);
                sent += 1;
                continue;
            }
            Step::Wait(until) => until,
            Step::Over => {
                if end.is_none() && reception.pace.ends_with_sending() {
                    end = Some(Reading::take(now, watched, reception.received, &driver)?);
                }
                let all = sent * members;
                let since = reception
                    .last_received
                    .max(reception.pace.due(sent.saturating_sub(1)));
                if reception.due_received >= all || now.saturating_duration_since(since) > SILENCE {
                    break;
                }
                now + TURN
            }
        };
        let read_every = reception.pace.read_every();
        let take = |number, happening: Happening<'_>| reception.take(number, happening);
        if read_every.is_zero() {
            driver.turn(until, take)?;
        } else {
            std::thread::sleep(read_every.min(until.saturating_duration_since(now)));
            driver.take_all(take)?;
        }
        progress.show(reception.pace.progress(sent, now), || {
            format!("{sent} messages sent, {} delivered", reception.received)
        });
    }
    let (start, first) = start.context("nothing was sent after the warm-up")?;
    let last = reception.last_received;
    let end = end.map_or_else(
        || Reading::take(last, watched, reception.received, &driver),
        Ok,
    )?;

    let until = Instant::now() + AFTERMATH;
    while Instant::now() < until {
        driver.turn(until, |number, happening| reception.take(number, happening))?;
    }
    schedule.total = sent;
    let mut wrongs = Wrongs::default();
    for (number, ledger) in reception.ledgers.iter().enumerate() {
        wrongs.add(ledger.close(&schedule.sent(number / plan.members_of_a_room())));
    }
    let deliveries = end.received - start.received;
    Ok(Outcome {
        deliveries,
        messages: sent - first,
        all_messages: sent,
        elapsed: end.at.saturating_duration_since(start.at),
        latency_us: reception.latency_us,
        lateness_us,
        cpu: end.cpu.since(start.cpu),
        bytes_per_delivery: (end.received_bytes - start.received_bytes) as f64 / deliveries as f64,
        wrongs,
        troubles: reception.troubles,
    })
}

fn histogram() -> anyhow::Result<Histogram<u64>> {
    Histogram::new_with_bounds(1, LATENCY_LIMIT_US, 3).context("no histogram can be had")
}
