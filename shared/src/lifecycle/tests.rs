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
}

#[tokio::test]
async fn background_tasks_live_until_the_others_have_ended() {
    let lifecycle = Lifecycle::manual();
    let (soft, hard) = (lifecycle.soft(), lifecycle.hard());
    let still_served = hard.clone();
    lifecycle.spawn("worker", async move {
        soft.cancelled().await;
        tokio::task::yield_now().await;
        anyhow::ensure!(!still_served.is_cancelled(), "the server went first");
        Ok(())
    });
    lifecycle.spawn_background("server", async move {
        hard.cancelled().await;
        Ok(())
    });
    lifecycle.shutdown();
    assert_eq!(lifecycle.run(GRACE).await, Ending::Clean);

    let lifecycle = Lifecycle::manual();
    lifecycle.spawn_background("server", async { Ok(()) });
    assert_eq!(
        failed(lifecycle.run(GRACE).await),
        "the task server ended early"
    );
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
    assert!(lifecycle.late_tasks().starts_with('0'));
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
