//! Joining and leaving.

use parlor_shared::id::Address;

use super::*;

const GENERAL: &str = r#"{"id":1,"type":"channelJoin","channelJoin":{"recipientUUID":""}}"#;

fn keep(room: &str) -> String {
    format!(
        r#"{{"id":1,"type":"channelJoin","channelJoin":{{"room":"{room}","keepJoined":true}}}}"#
    )
}

fn leave(room: &str) -> String {
    format!(r#"{{"id":1,"type":"channelLeave","channelLeave":{{"room":"{room}"}}}}"#)
}

#[test]
fn rooms_are_for_those_who_are_signed_in() {
    let mut script = Script::new();
    for text in [
        GENERAL,
        &leave("a"),
        r#"{"id":1,"type":"channelMessage","channelMessage":{"message":"hi"}}"#,
        r#"{"id":1,"type":"channelMessages","channelMessages":{}}"#,
        r#"{"id":1,"type":"users"}"#,
        r#"{"id":1,"type":"rooms"}"#,
        r#"{"id":1,"type":"signOut"}"#,
    ] {
        let effects = script.text(text);
        assert_eq!(effects.len(), 1, "{text}");
        assert_refused(&effects, ErrorCode::NotSignedIn);
    }
}

#[test]
fn the_answer_goes_out_before_live_frames_are_let_through() {
    let (mut script, ann) = Script::signed_in("Ann");
    let join = asked_to_join(script.text(GENERAL));
    assert_eq!(
        (join.user.uuid, &join.address, join.count, join.keep_joined),
        (ann.uuid, &Address::General, 10, false)
    );
    assert_eq!(script.channels(), Vec::<String>::new(), "not yet");
    let effects = script.joined(join, Ok(room("g", 7)));
    assert_eq!(brief(&effects), ["send channelJoin", "release g 7"]);
    let Effect::Send(ServerEnvelope {
        id: Some(RequestId::Number(1)),
        frame: ServerFrame::ChannelJoin(block),
    }) = &effects[0]
    else {
        panic!("{effects:?}")
    };
    assert_eq!(
        (block.epoch.as_str(), block.seq, block.recovered),
        ("e", 7, None)
    );
    assert_eq!(script.channels(), ["g"]);
}

#[test]
fn other_rooms_are_left_once_the_new_one_is_joined() {
    let (mut script, _) = Script::signed_in("Ann");
    script.join(&keep("a"), Ok(room("a", 0)));
    script.join(&keep("b"), Ok(room("b", 0)));
    let join = asked_to_join(script.text(GENERAL));
    assert_eq!(
        script.channels(),
        ["a", "b"],
        "nothing is left before it is known that the join succeeds"
    );
    let effects = script.joined(join, Ok(room("g", 3)));
    assert_eq!(
        brief(&effects),
        ["leave a", "leave b", "send channelJoin", "release g 3"]
    );
    assert_eq!(script.channels(), ["g"]);
}

#[test]
fn a_failed_join_leaves_nothing() {
    let (mut script, _) = Script::signed_in("Ann");
    script.join(&keep("a"), Ok(room("a", 0)));
    let refused = ErrorBody::new(ErrorCode::Join, "no such room");
    let effects = script.join(GENERAL, Err(refused));
    assert_eq!(brief(&effects), ["send error"]);
    assert_refused(&effects, ErrorCode::Join);
    assert_eq!(script.channels(), ["a"]);
}

#[test]
fn a_room_that_could_not_be_joined_again_is_left() {
    let (mut script, _) = Script::signed_in("Ann");
    script.join(&keep("a"), Ok(room("a", 0)));
    script.join(&keep("b"), Ok(room("b", 0)));
    let away = ErrorBody::new(ErrorCode::Unavailable, "away");
    let effects = script.join(&keep("a"), Err(away));
    assert_eq!(brief(&effects), ["leave a", "send error"]);
    assert_refused(&effects, ErrorCode::Unavailable);
    assert_eq!(script.channels(), ["b"]);
    let effects = script
        .text(r#"{"id":1,"type":"channelMessage","channelMessage":{"room":"a","message":"hi"}}"#);
    assert_refused(&effects, ErrorCode::NotJoined);
}

#[test]
fn rooms_are_limited_but_for_those_joined_already_and_those_that_replace_all() {
    let (mut script, _) = Script::signed_in("Ann");
    for name in ["a", "b", "c"] {
        script.join(&keep(name), Ok(room(name, 0)));
    }
    let effects = script.text(&keep("d"));
    assert_refused(&effects, ErrorCode::TooManyRooms);
    let effects = script.join(&keep("b"), Ok(room("b", 4)));
    assert_eq!(brief(&effects), ["send channelJoin", "release b 4"]);
    assert_eq!(script.channels(), ["a", "b", "c"], "b is there once");
    script.join(GENERAL, Ok(room("g", 0)));
    assert_eq!(script.channels(), ["g"]);
}

#[test]
fn history_asked_for_is_bounded() {
    let (mut script, _) = Script::signed_in("Ann");
    for (limit, count) in [(0, 0), (7, 7), (5_000, 100)] {
        let text = format!(r#"{{"type":"channelJoin","channelJoin":{{"limit":{limit}}}}}"#);
        assert_eq!(asked_to_join(script.text(&text)).count, count);
    }
}

#[test]
fn a_room_that_can_not_be_is_refused() {
    let (mut script, _) = Script::signed_in("Ann");
    for room in ["", "a\\u202eb", &"x".repeat(200)] {
        let effects = script.text(&keep(room));
        assert_eq!(brief(&effects), ["count refused", "send error"]);
        assert_refused(&effects, ErrorCode::Join);
    }
}

#[test]
fn leaving_stops_live_frames_before_it_is_answered() {
    let (mut script, ann) = Script::signed_in("Ann");
    script.join(&keep("a"), Ok(room("a", 0)));
    script.join(&keep("b"), Ok(room("b", 0)));
    let effects = script.text(&leave("a"));
    assert_eq!(brief(&effects), ["leave a", "perform", "send channelLeave"]);
    assert!(matches!(&effects[2], Effect::Send(ServerEnvelope {
            id: Some(RequestId::Number(1)),
            frame: ServerFrame::ChannelLeave(departure),
        }) if departure.user == ann.uuid && departure.session == script.session.id()));
    assert_eq!(script.channels(), ["b"]);
    assert_refused(&script.text(&leave("a")), ErrorCode::NotJoined);
}

#[test]
fn what_comes_of_a_join_after_signing_out_is_nothing() {
    let (mut script, _) = Script::signed_in("Ann");
    let join = asked_to_join(script.text(GENERAL));
    script.text(r#"{"type":"signOut"}"#);
    assert!(script.joined(join, Ok(room("g", 0))).is_empty());
    assert_eq!(script.channels(), Vec::<String>::new());
    assert!(script.outcome(Outcome::Resumed { id: None }).is_empty());
}
