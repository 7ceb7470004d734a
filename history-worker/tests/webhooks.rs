//! What happens is told to a back end: signed, at least once, in each room's order, and never
//! without a bound.

mod common;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use common::{PATIENCE, Stage, Worker, keys};
use parlor_shared::{
    event::Membership,
    id::{ChannelId, RoomName, SessionId, UserId, Username},
    protocol::value::User,
    redis::presence,
    roles::SiteRole,
};
use parlor_testkit::wait_until;
use ring::hmac;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

const SECRET: &str = "a secret of the test";
const QUICK: [&str; 2] = ["--webhook-backoff-max=100ms", "--webhook-timeout=5s"];

/// A back end's endpoint.
struct Endpoint {
    url: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    /// What was taken, in order.
    taken: Mutex<Vec<Value>>,
    /// Texts of messages that are refused, and how.
    refuses: Mutex<Option<(String, StatusCode)>>,
    refused: Mutex<usize>,
    redirected: Mutex<usize>,
}

impl Endpoint {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(Shared::default());
        let elsewhere = |State(shared): State<Arc<Shared>>| async move {
            *shared.redirected.lock().expect("no panic") += 1;
        };
        let router = Router::new()
            .route("/hook", post(take))
            .route("/elsewhere", get(elsewhere).post(elsewhere))
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serves");
        });
        let url = format!("http://{address}/hook?key=in-the-url");
        Self { url, shared, task }
    }

    /// A worker that sends here.
    async fn worker(&self, stage: &Stage, settings: &[&str]) -> Worker {
        let url = format!("--webhook-url={}", self.url);
        let secret = format!("--webhook-secret={SECRET}");
        let own = [url.as_str(), secret.as_str()];
        let all = [own.as_slice(), QUICK.as_slice(), settings].concat();
        let worker = stage.worker(&all).await;
        wait_until(PATIENCE, "the scripts know of the webhook", async || {
            (0..stage.keyspace.partitions()).all(|partition| {
                let counts = stage.keyspace.webhook_state(partition);
                !stage.server.cli(&["HGET", &counts, "most"]).is_empty()
            })
        })
        .await;
        worker
    }

    fn refuse(&self, texts_with: &str, status: StatusCode) {
        let refused = (texts_with.to_owned(), status);
        *self.shared.refuses.lock().expect("no panic") = Some(refused);
    }

    fn take_all(&self) {
        *self.shared.refuses.lock().expect("no panic") = None;
    }

    fn taken(&self) -> Vec<Value> {
        self.shared.taken.lock().expect("no panic").clone()
    }

    fn refused(&self) -> usize {
        *self.shared.refused.lock().expect("no panic")
    }

    /// The texts of the messages that were taken, each once, in the order of the first time.
    fn texts(&self) -> Vec<String> {
        let mut ids = HashSet::new();
        self.taken()
            .iter()
            .filter(|event| event["type"] == "message")
            .filter(|event| ids.insert(event["id"].to_string()))
            .map(|event| {
                event["message"]["Message"]
                    .as_str()
                    .expect("a text")
                    .to_owned()
            })
            .collect()
    }

    async fn wait_for_texts(&self, count: usize) {
        let awaited = format!("{count} messages were taken");
        wait_until(PATIENCE, &awaited, async || self.texts().len() >= count).await;
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let event: Value = serde_json::from_slice(&body).expect("a body of JSON");
    assert_eq!(
        headers["parlor-event-id"],
        event["id"].as_str().expect("an id")
    );
    let signature = headers["parlor-signature"].to_str().expect("a text");
    let (time, signature) = signature
        .split_once(",v1=")
        .expect("a time and a signature");
    let seconds = time.strip_prefix("t=").expect("a time");
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signed = [seconds.as_bytes(), b".", &body].concat();
    let bytes: Vec<u8> = (0..signature.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&signature[at..at + 2], 16).expect("hexadecimal"))
        .collect();
    hmac::verify(&key, &signed, &bytes).expect("a good signature");

    let refuses = shared.refuses.lock().expect("no panic").clone();
    if let Some((texts_with, status)) = refuses
        && event["message"]["Message"]
            .as_str()
            .is_some_and(|text| text.contains(&texts_with))
    {
        *shared.refused.lock().expect("no panic") += 1;
        return (status, [(header::LOCATION, "/elsewhere")]).into_response();
    }
    shared.taken.lock().expect("no panic").push(event);
    StatusCode::NO_CONTENT.into_response()
}

/// Rooms as joins make them: without a name a room would pass for a private one.
fn named_rooms(stage: &Stage, count: usize) -> Vec<ChannelId> {
    let rooms = stage.rooms(count);
    for (number, room) in rooms.iter().enumerate() {
        let meta = keys().channel_meta(room);
        let name = format!("room {number}");
        stage.server.cli(&["HSET", &meta, "name", &name]);
    }
    rooms
}

fn ann() -> Membership {
    Membership {
        session: SessionId::random(),
        user: User {
            uuid: UserId::random(),
            username: Username::new("Ann").expect("a name"),
            online: None,
            guest: false,
            look: None,
        },
    }
}

async fn join(stage: &Stage, channel: &ChannelId, room: &str, who: &Membership) {
    let room = RoomName::new(room).expect("a name");
    let mut commands = stage.commands.clone();
    let settings = presence::Settings::default();
    let entering = presence::Entering {
        channel,
        who,
        role: SiteRole::Member,
        room: Some(&room),
        create: true,
    };
    presence::join(&mut commands, settings, entering)
        .await
        .expect("Redis answers")
        .expect("joins");
}

async fn leave(stage: &Stage, channel: &ChannelId, who: &Membership) {
    let settings = presence::Settings::default();
    presence::leave(&mut stage.commands.clone(), settings, channel, who)
        .await
        .expect("Redis answers");
}

async fn wait_until_none_waits(stage: &Stage) {
    wait_until(PATIENCE, "no event waits", async || {
        (0..stage.keyspace.partitions()).all(|partition| {
            stage
                .server
                .cli(&["XLEN", &stage.keyspace.webhooks(partition)])
                == "0"
        })
    })
    .await;
}

fn dead(stage: &Stage) -> String {
    (0..stage.keyspace.partitions())
        .map(|partition| {
            let dead = stage.keyspace.webhooks_dead(partition);
            stage.server.cli(&["XRANGE", &dead, "-", "+"])
        })
        .collect()
}

#[tokio::test]
async fn events_are_signed_named_and_in_order() {
    let stage = Stage::new().await;
    let endpoint = Endpoint::start().await;
    let worker = endpoint.worker(&stage, &[]).await;
    let rooms = stage.rooms(5);
    let who = ann();
    for (number, room) in rooms.iter().enumerate() {
        join(&stage, room, &format!("room {number}"), &who).await;
    }
    // Private rooms are nobody's business but the two users'.
    stage
        .publish_one(stage.keyspace.new_private_room(), "private".to_owned())
        .await;
    let published = stage.publish(&rooms, 200).await;
    endpoint.wait_for_texts(200).await;
    leave(&stage, &rooms[0], &who).await;
    wait_until_none_waits(&stage).await;

    let taken = endpoint.taken();
    let ids: HashSet<String> = taken.iter().map(|event| event["id"].to_string()).collect();
    assert_eq!((taken.len(), ids.len()), (200 + 5 + 1, 200 + 5 + 1));
    for (number, room) in rooms.iter().enumerate() {
        let named = json!({"kind": "named", "name": format!("room {number}")});
        let here: Vec<_> = taken
            .iter()
            .filter(|event| event["room"] == named)
            .collect();
        assert_eq!(here[0]["type"], "join");
        assert_eq!(here[0]["user"]["UUID"], json!(who.user.uuid));
        assert_eq!(here[0]["users"], 1);
        let found: Vec<_> = here
            .iter()
            .filter(|event| event["type"] == "message")
            .map(|event| {
                (
                    event["message"]["Seq"].as_u64(),
                    &event["message"]["Message"],
                )
            })
            .collect();
        let mut sent: Vec<_> = published
            .iter()
            .filter(|message| message.room == *room)
            .map(|message| (Some(message.position.seq), json!(message.text)))
            .collect();
        sent.sort_by_key(|(seq, _)| *seq);
        let sent: Vec<_> = sent.iter().map(|(seq, text)| (*seq, text)).collect();
        assert_eq!(found, sent, "in {room}");
    }
    let last = taken.last().expect("some");
    assert_eq!(
        (&last["type"], &last["users"]),
        (&json!("leave"), &json!(0))
    );
    assert_eq!(worker.value("parlor_webhooks_delivered_total").await, 206);
    assert!(!endpoint.texts().contains(&"private".to_owned()));
    let log = worker.process.log();
    assert!(
        !log.contains("message 1") && !log.contains("in-the-url"),
        "{log}"
    );
}

#[tokio::test]
async fn nothing_is_lost_when_the_endpoint_is_away_and_the_worker_dies() {
    let stage = Stage::new().await;
    let endpoint = Endpoint::start().await;
    let rooms = named_rooms(&stage, 3);
    endpoint.refuse("message", StatusCode::SERVICE_UNAVAILABLE);
    let mut worker = endpoint.worker(&stage, &[]).await;
    stage.publish(&rooms, 60).await;
    wait_until(PATIENCE, "some were refused", async || {
        endpoint.refused() > 5
    })
    .await;
    worker.process.kill9();
    endpoint.take_all();
    let mut next = endpoint.worker(&stage, &[]).await;
    // And once more while they are being sent.
    endpoint.wait_for_texts(1).await;
    next.process.kill9();
    let _last = endpoint.worker(&stage, &[]).await;
    endpoint.wait_for_texts(60).await;
    wait_until_none_waits(&stage).await;
    let texts = endpoint.texts();
    for (number, _) in rooms.iter().enumerate() {
        let sent: Vec<_> = (0..60).filter(|it| it % 3 == number).collect();
        let sent: Vec<_> = sent.iter().map(|it| format!("message {it}")).collect();
        let found: Vec<_> = texts.iter().filter(|text| sent.contains(text)).collect();
        assert_eq!(found, sent.iter().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_is_never_taken_is_put_aside_and_holds_nobody_else_up() {
    let stage = Stage::new().await;
    let endpoint = Endpoint::start().await;
    endpoint.refuse("poison", StatusCode::BAD_REQUEST);
    let worker = endpoint.worker(&stage, &["--webhook-retry-for=1s"]).await;
    // Both in one partition, the one behind the other.
    let room = named_rooms(&stage, 1).remove(0);
    let mate = named_rooms(&stage, 60)
        .into_iter()
        .find(|other| *other != room && other.tag() == room.tag())
        .expect("a room of the same partition");
    stage.publish_one(room.clone(), "poison".to_owned()).await;
    stage
        .publish_one(room.clone(), "behind it".to_owned())
        .await;
    stage.publish_one(mate, "elsewhere".to_owned()).await;
    endpoint.wait_for_texts(2).await;
    assert_eq!(endpoint.texts(), ["elsewhere", "behind it"]);
    wait_until_none_waits(&stage).await;
    assert!(endpoint.refused() >= 3, "it is tried again first");
    let dead = dead(&stage);
    assert!(
        dead.contains("poison") && dead.contains("the answer was 400"),
        "{dead}"
    );
    assert!(!dead.contains("behind it"));
    assert_eq!(worker.value("parlor_webhooks_dead_total").await, 1);
    assert!(worker.value("parlor_webhooks_failed_attempts_total").await >= 3);
}

#[tokio::test]
async fn what_waits_is_bounded_and_the_loss_is_told() {
    let stage = Stage::new().await;
    let endpoint = Endpoint::start().await;
    endpoint.refuse("message", StatusCode::INTERNAL_SERVER_ERROR);
    let worker = endpoint.worker(&stage, &["--webhook-backlog=10"]).await;
    let rooms = stage.rooms(1);
    stage.publish(&rooms, 50).await;
    stage.wait_until_drained().await;
    let stream = keys().channel_webhooks(&rooms[0]);
    assert_eq!(stage.server.cli(&["XLEN", &stream]), "10");
    wait_until(PATIENCE, "the loss is told", async || {
        worker.value("parlor_webhooks_dropped_total").await == 40
    })
    .await;
    // History has them all.
    assert_eq!(stage.stored(&rooms), 50);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let stage = Stage::new().await;
    let endpoint = Endpoint::start().await;
    endpoint.refuse("message", StatusCode::TEMPORARY_REDIRECT);
    let worker = endpoint.worker(&stage, &[]).await;
    stage.publish(&named_rooms(&stage, 1), 1).await;
    wait_until(PATIENCE, "it was tried twice", async || {
        endpoint.refused() >= 2
    })
    .await;
    assert!(worker.value("parlor_webhooks_failed_attempts_total").await >= 1);
    assert_eq!(*endpoint.shared.redirected.lock().expect("no panic"), 0);
}

#[tokio::test]
async fn only_what_is_wanted_is_put_aside() {
    let stage = Stage::new().await;
    let endpoint = Endpoint::start().await;
    let mut worker = endpoint.worker(&stage, &["--webhook-events=join"]).await;
    let room = stage.rooms(1).remove(0);
    let who = ann();
    stage.publish_one(room.clone(), "message".to_owned()).await;
    stage.wait_until_drained().await;
    join(&stage, &room, "room 0", &who).await;
    leave(&stage, &room, &who).await;
    wait_until(PATIENCE, "the join was taken", async || {
        !endpoint.taken().is_empty()
    })
    .await;
    let kinds: Vec<_> = endpoint
        .taken()
        .iter()
        .map(|event| event["type"].clone())
        .collect();
    assert_eq!(kinds, ["join"]);
    let waiting = || {
        let stream = keys().channel_webhooks(&room);
        stage.server.cli(&["XLEN", &stream])
    };
    wait_until(PATIENCE, "it is noted as sent", async || waiting() == "0").await;
    // A worker without a webhook tells the scripts that nobody wants anything any more.
    worker.process.kill9();
    let _plain = stage.worker(&[]).await;
    let counts = keys().channel_webhook_state(&room);
    wait_until(PATIENCE, "the webhook is off", async || {
        stage.server.cli(&["EXISTS", &counts]) == "0"
    })
    .await;
    join(&stage, &room, "room 0", &ann()).await;
    assert_eq!(waiting(), "0");
}
