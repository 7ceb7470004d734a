//! What the worker tells about itself.

mod common;

use common::{PATIENCE, Stage};
use parlor_testkit::wait_until;

#[tokio::test]
async fn the_metrics_are_valid_and_tell_what_was_done() {
    let stage = Stage::new().await;
    let gateway = stage.gateway().await;
    let ada = stage.person("Ada", "user").await;
    gateway.enter(&stage, &ada).await;
    let worker = stage.worker(&[]).await;
    let refreshed = async || worker.value("parlor_presence_refreshes_total").await >= 1;
    wait_until(PATIENCE, "the user was refreshed", refreshed).await;
    let metrics = worker.metrics().await;
    let value = |name| metrics.value(name, &[]);
    assert_eq!(value("parlor_presence_gateways_owned"), Some(1.0));
    assert_eq!(value("parlor_presence_gateways"), Some(1.0));
    let age = value("parlor_presence_refresh_age_seconds").expect("is told");
    assert!((0.0..60.0).contains(&age), "{age}");
    for name in [
        "parlor_presence_restored_total",
        "parlor_presence_offline_announced_total",
        "parlor_presence_dead_gateways_total",
        "parlor_presence_leases_lost_total",
        "parlor_presence_redis_errors_total",
    ] {
        assert_eq!(value(name), Some(0.0), "{name}");
    }
    for reason in ["departed", "dead_gateway"] {
        let reaped = metrics.value("parlor_presence_reaped_total", &[("reason", reason)]);
        assert_eq!(reaped, Some(0.0));
    }
    assert!(value("process_resident_memory_bytes").is_some());
}
