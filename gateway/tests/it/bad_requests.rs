//! Texts that are no requests, and requests out of turn, are refused with an error that never
//! repeats them, and the connection goes on.

use parlor_testkit::RedisServer;
use serde_json::Value;

use crate::common::{
    TestGateway,
    page::{Page, is_message, keys, text},
    witnesses::Witnesses,
};

/// Stands in every bad request; no answer may hold it.
const MARK: &str = "hunter2";
const UNKNOWN_USER: &str = "6f0b1d2c-0000-4000-8000-000000000001";

/// Sends a text and checks that the error it gets has this code and its usual form.
async fn refuse(page: &mut Page, request: &str, code: u64) -> Value {
    page.send(request).await;
    let frame = page.first("error").await;
    let error = &frame["error"];
    assert_eq!(error["code"], code, "{request:.200} → {frame}");
    let known = ["code", "error", "reason", "retryable"];
    let has_known = known.iter().all(|key| keys(error).contains(key));
    assert!(has_known, "{frame}");
    assert!(!frame.to_string().contains(MARK), "{frame}");
    frame
}

/// A page past `ready`.
async fn open(gateway: &TestGateway) -> Page {
    let mut page = Page::open(gateway).await;
    page.next_is("ready").await;
    page
}

/// A page with a guest in General, and the guest's UUID and access key.
async fn guest(gateway: &TestGateway, name: &str) -> (Page, String, String) {
    let mut page = open(gateway).await;
    page.send(format!(
        r#"{{"type":"signIn","signIn":{{"nickname":"{name}"}}}}"#
    ))
    .await;
    let authorized = page.next_is("authorized").await["authorized"].clone();
    page.send(r#"{"type":"channelJoin","channelJoin":{}}"#)
        .await;
    page.first("channelJoin").await;
    let (user, key) = (&authorized["userUUID"], &authorized["accessKey"]);
    (page, text(user), text(key))
}

#[tokio::test]
async fn what_is_no_request_is_refused_as_malformed() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut witnesses = Witnesses::arrive(&gateway).await;
    let (mut page, ..) = guest(&gateway, "ann").await;
    let nested = "[".repeat(10_000) + MARK + &"]".repeat(10_000);
    let nested_objects = r#"{"a":"#.repeat(10_000) + "1" + &"}".repeat(10_000);
    let texts = [
        // Not JSON.
        String::new(),
        MARK.to_owned(),
        r#"{"type":"ping","hunter2""#.to_owned(),
        r#"{"type":"ping"} hunter2"#.to_owned(),
        r#"{"type":"ping","id":"\ud800hunter2"}"#.to_owned(),
        "\u{feff}{\"type\":\"ping\"}".to_owned(),
        // JSON, but no object with a type.
        "null".to_owned(),
        r#""hunter2""#.to_owned(),
        r#"[{"type":"ping"}]"#.to_owned(),
        r#"{"hunter2":1}"#.to_owned(),
        r#"{"type":null}"#.to_owned(),
        r#"{"type":{"hunter2":1}}"#.to_owned(),
        r#"{"Type":"ping"}"#.to_owned(),
        r#"{"type":"ping","type":"hunter2"}"#.to_owned(),
        // Unknown types, in letter case too.
        r#"{"type":"hunter2","hunter2":{}}"#.to_owned(),
        r#"{"type":"Ping"}"#.to_owned(),
        r#"{"type":"ready","ready":{}}"#.to_owned(),
        // A block that is missing, or another's.
        r#"{"type":"signUp","signIn":{"username":"hunter2","password":"hunter2"}}"#.to_owned(),
        r#"{"type":"signIn"}"#.to_owned(),
        r#"{"type":"channelJoin"}"#.to_owned(),
        r#"{"type":"channelLeave"}"#.to_owned(),
        r#"{"type":"channelMessage"}"#.to_owned(),
        r#"{"type":"channelMessages"}"#.to_owned(),
        r#"{"type":"resume"}"#.to_owned(),
        // Wrong types.
        r#"{"type":"signIn","signIn":"hunter2"}"#.to_owned(),
        r#"{"type":"signIn","signIn":{"username":"hunter2"}}"#.to_owned(),
        r#"{"type":"signIn","signIn":{"username":"a","password":["hunter2"]}}"#.to_owned(),
        r#"{"type":"signIn","signIn":{"nickname":{"hunter2":1}}}"#.to_owned(),
        r#"{"type":"users","users":{"limit":"hunter2"}}"#.to_owned(),
        r#"{"type":"users","users":{"offset":-1}}"#.to_owned(),
        r#"{"type":"rooms","rooms":["hunter2"]}"#.to_owned(),
        r#"{"type":"channelJoin","channelJoin":{"recipientUUID":"hunter2"}}"#.to_owned(),
        r#"{"type":"channelJoin","channelJoin":{"recipientUUID":7}}"#.to_owned(),
        r#"{"type":"channelJoin","channelJoin":{"keepJoined":"hunter2"}}"#.to_owned(),
        r#"{"type":"channelMessage","channelMessage":{"message":{"hunter2":1}}}"#.to_owned(),
        r#"{"type":"channelMessage","channelMessage":{"recipientUUID":""}}"#.to_owned(),
        r#"{"type":"channelMessage","channelMessage":{"message":"","photo":"hunter2"}}"#.to_owned(),
        r#"{"type":"channelMessage","channelMessage":{"message":"hunter2","clientMessageId":""}}"#
            .to_owned(),
        r#"{"type":"channelMessages","channelMessages":{"before":1,"after":2}}"#.to_owned(),
        r#"{"type":"channelMessages","channelMessages":{"before":1.5}}"#.to_owned(),
        r#"{"type":"resume","resume":{"userUUID":"hunter2","accessKey":"hunter2"}}"#.to_owned(),
        r#"{"type":"ping","id":{"hunter2":1}}"#.to_owned(),
        r#"{"type":"ping","id":1.5}"#.to_owned(),
        format!(r#"{{"type":"ping","id":"{}"}}"#, MARK.repeat(10)),
        // Nested 10,000 deep.
        nested.clone(),
        nested_objects.clone(),
        format!(r#"{{"type":{nested}}}"#),
        format!(r#"{{"type":"ping","id":{nested}}}"#),
        format!(r#"{{"type":"signIn","signIn":{nested}}}"#),
        format!(r#"{{"type":"users","users":{{"limit":{nested_objects}}}}}"#),
    ];
    let count = texts.len() as u64;
    for request in &texts {
        refuse(&mut page, request, 1).await;
        let settled = page.settle().await;
        assert!(settled.is_empty(), "{request:.200}: {settled:?}");
    }
    // What is deep but of no matter is skipped.
    page.send(format!(r#"{{"type":"ping","other":{nested_objects}}}"#))
        .await;
    page.next_is("pong").await;
    witnesses.chat().await;
    // One of them could be read, and contradicts itself.
    let counted = gateway.count("parlor_frames_refused_total").await;
    assert_eq!(counted, count - 1);
}

#[tokio::test]
async fn an_error_repeats_the_id_and_nothing_else() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut page = open(&gateway).await;
    for (id, told) in [("7", Value::from(7)), ("\"seven\"", Value::from("seven"))] {
        let request = format!(r#"{{"id":{id},"type":"{MARK}"}}"#);
        let error = refuse(&mut page, &request, 1).await;
        assert_eq!(keys(&error), ["error", "id", "type"]);
        assert_eq!(error["id"], told);
    }
    let error = refuse(&mut page, r#"{"id":null,"type":"hunter2"}"#, 1).await;
    assert_eq!(keys(&error), ["error", "type"]);
}

#[tokio::test]
async fn nothing_goes_before_signing_in_and_no_message_before_joining() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut page = open(&gateway).await;
    for request in [
        r#"{"type":"signOut"}"#,
        r#"{"type":"users"}"#,
        r#"{"type":"rooms"}"#,
        r#"{"type":"channelJoin","channelJoin":{"recipientUUID":""}}"#,
        r#"{"type":"channelLeave","channelLeave":{"recipientUUID":""}}"#,
        r#"{"type":"channelMessage","channelMessage":{"recipientUUID":"","message":"hunter2"}}"#,
        r#"{"type":"channelMessages","channelMessages":{"recipientUUID":""}}"#,
    ] {
        refuse(&mut page, request, 20).await;
    }
    page.send(r#"{"type":"signIn","signIn":{"nickname":"ann"}}"#)
        .await;
    page.next_is("authorized").await;
    for room in [
        r#""recipientUUID":"""#.to_owned(),
        r#""room":"lobby""#.to_owned(),
        format!(r#""recipientUUID":"{UNKNOWN_USER}""#),
    ] {
        for request in [
            format!(
                r#"{{"type":"channelMessage","channelMessage":{{{room},"message":"hunter2"}}}}"#
            ),
            format!(r#"{{"type":"channelMessages","channelMessages":{{{room}}}}}"#),
            format!(r#"{{"type":"channelLeave","channelLeave":{{{room}}}}}"#),
        ] {
            refuse(&mut page, &request, 21).await;
        }
    }
    let join =
        format!(r#"{{"type":"channelJoin","channelJoin":{{"recipientUUID":"{UNKNOWN_USER}"}}}}"#);
    refuse(&mut page, &join, 10).await;
}

#[tokio::test]
async fn another_users_uuid_and_key_in_a_frame_change_nothing() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let (mut ann, user, key) = guest(&gateway, "ann").await;
    let (mut bob, bobs, _) = guest(&gateway, "bob").await;
    let stolen = format!(r#""userUUID":"{user}","accessKey":"{key}","SUUID":"{user}""#);
    // Not even signed in: still not.
    let mut nobody = open(&gateway).await;
    let users = format!(r#"{{"type":"users",{stolen}}}"#);
    refuse(&mut nobody, &users, 20).await;
    bob.send(format!(
        r#"{{"type":"channelMessage",{stolen},"channelMessage":{{"recipientUUID":"","message":"me"}}}}"#
    ))
    .await;
    for page in [&mut ann, &mut bob] {
        let message = page.message("me").await;
        assert_eq!(message["channelMessage"]["SenderUUID"], bobs);
        assert_eq!(message["channelMessage"]["Sender"]["Username"], "bob");
    }
    bob.send(format!(
        r#"{{"type":"signOut",{stolen},"signOut":{{"uuid":"{user}"}}}}"#
    ))
    .await;
    assert_eq!(bob.first("signOut").await["signOut"]["uuid"], bobs);
    ann.send(r#"{"type":"channelMessage","channelMessage":{"message":"still ann"}}"#)
        .await;
    let seen = ann.until(|frame| is_message(frame, "still ann")).await;
    assert!(seen.iter().all(|frame| frame["type"] != "signOut"));
    // The key itself still works, and only with its own user.
    let resume = |user: &str| {
        format!(r#"{{"type":"resume","resume":{{"userUUID":"{user}","accessKey":"{key}"}}}}"#)
    };
    refuse(&mut nobody, &resume(&bobs), 28).await;
    refuse(&mut nobody, &resume(UNKNOWN_USER), 28).await;
    nobody.send(resume(&user)).await;
    assert_eq!(
        nobody.next_is("authorized").await["authorized"]["userUUID"],
        user
    );
}
