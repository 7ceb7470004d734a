//! The API for back ends, held against its document: each answer is of the form that the document
//! says, each operation and each status of it is met, and nothing is served that it does not name.

use std::collections::BTreeSet;

use parlor_gateway::api;
use parlor_shared::{
    id::Address,
    protocol::{ErrorCode, ServerFrame, server::Sys},
};
use parlor_testkit::{
    Proxy, RedisServer,
    http::{self, Response},
    schema, wait_until,
};
use serde_json::{Value, json};

use crate::common::{PATIENCE, TestGateway, keys, room, tokens};

const KEY: &str = "the-first-key-of-the-test";
const NEW_KEY: &str = "the-second-key-of-the-test";
const KEYS: &str = "--api-keys=the-first-key-of-the-test,the-second-key-of-the-test";

/// A back end: asks a gateway, and checks what it is answered.
struct BackEnd {
    base: String,
    document: Value,
    /// The operations and statuses that were met.
    met: BTreeSet<(String, String, String)>,
}

impl BackEnd {
    async fn new(gateway: &TestGateway) -> Self {
        let base = format!("http://{}/api/v1", gateway.address);
        let answer = http::get(&format!("{base}/openapi.json"))
            .await
            .expect("answers");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let document: Value = serde_json::from_str(&answer.body).expect("JSON");
        let own: Value = serde_json::from_str(api::DOCUMENT).expect("JSON");
        assert_eq!(document, own);
        let met = BTreeSet::from([("get".into(), "/openapi.json".into(), "200".into())]);
        Self {
            base,
            document,
            met,
        }
    }

    async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        http::request(method, &format!("{}{path}", self.base), headers, body)
            .await
            .expect("answers")
    }

    /// Asks for `path`, which is of the document's `template`, and gives the status and the body.
    async fn ask(
        &mut self,
        method: &str,
        template: &str,
        path: &str,
        body: &Value,
    ) -> (u16, Value) {
        let authorization = format!("Bearer {KEY}");
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", "application/json"),
        ];
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let answer = self.raw(method, path, &headers, &text).await;
        self.take(method, template, &answer)
    }

    /// Checks an answer against the document.
    fn take(&mut self, method: &str, template: &str, answer: &Response) -> (u16, Value) {
        let (method, status) = (method.to_lowercase(), answer.status.to_string());
        let response = &self.document["paths"][template][&method]["responses"][&status];
        assert!(
            response.is_object(),
            "{method} {template} answers {status}, which the document does not know: {}",
            answer.body
        );
        self.met
            .insert((method.clone(), template.to_owned(), status.clone()));
        if response.get("content").is_none() {
            assert_eq!(answer.body, "");
            return (answer.status, Value::Null);
        }
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let body: Value = serde_json::from_str(&answer.body).expect("JSON");
        let rule = &response["content"]["application/json"]["schema"];
        let wrong = schema::violations(&self.document, rule, &body);
        assert!(wrong.is_empty(), "{method} {template} {status}: {wrong:?}");
        (answer.status, body)
    }

    async fn get(&mut self, template: &str, path: &str) -> (u16, Value) {
        self.ask("GET", template, path, &Value::Null).await
    }

    async fn post(&mut self, template: &str, path: &str, body: Value) -> (u16, Value) {
        // What we send is of the form as well, unless it is meant to be refused.
        let (status, answer) = self.ask("POST", template, path, &body).await;
        if status < 400 {
            let operation = &self.document["paths"][template]["post"];
            let rule = &operation["requestBody"]["content"]["application/json"]["schema"];
            let wrong = schema::violations(&self.document, rule, &body);
            assert!(wrong.is_empty(), "{body}: {wrong:?}");
        }
        (status, answer)
    }
}

const ROOMS: &str = "/rooms";
const ROOM: &str = "/rooms/{room}";
const MEMBERS: &str = "/rooms/{room}/members";
const MESSAGES: &str = "/rooms/{room}/messages";
const BANS: &str = "/rooms/{room}/bans";
const BAN: &str = "/rooms/{room}/bans/{user}";
const USERS: &str = "/users";
const USER: &str = "/users/{id}";

/// The operations of the document.
fn documented() -> BTreeSet<(String, String)> {
    let document: Value = serde_json::from_str(api::DOCUMENT).expect("JSON");
    let paths = document["paths"].as_object().expect("paths").clone();
    paths
        .into_iter()
        .flat_map(|(path, item)| {
            let methods: Vec<String> = item.as_object().expect("an item").keys().cloned().collect();
            methods
                .into_iter()
                .map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect()
}

#[test]
fn the_document_and_the_router_know_the_same_operations() {
    let served: BTreeSet<_> = api::operations()
        .into_iter()
        .map(|(method, path)| (method.to_owned(), path.to_owned()))
        .collect();
    assert_eq!(served, documented(), "what is served on the left");
}

#[tokio::test]
#[allow(
    clippy::too_many_lines,
    reason = "one walk through all of the document, at whose end nothing of it may be left"
)]
async fn every_operation_and_status_is_as_the_document_says() {
    let redis = RedisServer::builder().alone().start().await;
    let proxy = Proxy::to_port(redis.port()).await;
    let gateway = TestGateway::start_at(&format!("redis://{}", proxy.address()), &[KEYS]).await;
    let mut api = BackEnd::new(&gateway).await;

    // Users of another system.
    let ann = json!({"externalId": "7", "issuer": "https://id.example", "name": "Ann", "role": "moderator"});
    let (status, made) = api.post(USERS, "/users", ann.clone()).await;
    assert_eq!((status, &made["role"]), (201, &json!("moderator")));
    assert_eq!(api.post(USERS, "/users", ann).await, (200, made.clone()));
    let uuid = made["UUID"].as_str().expect("a UUID").to_owned();
    assert_eq!(
        api.get(USER, &format!("/users/{uuid}")).await,
        (200, made.clone())
    );
    assert_eq!(api.get(USER, "/users/Ann").await, (200, made));
    assert_eq!(api.get(USER, "/users/nobody").await.0, 404);
    assert_eq!(api.get(USER, "/users/%E2%80%AE").await.0, 400);
    let (status, _) = api.post(USERS, "/users", json!({"externalId": ""})).await;
    assert_eq!(status, 400);
    let control = json!({"externalId": "8", "name": "a\u{202E}b"});
    assert_eq!(api.post(USERS, "/users", control).await.0, 400);

    // Rooms.
    let (status, lobby) = api
        .post(
            ROOMS,
            "/rooms",
            json!({"room": "the lobby", "ownerUUID": uuid}),
        )
        .await;
    assert_eq!((status, &lobby["ownerUUID"]), (201, &json!(uuid)));
    assert_eq!(
        api.post(ROOMS, "/rooms", json!({"room": "the lobby"}))
            .await,
        (200, lobby.clone())
    );
    let stranger = json!({"room": "x", "ownerUUID": "6f0b1d2c-0000-4000-8000-000000000001"});
    assert_eq!(api.post(ROOMS, "/rooms", stranger).await.0, 404);
    assert_eq!(api.post(ROOMS, "/rooms", json!({"room": " "})).await.0, 400);
    let (_, unknown) = api
        .post(ROOMS, "/rooms", json!({"room": "x", "colour": "planted"}))
        .await;
    assert!(!unknown.to_string().contains("planted"), "{unknown}");
    assert_eq!(api.get(ROOM, "/rooms/the%20lobby").await, (200, lobby));
    assert_eq!(api.get(ROOM, "/rooms/none").await.0, 404);
    assert_eq!(api.get(ROOM, "/rooms/%20").await.0, 400);
    let (_, rooms) = api.get(ROOMS, "/rooms?limit=10").await;
    assert_eq!(
        (&rooms["total"], &rooms["rooms"][0]["room"]),
        (&json!(1), &json!("the lobby"))
    );
    assert_eq!(api.get(ROOMS, "/rooms?limit=many").await.0, 400);

    // Messages, heard by whoever is there.
    let mut gus = gateway.guest_in("gus", &room("the lobby")).await;
    let path = "/rooms/the%20lobby/messages";
    let hello = json!({"as": uuid, "message": "hello", "clientMessageId": "m1"});
    let (status, sent) = api.post(MESSAGES, path, hello.clone()).await;
    assert_eq!((status, &sent["Seq"]), (201, &json!(1)));
    assert_eq!(api.post(MESSAGES, path, hello).await, (200, sent.clone()));
    let heard = gus.message().await.expect("a message");
    assert_eq!((heard.message.as_str(), heard.seq), ("hello", 1));
    assert_eq!(heard.sender.username.as_str(), "Ann");
    for (number, by) in [json!({"as": "Ann"}), json!({"sender": "deploy bot"})]
        .into_iter()
        .enumerate()
    {
        let mut message = by;
        message["message"] = json!(format!("more {number}"));
        assert_eq!(api.post(MESSAGES, path, message).await.0, 201);
    }
    let bad = [
        json!({"as": uuid, "message": " "}),
        json!({"as": uuid, "message": "x".repeat(4_001)}),
        json!({"message": "by nobody"}),
        json!({"as": uuid, "sender": "both", "message": "by two"}),
        json!({"as": uuid, "message": "x", "clientMessageId": ""}),
        json!({"as": uuid}),
    ];
    for message in bad {
        assert_eq!(
            api.post(MESSAGES, path, message.clone()).await.0,
            400,
            "{message}"
        );
    }
    assert_eq!(
        api.post(MESSAGES, path, json!({"as": "nobody", "message": "x"}))
            .await
            .0,
        404
    );
    let (_, taken) = api
        .post(MESSAGES, path, json!({"sender": "gus", "message": "x"}))
        .await;
    assert_eq!(taken["reason"], "nameTaken");
    assert_eq!(
        api.post(
            MESSAGES,
            "/rooms/none/messages",
            json!({"as": uuid, "message": "x"})
        )
        .await
        .0,
        404
    );

    // History and members.
    let (_, history) = api.get(MESSAGES, path).await;
    let texts: Vec<_> = history["messages"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| it["Message"].clone())
        .collect();
    assert_eq!(texts, ["hello", "more 0", "more 1"]);
    let (_, page) = api.get(MESSAGES, &format!("{path}?before=3&limit=1")).await;
    assert_eq!(
        (&page["messages"][0]["Seq"], &page["more"]),
        (&json!(2), &json!(true))
    );
    let (_, page) = api.get(MESSAGES, &format!("{path}?after=2")).await;
    assert_eq!(
        (&page["messages"][0]["Seq"], &page["more"]),
        (&json!(3), &json!(false))
    );
    assert_eq!(
        api.get(MESSAGES, &format!("{path}?before=3&after=1"))
            .await
            .0,
        400
    );
    assert_eq!(api.get(MESSAGES, "/rooms/none/messages").await.0, 404);
    let (_, members) = api.get(MEMBERS, "/rooms/the%20lobby/members").await;
    assert_eq!(
        (&members["total"], &members["members"][0]["Username"]),
        (&json!(1), &json!("gus"))
    );
    assert_eq!(api.get(MEMBERS, "/rooms/none/members").await.0, 404);
    assert_eq!(
        api.get(MEMBERS, "/rooms/the%20lobby/members?next=x")
            .await
            .0,
        400
    );

    // Out of the room, and in again.
    let bans = "/rooms/the%20lobby/bans";
    let ban = format!("{bans}/{}", gus.user());
    let of_gus = json!({"userUUID": gus.user(), "seconds": 3600, "reason": "spam"});
    assert_eq!(api.post(BANS, bans, of_gus.clone()).await.0, 204);
    wait_until(PATIENCE, "gus is out", async || {
        api.get(ROOM, "/rooms/the%20lobby").await.1["users"] == 0
    })
    .await;
    crate::common::assert_refused(gus.join(&room("the lobby")).await, ErrorCode::Banned);
    assert_eq!(api.ask("DELETE", BAN, &ban, &Value::Null).await.0, 204);
    gus.join(&room("the lobby")).await.expect("is let in again");
    assert_eq!(api.ask("DELETE", BAN, &ban, &Value::Null).await.0, 204);
    let nobody = json!({"userUUID": "6f0b1d2c-0000-4000-8000-000000000001"});
    assert_eq!(api.post(BANS, bans, nobody).await.0, 404);
    assert_eq!(api.post(BANS, "/rooms/none/bans", of_gus).await.0, 404);
    let long = json!({"userUUID": gus.user(), "reason": "x".repeat(201)});
    assert_eq!(api.post(BANS, bans, long).await.0, 400);
    let none = "/rooms/none/bans/6f0b1d2c-0000-4000-8000-000000000001";
    assert_eq!(api.ask("DELETE", BAN, none, &Value::Null).await.0, 404);
    let no_uuid = format!("{bans}/gus");
    assert_eq!(api.ask("DELETE", BAN, &no_uuid, &Value::Null).await.0, 400);

    // A name that other users hold in every form that would be tried.
    for number in 2..=9 {
        gateway.guest(&format!("Full {number}")).await;
    }
    every_name_is_taken(&redis);
    let (status, _) = api
        .post(USERS, "/users", json!({"externalId": "9", "name": "Full"}))
        .await;
    assert_eq!(status, 409);

    // What every operation has in common.
    let paths = [
        ("GET", ROOMS, "/rooms"),
        ("POST", ROOMS, "/rooms"),
        ("GET", ROOM, "/rooms/the%20lobby"),
        ("GET", MEMBERS, "/rooms/the%20lobby/members"),
        ("GET", MESSAGES, path),
        ("POST", MESSAGES, path),
        ("POST", BANS, bans),
        ("DELETE", BAN, ban.as_str()),
        ("POST", USERS, "/users"),
        ("GET", USER, "/users/Ann"),
    ];
    let bearer = format!("Bearer {KEY}");
    let with_key = ("Authorization", bearer.as_str());
    let json_type = ("Content-Type", "application/json");
    for (method, template, path) in paths {
        let answer = api.raw(method, path, &[json_type], "").await;
        assert_eq!(api.take(method, template, &answer).0, 401);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        if method == "POST" {
            let answer = api.raw(method, path, &[with_key], "{}").await;
            assert_eq!(api.take(method, template, &answer).0, 415);
            let large = json!({"message": "x".repeat(70_000)}).to_string();
            let answer = api.raw(method, path, &[with_key, json_type], &large).await;
            assert_eq!(api.take(method, template, &answer).0, 413);
        }
    }
    // Keys are changed without a gap: both are taken.
    let new = format!("Bearer {NEW_KEY}");
    let answer = api
        .raw("GET", "/rooms", &[("Authorization", &new)], "")
        .await;
    assert_eq!(answer.status, 200);
    for (method, path) in [("GET", "/nothing"), ("DELETE", "/rooms")] {
        let answer = api.raw(method, path, &[with_key], "").await;
        let body: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(body["reason"], "malformed", "{method} {path}");
    }

    let limited = TestGateway::start_with(&redis, &[KEYS, "--api-rate=1/1h"]).await;
    let base = format!("http://{}/api/v1", limited.address);
    assert_eq!(
        http::get_with(&format!("{base}/rooms"), &[with_key])
            .await
            .expect("answers")
            .status,
        200
    );
    for (method, template, path) in paths {
        let url = format!("{base}{path}");
        let answer = http::request(method, &url, &[with_key], "")
            .await
            .expect("answers");
        assert_eq!(api.take(method, template, &answer).0, 429);
        assert!(answer.header("retry-after").is_some());
    }

    proxy.refuse(true).await;
    proxy.cut().await;
    for (method, template, path) in paths {
        let body = match (method, template) {
            ("POST", ROOMS) => json!({"room": "later"}),
            ("POST", MESSAGES) => json!({"as": uuid, "message": "later"}),
            ("POST", BANS) => json!({"userUUID": uuid}),
            ("POST", USERS) => json!({"externalId": "10"}),
            _ => Value::Null,
        };
        assert_eq!(
            api.ask(method, template, path, &body).await.0,
            503,
            "{method} {path}"
        );
    }

    let missing: Vec<_> = every_status(&api.document)
        .difference(&api.met)
        .cloned()
        .collect();
    assert!(
        missing.is_empty(),
        "the document names what was not met: {missing:?}"
    );
}

/// Reserves the names with numbers up to four digits, as guests would.
fn every_name_is_taken(redis: &RedisServer) {
    let names: Vec<String> = std::iter::once("Full".to_owned())
        .chain((2..10_000).map(|number| format!("Full {number}")))
        .collect();
    for names in names.chunks(1_000) {
        let mut command = vec!["MSET".to_owned()];
        for name in names {
            let name = parlor_shared::id::Username::new(name).expect("a name");
            command.push(keys().users_username_index(&name));
            command.push("guest:somebody".to_owned());
        }
        redis.cli(&command.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

fn every_status(document: &Value) -> BTreeSet<(String, String, String)> {
    let mut all = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("an item") {
            for status in operation["responses"]
                .as_object()
                .expect("responses")
                .keys()
            {
                all.insert((method.clone(), path.clone(), status.clone()));
            }
        }
    }
    all
}

#[tokio::test]
async fn without_keys_there_is_no_api() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let url = format!("http://{}/api/v1/rooms", gateway.address);
    let answer = http::get_with(&url, &[("Authorization", "Bearer x")]).await;
    assert_eq!(
        answer
            .expect("answers")
            .header("content-type")
            .map(|kind| kind.starts_with("application/json")),
        Some(false)
    );
}

#[tokio::test]
async fn a_user_made_known_is_the_one_who_comes_by_token() {
    let redis = RedisServer::start().await;
    let secret = format!("--jwt-secret={}", tokens::SECRET);
    let issuer = "--jwt-issuer=https://id.example";
    let one = TestGateway::start_with(&redis, &[KEYS, issuer]).await;
    let two = TestGateway::start_with(&redis, &[&secret, issuer]).await;
    let mut api = BackEnd::new(&one).await;
    let (_, made) = api
        .post(USERS, "/users", json!({"externalId": "7", "name": "Ann"}))
        .await;
    let claims = json!({
        "iss": "https://id.example", "sub": "7", "name": "Anna", "exp": tokens::in_seconds(60),
    });
    let mut page = crate::common::page::Page::open(&two).await;
    page.send(tokens::sign_in(
        &tokens::Signer::Secret(tokens::SECRET).sign(&claims),
    ))
    .await;
    let authorized = page.first("authorized").await["authorized"].clone();
    assert_eq!(authorized["userUUID"], made["UUID"]);
    assert_eq!(authorized["username"], "Ann");
    let path = format!("/users/{}", made["UUID"].as_str().expect("a UUID"));
    wait_until(PATIENCE, "she is online", async || {
        api.get(USER, &path).await.1["OnLine"] == true
    })
    .await;
}

#[tokio::test]
async fn those_whom_a_back_ends_message_names_are_told() {
    let redis = RedisServer::start().await;
    let one = TestGateway::start_with(&redis, &[KEYS]).await;
    let two = TestGateway::start(&redis).await;
    let mut api = BackEnd::new(&one).await;
    let mut gus = two.guest_in("gus", &room("lobby")).await;
    gus.join(&Address::General).await.expect("is elsewhere");
    let message =
        json!({"sender": "deploy bot", "message": "@gus it is out", "clientMessageId": "1"});
    // Sent again it is told once.
    for status in [201, 200] {
        let sent = api.post(MESSAGES, "/rooms/lobby/messages", message.clone());
        assert_eq!(sent.await.0, status);
    }
    let mention = |frame: &ServerFrame| match frame {
        ServerFrame::Sys(Sys::Mention(mention)) => Some(mention.clone()),
        _ => None,
    };
    let told = gus.expect(mention).await.expect("told");
    assert_eq!((told.seq, told.sender.username.as_str()), (1, "deploy bot"));
    gus.settle().await.expect("alive");
    assert!(!gus.inbox().any(|frame| mention(frame).is_some()));
    let page = gus.join(&room("lobby")).await.expect("joins");
    assert_eq!(page.messages[0].mentions, [gus.user()]);
}
