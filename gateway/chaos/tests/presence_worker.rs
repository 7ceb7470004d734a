//! A presence-worker dies: another takes over before anybody seems to be offline. Redis is away:
//! nobody is taken for gone because of it, and who went meanwhile is.

use std::time::{Duration, Instant};

use parlor_chaos::{
    fleet::{PATIENCE, Plan},
    stage::{Crowd, Stage},
};
use parlor_shared::keyspace::Keyspace;
use parlor_testkit::wait_until;

/// Long enough that no status lives through it without a refresh.
const WATCHED: Duration = Duration::from_secs(10);
const STATUS_TTL: &str = "6s";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_takes_over_before_a_status_expires() {
    let plan = Plan {
        presence_workers: 2,
        ..Plan::default()
    };
    let plan = plan
        .presence("STATUS_TTL", STATUS_TTL)
        .presence("REFRESH_INTERVAL", "1s")
        .presence("PRESENCE_LEASE", "2s");
    let mut stage = Stage::start(plan, Crowd::default(), 91).await;
    let load = stage.load(50);
    let keyspace = Keyspace::new(16);
    let users: Vec<String> = stage
        .members
        .iter()
        .filter_map(|member| member.record().user.map(|user| keyspace.user_status(user)))
        .collect();
    let mut question = vec!["EXISTS"];
    question.extend(users.iter().map(String::as_str));
    let all = users.len().to_string();
    // From here on a status without a refresh is gone within the watch.
    let shortened = |user: &String| {
        let rest = stage.fleet.redis.cli(&["PTTL", user]);
        rest.trim()
            .parse()
            .is_ok_and(|ms| (0..=6_000).contains(&ms))
    };
    wait_until(PATIENCE, "every status to be refreshed", async || {
        users.iter().all(shortened)
    })
    .await;
    let watch = async |stage: &Stage| {
        let until = Instant::now() + WATCHED;
        while Instant::now() < until {
            assert_eq!(stage.fleet.redis.cli(&question).trim(), all);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    stage.fleet.presence_workers[0].kill9();
    watch(&stage).await;
    stage.fleet.presence_workers[0].launch();
    stage.fleet.presence_workers[0].ready().await;
    stage.fleet.presence_workers[1].kill9();
    watch(&stage).await;
    stage.fleet.presence_workers[1].launch();
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    assert_eq!(report.told_offline, 0);
}

/// How long Redis is away: longer than a gateway may be silent.
const OUTAGE: Duration = Duration::from_secs(11);
/// The gateways' hearts beat every five seconds.
const DEAD_AFTER: &str = "8s";

/// When each gateway's heart has beaten last, by Redis' clock in ms.
fn heartbeats(stage: &Stage) -> Vec<u64> {
    let gateways = Keyspace::new(16).gateways();
    let scores = stage
        .fleet
        .redis
        .cli(&["ZRANGE", &gateways, "0", "-1", "WITHSCORES"]);
    let scores = scores.lines().skip(1).step_by(2);
    scores.filter_map(|score| score.parse().ok()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_taken_for_gone_because_redis_was_away() {
    let plan = Plan {
        // That one of them is slower to beat again than the worker is to look.
        gateways: 4,
        ..Plan::default()
    };
    let plan = plan
        .presence("GATEWAY_DEAD_AFTER", DEAD_AFTER)
        .presence("OFFLINE_GRACE", "1s")
        .presence("PRESENCE_LEASE", "2s");
    let mut stage = Stage::start(plan, Crowd::default(), 92).await;
    stage.fleet.redis.kill9();
    tokio::time::sleep(OUTAGE).await;
    let back = parlor_shared::clock::now_ms();
    stage.fleet.redis.restart().await;
    wait_until(PATIENCE, "every gateway's heart to beat", async || {
        let beats = heartbeats(&stage);
        beats.len() == stage.fleet.gateways.len() && beats.iter().all(|beat| *beat > back)
    })
    .await;
    let metrics = stage.fleet.presence_workers[0].metrics().await;
    let dead = metrics.sum("parlor_presence_dead_gateways_total");
    assert!(dead < 1.0, "{dead} gateways were taken for dead");
    let report = stage.finish().await;
    report.assert_clean();
    assert_eq!(report.told_offline, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_closes_the_page_while_redis_is_away_is_offline_when_it_is_back() {
    let plan = Plan::default().presence("OFFLINE_GRACE", "1s");
    let mut stage = Stage::start(plan, Crowd::default(), 93).await;
    stage.fleet.redis.kill9();
    for member in stage.members.iter().step_by(2) {
        member.set_online(false);
    }
    let half = stage.members.len() as f64 / 2.0;
    wait_until(PATIENCE, "half of the pages to be closed", async || {
        let mut left = 0.0;
        for gateway in &stage.fleet.gateways {
            left += gateway.metrics().await.sum("parlor_connections");
        }
        left <= half
    })
    .await;
    stage.fleet.redis.restart().await;
    stage.finish().await.assert_clean();
}
