//! Redis behind TLS, with a certificate each way, and a user who may do what `deploy/REDIS.md` says
//! and nothing else: everything works, also after the connections were lost.

use parlor_chaos::{
    fleet::Plan,
    stage::{Crowd, Stage},
};

const DOCUMENT: &str = include_str!("../../../deploy/REDIS.md");

/// The rules as people are told to set them.
fn documented_rules() -> String {
    let command = DOCUMENT
        .lines()
        .find_map(|line| line.trim().strip_prefix("ACL SETUSER parlor on >PASSWORD "))
        .expect("the document has the command");
    command.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_least_user_over_tls_is_enough() {
    let plan = Plan {
        acl_rules: Some(documented_rules()),
        ..Plan::default()
    };
    let mut stage = Stage::start(plan, Crowd::default(), 7).await;
    let load = stage.load(100);
    stage.acknowledged(100).await;
    for part in stage.fleet.parts_mut() {
        part.redis.cut().await;
    }
    stage.fleet.gateways[0].kill9();
    stage.acknowledged(100).await;
    stage.fleet.gateways[0].launch();
    stage.fleet.gateways[0].ready().await;
    stage.quiet(load).await;
    let log = stage.fleet.redis.cli(&["ACL", "LOG", "128"]);
    let lines: Vec<&str> = log.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair[0] == "object") {
        assert_eq!(pair[1], "config|get", "it is asked for once, at the start");
    }
    let clients = stage.fleet.redis.cli(&["CLIENT", "LIST"]);
    let parlor = clients
        .lines()
        .filter(|client| client.contains(" user=parlor "))
        .count();
    assert!(parlor >= 8, "the parts are that user:\n{clients}");
    stage.finish().await.assert_clean();
}
