//! The gateway counts what it does, in a form that every scraper reads, on the admin port alone.

use parlor_shared::id::{Address, ChannelId};
use parlor_testkit::{
    Proxy, RedisServer,
    exposition::{Families, Kind},
    http, wait_until,
};

use crate::common::{PATIENCE, TestGateway, keys, page::Page, room};

/// What must be there, and of which kind.
const FAMILIES: &[(&str, Kind)] = &[
    ("parlor_connections", Kind::Gauge),
    ("parlor_connections_total", Kind::Counter),
    ("parlor_connections_limit", Kind::Gauge),
    ("parlor_connections_closed_total", Kind::Counter),
    ("parlor_handshakes_refused_total", Kind::Counter),
    ("parlor_signed_in_sessions", Kind::Gauge),
    ("parlor_rooms", Kind::Gauge),
    ("parlor_frames_in_total", Kind::Counter),
    ("parlor_frames_refused_total", Kind::Counter),
    ("parlor_messages_in_total", Kind::Counter),
    ("parlor_messages_published_total", Kind::Counter),
    ("parlor_messages_refused_total", Kind::Counter),
    ("parlor_deliveries_total", Kind::Counter),
    ("parlor_fan_out_seconds", Kind::Histogram),
    ("parlor_publish_seconds", Kind::Histogram),
    ("parlor_probe_seconds", Kind::Histogram),
    ("parlor_outbox_overflows_total", Kind::Counter),
    ("parlor_auth_failures_total", Kind::Counter),
    ("parlor_rate_limited_total", Kind::Counter),
    ("parlor_gaps_total", Kind::Counter),
    ("parlor_gaps_open", Kind::Gauge),
    ("parlor_gap_messages_repaired_total", Kind::Counter),
    ("parlor_redis_errors_total", Kind::Counter),
    ("parlor_redis_reconnects_total", Kind::Counter),
    ("parlor_redis_gone_back_total", Kind::Counter),
    ("parlor_ready", Kind::Gauge),
    ("parlor_build_info", Kind::Gauge),
    ("process_cpu_seconds_total", Kind::Counter),
    ("process_resident_memory_bytes", Kind::Gauge),
    ("process_open_fds", Kind::Gauge),
    ("process_start_time_seconds", Kind::Gauge),
];

async fn reaches_redis(gateway: &TestGateway) -> Option<f64> {
    let metrics = gateway.metrics().await;
    metrics.value("parlor_ready", &[("condition", "redis")])
}

fn count(families: &Families, name: &str) -> u64 {
    families.sum(name) as u64
}

#[tokio::test]
async fn every_family_is_there_before_anything_happened() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, &["--connections-per-gateway=77"]).await;
    let families = gateway.metrics().await;
    assert_eq!(count(&families, "parlor_connections_limit"), 77);
    for (name, kind) in FAMILIES {
        let family = families.get(name);
        let family = family.unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(family.kind, *kind, "{name}");
        assert!(!family.samples.is_empty(), "{name} is empty");
    }
    for name in families.names().filter(|name| name.starts_with("parlor_")) {
        let known = [
            "parlor_build_info",
            "parlor_connections_limit",
            "parlor_ready",
            "parlor_subscriber_connects_total",
        ];
        if !known.contains(&name) {
            assert_eq!(count(&families, name), 0, "{name}");
        }
    }
}

#[tokio::test]
async fn traffic_moves_what_counts_it_and_nothing_else() {
    let redis = RedisServer::start().await;
    let settings = ["--message-rate=3/60s"];
    let gateway = TestGateway::start_with(&redis, &settings).await;
    let lobby = room("lobby");
    let mut ann = gateway.guest_in("Ann", &lobby).await;
    let mut bob = gateway.guest_in("Bob", &lobby).await;
    bob.join(&Address::General).await.expect("joins");
    for number in 0..3 {
        let text = number.to_string();
        ann.say(&lobby, &text).await.expect("sent");
        bob.message().await.expect("delivered");
        ann.message().await.expect("delivered");
    }
    ann.say(&lobby, "too much").await.expect_err("is refused");
    ann.send_text("no request").await.expect("sent");
    ann.settle().await.expect("alive");
    let mut stranger = gateway.client().await;
    stranger.sign_up("Eve", "right").await.expect("signs up");
    stranger
        .sign_in("Eve", "wrong")
        .await
        .expect_err("is refused");
    stranger.guest("Ann").await.expect_err("is taken");
    let plain = format!("http://{}/ws", gateway.address);
    let refused = http::get(&plain).await.expect("an answer");
    assert_eq!(refused.status, 426);

    // Fan-out is counted after the frames have gone out.
    gateway
        .wait_for_count("parlor_fan_out_seconds_count", 6)
        .await;
    let families = gateway.metrics().await;
    let expected = [
        ("parlor_connections", 3),
        ("parlor_connections_total", 3),
        ("parlor_signed_in_sessions", 3),
        ("parlor_rooms", 2),
        // Two sign-ins, three joins, four messages, one that is none, a ping, three by the stranger.
        ("parlor_frames_in_total", 14),
        ("parlor_frames_refused_total", 1),
        ("parlor_messages_in_total", 3),
        ("parlor_messages_published_total", 3),
        // Three messages to two; and who joined: Ann to herself, Bob to both, Bob in General.
        ("parlor_deliveries_total", 10),
        ("parlor_publish_seconds_count", 3),
        ("parlor_auth_failures_total", 2),
        ("parlor_rate_limited_total", 1),
        ("parlor_handshakes_refused_total", 1),
        ("parlor_outbox_overflows_total", 0),
        ("parlor_protocol_violations_total", 0),
        ("parlor_gaps_total", 0),
        ("parlor_duplicates_dropped_total", 0),
        ("parlor_redis_errors_total", 0),
        ("parlor_redis_reconnects_total", 0),
        ("parlor_redis_gone_back_total", 0),
    ];
    for (name, value) in expected {
        assert_eq!(count(&families, name), value, "{name}");
    }
    ann.close().await;
    drop((bob, stranger));
    for name in [
        "parlor_connections",
        "parlor_rooms",
        "parlor_signed_in_sessions",
    ] {
        gateway.wait_for_count(name, 0).await;
    }
    assert_eq!(gateway.count("parlor_connections_total").await, 3);
    assert_eq!(gateway.count("parlor_connections_closed_total").await, 3);
    assert_eq!(gateway.closes("normal").await, 1);
}

#[tokio::test]
async fn replacing_a_user_and_signing_out_keep_the_count_of_sessions() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut client = gateway.guest("one").await;
    client.guest("two").await.expect("signs in");
    gateway.wait_for_count("parlor_signed_in_sessions", 1).await;
    let sign_out = parlor_shared::protocol::ClientFrame::SignOut;
    client.request(sign_out).await.expect("signs out");
    gateway.wait_for_count("parlor_signed_in_sessions", 0).await;
    client.guest("three").await.expect("signs in");
    gateway.wait_for_count("parlor_signed_in_sessions", 1).await;
    drop(client);
    gateway.wait_for_count("parlor_signed_in_sessions", 0).await;
}

#[tokio::test]
async fn a_lost_redis_is_counted_and_told_by_readiness() {
    let redis = RedisServer::builder().alone().start().await;
    let proxy = Proxy::to_port(redis.port()).await;
    let url = format!("redis://127.0.0.1:{}", proxy.port());
    let gateway = TestGateway::start_at(&url, &["--probe-interval=100ms"]).await;
    wait_until(PATIENCE, "ready", async || gateway.is_ready().await).await;
    // What can be published has a connection to lose.
    let mut bob = gateway.guest_in("Bob", &Address::General).await;
    bob.say(&Address::General, "hi").await.expect("sent");
    proxy.refuse(true).await;
    proxy.cut().await;
    wait_until(PATIENCE, "unready", async || !gateway.is_ready().await).await;
    assert_eq!(reaches_redis(&gateway).await, Some(0.0));
    let mut page = Page::open(&gateway).await;
    page.send(r#"{"type":"signIn","signIn":{"nickname":"Ann"}}"#)
        .await;
    assert_eq!(page.first("error").await["error"]["code"], 24);
    proxy.refuse(false).await;
    wait_until(PATIENCE, "ready again", async || gateway.is_ready().await).await;
    assert_eq!(reaches_redis(&gateway).await, Some(1.0));
    assert!(gateway.count("parlor_probe_seconds_count").await > 0);
    let reconnects = "parlor_redis_reconnects_total";
    wait_until(PATIENCE, "the reconnection is counted", async || {
        gateway.count(reconnects).await > 0
    })
    .await;
    assert!(gateway.count("parlor_redis_errors_total").await > 0);
}

#[tokio::test]
async fn a_gap_is_open_as_long_as_its_messages_can_not_be_had() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let lobby = room("lobby");
    let mut ann = gateway.guest_in("Ann", &lobby).await;
    ann.say(&lobby, "one").await.expect("sent");
    let first = ann.message().await.expect("delivered");
    assert_eq!(gateway.count("parlor_gaps_open").await, 0);

    // The room's list can't be read while it is none.
    let meta = redis.cli(&["KEYS", "channelMeta:*"]);
    let channel = meta.trim().trim_start_matches("channelMeta:");
    let list = keys().channel_messages(&ChannelId::new(channel));
    redis.cli(&["SET", &list, "in the way"]);
    let later = format!("m {} {} 1000\n{{}}", first.epoch, first.seq + 5);
    redis.publish(channel, &later);
    gateway.wait_for_count("parlor_gaps_open", 1).await;
    redis.cli(&["DEL", &list]);
    gateway.wait_for_count("parlor_gaps_open", 0).await;
    assert_eq!(gateway.count("parlor_gaps_total").await, 1);
}
