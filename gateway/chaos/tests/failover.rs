//! Redis fails over to a replica that is behind: what it lost is lost, and nobody is left to believe
//! that they have it all.

use parlor_chaos::{
    fleet::{Fleet, PATIENCE, Plan},
    member::address,
};
use parlor_shared::{
    client::Client,
    id::Address,
    protocol::{ServerFrame, server::Sys},
};
use parlor_testkit::{RedisServer, wait_until};

const ROOM: usize = 1;

async fn follow(follower: &RedisServer, leader: &RedisServer) {
    // By default it waits for more replicas to ask.
    leader.cli(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
    follower.cli(&["REPLICAOF", "127.0.0.1", &leader.port().to_string()]);
    wait_until(PATIENCE, "the replica to have everything", async || {
        let info = follower.cli(&["INFO", "replication"]);
        info.contains("master_link_status:up") && info.contains("master_sync_in_progress:0")
    })
    .await;
}

/// What a client is told of the room, in order: `Seq` of messages, and resyncs as negative numbers.
async fn told(client: &mut Client, until: &str) -> Vec<i64> {
    let mut told = Vec::new();
    loop {
        match client.next().await.expect("connected").frame {
            ServerFrame::ChannelMessage(message) => {
                told.push(message.seq as i64);
                if message.message == until {
                    return told;
                }
            }
            ServerFrame::Sys(Sys::Resync(resync)) => told.push(-(resync.seq as i64)),
            _ => {}
        }
    }
}

/// Everything that it takes, and what happened: the leader has gone over to a replica that has the
/// first ten of twenty messages, with all connections as they are. Bob was told all twenty.
struct FailedOver {
    ann: Client,
    bob: Client,
    room: Address,
    _fleet: Fleet,
    _replica: RedisServer,
}

impl FailedOver {
    async fn new(plan: Plan) -> Self {
        let fleet = Fleet::start(plan).await;
        let replica = RedisServer::start().await;
        let room = address(ROOM);
        let mut clients = Vec::new();
        for (name, gateway) in ["ann", "bob"].iter().zip(&fleet.gateways) {
            let mut client = Client::connect(&gateway.url()).await.expect("connects");
            client.guest(name).await.expect("signs in");
            client.join(&room).await.expect("joins");
            clients.push(client);
        }
        let mut bob = clients.pop().expect("two");
        let mut ann = clients.pop().expect("two");
        for number in 1..=10 {
            ann.say(&room, &number.to_string()).await.expect("sent");
        }
        follow(&replica, &fleet.redis).await;
        replica.cli(&["REPLICAOF", "NO", "ONE"]);
        for number in 11..=20 {
            let text = format!("{number}, which is lost");
            ann.say(&room, &text).await.expect("sent");
        }
        let before = told(&mut bob, "20, which is lost").await;
        assert_eq!(before, (1..=20).collect::<Vec<_>>());

        follow(&fleet.redis, &replica).await;
        fleet.redis.cli(&["REPLICAOF", "NO", "ONE"]);
        Self {
            ann,
            bob,
            room,
            _fleet: fleet,
            _replica: replica,
        }
    }
}

#[tokio::test]
async fn a_replica_that_was_behind_does_not_hide_what_follows() {
    let mut over = FailedOver::new(Plan::default().gateway("AUDIT_INTERVAL", "1h")).await;
    for number in 11..=25 {
        let text = number.to_string();
        let ack = over.ann.say(&over.room, &text).await.expect("sent");
        assert_eq!(ack.seq, number);
    }
    let after = told(&mut over.bob, "25").await;
    let mut expected = vec![-10];
    expected.extend(11..=25);
    assert_eq!(after, expected, "told of the loss, and then everything");
}

#[tokio::test]
async fn who_hears_nothing_more_is_told_of_the_loss_all_the_same() {
    let mut over = FailedOver::new(Plan::default().gateway("AUDIT_INTERVAL", "1s")).await;
    let lost_behind = over.bob.expect(|frame| match frame {
        ServerFrame::Sys(Sys::Resync(resync)) => Some(resync.seq),
        _ => None,
    });
    assert_eq!(lost_behind.await.expect("told"), 10);
}
