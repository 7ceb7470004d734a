//! SIGTERM: the leases are free at once, so that another worker need not wait for them to expire.

mod common;

use std::time::{Duration, Instant};

use common::{PATIENCE, Stage};
use parlor_testkit::wait_until;

#[tokio::test]
async fn a_worker_that_is_told_to_end_releases_its_leases() {
    let stage = Stage::new().await;
    let rooms = stage.rooms(20);
    // A lease that nobody could wait for.
    let mut worker = stage.worker(&["--history-lease", "300s"]).await;
    let ending = async {
        wait_until(PATIENCE, "it has begun", async || {
            stage.stored(&rooms) > 1_000
        })
        .await;
        let told = Instant::now();
        worker.process.terminate();
        assert!(worker.process.wait(PATIENCE).await.success());
        assert!(
            told.elapsed() < Duration::from_secs(5),
            "{:?}",
            told.elapsed()
        );
        assert_eq!(stage.lease_holders().len(), 0);
        assert_eq!(stage.server.cli(&["ZCARD", "workers:history"]), "0");
        stage.worker(&[]).await
    };
    let (published, _next) = tokio::join!(stage.publish(&rooms, 20_000), ending);
    stage.wait_until_drained().await;
    stage.check(&rooms, &published, usize::MAX);
}
