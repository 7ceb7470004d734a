//! Waiting for conditions.

use std::time::{Duration, Instant};

/// Short enough to be no part of what a test measures, long enough not to keep a core busy.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Polls until the condition is true; panics with `what` was awaited when the time is over.
pub async fn wait_until(timeout: Duration, what: &str, mut condition: impl AsyncFnMut() -> bool) {
    wait_for(timeout, what, async || condition().await.then_some(())).await;
}

/// Polls until there is a value and gives it back; panics with `what` was awaited when the time is
/// over. A poll that hangs is cut off with it.
pub async fn wait_for<T>(
    timeout: Duration,
    what: &str,
    mut condition: impl AsyncFnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + timeout;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left.max(POLL_INTERVAL), condition()).await {
            Ok(Some(value)) => return value,
            Ok(None) if Instant::now() < deadline => tokio::time::sleep(POLL_INTERVAL).await,
            Ok(None) | Err(_) => panic!("waited {timeout:?} in vain until {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn gives_back_the_value_as_soon_as_there_is_one() {
        let mut polls = 0;
        let value = wait_for(Duration::from_secs(10), "the third poll", async || {
            polls += 1;
            (polls == 3).then_some(polls)
        });
        assert_eq!(value.await, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "in vain until pigs fly")]
    async fn says_what_was_awaited() {
        wait_until(Duration::from_millis(30), "pigs fly", async || false).await;
    }

    #[tokio::test]
    #[should_panic(expected = "in vain until it answers")]
    async fn a_poll_that_hangs_is_cut_off() {
        wait_until(
            Duration::from_millis(30),
            "it answers",
            std::future::pending,
        )
        .await;
    }
}
