//! A Redis that would lose messages is refused at the start, in one sentence with the cure.

use parlor_testkit::{Process, RedisServer, binary};

use crate::common::PATIENCE;

/// What the gateway said, and whether it gave up.
async fn start_on(redis: &RedisServer) -> (bool, String) {
    let mut gateway = Process::builder(binary("gateway"))
        .args(["--redis-url", &redis.url()])
        .args(["--server-address", "127.0.0.1:0"])
        .args(["--admin-address", "127.0.0.1:0"])
        .start();
    let gave_up = gateway.wait(PATIENCE).await.code() == Some(1);
    (gave_up, gateway.log())
}

#[tokio::test]
async fn one_that_evicts_messages_is_refused() {
    let redis = RedisServer::builder()
        .option("maxmemory", "64mb")
        .option("maxmemory-policy", "allkeys-lru")
        .start()
        .await;
    let (gave_up, log) = start_on(&redis).await;
    assert!(
        gave_up && log.contains("set maxmemory-policy noeviction"),
        "{log}"
    );
    assert_eq!(redis.cli(&["DBSIZE"]), "0", "nothing was written");
}

#[tokio::test]
async fn a_replica_is_refused() {
    let primary = RedisServer::builder().alone().start().await;
    let address = format!("127.0.0.1 {}", primary.port());
    let replica = RedisServer::builder()
        .alone()
        .option("replicaof", &address)
        .start()
        .await;
    let (gave_up, log) = start_on(&replica).await;
    assert!(gave_up && log.contains("address of its primary"), "{log}");
}
