//! Signing in by token: a product's own users chat without a second account.

use parlor_shared::id::UserId;
use parlor_testkit::RedisServer;
use serde_json::{Value, json};

use crate::common::{
    TestGateway, keys,
    page::{Page, text},
    tokens::{Issuer, SECRET, Signer, in_seconds, sign_in},
};

const SECRET_FLAG: &str = "--jwt-secret=a secret of the test, long enough for HS256";

fn signed(claims: &Value) -> String {
    Signer::Secret(SECRET).sign(claims)
}

fn claims(subject: &str, name: &str) -> Value {
    json!({"sub": subject, "name": name, "exp": in_seconds(300)})
}

/// A page signed in by token, and what it was told.
async fn enter(gateway: &TestGateway, token: &str) -> (Page, Value) {
    let mut page = Page::open(gateway).await;
    page.next_is("ready").await;
    page.send(sign_in(token)).await;
    let authorized = page.next_is("authorized").await["authorized"].clone();
    page.next_is("sys").await;
    (page, authorized)
}

/// The error that a token is refused with.
async fn refused(gateway: &TestGateway, token: &str) -> Value {
    let mut page = Page::open(gateway).await;
    page.next_is("ready").await;
    page.send(sign_in(token)).await;
    let error = page.next_is("error").await;
    assert_eq!(error["id"], 1);
    assert!(!error.to_string().contains(token), "a token is repeated");
    error["error"].clone()
}

async fn join(page: &mut Page, block: Value) -> Value {
    let frame = json!({"id": 2, "type": "channelJoin", "channelJoin": block});
    page.send(frame.to_string()).await;
    let frames = page.until(|frame| frame["id"] == 2).await;
    frames.last().cloned().expect("an answer")
}

fn resume(authorized: &Value, rooms: &Value) -> String {
    let block = json!({
        "userUUID": authorized["userUUID"], "accessKey": authorized["accessKey"], "rooms": rooms,
    });
    json!({"id": 3, "type": "resume", "resume": block}).to_string()
}

#[tokio::test]
async fn a_subject_is_one_user_on_every_gateway() {
    let redis = RedisServer::start().await;
    let flags = [SECRET_FLAG, "--jwt-role-max=moderator"];
    let one = TestGateway::start_with(&redis, &flags).await;
    let two = TestGateway::start_with(&redis, &flags).await;
    let mut ann = claims("7", "Ann");
    ann["role"] = "admin".into();
    // Both devices come for the first time at once.
    let token = signed(&ann);
    let ((_page, first), (_other, second)) = tokio::join!(enter(&one, &token), enter(&two, &token));
    assert_eq!(first["userUUID"], second["userUUID"]);
    assert_eq!(
        (&first["username"], &first["guest"]),
        (&json!("Ann"), &json!(false))
    );
    assert_ne!(first["accessKey"], second["accessKey"]);
    assert_eq!(redis.cli(&["LLEN", "users"]), "1");
    let user: UserId = text(&first["userUUID"]).parse().expect("a UUID");
    let account = keys().user_account(user);
    assert_eq!(
        redis.cli(&["HGET", &account, "Role"]),
        "moderator",
        "capped"
    );
    assert_eq!(redis.cli(&["HGET", &account, "Subject"]), "7");

    // A namesake is not kept out, and the first name stays.
    let (_, namesake) = enter(&two, &signed(&claims("8", "Ann"))).await;
    assert_eq!(namesake["username"], "Ann 2");
    let (_, renamed) = enter(&one, &signed(&claims("7", "Anna"))).await;
    assert_eq!(renamed["username"], "Ann");
    // Without the claim the role stays.
    assert_eq!(redis.cli(&["HGET", &account, "Role"]), "moderator");
    // There is no password that would let anybody in.
    let mut page = Page::open(&one).await;
    page.next_is("ready").await;
    page.send(r#"{"type":"signIn","signIn":{"username":"Ann","password":" "}}"#)
        .await;
    assert_eq!(
        page.next_is("error").await["error"]["reason"],
        "signInRefused"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_told() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(
        &redis,
        &[
            SECRET_FLAG,
            "--jwt-issuer=https://id.example",
            "--jwt-audience=parlor",
        ],
    )
    .await;
    let good = json!({
        "sub": "7", "name": "Ann", "iss": "https://id.example", "aud": "parlor",
        "exp": in_seconds(300),
    });
    let with = |claim: &str, value: Value| {
        let mut claims = good.clone();
        claims[claim] = value;
        signed(&claims)
    };
    let stranger = Signer::Secret("another secret of some length, long enough").sign(&good);
    let unsigned = signed(&good)
        .rsplit_once('.')
        .expect("three parts")
        .0
        .to_owned()
        + ".";
    let cases = [
        ("garbage".to_owned(), 4, "no JWT"),
        (stranger, 4, "signature is wrong"),
        (unsigned, 4, "signature is wrong"),
        (Signer::p256("k").sign(&good), 4, "algorithm"),
        (with("exp", json!(in_seconds(-61))), 28, "has expired"),
        (with("exp", Value::Null), 4, "claim exp"),
        (with("iss", "https://evil.example".into()), 4, "(iss)"),
        (with("aud", "other".into()), 4, "(aud)"),
        (with("sub", json!(7)), 4, "claim sub"),
        (with("name", "a\u{202E}b".into()), 4, "a name must not hold"),
        (with("padding", "x".repeat(9_000).into()), 4, "8192 bytes"),
    ];
    for (token, code, part) in cases {
        let error = refused(&gateway, &token).await;
        assert_eq!(error["code"], code, "{error}");
        assert!(
            text(&error["error"]).contains(part),
            "{error} has no {part}"
        );
    }
    enter(&gateway, &signed(&good)).await;
    let off = TestGateway::start(&redis).await;
    let error = refused(&off, &signed(&good)).await;
    assert!(text(&error["error"]).contains("not taken here"), "{error}");
}

#[tokio::test]
async fn keys_come_from_the_issuer_and_change() {
    let redis = RedisServer::start().await;
    let (rsa, first) = (Signer::rsa("rsa"), Signer::p256("first"));
    let issuer = Issuer::start(&[&rsa, &first]).await;
    let jwks = format!("--jwt-jwks={}", issuer.url);
    let gateway = TestGateway::start_with(&redis, &[&jwks]).await;
    enter(&gateway, &rsa.sign(&claims("1", "Ruth"))).await;
    enter(&gateway, &first.sign(&claims("2", "Eve"))).await;
    assert_eq!(issuer.asked(), 1);

    // A key that is new is looked for at once, and the old one is not taken any more.
    let second = Signer::p256("second");
    issuer.publish(&[&rsa, &second]);
    enter(&gateway, &second.sign(&claims("2", "Eve"))).await;
    assert_eq!(issuer.asked(), 2);
    let error = refused(&gateway, &first.sign(&claims("2", "Eve"))).await;
    assert!(text(&error["error"]).contains("(kid)"), "{error}");
    // Tokens that somebody makes up don't have the issuer asked again and again.
    for number in 0..5 {
        let made_up = Signer::p256(&format!("made up {number}"));
        refused(&gateway, &made_up.sign(&claims("3", "Mal"))).await;
    }
    assert_eq!(issuer.asked(), 2);
    // The same name for another key does not help.
    let forged = Signer::p256("second").sign(&claims("2", "Eve"));
    let error = refused(&gateway, &forged).await;
    assert!(text(&error["error"]).contains("signature"), "{error}");
    // Nor does an algorithm that the issuer's keys are not for.
    let error = refused(&gateway, &signed(&claims("2", "Eve"))).await;
    assert!(text(&error["error"]).contains("algorithm"), "{error}");
}

#[tokio::test]
async fn an_issuer_that_is_away_keeps_nobody_else_out() {
    let redis = RedisServer::start().await;
    let jwks = format!(
        "--jwt-jwks=http://127.0.0.1:{}/",
        parlor_testkit::free_port()
    );
    let gateway = TestGateway::start_with(&redis, &[&jwks]).await;
    let error = refused(&gateway, &Signer::p256("k").sign(&claims("1", "Ann"))).await;
    assert_eq!(
        (&error["code"], &error["retryable"]),
        (&json!(24), &json!(true))
    );
    gateway.guest("gus").await;
}

#[tokio::test]
async fn rooms_of_a_token_are_the_only_ones() {
    let redis = RedisServer::start().await;
    let flags = [SECRET_FLAG, "--jwt-private-rooms=false"];
    let one = TestGateway::start_with(&redis, &flags).await;
    let two = TestGateway::start_with(&redis, &flags).await;
    let other = one.guest("other").await;
    let mut only_lobby = claims("7", "Ann");
    only_lobby["rooms"] = json!(["lobby", "support"]);
    let (mut page, authorized) = enter(&one, &signed(&only_lobby)).await;
    assert_eq!(
        join(&mut page, json!({"room": "lobby"})).await["type"],
        "channelJoin"
    );
    let kept_out = [
        json!({"room": "staff", "keepJoined": true}),
        json!({"recipientUUID": "", "keepJoined": true}),
        json!({"recipientUUID": other.user(), "keepJoined": true}),
    ];
    for room in kept_out {
        let answer = join(&mut page, room).await;
        assert_eq!(answer["error"]["reason"], "forbidden", "{answer}");
    }
    // The access key grants no more than its token, on any gateway.
    drop(page);
    let mut page = Page::open(&two).await;
    page.next_is("ready").await;
    page.send(resume(
        &authorized,
        &json!([{"room": "lobby"}, {"room": "staff"}]),
    ))
    .await;
    let resumed = page.first("resume").await["resume"]["rooms"].clone();
    let of = |name: &str| {
        let rooms = resumed.as_array().expect("a list");
        let room = rooms.iter().find(|room| room["room"] == name);
        room.expect("is told").clone()
    };
    assert_eq!(of("staff")["error"]["reason"], "forbidden");
    assert_eq!(of("lobby")["error"], Value::Null);
    let answer = join(&mut page, json!({"room": "staff", "keepJoined": true})).await;
    assert_eq!(answer["error"]["reason"], "forbidden");

    // A fresh token that names other rooms takes the session out of those it does not name.
    only_lobby["rooms"] = json!(["staff"]);
    page.send(sign_in(&signed(&only_lobby))).await;
    let left = page.first("channelLeave").await;
    assert_eq!(left["channelLeave"]["room"], "lobby");
    let answer = join(&mut page, json!({"room": "staff", "keepJoined": true})).await;
    assert_eq!(answer["type"], "channelJoin");
}

#[tokio::test]
async fn a_session_lasts_as_long_as_its_token() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, &[SECRET_FLAG]).await;
    // With the leeway of a minute: three seconds.
    let short = |name: &str| signed(&json!({"sub": name, "name": name, "exp": in_seconds(-57)}));
    let (mut ended, key) = enter(&gateway, &short("Ann")).await;
    let (mut renewed, before) = enter(&gateway, &short("Bea")).await;
    for page in [&mut ended, &mut renewed] {
        join(page, json!({"room": "lobby"})).await;
    }
    renewed.send(sign_in(&signed(&claims("Bea", "Bea")))).await;
    let after = renewed.first("authorized").await["authorized"].clone();
    assert_eq!(before["userUUID"], after["userUUID"]);

    let error = ended.first("error").await;
    assert_eq!(error["error"]["reason"], "sessionExpired");
    assert_eq!(ended.closed().await, Some(4003));
    // Its key has ended with it.
    let mut page = Page::open(&gateway).await;
    page.next_is("ready").await;
    page.send(resume(&key, &json!([]))).await;
    assert_eq!(
        page.first("error").await["error"]["reason"],
        "sessionExpired"
    );
    // Who brought a fresh token is where they were, and nobody saw them go.
    let frames = renewed.settle().await;
    let of_bea = |frame: &&Value| frame["userUUID"] == after["userUUID"];
    assert_eq!(frames.iter().filter(of_bea).count(), 0, "{frames:?}");
    renewed
        .send(r#"{"id":9,"type":"channelMessage","channelMessage":{"room":"lobby","message":"here"}}"#)
        .await;
    renewed.message("here").await;
}
