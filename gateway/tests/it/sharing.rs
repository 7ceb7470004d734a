//! Several Parlors on one Redis: each keeps to its prefix, hears nothing of the others, and goes without
//! taking anything of theirs along.

use std::{
    collections::BTreeSet,
    process::{Command, Output},
};

use parlor_shared::{
    client::Client,
    id::{Address, UserId},
    keyspace::{Family, Keyspace},
    protocol::{
        ClientFrame,
        change::{MessageRef, NewPoll},
        client::{ChannelMessage, Page},
        moderation::{Request, SettingsPatch},
        people::{TypingNow, UserSearch},
        value::RoomRef,
    },
};
use parlor_testkit::{Process, RedisCluster, RedisServer, binary, wait_until};

use crate::common::{
    PARTITIONS, PATIENCE, TestGateway, assert_refused,
    moderating::{ban, does, info, patch},
    photos, private, room,
    stage::history,
};

const DOCUMENT: &str = include_str!("../../../deploy/REDIS.md");
const PREFIX: &str = "eu:";
const PASSWORD: &str = "a password";
/// What is in the Redis besides: none of it is anybody's here, whatever it looks like.
const FOREIGN: [&str; 7] = [
    "somebody's",
    "eu:somebody's",
    "users:1",
    "photo:1",
    "eu:photo:1",
    // By name a Parlor's of other partitions, but of another type.
    "messages:{99999}",
    "eu:messages:{99999}",
];

fn documented_rules() -> String {
    let command = DOCUMENT
        .lines()
        .find_map(|line| line.trim().strip_prefix("ACL SETUSER parlor on >PASSWORD "))
        .expect("the document has the command");
    assert!(DOCUMENT.contains("`~team-a:* &team-a:* -scan -randomkey`"));
    let own = format!("~{PREFIX}* &{PREFIX}*");
    let rules = command.replace("~* &*", &own);
    assert_ne!(rules, command, "the document's rules are for all keys");
    // What a cluster needs besides, by the same document.
    format!("{rules} -scan -randomkey +cluster|slots")
}

/// One Parlor.
struct Parlor {
    prefix: &'static str,
    keyspace: Keyspace,
    url: String,
    one: TestGateway,
    two: TestGateway,
    /// With the folder of the photos.
    workers: (Vec<Process>, tempfile::TempDir),
}

/// A Parlor's command, which needs no program to run.
struct Keys {
    prefix: &'static str,
    keyspace: Keyspace,
    url: String,
}

impl Parlor {
    /// `user`: who it is to Redis, and may be no more than it says there.
    async fn start(url: &str, prefix: &'static str, user: Option<&str>) -> Self {
        let photos = tempfile::tempdir().expect("a folder");
        let mut settings = vec![format!("--redis-prefix={prefix}")];
        if let Some(user) = user {
            settings.push(format!("--redis-username={user}"));
            settings.push(format!("--redis-password={PASSWORD}"));
        }
        let worker = |name: &str| {
            let worker = Process::builder(binary(name)).args(&settings);
            worker
                .args(["--redis-url", url, "--admin-address", "127.0.0.1:0"])
                .start()
        };
        let running = vec![worker("history-worker"), worker("presence-worker")];
        settings.push(format!("--photo-store={}", photos.path().display()));
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let prefixed = prefix.parse().expect("a prefix");
        Self {
            prefix,
            keyspace: Keyspace::with_prefix(prefixed, PARTITIONS),
            one: TestGateway::start_at(url, &settings).await,
            two: TestGateway::start_at(url, &settings).await,
            url: url.to_owned(),
            workers: (running, photos),
        }
    }

    /// Sends photos to a room and to somebody, and one to nobody yet.
    async fn show(&self, ann: &mut Client, [lobby, to_bob]: [&Address; 2]) {
        let file = photos::jpeg(8, 8);
        let photo = photos::uploaded(self.one.address, ann, lobby, &file).await;
        photos::say(ann, lobby, "look", photo, None)
            .await
            .expect("sent");
        let photo = photos::uploaded(self.one.address, ann, to_bob, &file).await;
        let psst = photos::say(ann, to_bob, "psst", photo, None).await;
        psst.expect("sent");
        let links = format!("GET /api/photos/{photo}/links");
        let links = photos::ask(self.one.address, &links, &[&photos::bearer(ann)], &[]).await;
        assert_eq!(links.status, 200);
        // One that no message has.
        photos::uploaded(self.one.address, ann, lobby, &file).await;
    }

    fn keys(&self) -> Keys {
        Keys {
            prefix: self.prefix,
            keyspace: self.keyspace.clone(),
            url: self.url.clone(),
        }
    }

    /// Ends all programs.
    async fn stop(self) {
        self.one.shut_down().await;
        self.two.shut_down().await;
        drop(self.workers);
    }

    /// Does something of everything, and leaves Ann connected.
    async fn live(&self, redis: &RedisServer) -> Client {
        let lobby = room("lobby");
        let Address::Named(name) = &lobby else {
            unreachable!("the lobby has a name")
        };
        // As if there were a webhook.
        let state = self
            .keyspace
            .channel_webhook_state(&self.keyspace.named_room(name));
        redis.cli(&["HSET", &state, "most", "100", "join", "1", "message", "1"]);

        let mut ann = self.one.client().await;
        ann.sign_up("ann", PASSWORD).await.expect("signs up");
        ann.join(&Address::General).await.expect("joins");
        ann.join(&lobby).await.expect("joins");
        let mut joe = self.two.client().await;
        joe.sign_up("joe", PASSWORD).await.expect("signs up");
        for words in [&["grant", "ann"], &["ban", "joe"]] {
            let done = self.keys().command("admin", words, None);
            assert!(done.status.success(), "{done:?}");
        }
        let mut bob = self.two.guest_in("bob", &lobby).await;
        let mut eve = self.two.guest_in("eve", &lobby).await;
        let wrong = self.one.client().await.sign_in("ann", "another").await;
        assert_refused(wrong, parlor_shared::protocol::ErrorCode::SignIn);

        let hello = ChannelMessage {
            room: RoomRef::from(&lobby),
            message: "hello @bob".into(),
            client_message_id: Some("1".to_owned()),
            ..ChannelMessage::default()
        };
        let hello = ann.say_block(hello).await.expect("sent");
        assert_eq!(bob.message().await.expect("heard").message, "hello @bob");
        let target = MessageRef::from(&hello);
        bob.react(&lobby, target, "👍", true).await.expect("done");
        bob.read_to(&lobby, hello.seq).await.expect("done");
        let room_ref = RoomRef::from(&lobby);
        let typing = TypingNow {
            room: room_ref,
            on: true,
        };
        bob.send(ClientFrame::Typing(typing)).await.expect("sent");
        let poll = NewPoll {
            options: vec!["Pizza".to_owned(), "Soup".to_owned()],
            multiple: false,
            anonymous: false,
            closes_in_seconds: None,
        };
        let poll = ann.poll(&lobby, "Lunch?", poll).await.expect("sent");
        let vote = bob.vote(&lobby, MessageRef::from(&poll), &[1]).await;
        vote.expect("counted");
        let gone = ann.say(&lobby, "a slip").await.expect("sent");
        ann.delete(&lobby, MessageRef::from(&gone))
            .await
            .expect("deleted");
        ann.edit(&lobby, target, "hello all").await.expect("edited");

        let to_bob = private(bob.user());
        ann.join(&to_bob).await.expect("joins");
        self.show(&mut ann, [&lobby, &to_bob]).await;
        let found = ann
            .users(UserSearch {
                page: Page::default(),
                prefix: Some("an".to_owned()),
            })
            .await
            .expect("found");
        assert!(
            found
                .users
                .iter()
                .any(|user| user.username.as_str() == "ann")
        );

        does(
            &mut ann,
            Request::RoomMute(ban(&lobby, eve.user(), Some(600))),
        )
        .await;
        does(&mut ann, Request::RoomBan(ban(&lobby, eve.user(), None))).await;
        let slow = SettingsPatch {
            slow_seconds: Some(600),
            ..SettingsPatch::default()
        };
        let set = info(&mut ann, Request::RoomUpdate(patch(&lobby, slow))).await;
        set.expect("set");
        bob.say(&lobby, "slowly").await.expect("sent");
        eve.settle().await.ok();
        // Until the streams are empty, which the worker does.
        wait_until(PATIENCE, "the messages to be persisted", async || {
            let length = |partition| redis.cli(&["XLEN", &self.keyspace.messages(partition)]);
            (0..PARTITIONS).all(|partition| length(partition) == "0")
        })
        .await;
        ann
    }
}

impl Keys {
    /// Runs `gateway keys …` as the operator, or as another.
    fn run(&self, words: &[&str], user: Option<&str>) -> Output {
        self.command("keys", words, user)
    }

    fn command(&self, word: &str, words: &[&str], user: Option<&str>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
        command.arg(word).args(words).env("REDIS_URL", &self.url);
        command.env("REDIS_PREFIX", self.prefix);
        if let Some(user) = user {
            command.env("REDIS_USERNAME", user);
            command.env("REDIS_PASSWORD", PASSWORD);
        }
        tokio::task::block_in_place(|| command.output().expect("runs"))
    }

    /// The same with success.
    fn told(&self, words: &[&str]) -> String {
        let output = self.run(words, None);
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// The same with failure.
    fn refused(&self, words: &[&str]) -> String {
        failure(&self.run(words, None))
    }

    /// Removes everything, once the programs count as stopped.
    async fn remove(&self, confirm: &str) -> String {
        let mut told = String::new();
        wait_until(PATIENCE, "the programs to be gone", async || {
            let output = self.run(&["remove", confirm], None);
            told = String::from_utf8(output.stdout.clone()).expect("text");
            output.status.success() || !failure(&output).contains("Programs of this Parlor run")
        })
        .await;
        told
    }

    /// The Parlor's keys, by what they are called and hold.
    fn own(&self, redis: &RedisServer) -> BTreeSet<String> {
        let is_own = |key: &String| {
            let family = self.keyspace.family(key);
            family.is_some_and(|family| redis.cli(&["TYPE", key]) == family.kind().name())
        };
        all(redis).into_iter().filter(is_own).collect()
    }

    /// The families of which there is nothing though there should be.
    fn missing(&self, redis: &RedisServer) -> Vec<Family> {
        let own = self.own(redis);
        let seen: Vec<Family> = own
            .iter()
            .filter_map(|key| self.keyspace.family(key))
            .collect();
        let missing = Family::ALL.iter().filter(|family| !seen.contains(family));
        missing
            .filter(|family| !FLEETING.contains(family))
            .copied()
            .collect()
    }
}

fn failure(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).expect("text")
}

fn all(redis: &RedisServer) -> BTreeSet<String> {
    let keys = redis.cli(&["KEYS", "*"]);
    keys.lines().map(str::to_owned).collect()
}

/// Families of which nothing is left, or may be left, once everybody is done.
const FLEETING: [Family; 9] = [
    Family::GatewayDeparted,
    Family::GatewaysAwaited,
    Family::GatewaysDead,
    Family::OccupancyTold,
    Family::PhotosGone,
    Family::TalliesDue,
    Family::TypingTold,
    // Only where there were accounts before the start.
    Family::UsersByNameFilled,
    Family::WebhooksDead,
];

/// Two Parlors with all there is, one without a prefix and one that Redis itself holds to its own, live
/// side by side and go one after the other. `redis` has all the keys.
async fn share(redis: &RedisServer, url: &str) {
    for key in FOREIGN {
        redis.cli(&["SET", key, "somebody's"]);
    }
    let foreign = all(redis);
    let (rules, password) = (documented_rules(), format!(">{PASSWORD}"));
    let mut user = vec!["ACL", "SETUSER", "eu", "on", &password];
    user.extend(rules.split_whitespace());
    redis.cli(&user);
    let plain = Parlor::start(url, "", None).await;
    let eu = Parlor::start(url, PREFIX, Some("eu")).await;
    let mut plain_ann = plain.live(redis).await;
    let mut eu_ann = eu.live(redis).await;
    let mut plain_listener = plain.two.guest_in("listener", &Address::General).await;
    let mut eu_listener = eu.two.guest_in("listener", &Address::General).await;
    for text in ["one", "two", "three"] {
        let (here, there) = (format!("plain {text}"), format!("eu {text}"));
        plain_ann.say(&Address::General, &here).await.expect("sent");
        eu_ann.say(&Address::General, &there).await.expect("sent");
        let heard = plain_listener.message().await.expect("heard").message;
        assert_eq!(heard, here);
        assert_eq!(eu_listener.message().await.expect("heard").message, there);
    }
    for parlor in [&plain, &eu] {
        wait_until(PATIENCE, "keys of every family", async || {
            let missing = parlor.keys().missing(redis);
            println!("none of {missing:?} yet");
            missing.is_empty()
        })
        .await;
    }
    everything_is_somebodys(redis, &foreign, (&plain, &eu));

    let (plain_keys, eu_keys) = (plain.keys(), eu.keys());
    it_tells_and_refuses(&plain_keys, &eu_keys);

    plain.stop().await;
    let removed = plain_keys.remove("--confirm=no-prefix").await;
    assert!(
        removed.ends_with("keys of the Parlor without a prefix are removed.\n"),
        "{removed}"
    );
    assert!(
        plain_keys.own(redis).is_empty(),
        "{:?}",
        plain_keys.own(redis)
    );
    eu_ann
        .say(&Address::General, "still here")
        .await
        .expect("sent");
    assert_eq!(
        eu_listener.message().await.expect("heard").message,
        "still here"
    );
    let lobby = history(&mut eu_ann, &room("lobby")).await;
    let texts: Vec<&str> = lobby
        .messages
        .iter()
        .map(|it| it.message.as_str())
        .collect();
    assert_eq!(texts, ["hello all", "Lunch?", "", "look", "slowly"]);

    eu.stop().await;
    let before = eu_keys.own(redis);
    let listed = eu_keys.told(&["list"]);
    let listed: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
    let after = eu_keys.own(redis);
    // Some expire meanwhile.
    assert!(listed.is_subset(&before) && listed.is_superset(&after) && !after.is_empty());
    let removed = eu_keys.remove("--confirm=eu:").await;
    assert!(
        removed.contains("keys of the Parlor with the prefix eu: are removed.\n"),
        "{removed}"
    );
    assert!(removed.contains(" 3  more begin with eu:"), "{removed}");
    assert_eq!(all(redis), foreign);
    assert!(eu_keys.told(&["count"]).contains(" 0  in all"));
}

/// The command while everything runs.
fn it_tells_and_refuses(plain_keys: &Keys, eu_keys: &Keys) {
    let counted = eu_keys.told(&["count"]);
    assert!(counted.contains("1  users\n"), "{counted}");
    assert!(
        counted.contains("in all, of the Parlor with the prefix eu:\n"),
        "{counted}"
    );
    assert!(
        counted.contains(" 3  more begin with eu: and are not Parlor's"),
        "{counted}"
    );
    assert!(
        plain_keys
            .told(&["count"])
            .ends_with("of the Parlor without a prefix\n")
    );
    assert_eq!(
        eu_keys.run(&["count", "--confirm=eu:"], None).status.code(),
        Some(2)
    );
    let unseen = failure(&eu_keys.run(&["count"], Some("eu")));
    assert!(unseen.contains("SCAN, TYPE and UNLINK"), "{unseen}");
    for words in [&["remove"][..], &["remove", "--confirm=no-prefix"]] {
        let refused = eu_keys.refused(words);
        assert!(
            refused.contains("the prefix eu:: say --confirm=eu: if"),
            "{refused}"
        );
    }
    let refused = eu_keys.refused(&["remove", "--confirm=eu:"]);
    let all_run = "(gateways: 2, history-workers: 1, presence-workers: 1): stop them all";
    assert!(refused.contains(all_run), "{refused}");
}

/// What there is is somebody else's or one Parlor's, and nobody was at what is not theirs.
fn everything_is_somebodys(
    redis: &RedisServer,
    foreign: &BTreeSet<String>,
    (plain, eu): (&Parlor, &Parlor),
) {
    let (own_plain, own_eu) = (plain.keys().own(redis), eu.keys().own(redis));
    for key in all(redis) {
        let owners = [foreign, &own_plain, &own_eu].map(|keys| keys.contains(&key));
        let owners = owners.iter().filter(|owns| **owns).count();
        // What came after the keys were looked at is looked at by itself.
        let late = owners == 0
            && (plain.keyspace.family(&key))
                .or(eu.keyspace.family(&key))
                .is_some();
        assert!(owners == 1 || late, "{key} has {owners} owners");
    }
    assert!(own_eu.iter().all(|key| key.starts_with(PREFIX)));
    let channels = ["CHANNELS", "SHARDCHANNELS"].map(|kind| redis.cli(&["PUBSUB", kind]));
    let channels: BTreeSet<String> = channels
        .iter()
        .flat_map(|it| it.lines())
        .map(str::to_owned)
        .collect();
    let general = eu.keyspace.published(&eu.keyspace.general()).to_string();
    assert!(channels.contains(&general), "{channels:?}");
    assert!(
        channels.contains(&plain.keyspace.general().to_string()),
        "{channels:?}"
    );
    // Whatever a script or a command touches, if only for a moment, is held to the rules.
    let log = redis.cli(&["ACL", "LOG", "128"]);
    let lines: Vec<&str> = log.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair[0] == "object") {
        assert_eq!(pair[1], "config|get", "it is asked for once, at the start");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parlors_share_a_server() {
    let redis = RedisServer::start().await;
    let url = redis.url();
    share(&redis, &url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parlors_share_a_cluster() {
    let cluster = RedisCluster::start(1, 0).await;
    share(&cluster.nodes[0], &cluster.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_goes_to_every_master() {
    const USERS: usize = 300;
    let cluster = RedisCluster::start(3, 0).await;
    let keyspace = Keyspace::with_prefix(PREFIX.parse().expect("a prefix"), PARTITIONS);
    let keys = Keys {
        prefix: PREFIX,
        keyspace,
        url: cluster.url(),
    };
    for number in 0..USERS {
        let status = keys.keyspace.user_status(UserId::random());
        cluster.cli(&["SET", &status, "now"]);
        cluster.cli(&["SET", &format!("{PREFIX}{number}"), "somebody's"]);
    }
    let sizes = || {
        cluster
            .nodes
            .iter()
            .map(|node| node.cli(&["DBSIZE"]).parse::<usize>().expect("a number"))
    };
    assert!(sizes().all(|size| size > 0));
    let counted = keys.told(&["count"]);
    assert!(counted.contains(" 300  userStatus\n"), "{counted}");
    assert!(counted.contains(" 300  more begin with eu:"), "{counted}");
    assert_eq!(keys.told(&["list"]).lines().count(), USERS);
    let removed = keys.told(&["remove", "--confirm=eu:"]);
    assert!(
        removed.starts_with("300 keys of the Parlor with the prefix eu: are removed.\n"),
        "{removed}"
    );
    assert_eq!(sizes().sum::<usize>(), USERS);
}
