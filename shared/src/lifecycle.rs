//! How a program lives and ends.
//!
//! Shutdown has two stages. The *soft* token asks tasks to finish what they have begun; it is
//! cancelled by the first SIGTERM or SIGINT. The *hard* token tells them to drop it; it is cancelled
//! by a second signal, when the grace is over, or when nothing is left to wait for. Tasks that must live are spawned by name: one that
//! panics, fails, or ends before it was asked to takes the whole process down with a logged reason,
//! because a program that has silently lost a part is worse than one that is restarted.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long tasks may take to notice the hard token before the process leaves without them.
const HARD_STOP_SECONDS: u64 = 2;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Every task finished after it was asked to.
    Clean,
    /// A task died, or some did not finish in time; the sentence says which.
    Failed(String),
}

/// A cloneable handle to the program's life.
#[derive(Debug, Clone)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tracker: TaskTracker,
    /// Tasks that serve the others and end after them.
    background: TaskTracker,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    next_task: u64,
    /// The named tasks that run and the token that ends each, to say who is late.
    running: BTreeMap<u64, (String, CancellationToken)>,
    /// The first reason for which the program has to end; later ones are mostly its consequences.
    failure: Option<String>,
}

impl Lifecycle {
    /// A life that ends on SIGTERM and SIGINT. To be made before anything slow, so that a signal
    /// during start-up is not lost.
    pub fn new() -> io::Result<Self> {
        let lifecycle = Self::manual();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let (soft, hard) = (lifecycle.soft.clone(), lifecycle.hard.clone());
        tokio::spawn(async move {
            for (token, stage) in [(soft, "shutting down"), (hard, "aborting")] {
                let name = tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                };
                tracing::info!(signal = name, "{stage}");
                token.cancel();
            }
        });
        Ok(lifecycle)
    }

    /// A life that ends by [`Self::shutdown`] alone, for tests with several programs in one process.
    pub fn manual() -> Self {
        Self {
            soft: CancellationToken::new(),
            hard: CancellationToken::new(),
            tracker: TaskTracker::new(),
            background: TaskTracker::new(),
            state: Arc::default(),
        }
    }

    /// Cancelled when tasks are to finish.
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled when tasks are to stop at once.
    pub fn hard(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// Begins the soft stage, as the first signal does.
    pub fn shutdown(&self) {
        self.soft.cancel();
    }

    /// Begins the hard stage, as the second signal does.
    pub fn abort(&self) {
        self.soft.cancel();
        self.hard.cancel();
    }

    /// Ends the program for a reason that no task can return.
    pub fn fail(&self, reason: impl Into<String>) {
        let reason = reason.into();
        tracing::error!(%reason, "the program has to end");
        self.state().failure.get_or_insert(reason);
        self.soft.cancel();
    }

    /// Runs a task that must live until the soft token is cancelled. Its error, its panic, or its end
    /// before that ends the program.
    pub fn spawn<F>(&self, name: impl Into<String>, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.tracker
            .spawn(self.supervise(name.into(), self.soft(), task));
    }

    /// Runs a task that serves the others until they have ended, such as the admin server: it must
    /// live until the hard token is cancelled, which happens as soon as all other tasks are done.
    pub fn spawn_background<F>(&self, name: impl Into<String>, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.background
            .spawn(self.supervise(name.into(), self.hard(), task));
    }

    /// For tasks that may end at any time, such as connections: the shutdown waits for them, and
    /// their end means nothing.
    pub fn tracker(&self) -> &TaskTracker {
        &self.tracker
    }

    /// Lives until the soft token is cancelled, then waits up to `grace` for the tasks, then cancels
    /// the hard token and waits a little for the rest.
    pub async fn run(&self, grace: Duration) -> Ending {
        self.soft.cancelled().await;
        self.tracker.close();
        self.background.close();
        let finished = tokio::select! {
            finished = timeout(grace, self.tracker.wait()) => finished.is_ok(),
            () = self.hard.cancelled() => false,
        };
        if !finished {
            let late = self.late_tasks();
            tracing::warn!(tasks = %late, "not finished in time, stopping at once");
            self.state()
                .failure
                .get_or_insert(format!("not finished in time: {late}"));
        }
        self.hard.cancel();
        let all = async { tokio::join!(self.tracker.wait(), self.background.wait()) };
        if timeout(Duration::from_secs(HARD_STOP_SECONDS), all)
            .await
            .is_err()
        {
            let late = self.late_tasks();
            tracing::error!(tasks = %late, "leaving without these tasks");
            self.state()
                .failure
                .get_or_insert(format!("not stopped in time: {late}"));
        }
        self.state()
            .failure
            .clone()
            .map_or(Ending::Clean, Ending::Failed)
    }

    /// [`Self::run`] for `main`: the exit code is not zero when anything went wrong.
    pub async fn run_until_shutdown(&self, grace: Duration) -> ExitCode {
        match self.run(grace).await {
            Ending::Clean => {
                tracing::info!("ended cleanly");
                ExitCode::SUCCESS
            }
            Ending::Failed(reason) => {
                tracing::error!(%reason, "ended");
                ExitCode::FAILURE
            }
        }
    }

    /// The task with what its end means: anything before `may_end` is cancelled ends the program.
    fn supervise<F>(
        &self,
        name: String,
        may_end: CancellationToken,
        task: F,
    ) -> impl Future<Output = ()> + Send + 'static + use<F>
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let id = self.begin(&name, may_end.clone());
        let lifecycle = self.clone();
        async move {
            let result = AssertUnwindSafe(task).catch_unwind().await;
            lifecycle.state().running.remove(&id);
            match result {
                Ok(Ok(())) if may_end.is_cancelled() => {}
                Ok(Ok(())) => lifecycle.fail(format!("the task {name} ended early")),
                Ok(Err(error)) => lifecycle.fail(format!("the task {name} failed: {error:#}")),
                Err(panic) => {
                    let message = panic_message(panic.as_ref());
                    lifecycle.fail(format!("the task {name} panicked: {message}"));
                }
            }
        }
    }

    fn begin(&self, name: &str, may_end: CancellationToken) -> u64 {
        let mut state = self.state();
        let id = state.next_task;
        state.next_task += 1;
        state.running.insert(id, (name.to_owned(), may_end));
        id
    }

    /// The tasks that were asked to end and have not.
    fn late_tasks(&self) -> String {
        let state = self.state();
        let late = state
            .running
            .values()
            .filter(|(_, may_end)| may_end.is_cancelled());
        let names: Vec<_> = late.map(|(name, _)| name.as_str()).collect();
        if names.is_empty() {
            return format!("{} unnamed tasks", self.tracker.len());
        }
        names.join(", ")
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing panics while holding the lock half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests;
