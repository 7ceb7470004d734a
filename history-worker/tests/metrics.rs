//! What the worker tells about itself.

mod common;

use common::{PATIENCE, Stage, keys};
use parlor_testkit::wait_until;

#[tokio::test]
async fn the_metrics_are_valid_and_tell_what_was_done() {
    let stage = Stage::new().await;
    let rooms = stage.rooms(20);
    let worker = stage.worker(&[]).await;
    stage.publish(&rooms, 1_000).await;
    stage.wait_until_drained().await;
    let counted = async || worker.value("parlor_history_persisted_total").await == 1_000;
    wait_until(PATIENCE, "all are counted", counted).await;

    let metrics = worker.metrics().await;
    let value = |name| metrics.value(name, &[]);
    assert_eq!(value("parlor_history_leases_owned"), Some(16.0));
    assert_eq!(value("parlor_history_partitions"), Some(16.0));
    assert_eq!(value("parlor_history_passed_over_total"), Some(0.0));
    assert_eq!(value("parlor_history_unreadable_total"), Some(0.0));
    assert_eq!(value("parlor_history_fenced_total"), Some(0.0));
    assert_eq!(value("parlor_history_leases_lost_total"), Some(0.0));
    assert_eq!(value("parlor_history_redis_errors_total"), Some(0.0));
    assert_eq!(
        value("parlor_history_batches_total"),
        value("parlor_history_persist_duration_seconds_count")
    );
    for reason in ["age", "count"] {
        let trimmed = metrics.value("parlor_history_trimmed_total", &[("reason", reason)]);
        assert_eq!(trimmed, Some(0.0));
    }
    assert!(value("process_resident_memory_bytes").is_some());
}

#[tokio::test]
async fn the_backlog_and_its_age_are_told() {
    let stage = Stage::new().await;
    let rooms = stage.rooms(1);
    // A list of another kind can't be written to, so its partition can't go on, nor lose anything.
    let list = keys().channel_messages(&rooms[0]);
    stage.server.cli(&["SET", &list, "in the way"]);
    let worker = stage.worker(&[]).await;
    let published = stage.publish(&rooms, 10).await;
    let told = async || {
        worker.value("parlor_history_backlog_entries").await == 10
            && worker
                .metrics()
                .await
                .sum("parlor_history_backlog_age_seconds")
                > 0.0
            && worker.value("parlor_history_redis_errors_total").await > 0
    };
    wait_until(PATIENCE, "the backlog is told", told).await;
    stage.server.cli(&["DEL", &list]);
    stage.wait_until_drained().await;
    stage.check(&rooms, &published, usize::MAX);
    let gone = async || worker.value("parlor_history_backlog_entries").await == 0;
    wait_until(PATIENCE, "the backlog is gone", gone).await;
}

#[tokio::test]
async fn how_redis_is_is_told() {
    let stage = Stage::new().await;
    let limit = 512 << 20;
    stage
        .server
        .cli(&["CONFIG", "SET", "maxmemory", &limit.to_string()]);
    let worker = stage.worker(&[]).await;
    let told = async || worker.value("parlor_redis_memory_limit_bytes").await == limit;
    wait_until(PATIENCE, "the limit is told", told).await;
    let metrics = worker.metrics().await;
    let value = |name| metrics.value(name, &[]).expect("is told");
    let used = value("parlor_redis_memory_used_bytes");
    assert!((100_000.0..limit as f64).contains(&used), "{used}");
    assert!(value("parlor_redis_main_thread_cpu_seconds_total") > 0.0);
    assert_eq!(value("parlor_redis_evicted_keys_total") as u64, 0);
    assert_eq!(value("parlor_redis_persistence_ok") as u64, 1);
}
