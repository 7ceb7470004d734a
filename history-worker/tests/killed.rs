//! A worker that is killed in the middle of its work: nothing is lost, doubled or out of order.

mod common;

use common::{PATIENCE, Stage};
use parlor_testkit::wait_until;

#[tokio::test]
async fn a_killed_worker_loses_doubles_and_reorders_nothing() {
    const MESSAGES: usize = 50_000;
    let stage = Stage::new().await;
    let rooms = stage.rooms(20);
    let mut worker = stage.worker(&[]).await;
    let working = async {
        for kills in 1..=3 {
            let reached = kills * MESSAGES / 5;
            wait_until(PATIENCE, "a part is stored", async || {
                stage.stored(&rooms) >= reached
            })
            .await;
            worker.process.kill9();
            worker = stage.worker(&[]).await;
        }
    };
    let (published, ()) = tokio::join!(stage.publish(&rooms, MESSAGES), working);
    stage.wait_until_drained().await;
    stage.check(&rooms, &published, usize::MAX);
}
