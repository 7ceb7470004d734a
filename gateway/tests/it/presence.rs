//! Who is there: with a real presence-worker and gateways that die.

use std::time::{Duration, Instant};

use parlor_shared::{
    client::Client,
    id::{Address, UserId},
    protocol::{ServerFrame, client::ResumeRoom, server::Sys, value::RoomRef},
};
use parlor_testkit::{Process, RedisServer, binary, free_port, wait_until};

use crate::common::{PATIENCE, room};

/// A gateway that can be killed.
struct Gateway {
    process: Process,
    port: u16,
}

impl Gateway {
    async fn start(redis: &RedisServer) -> Self {
        let (port, admin) = (free_port(), free_port());
        let mut process = Process::builder(env!("CARGO_BIN_EXE_gateway"))
            .env("REDIS_URL", redis.url())
            .env("SERVER_ADDRESS", format!("127.0.0.1:{port}"))
            .env("ADMIN_ADDRESS", format!("127.0.0.1:{admin}"))
            .start();
        process
            .wait_for_ok(PATIENCE, &format!("http://127.0.0.1:{admin}/readyz"))
            .await;
        Self { process, port }
    }

    async fn guest_in(&self, nickname: &str, address: &Address) -> Client {
        let mut client = self.connect().await;
        client.guest(nickname).await.expect("signs in");
        client.join(address).await.expect("joins");
        client
    }

    async fn connect(&self) -> Client {
        Client::connect(&format!("ws://127.0.0.1:{}/ws", self.port))
            .await
            .expect("connects")
    }
}

/// The presence-worker as it is shipped.
async fn presence_worker(redis: &RedisServer) -> Process {
    let admin = free_port();
    let mut process = Process::builder(binary("presence-worker"))
        .env("REDIS_URL", redis.url())
        .env("ADMIN_ADDRESS", format!("127.0.0.1:{admin}"))
        .start();
    process
        .wait_for_ok(PATIENCE, &format!("http://127.0.0.1:{admin}/readyz"))
        .await;
    process
}

fn is_online(redis: &RedisServer, user: UserId) -> bool {
    redis.cli(&["EXISTS", &format!("userStatus:{user}")]) == "1"
}

fn rooms_of(redis: &RedisServer, user: UserId) -> usize {
    let channels = redis.cli(&["KEYS", "channelUsers:*"]);
    channels
        .lines()
        .filter(|key| redis.cli(&["HEXISTS", key, &user.to_string()]) == "1")
        .count()
}

async fn told_offline(client: &mut Client, user: UserId) {
    client
        .expect(|frame| match frame {
            ServerFrame::Sys(Sys::Presence(presence)) if presence.user_uuid == Some(user) => {
                presence.online
            }
            _ => None,
        })
        .await
        .map(|online| assert!(!online))
        .expect("told");
}

#[tokio::test]
async fn who_was_on_a_killed_gateway_is_offline_soon_unless_a_tab_is_open_elsewhere() {
    let redis = RedisServer::start().await;
    let _worker = presence_worker(&redis).await;
    let (mut doomed, other) = (Gateway::start(&redis).await, Gateway::start(&redis).await);
    let lobby = room("lobby");
    let mut eve = other.guest_in("eve", &lobby).await;
    let ann = doomed.guest_in("ann", &lobby).await;
    let bob = doomed.guest_in("bob", &lobby).await;
    let mut bobs_other_tab = other.connect().await;
    bobs_other_tab
        .resume(bob.me(), vec![])
        .await
        .expect("signs in");
    bobs_other_tab.join(&Address::General).await.expect("joins");

    let killed = Instant::now();
    doomed.process.kill9();
    told_offline(&mut eve, ann.user()).await;
    assert!(
        killed.elapsed() < Duration::from_secs(30),
        "{:?}",
        killed.elapsed()
    );
    assert!(!is_online(&redis, ann.user()));
    assert_eq!(rooms_of(&redis, ann.user()), 0);
    // Bob has left the lobby with his tab there, and is still online in General.
    wait_until(PATIENCE, "bob's lost tab to leave", async || {
        rooms_of(&redis, bob.user()) == 1
    })
    .await;
    assert!(is_online(&redis, bob.user()));
    eve.settle().await.expect("alive");
    let about_bob = |frame: &ServerFrame| matches!(frame, ServerFrame::Sys(Sys::Presence(presence)) if presence.user_uuid == Some(bob.user()));
    assert!(!eve.inbox().any(about_bob), "bob never went offline");
}

#[tokio::test]
async fn a_closed_page_is_offline_after_the_grace_and_a_reload_is_no_departure() {
    let redis = RedisServer::start().await;
    let _worker = presence_worker(&redis).await;
    let gateway = Gateway::start(&redis).await;
    let lobby = room("lobby");
    let mut eve = gateway.guest_in("eve", &lobby).await;
    let ann = gateway.guest_in("ann", &lobby).await;
    let who = ann.me().clone();
    ann.close().await;
    // A reload: back within the grace, in the same room.
    let mut again = gateway.connect().await;
    let rooms = vec![ResumeRoom {
        room: RoomRef::from(&lobby),
        epoch: String::new(),
        seq: 0,
    }];
    again.resume(&who, rooms).await.expect("resumes");
    wait_until(PATIENCE, "the first session to be ended", async || {
        redis.cli(&["HLEN", &format!("userSessions:{}", who.user_uuid)]) == "1"
    })
    .await;
    eve.settle().await.expect("alive");
    let departures = |frame: &ServerFrame| {
        matches!(
            frame,
            ServerFrame::ChannelLeave(_) | ServerFrame::Sys(Sys::Presence(_))
        )
    };
    assert!(!eve.inbox().any(departures), "nobody saw her go");

    again.close().await;
    told_offline(&mut eve, who.user_uuid).await;
    assert!(!is_online(&redis, who.user_uuid));
    // The guest's name is still theirs for a while, and then anybody's.
    let ttl: i64 = redis
        .cli(&["TTL", "usersUsernameListIndex:ann"])
        .trim()
        .parse()
        .expect("a TTL");
    assert!((1..=3_600).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn signing_out_is_seen_at_once() {
    let redis = RedisServer::start().await;
    let gateway = Gateway::start(&redis).await;
    let lobby = room("lobby");
    let mut eve = gateway.guest_in("eve", &lobby).await;
    let mut ann = gateway.guest_in("ann", &lobby).await;
    let user = ann.user();
    ann.request(parlor_shared::protocol::ClientFrame::SignOut)
        .await
        .expect("signs out");
    // No presence-worker runs: the gateway does it itself.
    told_offline(&mut eve, user).await;
    assert!(!is_online(&redis, user));
    assert_eq!(rooms_of(&redis, user), 0);
}
