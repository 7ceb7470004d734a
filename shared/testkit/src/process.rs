//! Programs under test as processes of their own.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::guard::Guard;
use crate::{http, wait_for, wait_until};

/// How much of a log an assertion shows.
const LOG_TAIL_LINES: usize = 30;

/// A program's path beside the program that runs, or beside the tests if that is one, or in the folder
/// that `PARLOR_BIN_DIR` names. To build it is the caller's business.
pub fn binary(name: &str) -> PathBuf {
    let folder = std::env::var_os("PARLOR_BIN_DIR").map_or_else(
        || {
            let own = std::env::current_exe().expect("a program knows its own path");
            // target/debug/tool → target/debug, and target/debug/deps/test-0123 → target/debug
            let mut folders = own.ancestors().skip(1).take(2);
            let tests_are_deeper = own.ancestors().nth(2).unwrap_or(&own);
            folders
                .find(|folder| folder.join(name).is_file())
                .unwrap_or(tests_are_deeper)
                .to_owned()
        },
        PathBuf::from,
    );
    let path = folder.join(name);
    let shown = path.display();
    assert!(
        path.is_file(),
        "{shown} is missing: cargo build --workspace --bins makes it"
    );
    // A process is started in a folder of its own, where a relative path would lead nowhere.
    path.canonicalize().expect("the file is there")
}

/// How to start a [`Process`].
#[derive(Debug)]
pub struct ProcessBuilder {
    program: PathBuf,
    args: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
}

/// A running program. Killed when dropped, and when the test run dies.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    status: Option<ExitStatus>,
    _guard: Guard,
    log_path: PathBuf,
    _folder: TempDir,
}

impl ProcessBuilder {
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// The working directory; an empty folder of its own when not set.
    #[must_use]
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    /// Starts the program with the variables given here and `PATH`, and no others: a developer's own
    /// settings must not change what a test sees.
    pub fn start(self) -> Process {
        let name = self
            .program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let own = tempfile::Builder::new()
            .prefix(&format!("parlor-{name}-"))
            .tempdir()
            .expect("a temporary folder can be made");
        let folder = self.folder.unwrap_or_else(|| {
            let folder = own.path().join("work");
            fs::create_dir(&folder).expect("a folder can be made in the temporary one");
            folder
        });
        let log_path = own.path().join("log");
        let log = File::create(&log_path).expect("a log file can be made");
        let log_again = log
            .try_clone()
            .expect("the log can be given to both outputs");
        let child = Command::new(&self.program)
            .args(self.args)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| (OsString::from("PATH"), path)))
            .envs(self.environment)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(log_again)
            // Ctrl-C is the test run's; the guard ends this process after it.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{} can't be started: {error}", self.program.display()));
        let guard = Guard::of(child.id());
        Process {
            name,
            child,
            status: None,
            _guard: guard,
            log_path,
            _folder: own,
        }
    }
}

impl Process {
    pub fn builder(program: impl AsRef<Path>) -> ProcessBuilder {
        ProcessBuilder {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            environment: Vec::new(),
            folder: None,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything the program has written to its standard output and error so far.
    pub fn log(&self) -> String {
        let bytes = fs::read(&self.log_path).expect("the log file is there");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// How the program ended, or nothing while it runs.
    pub fn try_wait(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().expect("a child can be waited for");
        }
        self.status
    }

    /// Waits until the log satisfies the condition; fails at once when the program ends before.
    pub async fn wait_for_log(
        &mut self,
        timeout: Duration,
        what: &str,
        condition: impl Fn(&str) -> bool,
    ) {
        let awaited = format!("the log of {} shows {what}", self.name);
        wait_until(timeout, &awaited, async || {
            // Asked before the log is read: what a program wrote last counts.
            let ended = self.try_wait();
            let found = condition(&self.log());
            assert!(found || ended.is_none(), "{}", self.obituary(&awaited));
            found
        })
        .await;
    }

    /// Waits until a GET of the URL answers 200; fails at once when the program ends before.
    pub async fn wait_for_ok(&mut self, timeout: Duration, url: &str) {
        let awaited = format!("{url} of {} answers 200", self.name);
        wait_until(timeout, &awaited, async || {
            assert!(self.try_wait().is_none(), "{}", self.obituary(&awaited));
            http::get(url)
                .await
                .is_ok_and(|response| response.status == 200)
        })
        .await;
    }

    /// Waits for the end of the program.
    pub async fn wait(&mut self, timeout: Duration) -> ExitStatus {
        let awaited = format!("{} ends", self.name);
        wait_for(timeout, &awaited, async || self.try_wait()).await
    }

    /// Asks the program to end, with SIGTERM.
    pub fn terminate(&mut self) {
        self.signal(Signal::TERM);
    }

    /// Stops the program's execution, with SIGSTOP: it is there and does nothing.
    pub fn pause(&mut self) {
        self.signal(Signal::STOP);
    }

    pub fn resume(&mut self) {
        self.signal(Signal::CONT);
    }

    /// Kills the program and waits until it is gone.
    pub fn kill9(&mut self) {
        if self.try_wait().is_none() {
            self.child
                .kill()
                .expect("a child that was not waited for can be killed");
            self.status = Some(self.child.wait().expect("a child can be waited for"));
        }
    }

    /// Resident memory in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))
            .expect("a running process has a status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.expect("a running process has resident memory") * 1024
    }

    fn signal(&mut self, signal: Signal) {
        // A child that was waited for no longer owns its process id.
        assert!(
            self.try_wait().is_none(),
            "{}",
            self.obituary("a signal reaches it")
        );
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("an own child can be signalled");
    }

    fn obituary(&self, awaited: &str) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n");
        let status = self
            .status
            .map(|status| status.to_string())
            .unwrap_or_default();
        format!(
            "{} ended ({status}) before {awaited}; its log ends:\n{tail}",
            self.name
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill9();
        if std::thread::panicking() {
            eprintln!("--- log of {} ---\n{}", self.name, self.log());
        }
    }
}

#[cfg(test)]
mod tests;
