//! Connections come, sign in and join.

use std::time::{Duration, Instant};

use anyhow::bail;

use super::judge_own_cpu;
use crate::{
    args::Arrivals,
    driver::{Driver, Happening, Target},
    environment::Environment,
    heard::{Heard, heard},
    progress::Progress,
    report::Report,
    websocket::{self, Opcode},
};

/// When nobody gets anywhere for so long, something is broken.
const PATIENCE: Duration = Duration::from_secs(30);
const TURN: Duration = Duration::from_millis(100);

/// Where a connection stays.
#[derive(Clone, Debug)]
pub enum Stay {
    SignedIn,
    General,
    Named(String),
    /// Back where it was, by this request.
    Resumed(String),
}

/// One who comes.
#[derive(Debug)]
pub struct Guest<'a> {
    pub target: &'a Target,
    pub nickname: String,
    pub stay: Stay,
}

/// What went wrong with connections.
#[derive(Clone, Debug, Default)]
pub struct Troubles {
    /// Errors that the server sent.
    pub errors: u64,
    /// Connections that ended or could not be made.
    pub ended: u64,
    pub first: Option<String>,
}

impl Troubles {
    pub fn error(&mut self, frame: &[u8]) {
        self.errors += 1;
        let text = String::from_utf8_lossy(frame);
        self.first.get_or_insert_with(|| text.into_owned());
    }

    pub fn ended(&mut self, why: String) {
        self.ended += 1;
        self.first.get_or_insert(why);
    }
}

#[derive(Debug)]
pub struct Arrived {
    pub elapsed: Duration,
    pub troubles: Troubles,
}

impl Guest<'_> {
    /// What is added to the address, and what is sent once the connection stands.
    fn introduction(&self, one_step: bool) -> (String, Vec<u8>) {
        let nickname = &self.nickname;
        if one_step {
            match &self.stay {
                Stay::General => return (format!("?nickname={nickname}"), Vec::new()),
                Stay::Named(room) => {
                    return (format!("?nickname={nickname}&room={room}"), Vec::new());
                }
                // The address always joins, too.
                Stay::SignedIn | Stay::Resumed(_) => {}
            }
        }
        let mut frames = Vec::new();
        let mut say = |text: String| {
            websocket::put_masked(&mut frames, Opcode::Text, text.as_bytes());
        };
        if let Stay::Resumed(request) = &self.stay {
            say(request.clone());
            return (String::new(), frames);
        }
        say(format!(
            r#"{{"type":"signIn","signIn":{{"nickname":"{nickname}"}}}}"#
        ));
        match &self.stay {
            Stay::SignedIn | Stay::Resumed(_) => {}
            Stay::General => {
                say(r#"{"type":"channelJoin","channelJoin":{"recipientUUID":""}}"#.to_owned());
            }
            Stay::Named(room) => say(format!(
                r#"{{"type":"channelJoin","channelJoin":{{"room":"{room}"}}}}"#
            )),
        }
        (String::new(), frames)
    }
}

/// Lets so many come, a bounded number at the same time, until all are where they want to be.
pub fn arrive<'a>(
    driver: &mut Driver,
    count: usize,
    arrivals: Arrivals,
    guest: impl Fn(usize) -> Guest<'a>,
) -> anyhow::Result<Arrived> {
    arrive_listening(driver, count, arrivals, guest, |_, _| {})
}

/// The same, told of every text that arrives meanwhile.
pub fn arrive_listening<'a>(
    driver: &mut Driver,
    count: usize,
    arrivals: Arrivals,
    guest: impl Fn(usize) -> Guest<'a>,
    mut listen: impl FnMut(usize, &[u8]),
) -> anyhow::Result<Arrived> {
    let began = Instant::now();
    let mut progress = Progress::new("arriving");
    let mut troubles = Troubles::default();
    let mut there = vec![false; count];
    let (mut opened, mut settled) = (0, 0);
    let mut last_settled = began;
    while settled < count {
        while opened < count && opened - settled < arrivals.in_flight.max(1) {
            let guest = guest(opened);
            let (query, greeting) = guest.introduction(arrivals.one_step);
            driver.open(guest.target, &query, &greeting)?;
            opened += 1;
        }
        let before = settled;
        driver.turn(Instant::now() + TURN, |number, happening| {
            let arrived = match happening {
                Happening::Text(payload) => {
                    listen(number, payload);
                    match heard(payload) {
                        Heard::Authorized => matches!(guest(number).stay, Stay::SignedIn),
                        Heard::Joined => true,
                        Heard::Error(frame) => {
                            troubles.error(frame);
                            true
                        }
                        _ => false,
                    }
                }
                Happening::Ended(why) => {
                    troubles.ended(why);
                    true
                }
            };
            if arrived && !there[number] {
                there[number] = true;
                settled += 1;
            }
        })?;
        let now = Instant::now();
        if settled > before {
            last_settled = now;
        } else if now - last_settled > PATIENCE {
            bail!(
                "{} of {opened} connections got no answer for {PATIENCE:?}{}",
                opened - settled,
                troubles
                    .first
                    .map(|first| format!("; the first trouble was: {first}"))
                    .unwrap_or_default()
            );
        }
        progress.show(settled as f64 / count as f64, || {
            format!("{settled} of {count} connections")
        });
    }
    Ok(Arrived {
        elapsed: began.elapsed(),
        troubles,
    })
}

/// What every report of arrivals ends with.
pub fn conclude(
    report: &mut Report,
    arrived: &Arrived,
    own_cpu: Duration,
    environment: &Environment,
) {
    let Troubles {
        errors,
        ended,
        first,
    } = &arrived.troubles;
    report.none_expected("errors", "errors", *errors);
    report.none_expected("ended", "connections that ended", *ended);
    judge_own_cpu(report, own_cpu, arrived.elapsed);
    if let Some(first) = first {
        report.note(format!("The first trouble was: {first}"));
    }
    for note in &environment.notes {
        report.note(note);
    }
}

/// Keeps connections alive for a while: answers pings, and notices troubles.
pub fn linger(driver: &mut Driver, time: Duration, troubles: &mut Troubles) -> anyhow::Result<()> {
    let mut progress = Progress::new("settling");
    let began = Instant::now();
    while began.elapsed() < time {
        driver.turn(Instant::now() + TURN, |_, happening| match happening {
            Happening::Ended(why) => troubles.ended(why),
            Happening::Text(payload) => {
                if let Heard::Error(frame) = heard(payload) {
                    troubles.error(frame);
                }
            }
        })?;
        let done = began.elapsed().as_secs_f64() / time.as_secs_f64();
        progress.show(done, String::new);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_introduce_themselves_by_frames_or_by_address() {
        let target = Target {
            address: "127.0.0.1:1".parse().expect("an address"),
            authority: String::new(),
            path: String::new(),
            deflate: false,
        };
        let guest = |stay| Guest {
            target: &target,
            nickname: "ann".to_owned(),
            stay,
        };
        let (query, frames) = guest(Stay::General).introduction(true);
        assert_eq!((query.as_str(), frames.len()), ("?nickname=ann", 0));
        let (query, _) = guest(Stay::Named("lobby".to_owned())).introduction(true);
        assert_eq!(query, "?nickname=ann&room=lobby");
        let (query, frames) = guest(Stay::SignedIn).introduction(true);
        assert_eq!(query, "");
        assert_eq!(websocket::head(&frames).expect("whole").end, frames.len());
        let (_, frames) = guest(Stay::General).introduction(false);
        assert!(websocket::head(&frames).expect("whole").end < frames.len());
    }
}
