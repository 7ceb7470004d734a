//! Everybody votes and many type: what a room is told of it, beside what so many messages would be.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::{
    arrive::{Guest, Stay, Troubles, arrive, linger},
    fan_out::{self, Plan},
    judge_own_cpu, micros,
    pace::Pacing,
    run_name,
};
use crate::{
    args::{Arrivals, Common, LivelyRoom},
    driver::{Driver, Happening, Target},
    environment::Environment,
    heard::{Heard, heard},
    limits,
    measure::{Cpu, Watched},
    progress::Progress,
    report::Report,
    schedule::Schedule,
    websocket::{self, Opcode},
};

/// How often somebody who types says so, as PROTOCOL.md asks.
const TYPING_PERIOD: Duration = Duration::from_secs(3);
/// How long after the last vote the room must have been told of it.
const PATIENCE: Duration = Duration::from_secs(10);
const LULL: Duration = Duration::from_secs(1);
const TURN: Duration = Duration::from_millis(100);
const OPTIONS: usize = 4;
/// Of the messages that are compared with.
const MESSAGE_BYTES: usize = 100;
const SENDERS: usize = 4;
const WARM_UP_SECONDS: f64 = 1.0;
const ARRIVALS: Arrivals = Arrivals {
    one_step: false,
    in_flight: 64,
};

pub fn run(args: &LivelyRoom, common: &Common) -> anyhow::Result<Report> {
    if args.members < args.typists.max(SENDERS) {
        bail!("There must be as many members as typists, and {SENDERS} at least.");
    }
    limits::make_room(args.members)?;
    let environment = Environment::prepare(common, 1)?;
    let watched = environment.watched();
    let name = run_name();

    let messages = fan_out::run(
        &Plan {
            targets: &environment.targets,
            members: args.members,
            schedule: Schedule::new(1, SENDERS, args.rate, WARM_UP_SECONDS, args.seconds),
            pacing: Pacing::Scheduled,
            size: MESSAGE_BYTES,
            run_name: format!("{name}m"),
        },
        &watched,
        "messages",
    )?;
    let lively = lively(args, &environment.targets[0], &watched, &name)?;

    let setup = format!(
        "one room with {} members: {} votes in {} s and {} typists, then {} messages/s of \
         {MESSAGE_BYTES} bytes",
        args.members, args.votes, args.seconds, args.typists, args.rate
    );
    let mut report = Report::new("lively-room", setup);
    let each = |count: u64| count as f64 / args.members as f64 / args.seconds;
    let (tallies, typing) = (each(lively.tallies), each(lively.typing));
    report.figure("tallies_each", "told of votes, each member", tallies, "/s");
    report.figure("typing_each", "told of typing, each member", typing, "/s");
    let message_bytes = messages.bytes_per_delivery * messages.deliveries as f64;
    let kib_each = |bytes: f64| bytes / 1_024.0 / args.members as f64 / args.seconds;
    let bytes = lively.bytes as f64;
    report.figure(
        "kib_each",
        "received, each member",
        kib_each(bytes),
        "KiB/s",
    );
    let kib_of_messages = kib_each(message_bytes);
    report.figure(
        "kib_of_messages_each",
        "of the messages, each member",
        kib_of_messages,
        "KiB/s",
    );
    let deliveries = (lively.tallies + lively.typing) as f64;
    let ratio = deliveries / messages.deliveries as f64;
    report.below("deliveries_ratio", "deliveries ÷ the messages'", ratio, 1.0);
    let ratio = bytes / message_bytes;
    report.below("bytes_ratio", "bytes ÷ the messages'", ratio, 1.0);
    if !watched.gateways.is_empty() {
        let ratio = micros(lively.cpu.gateways) / micros(messages.cpu.gateways);
        report.figure(
            "gateway_cpu_ratio",
            "gateway's CPU, votes taken and all, ÷ the messages'",
            ratio,
            "",
        );
    }
    let uncounted = lively.expected_voters.saturating_sub(lively.voters);
    report.none_expected("uncounted", "votes that did not count", uncounted);
    report.none_expected("lost", "messages lost", messages.wrongs.lost);
    let (errors, ended) = (
        lively.troubles.errors + messages.troubles.errors,
        lively.troubles.ended + messages.troubles.ended,
    );
    report.none_expected("errors", "errors", errors);
    report.none_expected("ended", "connections that ended", ended);
    if let Some(first) = lively.troubles.first.or(messages.troubles.first) {
        report.note(format!("The first trouble was: {first}"));
    }
    judge_own_cpu(&mut report, lively.cpu.own, lively.elapsed);
    for note in &environment.notes {
        report.note(note);
    }
    Ok(report)
}

#[derive(Debug)]
struct Lively {
    /// Deliveries of the poll's standing.
    tallies: u64,
    /// Deliveries of somebody's typing.
    typing: u64,
    /// Of all these frames.
    bytes: u64,
    /// As the first member was told last.
    voters: u64,
    expected_voters: u64,
    elapsed: Duration,
    cpu: Cpu,
    troubles: Troubles,
}

/// What a member does next.
#[derive(Clone, Copy, Debug)]
enum Act {
    Vote(usize),
    Type,
}

/// What is done, by whom and when.
fn plan(args: &LivelyRoom) -> Vec<(Duration, usize, Act)> {
    let span = Duration::from_secs_f64(args.seconds);
    let mut acts: Vec<_> = (0..args.votes)
        .map(|vote| {
            let due = span.mul_f64(vote as f64 / args.votes as f64);
            (due, vote % args.members, Act::Vote(vote % OPTIONS))
        })
        .collect();
    for typist in 0..args.typists {
        let mut due = TYPING_PERIOD.mul_f64(typist as f64 / args.typists as f64);
        while due < span {
            acts.push((due, typist, Act::Type));
            due += TYPING_PERIOD;
        }
    }
    acts.sort_by_key(|(due, ..)| *due);
    acts
}

fn lively(
    args: &LivelyRoom,
    target: &Target,
    watched: &Watched,
    name: &str,
) -> anyhow::Result<Lively> {
    let room = format!("bench-{name}-lively");
    let mut driver = Driver::new()?;
    let arrived = arrive(&mut driver, args.members, ARRIVALS, |number| Guest {
        target,
        nickname: format!("b{name}l-{number}"),
        stay: Stay::Named(room.clone()),
    })?;
    let mut troubles = arrived.troubles;
    linger(&mut driver, LULL, &mut troubles)?;
    let poll = open_poll(&mut driver, &room)?;
    let mut lively = Lively {
        tallies: 0,
        typing: 0,
        bytes: 0,
        voters: 0,
        expected_voters: args.votes.min(args.members) as u64,
        elapsed: Duration::ZERO,
        cpu: watched.cpu()?,
        troubles,
    };
    let acts = plan(args);
    let mut progress = Progress::new("votes and typing");
    let began = Instant::now();
    let span = Duration::from_secs_f64(args.seconds);
    let (mut next, mut frame) = (0, Vec::new());
    loop {
        while let Some((due, member, act)) = acts.get(next).copied()
            && due <= began.elapsed()
        {
            frame.clear();
            websocket::put_masked(&mut frame, Opcode::Text, act.text(&room, &poll).as_bytes());
            driver.send(member, &frame);
            next += 1;
        }
        let gone = began.elapsed();
        if gone >= span && (lively.voters >= lively.expected_voters || gone > span + PATIENCE) {
            break;
        }
        let due = acts.get(next).map_or(span, |(due, ..)| *due);
        let until = (began + due).clamp(Instant::now(), Instant::now() + TURN);
        driver.turn(until, |number, happening| lively.take(number, happening))?;
        progress.show(gone.as_secs_f64() / args.seconds, || {
            format!("{next} votes and typing cast")
        });
    }
    lively.cpu = watched.cpu()?.since(lively.cpu);
    lively.elapsed = began.elapsed();
    Ok(lively)
}

impl Act {
    fn text(self, room: &str, poll: &Poll) -> String {
        match self {
            Self::Vote(option) => format!(
                r#"{{"type":"pollVote","pollVote":{{"room":"{room}","uuid":"{}","seq":{},"options":[{option}]}}}}"#,
                poll.uuid, poll.seq
            ),
            Self::Type => {
                format!(r#"{{"type":"typing","typing":{{"room":"{room}","on":true}}}}"#)
            }
        }
    }
}

impl Lively {
    fn take(&mut self, number: usize, happening: Happening<'_>) {
        let payload = match happening {
            Happening::Text(payload) => payload,
            Happening::Ended(why) => return self.troubles.ended(why),
        };
        match heard(payload) {
            Heard::Change => {
                self.tallies += 1;
                self.bytes += payload.len() as u64;
                if number == 0 {
                    let standing: Value = serde_json::from_slice(payload).unwrap_or_default();
                    let voters = &standing["messageChange"]["results"]["Voters"];
                    self.voters = voters.as_u64().unwrap_or(self.voters);
                }
            }
            Heard::Typing => {
                self.typing += 1;
                self.bytes += payload.len() as u64;
            }
            Heard::Error(frame) => self.troubles.error(frame),
            _ => {}
        }
    }
}

#[derive(Debug)]
struct Poll {
    uuid: String,
    seq: u64,
}

/// Has the first member ask the room something.
fn open_poll(driver: &mut Driver, room: &str) -> anyhow::Result<Poll> {
    let options: Vec<String> = (1..=OPTIONS)
        .map(|it| format!(r#""Option {it}""#))
        .collect();
    let text = format!(
        r#"{{"id":"poll","type":"channelMessage","channelMessage":{{"room":"{room}","message":"Which one?","poll":{{"options":[{}],"multiple":false,"anonymous":false}}}}}}"#,
        options.join(",")
    );
    let mut frame = Vec::new();
    websocket::put_masked(&mut frame, Opcode::Text, text.as_bytes());
    driver.send(0, &frame);
    let asked = Instant::now();
    let mut answer = None;
    while answer.is_none() && asked.elapsed() < PATIENCE {
        driver.turn(Instant::now() + TURN, |number, happening| {
            if let (0, Happening::Text(payload)) = (number, happening)
                && matches!(heard(payload), Heard::Ack | Heard::Error(_))
            {
                answer = Some(payload.to_vec());
            }
        })?;
    }
    let answer = answer.context("the poll was not answered")?;
    let ack: Value = serde_json::from_slice(&answer)?;
    let (uuid, seq) = (&ack["ack"]["UUID"], &ack["ack"]["Seq"]);
    match (uuid.as_str(), seq.as_u64()) {
        (Some(uuid), Some(seq)) => Ok(Poll {
            uuid: uuid.to_owned(),
            seq,
        }),
        _ => bail!("the poll was refused: {}", String::from_utf8_lossy(&answer)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_votes_in_time_and_typists_go_on() {
        let acts = plan(&LivelyRoom {
            members: 10,
            votes: 15,
            typists: 2,
            seconds: 6.0,
            rate: 20.0,
        });
        let votes = acts.iter().filter(|(.., act)| matches!(act, Act::Vote(_)));
        assert_eq!(votes.count(), 15);
        // At 0, 3 s, and 1.5 s, 4.5 s.
        assert_eq!(acts.len(), 15 + 4);
        assert!(acts.is_sorted_by_key(|(due, ..)| *due));
        let last = acts.last().expect("some");
        assert!(last.0 < Duration::from_secs(6));
    }
}
