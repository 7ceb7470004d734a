//! What it costs when all connections break at once and come back, each with what it has.

use std::time::Duration;

use anyhow::bail;
use memchr::{memchr, memmem};

use super::{
    arrive::{Guest, Stay, arrive_listening, conclude, linger},
    micros, run_name,
};
use crate::{
    args::{Common, ReconnectStorm},
    driver::Driver,
    environment::Environment,
    limits,
    report::Report,
};

/// Between everybody's arrival and the break.
const LULL: Duration = Duration::from_secs(1);

/// What a client has to come back with.
#[derive(Clone, Debug, Default)]
struct Ticket {
    user: String,
    key: String,
    epoch: String,
    seq: String,
}

impl Ticket {
    /// Learns from a frame what it tells.
    fn learn(&mut self, payload: &[u8]) {
        if let (Some(user), Some(key)) = (
            text_after(payload, b"\"userUUID\":\""),
            text_after(payload, b"\"accessKey\":\""),
        ) {
            (self.user, self.key) = (user, key);
        }
        if let (Some(epoch), Some(seq)) = (
            text_after(payload, b"\"epoch\":\""),
            digits_after(payload, b"\"seq\":"),
        ) {
            (self.epoch, self.seq) = (epoch, seq);
        }
    }

    fn resume(&self) -> String {
        let Self {
            user,
            key,
            epoch,
            seq,
        } = self;
        format!(
            r#"{{"type":"resume","resume":{{"userUUID":"{user}","accessKey":"{key}","rooms":[{{"recipientUUID":"","epoch":"{epoch}","seq":{seq}}}]}}}}"#
        )
    }
}

fn text_after(payload: &[u8], key: &[u8]) -> Option<String> {
    let text = &payload[memmem::rfind(payload, key)? + key.len()..];
    let text = &text[..memchr(b'"', text)?];
    String::from_utf8(text.to_vec()).ok()
}

fn digits_after(payload: &[u8], key: &[u8]) -> Option<String> {
    let text = &payload[memmem::rfind(payload, key)? + key.len()..];
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    let digits: Vec<u8> = digits.copied().collect();
    String::from_utf8(digits).ok().filter(|it| !it.is_empty())
}

pub fn run(args: &ReconnectStorm, common: &Common) -> anyhow::Result<Report> {
    limits::make_room(args.connections)?;
    let environment = Environment::prepare(common, 1)?;
    let target = &environment.targets[0];
    let name = run_name();
    let mut tickets = vec![Ticket::default(); args.connections];
    let mut driver = Driver::new()?;
    let guest = |number| Guest {
        target,
        nickname: format!("b{name}-{number}"),
        stay: Stay::General,
    };
    let mut arrived = arrive_listening(
        &mut driver,
        args.connections,
        args.arrivals,
        guest,
        |number, payload| tickets[number].learn(payload),
    )?;
    linger(&mut driver, LULL, &mut arrived.troubles)?;
    if arrived.troubles.errors + arrived.troubles.ended > 0 {
        let first = arrived.troubles.first.unwrap_or_default();
        bail!("Not everybody could come: {first}");
    }
    let lacking = |ticket: &Ticket| ticket.key.is_empty() || ticket.epoch.is_empty();
    if tickets.iter().any(lacking) {
        bail!("Not everybody was told what to come back with.");
    }

    let watched = environment.watched();
    let cpu_before = watched.cpu()?;
    // All sockets close at once, as when a balancer is restarted.
    drop(driver);
    let mut driver = Driver::new()?;
    let mut recovered = 0_u64;
    let came_back = arrive_listening(
        &mut driver,
        args.connections,
        args.arrivals,
        |number| Guest {
            target,
            nickname: String::new(),
            stay: Stay::Resumed(tickets[number].resume()),
        },
        |_, payload| {
            recovered += u64::from(memmem::find(payload, b"\"recovered\":true").is_some());
        },
    )?;
    let cpu = watched.cpu()?.since(cpu_before);

    let setup = format!(
        "{} connections in General break at once and come back, {} at the same time",
        args.connections, args.arrivals.in_flight
    );
    let mut report = Report::new("reconnect-storm", setup);
    let each = |total: f64| total / args.connections as f64;
    if !environment.gateways.is_empty() {
        report.figure(
            "cpu_us_per_reconnect",
            "gateway's CPU for each",
            each(micros(cpu.gateways)),
            "µs",
        );
    }
    if !watched.redis.is_empty() {
        report.figure(
            "redis_cpu_us_per_reconnect",
            "Redis' CPU for each",
            each(micros(cpu.redis)),
            "µs",
        );
    }
    let received = driver.received_bytes as f64 / 1_024.0;
    report.figure(
        "kib_received_per_reconnect",
        "received by each",
        each(received),
        "KiB",
    );
    let seconds = came_back.elapsed.as_secs_f64();
    report.figure("seconds", "until all were back", seconds, "s");
    report.figure(
        "reconnects_per_second",
        "reconnects",
        args.connections as f64 / seconds,
        "/s",
    );
    let unrecovered = (args.connections as u64).saturating_sub(recovered);
    report.none_expected("unrecovered", "came back without recovery", unrecovered);
    conclude(&mut report, &came_back, cpu.own, &environment);
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_comes_back_with_what_it_was_told() {
        let mut ticket = Ticket::default();
        ticket.learn(br#"{"type":"authorized","authorized":{"userUUID":"u","accessKey":"k"}}"#);
        ticket
            .learn(br#"{"channelJoin":{"messages":[{"Seq":3,"Epoch":"x"}],"epoch":"e","seq":7}}"#);
        let resume: serde_json::Value = serde_json::from_str(&ticket.resume()).expect("JSON");
        let room = &resume["resume"]["rooms"][0];
        assert_eq!(
            (room["epoch"].as_str(), room["seq"].as_u64()),
            (Some("e"), Some(7))
        );
        assert_eq!(resume["resume"]["accessKey"], "k");
    }
}
