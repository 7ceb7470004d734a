//! Acknowledged only once replicas have it: a real master and a real replica that stops.

use std::collections::BTreeMap;

use parlor_gateway::app;
use parlor_shared::{
    client::{Client, ClientError},
    config::{self, GatewayConfig},
    id::Address,
    lifecycle::Lifecycle,
    protocol::{ErrorCode, client::ChannelMessages},
};
use parlor_testkit::{RedisServer, wait_until};

use crate::common::{PATIENCE, TestGateway};

async fn with_replica() -> (RedisServer, RedisServer) {
    let master = RedisServer::builder().alone().start().await;
    let replica = RedisServer::builder()
        .alone()
        .option("replicaof", &format!("127.0.0.1 {}", master.port()))
        .option("repl-diskless-load", "swapdb")
        .start()
        .await;
    wait_until(PATIENCE, "the replica has synced", async || {
        replica
            .cli(&["INFO", "replication"])
            .contains("master_link_status:up")
    })
    .await;
    (master, replica)
}

/// The `seq` of a message's ack, or the code of its refusal.
async fn say(client: &mut Client, name: &str) -> Result<u64, u32> {
    match client.say_as(&Address::General, "hi", Some(name)).await {
        Ok(ack) => Ok(ack.seq),
        Err(ClientError::Refused(body)) => {
            assert!(body.retryable);
            Err(body.code)
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_acknowledged_when_the_replica_has_it() {
    let (master, mut replica) = with_replica().await;
    let settings = ["--ack-replicas=1", "--ack-timeout=200ms"];
    let gateway = TestGateway::start_with(&master, &settings).await;
    let mut ann = gateway.guest_in("Ann", &Address::General).await;
    // One that has just synced may take longer than the timeout to confirm.
    wait_until(PATIENCE, "the replica confirms", async || {
        say(&mut ann, "one").await == Ok(1)
    })
    .await;

    replica.pause();
    let refused = Err(ErrorCode::Unavailable.number());
    assert_eq!(say(&mut ann, "two").await, refused);
    assert_eq!(
        say(&mut ann, "two").await,
        refused,
        "that it was stored before is no confirmation"
    );

    replica.resume();
    wait_until(PATIENCE, "the replica confirms again", async || {
        say(&mut ann, "two").await == Ok(2)
    })
    .await;
    let page = ann.history(ChannelMessages::default()).await;
    let page = page.expect("history");
    assert_eq!(page.messages.len(), 2, "sent again, and stored once");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_replicas_than_there_are_confirm_nothing() {
    let redis = RedisServer::start().await;
    let settings = ["--ack-replicas=1", "--ack-timeout=20ms"];
    let gateway = TestGateway::start_with(&redis, &settings).await;
    let mut ann = gateway.guest_in("Ann", &Address::General).await;
    let refused = Err(ErrorCode::Unavailable.number());
    assert_eq!(say(&mut ann, "one").await, refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_can_not_tell_of_its_disk_is_refused() {
    // Without an append-only file every version of Redis is, older ones for their age.
    let redis = RedisServer::start().await;
    let flags = [
        format!("--redis-url={}", redis.url()),
        "--server-address=127.0.0.1:0".into(),
        "--admin-address=127.0.0.1:0".into(),
        "--ack-fsync".into(),
    ];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let config: GatewayConfig =
        config::parse_from(&flags, &BTreeMap::new(), None, None).expect("valid settings");
    let Err(refusal) = app::start(config, &Lifecycle::manual()).await else {
        panic!("the gateway starts")
    };
    let text = format!("{refusal:#}");
    assert!(text.starts_with("ACK_FSYNC needs"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}
