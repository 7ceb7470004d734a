//! What people read, type and tell about themselves.

use parlor_shared::protocol::{people::Profile, value::Look};

use super::*;

fn look(name: &str) -> Option<Box<Look>> {
    let display_name = Some(name.to_owned());
    Look {
        display_name,
        ..Look::default()
    }
    .boxed()
}

const REQUESTS: [&str; 8] = [
    r#"{"id":1,"type":"readTo","readTo":{"seq":1}}"#,
    r#"{"id":1,"type":"unread"}"#,
    r#"{"id":1,"type":"typing","typing":{"on":true}}"#,
    r#"{"id":1,"type":"profile","profile":{"userUUID":"7d3c7c54-3b0f-4d0e-9d3e-2f1a6f0b1c01"}}"#,
    r#"{"id":1,"type":"profileUpdate","profileUpdate":{"color":""}}"#,
    r#"{"id":1,"type":"passwordChange","passwordChange":{"old":"a","new":"b"}}"#,
    r#"{"id":1,"type":"sessions"}"#,
    r#"{"id":1,"type":"sessionEnd","sessionEnd":{"sessionUUID":"7d3c7c54-3b0f-4d0e-9d3e-2f1a6f0b1c01"}}"#,
];

#[test]
fn nobody_gets_anything() {
    for request in REQUESTS {
        let effects = Script::new().text(request);
        assert_refused(&effects, ErrorCode::NotSignedIn);
    }
}

#[test]
fn who_is_signed_in_and_joined_gets_everything() {
    let (mut script, _) = Script::signed_in("Ann");
    for at in [0, 2] {
        let effects = script.text(REQUESTS[at]);
        assert_refused(&effects, ErrorCode::NotJoined);
    }
    script.join(
        r#"{"id":1,"type":"channelJoin","channelJoin":{}}"#,
        Ok(room("g", 7)),
    );
    for request in REQUESTS {
        let effects = script.text(request);
        assert!(
            matches!(effects.as_slice(), [Effect::Perform(Work::People { .. })]),
            "{request}: {effects:?}"
        );
    }
}

#[test]
fn a_guest_has_no_password() {
    let mut script = Script::new();
    let guest = User {
        guest: true,
        ..person("Ann")
    };
    script.sign_in_as(Kind::SignIn, &guest, RateLimit::Off);
    let effects = script.text(REQUESTS[5]);
    assert_refused(&effects, ErrorCode::Forbidden);
}

#[test]
fn a_look_is_worn_from_then_on() {
    let (mut script, user) = Script::signed_in("Ann");
    script
        .session
        .on_order(&Order::Look(look("Ann of the Sea")));
    assert_eq!(script.session.user().unwrap().look, look("Ann of the Sea"));
    let changed = Profile {
        user: User {
            look: look("Ann"),
            ..user
        },
        created_at: String::new(),
        role: "member".into(),
        online: true,
    };
    let effects = script.outcome(Outcome::ProfileChanged {
        id: None,
        profile: Box::new(changed),
    });
    assert_eq!(told(&effects), ["profile"]);
    assert_eq!(script.session.user().unwrap().look, look("Ann"));
    script.session.on_order(&Order::Look(None));
    assert_eq!(script.session.user().unwrap().look, None);
}
