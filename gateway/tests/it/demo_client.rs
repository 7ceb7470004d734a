//! The demo's own page chats to the letter, in General and privately.

use parlor_testkit::RedisServer;
use serde_json::{Value, json};

use crate::common::{
    TestGateway,
    demo::{enter, join, say},
    page::{is_message, keys, text},
};

#[tokio::test]
async fn a_message_comes_back_to_its_sender_and_to_all_others_once() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let (mut pablo, who) = enter(&one, "Pablo").await;
    let (mut joe, _) = enter(&two, "Joe").await;
    pablo.send(say(&who, "", "hi")).await;
    pablo.send(say(&who, "", "that was it")).await;
    for page in [&mut pablo, &mut joe] {
        let frames = page.until(|frame| is_message(frame, "that was it")).await;
        let copies: Vec<&Value> = frames
            .iter()
            .filter(|frame| is_message(frame, "hi"))
            .collect();
        assert_eq!(copies.len(), 1, "{frames:?}");
        assert_eq!(keys(copies[0]), ["channelMessage", "type"]);
        let block = &copies[0]["channelMessage"];
        let known = [
            "CreatedAt",
            "Epoch",
            "Message",
            "RecipientUUID",
            "Sender",
            "SenderUUID",
            "Seq",
            "UUID",
        ];
        assert_eq!(keys(block), known);
        assert_eq!(block["SenderUUID"], who.user);
        let sender = json!({"UUID": who.user, "Username": "Pablo", "OnLine": true});
        assert_eq!(block["Sender"], sender);
        assert_eq!(block["RecipientUUID"], "");
        let at = text(&block["CreatedAt"]);
        assert!(at.len() >= 20 && at.as_bytes()[10] == b'T' && at.ends_with('Z'));
    }
}

#[tokio::test]
async fn each_side_of_a_private_room_finds_the_other_under_recipient_uuid() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let (mut pablo, p) = enter(&one, "Pablo").await;
    let (mut joe, j) = enter(&two, "Joe").await;
    pablo.send(join(&p.session, &p.user, &p.key, &j.user)).await;
    let joined = pablo.first("channelJoin").await;
    assert_eq!(joined["channelJoin"]["recipientUUID"], j.user);
    joe.send(join(&j.session, &j.user, &j.key, &p.user)).await;
    let joined = joe.first("channelJoin").await;
    assert_eq!(joined["channelJoin"]["recipientUUID"], p.user);

    pablo.send(say(&p, &j.user, "psst")).await;
    joe.message("psst").await;
    joe.send(say(&j, &p.user, "yes?")).await;
    joe.message("yes?").await;
    for (page, who, other) in [(&mut pablo, &p, &j), (&mut joe, &j, &p)] {
        // Live, on either side …
        page.send(say(who, &other.user, "again")).await;
        let live = page.message("again").await;
        assert_eq!(live["channelMessage"]["RecipientUUID"], other.user);
        // … and in the history, after General was opened in between.
        page.send(join(&who.session, &who.user, &who.key, "")).await;
        page.send(join(&who.session, &who.user, &who.key, &other.user))
            .await;
        let history = page
            .until(|frame| frame["channelJoin"]["recipientUUID"] == other.user)
            .await;
        let history = history.last().expect("joined");
        let messages = history["channelJoin"]["messages"].as_array().expect("list");
        assert!(messages.len() >= 3);
        for message in messages {
            assert_eq!(message["RecipientUUID"], other.user);
        }
    }
}

#[tokio::test]
async fn history_is_the_last_ten_oldest_first() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let (mut pablo, who) = enter(&gateway, "Pablo").await;
    for number in 1..=14 {
        pablo.send(say(&who, "", &format!("{number}"))).await;
    }
    pablo.message("14").await;
    pablo
        .send(join(&who.session, &who.user, &who.key, ""))
        .await;
    let joined = pablo.first("channelJoin").await;
    let messages = joined["channelJoin"]["messages"].as_array().expect("list");
    let texts: Vec<&Value> = messages.iter().map(|message| &message["Message"]).collect();
    let expected: Vec<String> = (5..=14).map(|number| number.to_string()).collect();
    assert_eq!(texts, expected.iter().collect::<Vec<_>>());
    for message in messages {
        assert_eq!(message["Sender"]["Username"], "Pablo");
        assert_eq!(message["SenderUUID"], who.user);
    }
}

#[tokio::test]
async fn leaving_is_told_to_the_one_who_leaves_and_to_the_others() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let (mut pablo, who) = enter(&one, "Pablo").await;
    let (mut joe, _) = enter(&two, "Joe").await;
    pablo
        .send(format!(
            r#"{{"SUUID":"{}","type":"channelLeave","userUUID":"{}","accessKey":"{}","channelLeave":{{"recipientUUID":""}}}}"#,
            who.session, who.user, who.key
        ))
        .await;
    let expected = json!({
        "SUUID": who.session,
        "type": "channelLeave",
        "userUUID": who.user,
        "channelLeave": {"recipientUUID": ""},
    });
    assert_eq!(pablo.first("channelLeave").await, expected);
    // Who stays is also told how many are left.
    let mut told = joe.first("channelLeave").await;
    let block = told["channelLeave"].as_object_mut().expect("a block");
    assert_eq!(block.remove("usersTotal"), Some(json!(1)));
    assert_eq!(told, expected);
    pablo.send(say(&who, "", "gone")).await;
    assert_eq!(pablo.first("error").await["error"]["code"], 21);
}
