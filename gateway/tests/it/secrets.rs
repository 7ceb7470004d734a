//! No password, hash or access key in any frame, log line, list or metric, and no message in a log:
//! some are planted in a real gateway, and then everything it has said and stored is searched.

use parlor_testkit::{Process, RedisServer, free_port, http};
use serde_json::Value;

use crate::common::{
    PATIENCE,
    page::{Page, text},
};

const REDIS_PASSWORD: &str = "planted-redis-password";
const PASSWORD: &str = "planted-right-password";
const WRONG_PASSWORD: &str = "planted-wrong-password";
const MALFORMED_PASSWORD: &str = "planted-malformed-password";
const BODY: &str = "planted-message-body";
/// How every argon2 hash begins.
const HASH: &str = "$argon2";

/// Frames with a password in them that the gateway can't read, or won't.
fn bad_frames() -> Vec<String> {
    let p = MALFORMED_PASSWORD;
    vec![
        format!(r#"{{"type":"signIn","signIn":{{"username":"ann","password":"{p}""#),
        format!(r#"{{"type":"signIn","signIn":{{"username":"ann","password":["{p}"]}}}}"#),
        format!(r#"{{"type":"signIn","signIn":"{p}"}}"#),
        format!(r#"{{"type":"{p}","signIn":{{"username":"ann","password":"{p}"}}}}"#),
        format!(r#"{{"type":"signUp","signUp":{{"username":"\u0000","password":"{p}"}}}}"#),
        format!(r#"{{"type":"signUp","signUp":{{"username":"ann","password":"{p}"}}}}"#),
        format!(r#"{{"type":"channelJoin","channelJoin":{{"recipientUUID":"{p}"}}}}"#),
        format!(r#"{{"type":"channelMessage","accessKey":"{p}","channelMessage":{{}}}}"#),
        format!(
            r#"{{"type":"resume","resume":{{"userUUID":"6f0b1d2c-0000-4000-8000-000000000001","accessKey":"{p}"}}}}"#
        ),
    ]
}

fn with_password(kind: &str, name: &str, password: &str) -> String {
    format!(r#"{{"type":"{kind}","{kind}":{{"username":"{name}","password":"{password}"}}}}"#)
}

/// The gateway's process, its address and that of its metrics.
async fn start(redis: &RedisServer) -> (Process, String, String) {
    let (port, admin) = (free_port(), free_port());
    let mut process = Process::builder(env!("CARGO_BIN_EXE_gateway"))
        .arg(format!("--redis-url={}", redis.url()))
        .arg(format!("--server-address=127.0.0.1:{port}"))
        .arg(format!("--admin-address=127.0.0.1:{admin}"))
        .args([
            "--log=trace",
            "--argon2-memory-kib=64",
            "--argon2-iterations=1",
        ])
        .args(["--drain-wait=0s", "--drain-grace=0s"])
        .start();
    let metrics = format!("http://127.0.0.1:{admin}/metrics");
    process
        .wait_for_ok(PATIENCE, &format!("http://127.0.0.1:{admin}/readyz"))
        .await;
    (process, format!("ws://127.0.0.1:{port}/ws"), metrics)
}

/// A page past its sign-in, with its user and access key.
async fn enter(url: &str, request: String) -> (Page, String, String) {
    let mut page = Page::open_at(url).await;
    page.send(request).await;
    let authorized = page.first("authorized").await["authorized"].clone();
    page.send(r#"{"type":"channelJoin","channelJoin":{"recipientUUID":""}}"#)
        .await;
    page.first("channelJoin").await;
    let (user, key) = (&authorized["userUUID"], &authorized["accessKey"]);
    (page, text(user), text(key))
}

/// Every key and value that Redis holds; account's hashes apart.
fn everything_in(redis: &RedisServer) -> (String, Vec<String>) {
    let mut all = String::new();
    let mut hashes = Vec::new();
    for key in redis.cli(&["KEYS", "*"]).lines() {
        let kind = redis.cli(&["TYPE", key]);
        let value = match kind.as_str() {
            "string" => redis.cli(&["GET", key]),
            "list" => redis.cli(&["LRANGE", key, "0", "-1"]),
            "hash" => redis.cli(&["HGETALL", key]),
            "set" => redis.cli(&["SMEMBERS", key]),
            "zset" => redis.cli(&["ZRANGE", key, "0", "-1"]),
            "stream" => redis.cli(&["XRANGE", key, "-", "+"]),
            other => panic!("{key} is a {other}"),
        };
        all.push_str(key);
        all.push('\n');
        let mut lines = value.lines();
        while let Some(line) = lines.next() {
            if key.starts_with("userAccount:") && line == "PasswordHash" {
                hashes.extend(lines.next().map(str::to_owned));
                continue;
            }
            all.push_str(line);
            all.push('\n');
        }
    }
    (all, hashes)
}

fn assert_none(place: &str, text: &str, secrets: &[&str]) {
    for secret in secrets {
        if let Some(at) = text.find(secret) {
            let from = text[..at].rfind('\n').map_or(0, |at| at + 1);
            let line = text[from..].lines().next().unwrap_or_default();
            panic!("{secret} in {place}: {line:.500}");
        }
    }
}

#[tokio::test]
async fn planted_secrets_are_found_nowhere() {
    let redis = RedisServer::builder()
        .password(REDIS_PASSWORD)
        .start()
        .await;
    let (mut process, url, metrics) = start(&redis).await;
    let (mut eve, _, eves_key) = enter(&url, with_password("signUp", "eve", PASSWORD)).await;
    let (mut ann, user, key) = enter(&url, with_password("signUp", "ann", PASSWORD)).await;
    let (_, _, second_key) = enter(&url, with_password("signIn", "ann", PASSWORD)).await;
    let guest = r#"{"type":"signIn","signIn":{"nickname":"gus"}}"#.to_owned();
    let (gus, _, guest_key) = enter(&url, guest).await;

    // What each is told about what goes wrong comes back to them alone, and holds no secret.
    let mut told: Vec<Value> = Vec::new();
    let mut stranger = Page::open_at(&url).await;
    for _ in 0..2 {
        stranger
            .send(with_password("signIn", "ann", WRONG_PASSWORD))
            .await;
    }
    for frame in bad_frames() {
        stranger.send(frame).await;
    }
    told.extend(stranger.settle().await);
    let errors = told.iter().filter(|frame| frame["type"] == "error").count();
    assert_eq!(errors, bad_frames().len() + 2);

    // Ann speaks in two rooms, loses her connection, resumes, and signs out.
    ann.send(format!(
        r#"{{"type":"channelMessage","userUUID":"{user}","accessKey":"{key}","channelMessage":{{"message":"{BODY}"}}}}"#
    ))
    .await;
    ann.message(BODY).await;
    drop((ann, gus));
    let mut ann = Page::open_at(&url).await;
    ann.send(format!(
        r#"{{"type":"resume","resume":{{"userUUID":"{user}","accessKey":"{key}","rooms":[{{"recipientUUID":"","epoch":"x","seq":1}}]}}}}"#
    ))
    .await;
    ann.first("resume").await;
    ann.send(r#"{"id":1,"type":"users"}"#).await;
    told.push(ann.first("users").await);
    ann.send(format!(
        r#"{{"id":2,"type":"channelMessage","channelMessage":{{"message":"{BODY} again"}}}}"#
    ))
    .await;
    ann.first("ack").await;
    told.extend(
        eve.until(|frame| frame["channelMessage"]["Message"] == format!("{BODY} again"))
            .await,
    );
    ann.send(r#"{"type":"signOut"}"#).await;
    told.push(ann.first("signOut").await);
    eve.send(r#"{"type":"channelJoin","channelJoin":{"recipientUUID":""}}"#)
        .await;
    told.push(eve.first("channelJoin").await);

    let exposition = http::get(&metrics).await.expect("metrics").body;
    let (stored, hashes) = everything_in(&redis);
    process.terminate();
    assert!(process.wait(PATIENCE).await.success());
    let log = process.log();

    let mut secrets = vec![
        PASSWORD,
        WRONG_PASSWORD,
        MALFORMED_PASSWORD,
        REDIS_PASSWORD,
        HASH,
    ];
    secrets.extend([&*key, &*second_key, &*guest_key, &*eves_key]);
    let frames: Vec<String> = told.iter().map(Value::to_string).collect();
    assert_none("a frame", &frames.join("\n"), &secrets);
    assert_none("Redis", &stored, &secrets);
    secrets.push(BODY);
    assert_none("the log", &log, &secrets);
    assert_none("the metrics", &exposition, &secrets);
    // That they could have been found: the log is a full one, and what may be there is.
    assert!(log.contains("\"DEBUG\""), "{log:.2000}");
    assert!(exposition.contains("parlor_auth_failures_total"));
    assert!(stored.contains(BODY) && frames.join("\n").contains(BODY));
    assert_eq!(hashes.len(), 2);
    assert!(hashes.iter().all(|hash| hash.starts_with("$argon2id$")));
}
