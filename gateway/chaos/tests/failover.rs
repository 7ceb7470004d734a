//! Redis fails over to a replica that is behind: what it lost is lost, and nobody is left to believe
//! that they have it all.

use parlor_chaos::{
    fleet::{Fleet, PATIENCE, Plan},
    member::address,
};
use parlor_shared::{
    client::Client,
    id::Address,
    protocol::{
        ServerFrame,
        client::ResumeRoom,
        server::{Authorized, Sys},
        value::RoomRef,
    },
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

/// What a client is told of the room up to a message: every `Seq` in order, and the epochs that it
/// is told to join again in.
async fn told(client: &mut Client, until: &str) -> (Vec<u64>, Vec<String>) {
    let (mut seqs, mut resyncs) = (Vec::new(), Vec::new());
    loop {
        match client.next().await.expect("connected").frame {
            ServerFrame::ChannelMessage(message) => {
                seqs.push(message.seq);
                if message.message == until {
                    return (seqs, resyncs);
                }
            }
            ServerFrame::Sys(Sys::Resync(resync)) => resyncs.push(resync.epoch),
            _ => {}
        }
    }
}

/// Ann and Bob, each at a gateway of their own, in the room.
async fn ann_and_bob(fleet: &Fleet) -> (Client, Client) {
    let mut clients = Vec::new();
    for (name, gateway) in ["ann", "bob"].iter().zip(&fleet.gateways) {
        let mut client = Client::connect(&gateway.url()).await.expect("connects");
        client.guest(name).await.expect("signs in");
        client.join(&address(ROOM)).await.expect("joins");
        clients.push(client);
    }
    let bob = clients.pop().expect("two");
    (clients.pop().expect("two"), bob)
}

/// Says it until it is acknowledged; its epoch and `Seq`.
async fn say(client: &mut Client, room: &Address, text: &str) -> (String, u64) {
    let mut place = None;
    wait_until(PATIENCE, "it is acknowledged", async || {
        let ack = client.say_as(room, text, Some(text)).await;
        place = ack.ok().map(|ack| (ack.epoch, ack.seq));
        place.is_some()
    })
    .await;
    place.expect("awaited")
}

/// What happened: the leader has gone over to a replica that has the first ten of twenty messages,
/// with all connections as they are. Bob was told all twenty.
struct FailedOver {
    ann: Client,
    bob: Client,
    room: Address,
    /// The epoch of the messages that are lost.
    lost: String,
    _fleet: Fleet,
    _replica: RedisServer,
}

impl FailedOver {
    async fn new(plan: Plan) -> Self {
        let fleet = Fleet::start(plan).await;
        let replica = RedisServer::start().await;
        let room = address(ROOM);
        let (mut ann, mut bob) = ann_and_bob(&fleet).await;
        for number in 1..=10 {
            ann.say(&room, &number.to_string()).await.expect("sent");
        }
        follow(&replica, &fleet.redis).await;
        replica.cli(&["REPLICAOF", "NO", "ONE"]);
        let mut lost = String::new();
        for number in 11..=20 {
            let text = format!("{number}, which is lost");
            lost = ann.say(&room, &text).await.expect("sent").epoch;
        }
        let before = told(&mut bob, "20, which is lost").await;
        assert_eq!(before, ((1..=20).collect(), Vec::new()));

        // The leader takes over what the replica has.
        follow(&fleet.redis, &replica).await;
        fleet.redis.cli(&["REPLICAOF", "NO", "ONE"]);
        Self {
            ann,
            bob,
            room,
            lost,
            _fleet: fleet,
            _replica: replica,
        }
    }
}

#[tokio::test]
async fn a_replica_that_was_behind_does_not_hide_what_follows() {
    let plan = Plan::default().gateway("AUDIT_INTERVAL", "1h");
    let mut over = FailedOver::new(plan).await;
    let mut epoch = String::new();
    for number in 11..=25 {
        let ack = over
            .ann
            .say(&over.room, &number.to_string())
            .await
            .expect("sent");
        assert_eq!(ack.seq, number);
        epoch = ack.epoch;
    }
    assert_ne!(
        epoch, over.lost,
        "the gateway has noticed by its own messages"
    );
    let (seqs, resyncs) = told(&mut over.bob, "25").await;
    let expected: Vec<u64> = (11..=25).collect();
    assert_eq!(seqs, expected, "told of the loss, and then everything");
    assert!(resyncs.contains(&epoch), "{resyncs:?} {epoch}");
}

#[tokio::test]
async fn a_loss_longer_than_the_ring_is_hidden_from_nobody() {
    let ring = 16;
    let plan = Plan::default().gateway("RING_EVENTS", &ring.to_string());
    let fleet = Fleet::start(plan).await;
    let replica = RedisServer::start().await;
    let room = address(ROOM);
    let (mut ann, mut bob) = ann_and_bob(&fleet).await;
    let mut cara = Client::connect(&fleet.gateways[1].url())
        .await
        .expect("connects");
    let who: Authorized = cara.guest("cara").await.expect("signs in").clone();
    cara.join(&room).await.expect("joins");
    for number in 1..=10 {
        ann.say(&room, &number.to_string()).await.expect("sent");
    }
    follow(&replica, &fleet.redis).await;
    replica.cli(&["REPLICAOF", "NO", "ONE"]);
    let newest = 10 + 4 * ring;
    let mut lost = String::new();
    for number in 11..=newest {
        let text = format!("{number}, which is lost");
        lost = ann.say(&room, &text).await.expect("sent").epoch;
    }
    // Cara has it all, and is away when it is lost.
    let until = format!("{newest}, which is lost");
    told(&mut cara, &until).await;
    let held = told(&mut bob, &until).await;
    assert_eq!(held, ((1..=newest).collect(), Vec::new()));
    drop(cara);

    // As a sentinel does it: the connections to the old leader end.
    for gateway in &fleet.gateways {
        gateway.redis.refuse(true).await;
        gateway.redis.cut().await;
    }
    follow(&fleet.redis, &replica).await;
    fleet.redis.cli(&["REPLICAOF", "NO", "ONE"]);
    for gateway in &fleet.gateways {
        gateway.redis.refuse(false).await;
    }
    let mut place = say(&mut ann, &room, "anew 11").await;
    assert_eq!(place.1, 11, "numbers go on");
    while place.1 < newest + 10 {
        let text = format!("anew {}", place.1 + 1);
        place = say(&mut ann, &room, &text).await;
    }
    let (epoch, seq) = place;
    let (_, resyncs) = told(&mut bob, &format!("anew {seq}")).await;
    assert!(resyncs.contains(&epoch), "{resyncs:?} {epoch}");

    let mut cara = Client::connect(&fleet.gateways[1].url())
        .await
        .expect("connects");
    let held = ResumeRoom {
        room: RoomRef::from(&room),
        epoch: lost,
        seq: newest,
    };
    let (joined, resumed) = cara.resume(&who, vec![held]).await.expect("resumes");
    assert!(!resumed.rooms[0].recovered, "what she holds is no more");
    assert_eq!((&joined[0].epoch, joined[0].seq), (&epoch, seq));
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
