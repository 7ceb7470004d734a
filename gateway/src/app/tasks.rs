//! Tasks that a gateway is nothing without.

use parlor_shared::lifecycle::Lifecycle;

/// Runs a task that connections need until they have ended: it lives through the drain and is then
/// dropped, and takes the gateway down if it ends before.
pub(super) fn until_drained(
    lifecycle: &Lifecycle,
    name: &'static str,
    task: impl Future<Output = ()> + Send + 'static,
) {
    let soft = lifecycle.soft();
    let (running, failing) = (soft.clone(), lifecycle.clone());
    // Not tracked: the program doesn't wait for it, the drain does for those who need it.
    tokio::spawn(async move {
        let ended = std::panic::AssertUnwindSafe(task);
        let outcome = futures_util::FutureExt::catch_unwind(ended).await;
        if !running.is_cancelled() {
            let how = if outcome.is_err() {
                "panicked"
            } else {
                "ended early"
            };
            failing.fail(format!("the task {name} {how}"));
        }
    });
}
