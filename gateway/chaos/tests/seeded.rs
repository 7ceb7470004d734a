//! A short run of faults drawn from a fixed seed.

use std::time::Duration;

use parlor_chaos::scenario::{Size, random};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_faults_of_a_fixed_seed_lose_nothing() {
    let size = Size {
        gateways: 2,
        workers: 2,
        clients: 20,
        rooms: 5,
        rooms_each: 2,
        rate: 60,
        seed: 7,
    };
    let report = random::run(size, Duration::from_secs(20)).await;
    report.assert_clean();
    assert!(report.acts >= 100, "{} changes", report.acts);
}
