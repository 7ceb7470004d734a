//! Watching a Parlor from outside: what is whole is called whole, and what was lost is told.

use parlor_chaos::{
    fleet::{Fleet, PATIENCE, Plan},
    ledger::Kind,
    people::Crowd,
    stage::report::Report,
    watch::{self, Visit},
};
use parlor_testkit::wait_until;
use tokio::sync::oneshot;

/// Messages of the watchers in Redis before and after what happens to them.
const SOME: u64 = 100;

/// Watches a fleet of one gateway while something happens to it.
async fn watched(mut fleet: Fleet, meanwhile: impl AsyncFnOnce(&mut Fleet)) -> Report {
    let visit = Visit {
        url: fleet.urls().remove(0),
        crowd: Crowd::default(),
        rate: 100,
        seed: 5,
        prefix: "watch-test".to_owned(),
        history_limit: 10_000,
    };
    let (end, ended) = oneshot::channel::<()>();
    let watching = watch::run(visit, async {
        ended.await.expect("the test lives");
    });
    let happening = async {
        published(&fleet, SOME).await;
        meanwhile(&mut fleet).await;
        published(&fleet, SOME).await;
        end.send(()).expect("watched to the end");
    };
    tokio::join!(watching, happening).0
}

/// Waits until the gateway has published so many more.
async fn published(fleet: &Fleet, more: u64) {
    let count = async || {
        let metrics = fleet.gateways[0].metrics().await;
        metrics.value("parlor_messages_published_total", &[])
    };
    let goal = count().await.unwrap_or_default() + more as f64;
    wait_until(PATIENCE, "more messages are published", async || {
        count().await.is_some_and(|count| count >= goal)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_is_replaced_is_nothing_to_complain_about() {
    let fleet = Fleet::start(Plan {
        gateways: 1,
        ..Plan::default()
    });
    let report = watched(fleet.await, async |fleet| fleet.rolling_restart().await).await;
    report.assert_clean();
    assert!(report.acknowledged >= SOME, "{}", report.acknowledged);
    assert!(report.reconnections >= 12, "{}", report.reconnections);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_vanish_from_the_store_are_noticed() {
    let fleet = Fleet::start(Plan {
        gateways: 1,
        ..Plan::default()
    });
    let report = watched(fleet.await, async |fleet| {
        let lists = fleet.redis.cli(&["KEYS", "channelMessages:*"]);
        for list in lists.lines() {
            fleet.redis.cli(&["LTRIM", list, "5", "-1"]);
        }
    })
    .await;
    let kinds: Vec<Kind> = report.violations.iter().map(|it| it.kind).collect();
    assert!(kinds.contains(&Kind::History), "{report}");
}
