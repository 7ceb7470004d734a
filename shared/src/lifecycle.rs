//! How a program lives and ends.
//!
//! Shutdown has two stages. The *soft* token asks tasks to finish what they have begun; it is
//! cancelled by the first SIGTERM or SIGINT. The *hard* token tells them to drop it; it is cancelled
//! by a second signal or when the grace is over. Tasks that must live are spawned by name: one that
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
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    next_task: u64,
    /// The named tasks that run, to say who is late.
    running: BTreeMap<u64, String>,
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
        let name = name.into();
        let id = self.begin(&name);
        let lifecycle = self.clone();
        self.tracker.spawn(async move {
            let result = AssertUnwindSafe(task).catch_unwind().await;
            lifecycle.state().running.remove(&id);
            match result {
                Ok(Ok(())) if lifecycle.soft.is_cancelled() => {}
                Ok(Ok(())) => lifecycle.fail(format!("the task {name} ended early")),
                Ok(Err(error)) => lifecycle.fail(format!("the task {name} failed: {error:#}")),
                Err(panic) => {
                    let message = panic_message(panic.as_ref());
                    lifecycle.fail(format!("the task {name} panicked: {message}"));
                }
            }
        });
    }

    /// For tasks that may end at any time, such as connections: the shutdown waits for them, and
    /// their end means nothing.
    pub fn tracker(&self) -> &TaskTracker {
        &self.tracker
    }

    /// Lives until the soft token is cancelled, then waits up to `grace` for the tasks, then cancels
    /// the hard token and waits a little more.
    pub async fn run(&self, grace: Duration) -> Ending {
        self.soft.cancelled().await;
        self.tracker.close();
        let finished = tokio::select! {
            finished = timeout(grace, self.tracker.wait()) => finished.is_ok(),
            () = self.hard.cancelled() => false,
        };
        if !finished {
            let late = self.running_tasks();
            tracing::warn!(tasks = %late, "not finished in time, stopping at once");
            self.hard.cancel();
            let stopped =
                timeout(Duration::from_secs(HARD_STOP_SECONDS), self.tracker.wait()).await;
            if stopped.is_err() {
                tracing::error!(tasks = %self.running_tasks(), "leaving without these tasks");
            }
            let reason = format!("not finished in time: {late}");
            self.state().failure.get_or_insert(reason);
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

    fn begin(&self, name: &str) -> u64 {
        let mut state = self.state();
        let id = state.next_task;
        state.next_task += 1;
        state.running.insert(id, name.to_owned());
        id
    }

    fn running_tasks(&self) -> String {
        let names: Vec<_> = self.state().running.values().cloned().collect();
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
mod tests {
    use std::future::pending;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// For tasks that finish by themselves.
    const GRACE: Duration = Duration::from_secs(30);

    /// For tasks that don't.
    const SHORT_GRACE: Duration = Duration::from_millis(20);

    fn failed(ending: Ending) -> String {
        match ending {
            Ending::Failed(reason) => reason,
            Ending::Clean => panic!("ended cleanly"),
        }
    }

    #[tokio::test]
    async fn a_shutdown_waits_for_the_tasks_and_is_clean() {
        let lifecycle = Lifecycle::manual();
        let saved = Arc::new(AtomicBool::new(false));
        let (soft, flag) = (lifecycle.soft(), saved.clone());
        lifecycle.spawn("saver", async move {
            soft.cancelled().await;
            tokio::task::yield_now().await;
            flag.store(true, Ordering::SeqCst);
            Ok(())
        });
        lifecycle.shutdown();
        assert_eq!(lifecycle.run(GRACE).await, Ending::Clean);
        assert!(saved.load(Ordering::SeqCst));
        assert!(!lifecycle.hard().is_cancelled());
    }

    #[tokio::test]
    async fn a_task_that_dies_ends_the_program() {
        let lifecycle = Lifecycle::manual();
        lifecycle.spawn("reader", async { anyhow::bail!("no more input") });
        let reason = failed(lifecycle.run(GRACE).await);
        assert_eq!(reason, "the task reader failed: no more input");

        let lifecycle = Lifecycle::manual();
        lifecycle.spawn("reader", async { panic!("index out of {}", "bounds") });
        let reason = failed(lifecycle.run(GRACE).await);
        assert_eq!(reason, "the task reader panicked: index out of bounds");

        let lifecycle = Lifecycle::manual();
        lifecycle.spawn("reader", async { Ok(()) });
        assert_eq!(
            failed(lifecycle.run(GRACE).await),
            "the task reader ended early"
        );
    }

    #[tokio::test]
    async fn one_dead_task_asks_the_others_to_finish() {
        let lifecycle = Lifecycle::manual();
        let soft = lifecycle.soft();
        lifecycle.spawn("server", async move {
            soft.cancelled().await;
            Ok(())
        });
        lifecycle.spawn("reader", async { anyhow::bail!("gone") });
        assert!(failed(lifecycle.run(GRACE).await).contains("reader"));
    }

    #[tokio::test]
    async fn the_deadline_cancels_the_hard_token_and_names_who_is_late() {
        let lifecycle = Lifecycle::manual();
        let hard = lifecycle.hard();
        lifecycle.spawn("slow", async move {
            hard.cancelled().await;
            Ok(())
        });
        lifecycle.shutdown();
        let reason = failed(lifecycle.run(SHORT_GRACE).await);
        assert_eq!(reason, "not finished in time: slow");
        assert!(lifecycle.running_tasks().starts_with('0'));
    }

    #[tokio::test]
    async fn a_task_that_ignores_both_tokens_does_not_keep_the_process() {
        let lifecycle = Lifecycle::manual();
        lifecycle.spawn("stuck", pending());
        lifecycle.shutdown();
        assert!(failed(lifecycle.run(SHORT_GRACE).await).contains("stuck"));
    }

    #[tokio::test]
    async fn an_abort_does_not_wait_for_the_grace() {
        let lifecycle = Lifecycle::manual();
        let hard = lifecycle.hard();
        lifecycle
            .tracker()
            .spawn(async move { hard.cancelled().await });
        let began = tokio::time::Instant::now();
        lifecycle.abort();
        let reason = failed(lifecycle.run(GRACE).await);
        assert!(reason.contains("unnamed"), "{reason}");
        assert!(began.elapsed() < GRACE);
    }
}
