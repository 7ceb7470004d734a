//! Redis comes back with less than it had, and gives the numbers of lost messages to others: who
//! holds the old ones is told, whoever that is and however much was lost.

use parlor_shared::{
    client::Client,
    id::Address,
    protocol::{
        ServerFrame,
        client::ResumeRoom,
        server::{Authorized, Resync, Sys},
        value::RoomRef,
    },
};
use parlor_testkit::{Proxy, RedisServer, wait_until};

use crate::common::{PATIENCE, TestGateway, keys, room};

/// A Redis that keeps what `SAVE` has written and nothing else.
async fn redis() -> RedisServer {
    RedisServer::builder()
        .alone()
        .option("dbfilename", "snapshot.rdb")
        .start()
        .await
}

/// Goes back to the last `SAVE`.
async fn goes_back(redis: &mut RedisServer) {
    redis.kill9();
    redis.restart().await;
}

/// What somebody holds of a room.
struct Place {
    who: Authorized,
    epoch: String,
    seq: u64,
}

async fn say_all(client: &mut Client, room: &Address, texts: std::ops::RangeInclusive<u64>) {
    for number in texts {
        say(client, room, &number.to_string()).await;
    }
}

/// Says it until it is acknowledged: Redis may be away just now.
async fn say(client: &mut Client, room: &Address, text: &str) -> Place {
    let mut place = None;
    wait_until(PATIENCE, "it is acknowledged", async || {
        if let Ok(ack) = client.say_as(room, text, Some(text)).await {
            place = Some(Place {
                who: client.me().clone(),
                epoch: ack.epoch,
                seq: ack.seq,
            });
        }
        place.is_some()
    })
    .await;
    place.expect("awaited")
}

/// Resumes with a place, and gives whether all that was missed came, and the room's epoch.
async fn resume(gateway: &TestGateway, room: &Address, place: &Place) -> (bool, String) {
    let mut client = gateway.client().await;
    let room = ResumeRoom {
        room: RoomRef::from(room),
        epoch: place.epoch.clone(),
        seq: place.seq,
    };
    let (joined, resumed) = client
        .resume(&place.who, vec![room])
        .await
        .expect("resumes");
    assert_eq!(joined[0].epoch, resumed.rooms[0].epoch);
    (resumed.rooms[0].recovered, joined[0].epoch.clone())
}

/// Waits until a member is told to join again, in an epoch other than `epoch`.
async fn told(member: &mut Client, epoch: &str) -> Resync {
    member
        .expect(|frame| match frame {
            ServerFrame::Sys(Sys::Resync(resync)) if resync.epoch != epoch => Some(resync.clone()),
            _ => None,
        })
        .await
        .expect("told")
}

#[tokio::test]
async fn a_loss_longer_than_the_ring_is_told_to_members() {
    let mut redis = redis().await;
    let proxy = Proxy::to_port(redis.port()).await;
    // Only what follows the reconnection can tell.
    let settings = ["--ring-events=16", "--audit-interval=1h"];
    let url = format!("redis://{}", proxy.address());
    let gateway = TestGateway::start_at(&url, &settings).await;
    let lobby = room("lobby");
    let mut ann = gateway.guest_in("ann", &lobby).await;
    say_all(&mut ann, &lobby, 1..=5).await;
    redis.cli(&["SAVE"]);
    say_all(&mut ann, &lobby, 6..=99).await;
    let held = say(&mut ann, &lobby, "100").await;
    assert_eq!(held.seq, 100);

    proxy.refuse(true).await;
    proxy.cut().await;
    goes_back(&mut redis).await;
    // A gateway that knows nothing numbers others in their place, and past them.
    let other = TestGateway::start(&redis).await;
    let mut bob = other.guest_in("bob", &lobby).await;
    for number in 6..=120 {
        let ack = bob.say(&lobby, &format!("anew {number}")).await;
        assert_eq!(ack.expect("sent").seq, number);
    }
    proxy.refuse(false).await;

    let resync = told(&mut ann, &held.epoch).await;
    assert_eq!(resync.seq, 120);
    let again = ann.join(&lobby).await.expect("joins");
    let last = again.messages.last().expect("history");
    assert_eq!((last.message.as_str(), last.seq), ("anew 120", 120));
    assert!(again.messages.iter().all(|it| it.epoch == resync.epoch));
    // The other gateway's next message is of the new epoch, and its members are told.
    let next = bob.say(&lobby, "next").await.expect("sent");
    assert_eq!((next.epoch.as_str(), next.seq), (&*resync.epoch, 121));
    told(&mut bob, &held.epoch).await;
    assert_eq!(gateway.count("parlor_redis_gone_back_total").await, 1);
    assert_eq!(other.count("parlor_redis_gone_back_total").await, 0);
}

#[tokio::test]
async fn who_was_away_meanwhile_gets_a_fresh_page() {
    let mut redis = redis().await;
    let gateway = TestGateway::start(&redis).await;
    let lobby = room("lobby");
    let mut ann = gateway.guest_in("ann", &lobby).await;
    let mut bob = gateway.guest_in("bob", &lobby).await;
    say_all(&mut ann, &lobby, 1..=10).await;
    redis.cli(&["SAVE"]);
    say_all(&mut ann, &lobby, 11..=19).await;
    let held = say(&mut bob, &lobby, "20").await;
    drop(bob);

    goes_back(&mut redis).await;
    let mut last = say(&mut ann, &lobby, "anew 1").await;
    assert_eq!(last.seq, 11, "numbers go on");
    assert_ne!(last.epoch, held.epoch);
    for number in 2..=15 {
        last = say(&mut ann, &lobby, &format!("anew {number}")).await;
    }
    assert_eq!(last.seq, 25, "past what was held");
    let (recovered, epoch) = resume(&gateway, &lobby, &held).await;
    assert!(!recovered);
    assert_eq!(epoch, last.epoch);
    // The history is whole, what survived and what came since.
    let mut cara = gateway.guest("cara").await;
    cara.join(&lobby).await.expect("joins");
    let page = parlor_shared::protocol::client::ChannelMessages {
        room: RoomRef::from(&lobby),
        limit: Some(100),
        ..Default::default()
    };
    let history = cara.history(page).await.expect("history").messages;
    let seqs: Vec<u64> = history.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, (1..=25).collect::<Vec<_>>());
    assert!(history.iter().all(|message| message.epoch == epoch));
    assert_eq!(
        (&*history[9].message, &*history[10].message),
        ("10", "anew 1")
    );
}

#[tokio::test]
async fn a_gateway_that_has_no_members_there_any_more_remembers() {
    let mut redis = redis().await;
    let gateway = TestGateway::start(&redis).await;
    let lobby = room("lobby");
    let mut ann = gateway.guest_in("ann", &lobby).await;
    say_all(&mut ann, &lobby, 1..=10).await;
    redis.cli(&["SAVE"]);
    say_all(&mut ann, &lobby, 11..=19).await;
    let held = say(&mut ann, &lobby, "20").await;
    ann.leave(&lobby).await.expect("leaves");
    gateway.wait_for_count("parlor_rooms", 0).await;

    goes_back(&mut redis).await;
    wait_until(PATIENCE, "she can join", async || {
        ann.join(&lobby).await.is_ok()
    })
    .await;
    let mut last = say(&mut ann, &lobby, "anew 1").await;
    while last.seq < 25 {
        last = say(&mut ann, &lobby, &format!("anew {}", last.seq)).await;
    }
    assert!(!resume(&gateway, &lobby, &held).await.0);
}

#[tokio::test]
async fn a_gateway_that_only_listened_remembers_too() {
    let mut redis = redis().await;
    let (speaking, listening) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let lobby = room("lobby");
    let mut ann = speaking.guest_in("ann", &lobby).await;
    let mut bob = listening.guest_in("bob", &lobby).await;
    say_all(&mut ann, &lobby, 1..=10).await;
    redis.cli(&["SAVE"]);
    say_all(&mut ann, &lobby, 11..=19).await;
    let held = say(&mut ann, &lobby, "20").await;
    for _ in 1..=20 {
        bob.message().await.expect("delivered");
    }
    // The gateway that has acknowledged them dies with Redis.
    drop(ann);
    speaking.shut_down().await;
    goes_back(&mut redis).await;
    told(&mut bob, &held.epoch).await;
    let mut last = say(&mut bob, &lobby, "anew 1").await;
    while last.seq < 25 {
        last = say(&mut bob, &lobby, &format!("anew {}", last.seq)).await;
    }
    assert!(!resume(&listening, &lobby, &held).await.0);
}

#[tokio::test]
async fn nothing_lost_is_nothing_told() {
    let mut redis = redis().await;
    let gateway = TestGateway::start(&redis).await;
    let lobby = room("lobby");
    let mut ann = gateway.guest_in("ann", &lobby).await;
    let mut bob = gateway.guest_in("bob", &lobby).await;
    say_all(&mut ann, &lobby, 1..=9).await;
    let held = say(&mut bob, &lobby, "10").await;
    drop(bob);
    redis.cli(&["SAVE"]);
    for number in 11..=13 {
        goes_back(&mut redis).await;
        let last = say(&mut ann, &lobby, &number.to_string()).await;
        assert_eq!((last.seq, &last.epoch), (number, &held.epoch));
        redis.cli(&["SAVE"]);
    }
    let (recovered, epoch) = resume(&gateway, &lobby, &held).await;
    assert!(recovered);
    assert_eq!(epoch, held.epoch);
    assert_eq!(gateway.count("parlor_redis_gone_back_total").await, 0);
    assert_eq!(gateway.count("parlor_resyncs_total").await, 0);
}

#[tokio::test]
async fn an_era_that_is_deleted_by_hand_ends() {
    let redis = redis().await;
    let gateway = TestGateway::start(&redis).await;
    let lobby = room("lobby");
    let mut ann = gateway.guest_in("ann", &lobby).await;
    let held = say(&mut ann, &lobby, "1").await;
    drop(ann);
    gateway.shut_down().await;
    let channel = keys().fixed_channel(&lobby).expect("named");
    assert_eq!(redis.cli(&["DEL", &keys().channel_era(&channel)]), "1");
    let gateway = TestGateway::start(&redis).await;
    let (recovered, epoch) = resume(&gateway, &lobby, &held).await;
    assert!(!recovered);
    assert_ne!(epoch, held.epoch);
}
