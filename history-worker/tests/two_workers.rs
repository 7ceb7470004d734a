//! Two workers at once share the partitions, and hand them over as they come and go.

mod common;

use std::collections::BTreeMap;

use common::{PATIENCE, Stage};
use parlor_testkit::wait_until;

/// How many partitions each holder of one has.
fn shares(stage: &Stage) -> Vec<usize> {
    let mut shares = BTreeMap::new();
    for token in stage.lease_holders() {
        *shares.entry(token).or_insert(0) += 1;
    }
    shares.into_values().collect()
}

#[tokio::test]
async fn workers_share_partitions_while_messages_flow() {
    let stage = Stage::new().await;
    let rooms = stage.rooms(20);
    let _first = stage.worker(&[]).await;
    let sharing = async {
        wait_until(PATIENCE, "the first has all", async || {
            shares(&stage) == [16]
        })
        .await;
        let mut second = stage.worker(&[]).await;
        wait_until(PATIENCE, "each has half", async || shares(&stage) == [8, 8]).await;
        second.process.terminate();
        assert!(second.process.wait(PATIENCE).await.success());
        wait_until(PATIENCE, "the first has all again", async || {
            shares(&stage) == [16]
        })
        .await;
    };
    let (published, ()) = tokio::join!(stage.publish(&rooms, 20_000), sharing);
    stage.wait_until_drained().await;
    stage.check(&rooms, &published, usize::MAX);
}
