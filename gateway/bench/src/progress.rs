//! A line on standard error that tells how far a run is.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// Calm enough to be read, and no work worth mentioning.
const TERMINAL_INTERVAL: Duration = Duration::from_millis(200);
/// Where lines pile up, as in a log.
const LOG_INTERVAL: Duration = Duration::from_secs(10);
const BAR_WIDTH: usize = 24;

#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    began: Instant,
    next: Instant,
    terminal: bool,
}

impl Progress {
    pub fn new(what: &'static str) -> Self {
        let terminal = io::stderr().is_terminal();
        let now = Instant::now();
        Self {
            what,
            began: now,
            next: if terminal { now } else { now + LOG_INTERVAL },
            terminal,
        }
    }

    /// Shows the part that is done, from 0 to 1, when it is time to.
    pub fn show(&mut self, done: f64, detail: impl FnOnce() -> String) {
        let now = Instant::now();
        if now < self.next {
            return;
        }
        let line = self.line(done, &detail());
        let mut stderr = io::stderr().lock();
        // Progress that can't be shown is no reason to stop.
        if self.terminal {
            self.next = now + TERMINAL_INTERVAL;
            let _ = write!(stderr, "\r\x1b[K{line}");
            let _ = stderr.flush();
        } else {
            self.next = now + LOG_INTERVAL;
            let _ = writeln!(stderr, "{line}");
        }
    }

    fn line(&self, done: f64, detail: &str) -> String {
        let done = done.clamp(0.0, 1.0);
        let filled = (done * BAR_WIDTH as f64) as usize;
        format!(
            "{:<10} [{}{}] {:3.0} %  {detail}  {:.0} s",
            self.what,
            "#".repeat(filled),
            ".".repeat(BAR_WIDTH - filled),
            done * 100.0,
            self.began.elapsed().as_secs_f64(),
        )
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.terminal {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}
