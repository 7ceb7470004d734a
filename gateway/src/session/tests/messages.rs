//! Messages, history, lists and pings.

use parlor_shared::{id::Address, protocol::value::Recipient};

use super::*;

fn message(text: &str) -> String {
    let text = serde_json::to_string(text).expect("a text is JSON");
    format!(
        r#"{{"id":1,"type":"channelMessage","channelMessage":{{"message":{text},"clientMessageId":"c1"}}}}"#
    )
}

/// Somebody in General.
fn in_general(messages: RateLimit) -> (Script, User) {
    let (mut script, ann) = Script::signed_in_with("Ann", rules(), messages);
    script.join(
        r#"{"type":"channelJoin","channelJoin":{"keepJoined":true}}"#,
        Ok(room("g", 0)),
    );
    (script, ann)
}

#[test]
fn a_message_is_published_to_its_room_under_the_senders_own_name() {
    let (mut script, ann) = in_general(RateLimit::Off);
    // What a frame says of its sender does not count.
    let text = format!(
        r#"{{"id":1,"type":"channelMessage","userUUID":"{}","channelMessage":{{"message":" hi ","clientMessageId":"c1"}}}}"#,
        UserId::random()
    );
    let Effect::Publish(publication) = only(script.text(&text)) else {
        panic!("published")
    };
    assert_eq!(publication.id, Some(RequestId::Number(1)));
    assert_eq!(
        (&publication.address, publication.channel.as_str()),
        (&Address::General, "g")
    );
    let message = publication.message;
    assert_eq!((message.sender_uuid, &message.sender), (ann.uuid, &ann));
    assert_eq!(message.message, " hi ", "as it was typed");
    assert_eq!(message.client_message_id.as_deref(), Some("c1"));
    assert_eq!(message.recipient_uuid, Some(Recipient::General));
    assert_eq!((message.seq, message.epoch.as_str()), (0, ""));
}

#[test]
fn a_private_message_names_the_other() {
    let (mut script, _) = in_general(RateLimit::Off);
    let bob = person("Bob");
    let joined = Room {
        peer: Some(bob.clone()),
        ..room("p", 0)
    };
    let join = format!(
        r#"{{"type":"channelJoin","channelJoin":{{"recipientUUID":"{}","keepJoined":true}}}}"#,
        bob.uuid
    );
    script.join(&join, Ok(joined));
    let text = format!(
        r#"{{"type":"channelMessage","channelMessage":{{"recipientUUID":"{}","message":"hi"}}}}"#,
        bob.uuid
    );
    let Effect::Publish(publication) = only(script.text(&text)) else {
        panic!("published")
    };
    assert_eq!(publication.channel.as_str(), "p");
    assert_eq!(
        publication.message.recipient_uuid,
        Some(Recipient::User(bob.uuid))
    );
    assert_eq!(publication.message.recipient, Some(bob));
}

#[test]
fn a_message_to_a_room_that_is_not_joined_is_refused() {
    let (mut script, _) = in_general(RateLimit::Off);
    let text = r#"{"id":1,"type":"channelMessage","channelMessage":{"room":"tea","message":"hi"}}"#;
    assert_refused(&script.text(text), ErrorCode::NotJoined);
    let history = r#"{"id":1,"type":"channelMessages","channelMessages":{"room":"tea"}}"#;
    assert_refused(&script.text(history), ErrorCode::NotJoined);
}

#[test]
fn texts_are_neither_empty_nor_too_long() {
    let (mut script, _) = in_general(RateLimit::Off);
    for bad in ["", " ", "\t\r\n", "\u{2003}\u{a0}"] {
        let effects = script.text(&message(bad));
        assert_eq!(brief(&effects), ["send error"], "{bad:?}");
        assert_refused(&effects, ErrorCode::Message);
    }
    for character in ["x", "é", "🦀"] {
        let fits = script.text(&message(&character.repeat(4_000)));
        assert_eq!(brief(&fits), ["publish g"], "characters count, not bytes");
        let long = script.text(&message(&character.repeat(4_001)));
        assert_refused(&long, ErrorCode::Message);
    }
}

#[test]
fn messages_are_limited_and_the_wait_is_told() {
    let limit = "2/10s".parse().expect("a limit");
    let (mut script, _) = in_general(limit);
    // What is refused for its text costs nothing.
    script.text(&message(" "));
    for _ in 0..2 {
        assert_eq!(brief(&script.text(&message("hi"))), ["publish g"]);
    }
    let effects = script.text(&message("hi"));
    assert_eq!(brief(&effects), ["count rate limited", "send error"]);
    assert_refused(&effects, ErrorCode::RateLimited);
    assert_eq!(refusal(&effects).1.retry_after_ms, Some(5_000));
    script.now += Duration::from_secs(5);
    assert_eq!(brief(&script.text(&message("hi"))), ["publish g"]);
}

#[test]
fn a_page_of_history_is_asked_for_in_one_direction() {
    let (mut script, ann) = in_general(RateLimit::Off);
    let ask = |fields: &str| {
        format!(r#"{{"id":1,"type":"channelMessages","channelMessages":{{{fields}}}}}"#)
    };
    for (fields, wanted) in [
        ("", (None, None, 100)),
        (r#""before":9,"limit":5"#, (Some(9), None, 5)),
        (r#""after":9,"limit":5000"#, (None, Some(9), 100)),
    ] {
        let Effect::Perform(Work::History {
            channel,
            viewer,
            before,
            after,
            count,
            ..
        }) = only(script.text(&ask(fields)))
        else {
            panic!("history is read")
        };
        assert_eq!((before, after, count), wanted);
        assert_eq!((channel.as_str(), viewer), ("g", ann.uuid));
    }
    let both = script.text(&ask(r#""before":9,"after":3"#));
    assert_refused(&both, ErrorCode::Malformed);
}

#[test]
fn lists_are_asked_for_and_answered_under_their_id() {
    let (mut script, _) = in_general(RateLimit::Off);
    let users = script.text(r#"{"id":1,"type":"users","users":{"offset":3,"limit":2}}"#);
    assert!(matches!(
        only(users),
        Effect::Perform(Work::Users { id: Some(_), search }) if search.page.offset == 3 && search.page.limit() == 2
    ));
    let rooms = script.text(r#"{"id":1,"type":"rooms"}"#);
    assert!(matches!(
        only(rooms),
        Effect::Perform(Work::Rooms { id: Some(_), page, .. }) if page.limit() == 100
    ));
    let id = Some(RequestId::Number(1));
    let away = Err(ErrorBody::new(ErrorCode::Unavailable, "away"));
    let effects = script.outcome(Outcome::Answer { id, answer: away });
    assert_refused(&effects, ErrorCode::Unavailable);
}

#[test]
fn a_ping_is_answered_by_whoever_knows_the_time() {
    let mut script = Script::new();
    let effects = script.text(r#"{"id":"p","type":"ping"}"#);
    assert!(matches!(
        only(effects),
        Effect::Pong { id: Some(RequestId::Text(id)) } if id == "p"
    ));
}

#[test]
fn what_is_no_request_is_refused_without_repeating_it() {
    let mut script = Script::new();
    for bad in [
        "hunter2",
        r#"{"type":"hunter2"}"#,
        r#"{"type":"signIn","signIn":{"username":"hunter2"}}"#,
        r#"{"id":["hunter2"],"type":"ping"}"#,
    ] {
        let effects = script.text(bad);
        assert_eq!(brief(&effects), ["count refused", "send error"]);
        let (_, body) = refusal(&effects);
        assert_eq!(body.code, ErrorCode::Malformed.number());
        assert!(!body.error.contains("hunter2"));
    }
}
