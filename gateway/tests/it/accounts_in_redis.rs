//! How accounts lie in Redis: as the demo's document has them, and without its secrets.

use parlor_shared::id::Address;
use parlor_testkit::RedisServer;
use serde_json::Value;

use crate::common::{TestGateway, keys};

const PASSWORD: &str = "correct horse";

fn lines(redis: &RedisServer, command: &[&str]) -> Vec<String> {
    let lines = redis.cli(command);
    lines.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn accounts_and_their_indices_are_as_documented() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut keys = Vec::new();
    for name in ["Ann", "Bob", "Zo\u{eb}"] {
        let mut client = gateway.client().await;
        let signed_up = client.sign_up(name, PASSWORD).await.expect("signs up");
        keys.push((signed_up.user_uuid.to_string(), signed_up.access_key.0));
    }
    gateway.guest("Gus").await;
    let users = lines(&redis, &["LRANGE", "users", "0", "-1"]);
    assert_eq!(users.len(), 3, "accounts only: {users:?}");
    for ((index, entry), (user, key)) in users.iter().enumerate().zip(&keys) {
        let entry: Value = serde_json::from_str(entry).expect("JSON");
        let fields: Vec<&String> = entry.as_object().expect("an object").keys().collect();
        assert_eq!(fields, ["CreatedAt", "UUID", "Username"]);
        assert_eq!(entry["UUID"], **user);
        let name = entry["Username"].as_str().expect("a name");
        let by_name = redis.cli(&["GET", &format!("usersUsernameListIndex:{name}")]);
        let by_user = redis.cli(&["GET", &format!("usersUUIDListIndex:{user}")]);
        assert_eq!((by_name, by_user), (index.to_string(), index.to_string()));

        let account = format!("userAccount:{user}");
        let mut fields = lines(&redis, &["HKEYS", &account]);
        fields.sort_unstable();
        assert_eq!(fields, ["CreatedAt", "PasswordHash", "Role", "Username"]);
        assert_eq!(redis.cli(&["HGET", &account, "Username"]), name);
        assert_eq!(
            redis.cli(&["HGET", &account, "CreatedAt"]),
            entry["CreatedAt"]
        );
        let hash = redis.cli(&["HGET", &account, "PasswordHash"]);
        assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
        assert!(!hash.contains(PASSWORD));

        let held = format!("access_key:{user}");
        let digests = lines(&redis, &["HKEYS", &held]);
        assert_eq!(digests, [sha256(key)]);
        let ttl: u64 = redis.cli(&["TTL", &held]).parse().expect("seconds");
        assert!((30 * 86_400 - 100..=30 * 86_400).contains(&ttl), "{ttl}");
    }
    let hashes: Vec<String> = keys
        .iter()
        .map(|(user, _)| redis.cli(&["HGET", &format!("userAccount:{user}"), "PasswordHash"]))
        .collect();
    assert!(hashes[0] != hashes[1] && hashes[1] != hashes[2], "salted");
}

fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    format!("{:x}", sha2::Sha256::digest(text))
}

#[tokio::test]
async fn sessions_and_members_are_as_documented() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut ann = gateway.client().await;
    ann.sign_up("Ann", PASSWORD).await.expect("signs up");
    let mut bob = gateway.client().await;
    bob.sign_up("Bob", PASSWORD).await.expect("signs up");
    let (user, other) = (ann.user().to_string(), bob.user().to_string());
    ann.join(&Address::General).await.expect("joins");
    let general = keys().general();
    assert!(general.as_str().ends_with("}public"));
    let members = lines(&redis, &["HKEYS", &format!("channelUsers:{general}")]);
    assert_eq!(members, std::slice::from_ref(&user));
    let sessions = lines(&redis, &["HKEYS", &format!("userSessions:{user}")]);
    assert_eq!(sessions, [ann.session().to_string()]);
    let status: i64 = redis
        .cli(&["TTL", &format!("userStatus:{user}")])
        .parse()
        .expect("seconds");
    assert!((1..=60).contains(&status), "{status}");

    ann.join(&Address::Private(bob.user()))
        .await
        .expect("joins");
    bob.join(&Address::Private(ann.user()))
        .await
        .expect("joins");
    let one = redis.cli(&["GET", &format!("channelSenderRecipient:{user}:{other}")]);
    let two = redis.cli(&["GET", &format!("channelSenderRecipient:{other}:{user}")]);
    assert!(one.starts_with('{') && one == two, "{one} and {two}");
}

#[tokio::test]
async fn of_many_who_sign_up_with_one_name_at_once_one_gets_it() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    for round in 0..5 {
        let name = format!("name {round}");
        let mut attempts = tokio::task::JoinSet::new();
        for attempt in 0..8 {
            let gateway = if attempt % 2 == 0 { &one } else { &two };
            let (mut client, name) = (gateway.client().await, name.clone());
            attempts.spawn(async move {
                match attempt {
                    0..4 => client.sign_up(&name, PASSWORD).await,
                    // Each with a password of its own: one that lost must not get in.
                    _ => client.sign_in(&name, &format!("pass {attempt}")).await,
                }
                .is_ok()
            });
        }
        let outcomes = attempts.join_all().await;
        let won = outcomes.iter().filter(|won| **won).count();
        assert_eq!(won, 1, "{outcomes:?}");
        assert_eq!(redis.cli(&["LLEN", "users"]), (round + 1).to_string());
        let accounts = lines(
            &redis,
            &["SCAN", "0", "COUNT", "10000", "MATCH", "userAccount:*"],
        );
        assert_eq!(accounts.len(), round + 2, "the cursor and the accounts");
    }
}
