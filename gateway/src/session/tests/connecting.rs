//! Connecting, signing in and out, resuming.

use parlor_shared::id::{Address, RoomName};

use super::*;

const SIGN_UP: &str = r#"{"id":1,"type":"signUp","signUp":{"username":"Ann","password":"x"}}"#;
const SIGN_IN: &str = r#"{"id":1,"type":"signIn","signIn":{"username":"Ann","password":"x"}}"#;
const GUEST: &str = r#"{"id":1,"type":"signIn","signIn":{"nickname":"Ann"}}"#;

fn query(nickname: Option<&str>, room: Option<&str>) -> ConnectQuery {
    ConnectQuery {
        nickname: nickname.map(str::to_owned),
        room: room.map(str::to_owned),
    }
}

fn resume(rooms: &str) -> String {
    let user = UserId::random();
    format!(
        r#"{{"id":1,"type":"resume","resume":{{"userUUID":"{user}","accessKey":"k","rooms":[{rooms}]}}}}"#
    )
}

#[test]
fn a_connection_begins_with_ready_and_its_own_id() {
    let mut script = Script::new();
    let effects = script.session.on_connect(query(None, None));
    let Effect::Send(ServerEnvelope {
        id: None,
        frame: ServerFrame::Ready(ready),
    }) = only(effects)
    else {
        panic!("ready comes first")
    };
    assert_eq!(ready.session_uuid, script.session.id());
    assert_eq!(ready.version, "1.2.3");
}

#[test]
fn the_deadline_to_sign_in_ends_with_signing_in_and_begins_again_with_signing_out() {
    let mut script = Script::new();
    let deadline = script.now + Duration::from_secs(30);
    assert_eq!(script.session.sign_in_deadline(), Some(deadline));
    let ann = person("Ann");
    script.sign_in_as(Kind::SignIn, &ann, RateLimit::Off);
    assert_eq!(script.session.sign_in_deadline(), None);
    script.now += Duration::from_secs(60);
    script.text(r#"{"type":"signOut"}"#);
    assert_eq!(
        script.session.sign_in_deadline(),
        Some(script.now + Duration::from_secs(30))
    );
}

#[test]
fn signing_up_and_in_ask_the_directory() {
    let mut script = Script::new();
    let one = Some(RequestId::Number(1));
    match only(script.text(SIGN_UP)) {
        Effect::Perform(Work::SignUp { id, credentials }) => {
            assert_eq!((id, credentials.username.as_str()), (one.clone(), "Ann"));
        }
        other => panic!("{other:?}"),
    }
    match only(script.text(SIGN_IN)) {
        Effect::Perform(Work::SignIn { id, credentials }) => {
            assert_eq!((id, credentials.username.as_str()), (one.clone(), "Ann"));
        }
        other => panic!("{other:?}"),
    }
    match only(script.text(GUEST)) {
        Effect::Perform(Work::SignInGuest { id, nickname, join }) => {
            assert_eq!((id, nickname.as_str(), join), (one, "Ann", None));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(script.session.user(), None, "nobody has shown who they are");
}

#[test]
fn who_signs_in_is_registered_before_they_are_told() {
    let mut script = Script::new();
    let ann = person("Ann");
    let effects = script.authenticated(Kind::SignUp, Ok(identity(&ann)));
    assert_eq!(brief(&effects), ["register"]);
    assert_eq!(script.session.user(), None);

    let effects = script.sign_in_as(Kind::SignIn, &ann, RateLimit::Off);
    let [Effect::Send(authorized), Effect::Send(own)] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert_eq!(
        authorized.id,
        Some(RequestId::Number(1)),
        "it answers the request"
    );
    let ServerFrame::Authorized(block) = &authorized.frame else {
        panic!("{authorized:?}")
    };
    assert_eq!(
        (block.user_uuid, block.access_key.0.as_str()),
        (ann.uuid, "key")
    );
    assert_eq!(own.id, None);
    assert!(matches!(&own.frame, ServerFrame::Sys(Sys::SignIn { uuid, .. }) if *uuid == ann.uuid));
    assert_eq!(script.session.user(), Some(&ann));
}

#[test]
fn a_refusal_is_told_in_the_requests_own_terms() {
    let mut script = Script::new();
    for (kind, refused, code) in [
        (Kind::SignUp, Refusal::BadPassword, ErrorCode::SignUp),
        (Kind::SignUp, Refusal::NameTaken, ErrorCode::NameTaken),
        (Kind::SignUp, Refusal::SignUpDisabled, ErrorCode::SignUp),
        (Kind::SignIn, Refusal::WrongPassword, ErrorCode::SignIn),
        (Kind::SignIn, Refusal::NoAccount, ErrorCode::SignIn),
        (
            Kind::SignIn,
            Refusal::GuestsDisabled,
            ErrorCode::GuestsDisabled,
        ),
        (Kind::SignIn, Refusal::Unavailable, ErrorCode::Unavailable),
        (Kind::SignIn, Refusal::Overloaded, ErrorCode::Overloaded),
        (
            Kind::Resume { rooms: Vec::new() },
            Refusal::UnknownKey,
            ErrorCode::SessionExpired,
        ),
    ] {
        let effects = script.authenticated(kind, Err(refused));
        assert_eq!(brief(&effects), ["count auth failure", "send error"]);
        assert_refused(&effects, code);
    }
    let wait = Refusal::TooManyAttempts(Duration::from_secs(7));
    let effects = script.authenticated(Kind::SignIn, Err(wait));
    assert_refused(&effects, ErrorCode::TooManyAttempts);
    assert_eq!(refusal(&effects).1.retry_after_ms, Some(7_000));
}

#[test]
fn a_registration_that_fails_leaves_nobody_signed_in() {
    let mut script = Script::new();
    let mut effects = script.authenticated(Kind::SignIn, Ok(identity(&person("Ann"))));
    let Some(Effect::Perform(Work::Register(authenticated))) = effects.pop() else {
        panic!("{effects:?}")
    };
    let effects = script.outcome(Outcome::Registered(Box::new(RegistrationOutcome {
        authenticated: *authenticated,
        messages: Err(ErrorBody::new(ErrorCode::Unavailable, "away")),
    })));
    assert_refused(&effects, ErrorCode::Unavailable);
    assert_eq!(script.session.user(), None);
    assert!(script.session.sign_in_deadline().is_some());
}

#[test]
fn a_sign_in_replaces_the_user_who_leaves_first() {
    let (mut script, ann) = Script::signed_in("Ann");
    script.join(
        r#"{"type":"channelJoin","channelJoin":{}}"#,
        Ok(room("g", 0)),
    );
    let bob = person("Bob");
    let effects = script.authenticated(Kind::SignIn, Ok(identity(&bob)));
    assert_eq!(brief(&effects), ["unregister", "register"]);
    let Effect::Perform(Work::Unregister { user, .. }) = &effects[0] else {
        panic!("{effects:?}")
    };
    assert_eq!(*user, ann);
    assert_eq!(script.channels(), Vec::<String>::new());
    script.sign_in_as(Kind::SignIn, &bob, RateLimit::Off);
    assert_eq!(script.session.user(), Some(&bob));
    assert_eq!(script.channels(), Vec::<String>::new());
}

#[test]
fn a_sign_in_that_is_refused_leaves_the_user_where_they_are() {
    let (mut script, ann) = Script::signed_in("Ann");
    script.join(
        r#"{"type":"channelJoin","channelJoin":{}}"#,
        Ok(room("g", 0)),
    );
    script.authenticated(Kind::SignIn, Err(Refusal::WrongPassword));
    assert_eq!(script.session.user(), Some(&ann));
    assert_eq!(script.channels(), ["g"]);
}

#[test]
fn signing_out_ends_the_key_and_then_says_so() {
    let (mut script, ann) = Script::signed_in("Ann");
    let effects = script.text(r#"{"id":1,"type":"signOut"}"#);
    assert_eq!(brief(&effects), ["revoke", "send signOut"]);
    assert!(matches!(&effects[1], Effect::Send(ServerEnvelope {
            id: Some(RequestId::Number(1)),
            frame: ServerFrame::SignOut(block),
        }) if block.uuid == ann.uuid));
    assert_eq!(script.session.user(), None);
    let again = script.text(r#"{"id":1,"type":"signOut"}"#);
    assert_refused(&again, ErrorCode::NotSignedIn);
}

#[test]
fn a_query_signs_in_and_joins_in_one_step() {
    let mut script = Script::new();
    let effects = script
        .session
        .on_connect(query(Some("Ann"), Some("  lobby ")));
    let [
        Effect::Send(_),
        Effect::Perform(Work::SignInGuest { join, .. }),
    ] = effects.as_slice()
    else {
        panic!("{effects:?}")
    };
    let lobby = Address::Named(RoomName::new("lobby").expect("a name"));
    assert_eq!(*join, Some(lobby.clone()));
    let kind = Kind::Query { join: lobby };
    let effects = script.sign_in_as(kind, &person("Ann"), RateLimit::Off);
    assert_eq!(
        brief(&effects),
        ["send authorized", "send sys", r#"join Named("lobby")"#]
    );

    let mut general = Script::new();
    let effects = general.session.on_connect(query(Some("Ann"), None));
    assert!(matches!(
        &effects[1],
        Effect::Perform(Work::SignInGuest {
            join: Some(Address::General),
            ..
        })
    ));
}

#[test]
fn a_query_that_is_refused_ends_the_connection() {
    let mut script = Script::new();
    let effects = script
        .session
        .on_connect(query(Some("Ann"), Some("a\u{202e}b")));
    assert_eq!(
        brief(&effects),
        ["send ready", "send error", "close 4002"],
        "a room that can't be"
    );

    let mut script = Script::new();
    script.session.on_connect(query(Some("Ann"), None));
    let kind = || Kind::Query {
        join: Address::General,
    };
    let effects = script.authenticated(kind(), Err(Refusal::NameTaken));
    assert_eq!(
        brief(&effects),
        ["count auth failure", "send error", "close 4002"]
    );
    assert!(matches!(
        effects[2],
        Effect::Close(CloseCode::SignInRefused)
    ));

    let mut effects = script.authenticated(kind(), Ok(identity(&person("Ann"))));
    let Some(Effect::Perform(Work::Register(authenticated))) = effects.pop() else {
        panic!("{effects:?}")
    };
    let effects = script.outcome(Outcome::Registered(Box::new(RegistrationOutcome {
        authenticated: *authenticated,
        messages: Err(ErrorBody::new(ErrorCode::Unavailable, "away")),
    })));
    assert_eq!(brief(&effects), ["send error", "close 4002"]);
}

#[test]
fn a_resume_joins_the_rooms_in_order_and_then_says_how_it_went() {
    let mut script = Script::new();
    let text = resume(r#"{"recipientUUID":"","epoch":"e","seq":7},{"room":"tea","epoch":"f"}"#);
    let Effect::Perform(Work::Resume { rooms, .. }) = only(script.text(&text)) else {
        panic!("a resume asks for the key first")
    };
    let kind = Kind::Resume { rooms };
    let mut effects = script.sign_in_as(kind, &person("Ann"), RateLimit::Off);
    assert_eq!(
        brief(&effects),
        [
            "send authorized",
            "send sys",
            "join General",
            r#"join Named("tea")"#,
            "finish"
        ]
    );
    let joins: Vec<Join> = effects
        .drain(2..4)
        .map(|effect| asked_to_join(vec![effect]))
        .collect();
    assert_eq!(joins[0].resume, Some(("e".to_owned(), 7)));
    assert!(joins.iter().all(|join| join.keep_joined));

    let mut recovered = room("g", 9);
    recovered.recovered = true;
    let [general, tea] = <[Join; 2]>::try_from(joins).expect("two");
    let effects = script.joined(general, Ok(recovered));
    assert_eq!(brief(&effects), ["send channelJoin", "release g 9"]);
    let away = ErrorBody::new(ErrorCode::Unavailable, "away");
    assert!(
        script.joined(tea, Err(away)).is_empty(),
        "told in the last frame"
    );
    assert_eq!(script.channels(), ["g"]);

    let id = Some(RequestId::Number(1));
    let effects = script.outcome(Outcome::Resumed { id });
    let Effect::Send(ServerEnvelope {
        id: Some(RequestId::Number(1)),
        frame: ServerFrame::Resume(resumed),
    }) = only(effects)
    else {
        panic!("the resume is answered")
    };
    let went: Vec<_> = resumed
        .rooms
        .iter()
        .map(|room| (room.recovered, room.seq, room.error.is_some()))
        .collect();
    assert_eq!(went, [(true, 9, false), (false, 0, true)]);
}

#[test]
fn who_resumes_where_they_are_signed_in_stays_in_their_rooms_and_is_not_gone_for_a_moment() {
    let mut script = Script::new();
    let ann = person("Ann");
    script.sign_in_as(Kind::SignUp, &ann, RateLimit::Off);
    script.join(
        r#"{"type":"channelJoin","channelJoin":{"recipientUUID":"","keepJoined":true}}"#,
        Ok(room("g", 3)),
    );
    let resume = || Kind::Resume { rooms: Vec::new() };
    let effects = script.sign_in_as(resume(), &ann, RateLimit::Off);
    assert_eq!(brief(&effects), ["send authorized", "send sys", "finish"]);
    assert_eq!(script.channels(), ["g"]);
    // Somebody else does not.
    let effects = script.authenticated(resume(), Ok(identity(&person("Bob"))));
    assert_eq!(brief(&effects)[0], "unregister");
    assert!(script.channels().is_empty());
}

#[test]
fn a_resume_of_too_many_rooms_is_refused() {
    let mut script = Script::new();
    let rooms: Vec<String> = (0..4)
        .map(|number| format!(r#"{{"room":"r{number}"}}"#))
        .collect();
    let effects = script.text(&resume(&rooms.join(",")));
    assert_refused(&effects, ErrorCode::TooManyRooms);
}

#[test]
fn a_resume_without_rooms_only_signs_in() {
    let mut script = Script::new();
    let kind = Kind::Resume { rooms: Vec::new() };
    let effects = script.sign_in_as(kind, &person("Ann"), RateLimit::Off);
    assert_eq!(brief(&effects), ["send authorized", "send sys", "finish"]);
}
