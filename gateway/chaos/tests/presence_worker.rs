//! A presence-worker dies: another takes over before anybody seems to be offline.

use std::time::{Duration, Instant};

use parlor_chaos::{
    fleet::Plan,
    stage::{Crowd, Stage},
};
use parlor_shared::keyspace;

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
    let users: Vec<String> = stage
        .members
        .iter()
        .filter_map(|member| member.record().user.map(keyspace::user_status))
        .collect();
    let mut question = vec!["EXISTS"];
    question.extend(users.iter().map(String::as_str));
    let all = users.len().to_string();
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
