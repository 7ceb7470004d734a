//! Redis behind TLS, with a certificate each way, and users who may do what `deploy/REDIS.md` says
//! and nothing else: everything works, also after connections or servers were lost.

use parlor_chaos::{
    checker::Allowed,
    fleet::Plan,
    secure::Rules,
    stage::{Crowd, Stage},
    store::Kind,
};
use parlor_shared::keyspace::{Keyspace, slots};

const DOCUMENT: &str = include_str!("../../../deploy/REDIS.md");

/// The rules of a user, as people are told to set them.
fn documented(user: &str) -> String {
    let begin = format!("ACL SETUSER {user} on >PASSWORD ");
    let command = DOCUMENT
        .lines()
        .find_map(|line| line.trim().strip_prefix(&begin));
    command.expect("the document has the command").to_owned()
}

/// What a user needs beside those, by the section of the document on a kind of Redis.
fn also_needed(section: &str) -> String {
    let heading = format!("\n## {section}\n");
    let begin = DOCUMENT.find(&heading).expect("the section") + heading.len();
    let text = DOCUMENT[begin..].split("\n## ").next().expect("its text");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, rule) = words.split_once("also needs `").expect("what it needs");
    rule.split('`').next().expect("a rule").to_owned()
}

fn plan(redis: Kind, section: Option<&str>) -> Plan {
    let more = section.map(also_needed).unwrap_or_default();
    Plan {
        redis,
        acl_rules: Some(Rules {
            servers: format!("{} {more}", documented("parlor")),
            sentinels: documented("watcher"),
        }),
        ..Plan::default()
    }
}

/// Nothing was refused by the servers that run, but what the document says.
fn assert_enough(stage: &Stage) {
    let mut parlor = 0;
    for server in stage.fleet.redis.servers() {
        if server.command(&["PING"]).is_err() {
            continue;
        }
        let log = server.cli(&["ACL", "LOG", "128"]);
        let lines: Vec<&str> = log.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[0] == "object") {
            assert_eq!(pair[1], "config|get", "it is asked for once, at the start");
        }
        let clients = server.cli(&["CLIENT", "LIST"]);
        let clients = clients.lines();
        parlor += clients.filter(|it| it.contains(" user=parlor ")).count();
    }
    assert!(
        parlor >= 8,
        "{parlor} connections of the parts are that user's"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_least_user_over_tls_is_enough() {
    let plan = plan(Kind::One, None);
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
    assert_enough(&stage);
    stage.finish().await.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_least_users_over_tls_follow_sentinels() {
    let plan = plan(Kind::Sentinel, Some("Sentinel"));
    let mut stage = Stage::start(plan, Crowd::default(), 8).await;
    stage.allowed = Allowed {
        told_gaps: true,
        new_epochs: true,
        losses: true,
        ..Allowed::default()
    };
    let load = stage.load(100);
    stage.acknowledged(100).await;
    let set = stage.fleet.redis.sentinel();
    set.primary.kill9();
    set.failed_over().await;
    stage.acknowledged(200).await;
    stage.quiet(load).await;
    assert_enough(&stage);
    assert_eq!(stage.fleet.redis.sentinel().refusals(), [""; 0]);
    stage.finish().await.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_least_user_over_tls_is_enough_on_a_cluster() {
    let plan = plan(Kind::Cluster(3, 1), Some("Cluster"));
    let mut stage = Stage::start(plan, Crowd::default(), 9).await;
    stage.allowed = Allowed {
        told_gaps: true,
        new_epochs: true,
        losses: true,
        ..Allowed::default()
    };
    let load = stage.load(100);
    stage.acknowledged(100).await;
    let cluster = stage.fleet.redis.cluster();
    let slot = slots::slot(Keyspace::new(16).messages(0).as_bytes());
    let at = cluster.owner(slot).expect("an owner");
    cluster.nodes[at].kill9();
    cluster.taken_over(slot, at).await;
    stage.acknowledged(200).await;
    stage.quiet(load).await;
    assert_enough(&stage);
    stage.finish().await.assert_clean();
}
