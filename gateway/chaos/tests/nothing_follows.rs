//! Messages whose announcement is lost, in rooms where nobody says anything afterwards that would
//! show the gap.

use parlor_chaos::{
    fleet::{Fleet, Plan},
    member::address,
};
use parlor_shared::{
    client::Client,
    id::{Address, MessageId},
    keyspace::Keyspace,
};
use serde_json::json;

const PARTITIONS: u16 = 16;
const ROOM: usize = 1;
/// So rare that it plays no part.
const NO_AUDIT: (&str, &str) = ("AUDIT_INTERVAL", "1h");

async fn member(fleet: &Fleet, gateway: usize, name: &str) -> Client {
    let url = fleet.gateways[gateway].url();
    let mut client = Client::connect(&url).await.expect("connects");
    client.guest(name).await.expect("signs in");
    client
}

/// The `Seq` of the next message.
async fn next(client: &mut Client) -> u64 {
    client.message().await.expect("delivered").seq
}

/// Stores a message as every publisher does, except that nobody is told.
fn store_untold(fleet: &Fleet, room: &Address, sender: &Client) {
    const PUBLISH: &str = concat!(
        include_str!("../../../shared/src/redis/lua/number.lua"),
        include_str!("../../../shared/src/redis/lua/publish.lua"),
    );
    const TELL: &str = "redis.call('PUBLISH', published, event)";
    let script = PUBLISH.replace(TELL, "");
    assert_ne!(script, PUBLISH, "the script tells by {TELL}");
    let keyspace = Keyspace::new(PARTITIONS);
    let channel = keyspace.fixed_channel(room).expect("no private room");
    let partition = keyspace.partition_of(&channel).expect("a room of ours");
    let (message, user) = (MessageId::random().to_string(), sender.user().to_string());
    let Address::Named(name) = room else {
        panic!("{room:?} has no name");
    };
    let body = json!({
        "UUID": message,
        "SenderUUID": user,
        "Sender": { "UUID": user, "Username": sender.me().username },
        "Room": name,
        "Message": "nobody is told of this",
    });
    fleet.redis.cli(&[
        "EVAL",
        &script,
        "3",
        &keyspace.channel_meta(&channel),
        &keyspace.messages(partition),
        &keyspace.era(partition),
        channel.as_str(),
        &body.to_string(),
        "1000",
        "the room has an epoch",
        &message,
        "300",
        "",
        channel.as_str(),
    ]);
}

#[tokio::test]
async fn the_audit_finds_what_was_lost_while_all_connections_were_well() {
    let fleet = Fleet::start(Plan::default().gateway("AUDIT_INTERVAL", "1s")).await;
    let room = address(ROOM);
    let mut ann = member(&fleet, 0, "ann").await;
    ann.join(&room).await.expect("joins");
    ann.say(&room, "told").await.expect("sent");
    assert_eq!(next(&mut ann).await, 1);
    store_untold(&fleet, &room, &ann);
    assert_eq!(next(&mut ann).await, 2);
}

#[tokio::test]
async fn what_was_said_while_the_subscriber_was_away_comes_when_it_is_back() {
    let fleet = Fleet::start(Plan::default().gateway(NO_AUDIT.0, NO_AUDIT.1)).await;
    let room = address(ROOM);
    let mut ann = member(&fleet, 0, "ann").await;
    let mut bob = member(&fleet, 1, "bob").await;
    ann.join(&room).await.expect("joins");
    bob.join(&room).await.expect("joins");
    ann.say(&room, "heard").await.expect("sent");
    assert_eq!(next(&mut bob).await, 1);
    let network = &fleet.gateways[1].redis;
    network.refuse(true).await;
    network.cut().await;
    for number in 2..=4 {
        ann.say(&room, &number.to_string()).await.expect("sent");
    }
    network.refuse(false).await;
    for number in 2..=4 {
        assert_eq!(next(&mut bob).await, number);
    }
}

#[tokio::test]
async fn who_has_it_from_the_history_does_not_get_it_again_with_the_repair() {
    let fleet = Fleet::start(Plan::default().gateway(NO_AUDIT.0, NO_AUDIT.1)).await;
    let room = address(ROOM);
    let mut ann = member(&fleet, 0, "ann").await;
    ann.join(&room).await.expect("joins");
    ann.say(&room, "told").await.expect("sent");
    store_untold(&fleet, &room, &ann);
    let mut bob = member(&fleet, 0, "bob").await;
    let joined = bob.join(&room).await.expect("joins");
    assert_eq!((joined.seq, joined.messages.len()), (2, 2));
    ann.say(&room, "this shows the gap").await.expect("sent");
    for number in 1..=3 {
        assert_eq!(next(&mut ann).await, number);
    }
    assert_eq!(next(&mut bob).await, 3);
}
