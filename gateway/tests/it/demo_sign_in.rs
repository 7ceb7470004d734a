//! The demo's own page signs in and out to the letter: three frames back to back, names that are
//! new, and another user on the same socket.

use parlor_testkit::RedisServer;
use serde_json::json;

use crate::common::{
    TestGateway,
    demo::{PASSWORD, Who, click_sign_in, enter, join, say, sign_in},
    page::{Page, is_message, keys, text},
};

const USERS: &str = r#"{"SSUID":"<session>","type":"users","userUUID":"","accessKey":""}"#;

#[tokio::test]
async fn three_frames_back_to_back_sign_a_new_name_in() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut page = Page::open(&gateway).await;
    page.send_all(&[
        &sign_in("", "Pablo", PASSWORD),
        USERS,
        &join("", "", "", ""),
    ])
    .await;

    let ready = page.next_is("ready").await;
    assert_eq!(keys(&ready), ["ready", "type"]);
    let session = text(&ready["ready"]["sessionUUID"]);
    assert_eq!(session.len(), 36);

    let authorized = page.next_is("authorized").await;
    assert_eq!(keys(&authorized), ["authorized", "type"]);
    let block = &authorized["authorized"];
    assert_eq!(
        keys(block),
        ["accessKey", "guest", "role", "userUUID", "username"]
    );
    let user = text(&block["userUUID"]);
    assert_eq!(text(&block["accessKey"]).len(), 64);

    let own = page.next_is("sys").await;
    let expected = json!({
        "type": "sys",
        "sys": {"type": "signIn", "signIn": {"uuid": user, "username": "Pablo"}},
    });
    assert_eq!(own, expected);

    let pablo = json!({"UUID": user, "Username": "Pablo", "OnLine": true});
    let users = page.next_is("users").await;
    let expected = json!({
        "type": "users",
        "users": {"total": 1, "received": 1, "users": [pablo]},
    });
    assert_eq!(users, expected);

    let joined = page.next_is("channelJoin").await;
    assert_eq!(keys(&joined), ["channelJoin", "type"]);
    let block = &joined["channelJoin"];
    let known = [
        "canWrite",
        "epoch",
        "messages",
        "more",
        "read",
        "recipientUUID",
        "seq",
        "settings",
        "users",
        "usersTotal",
    ];
    assert_eq!(keys(block), known);
    assert_eq!(block["recipientUUID"], "");
    assert_eq!(block["messages"], json!([]));
    assert_eq!(block["users"], json!([pablo]));

    let told = page.next_is("sys").await;
    let expected = json!({
        "SUUID": session,
        "type": "sys",
        "userUUID": user,
        "user": pablo,
        "sys": {"type": "channelJoin", "channelJoin": {"recipientUUID": "", "usersTotal": 1}},
    });
    assert_eq!(told, expected);
}

#[tokio::test]
async fn logging_out_says_nothing_and_another_signs_in_on_the_same_socket() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let (mut mary, _) = enter(&gateway, "Mary").await;
    let (mut page, pablo) = enter(&gateway, "Pablo").await;
    mary.until(|frame| frame["userUUID"] == pablo.user).await;

    // The page still carries what it knew of Pablo, and its session is forgotten.
    let before = Who {
        session: String::new(),
        ..pablo.clone()
    };
    let joe = click_sign_in(&mut page, "Joe", &before).await;
    assert_ne!(joe.user, pablo.user);
    page.send(say(&pablo, "", "who am I")).await;
    let message = page.message("who am I").await;
    assert_eq!(message["channelMessage"]["SenderUUID"], joe.user);
    assert_eq!(message["channelMessage"]["Sender"]["Username"], "Joe");

    // The others see one go and the other come, and never another's sign-in or an unasked list.
    let seen = mary.until(|frame| is_message(frame, "who am I")).await;
    let left = seen.iter().position(|frame| {
        frame["type"] == "channelLeave"
            && frame["userUUID"] == pablo.user
            && frame["channelLeave"]["recipientUUID"] == ""
    });
    let came = seen.iter().position(|frame| {
        frame["sys"]["type"] == "channelJoin" && frame["user"]["Username"] == "Joe"
    });
    assert!(left.expect("told") < came.expect("told"));
    assert!(
        seen.iter()
            .all(|frame| frame["type"] != "users" && frame["sys"]["type"] != "signIn"),
        "{seen:?}"
    );
    // And back again: the name that was made by its first sign-in is the same user.
    let again = click_sign_in(&mut page, "Pablo", &joe).await;
    assert_eq!(again.user, pablo.user);
    assert_ne!(again.key, pablo.key);
}

#[tokio::test]
async fn refusals_come_as_error_frames_and_keep_the_connection() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let (mut pablo, who) = enter(&gateway, "Pablo").await;
    pablo.settle().await;
    for empty in ["", "  \\t\\n "] {
        pablo.send(say(&who, "", empty)).await;
        let error = pablo.first("error").await;
        assert_eq!(error["error"]["code"], 7, "{error}");
    }
    pablo.send(say(&who, "", "still here")).await;
    pablo.message("still here").await;

    let mut other = Page::open(&gateway).await;
    other.next_is("ready").await;
    other.send(sign_in("", "Pablo", "password124")).await;
    let expected = json!({
        "type": "error",
        "error": {
            "code": 4, "reason": "signInRefused", "error": "wrong password", "retryable": false,
        },
    });
    assert_eq!(other.next().await, expected);
    let again = click_sign_in(&mut other, "Pablo", &Who::default()).await;
    assert_eq!(again.user, who.user);
}

#[tokio::test]
async fn signing_out_works_with_its_block_and_without() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    for without_block in [true, false] {
        let (mut page, who) = enter(&gateway, "Pablo").await;
        page.settle().await;
        let block = if without_block {
            String::new()
        } else {
            format!(r#","signOut":{{"uuid":"{}"}}"#, who.user)
        };
        page.send(format!(
            r#"{{"SUUID":"{}","type":"signOut","userUUID":"{}","accessKey":"{}"{block}}}"#,
            who.session, who.user, who.key
        ))
        .await;
        let expected = json!({"type": "signOut", "signOut": {"uuid": who.user}});
        assert_eq!(page.next().await, expected);
        page.send(say(&who, "", "hi")).await;
        assert_eq!(page.next_is("error").await["error"]["code"], 20);
        let again = click_sign_in(&mut page, "Pablo", &who).await;
        assert_eq!(again.user, who.user);
    }
}
