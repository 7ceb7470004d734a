//! The limit of frames, and what becomes of those who don't heed it.

use super::*;

fn limited() -> Script {
    Script::with(Rules {
        frame_rate: "2/10s".parse().expect("a limit"),
        ..rules()
    })
}

const PING: &str = r#"{"id":1,"type":"ping"}"#;

#[test]
fn frames_are_limited_whatever_is_in_them() {
    let mut script = limited();
    assert_eq!(brief(&script.text(PING)), ["pong"]);
    assert!(script.session.on_control_frame(script.now).is_empty());
    let effects = script.text("garbage");
    assert_eq!(brief(&effects), ["count rate limited", "send error"]);
    let (id, body) = refusal(&effects);
    assert_eq!(id, None, "the frame was not read");
    assert_eq!(
        (body.code, body.retry_after_ms),
        (ErrorCode::RateLimited.number(), Some(5_000))
    );
    assert_eq!(
        brief(&script.session.on_control_frame(script.now)),
        ["count rate limited", "send error"]
    );
    script.now += Duration::from_secs(5);
    assert_eq!(brief(&script.text(PING)), ["pong"]);
}

#[test]
fn a_client_that_heeds_no_error_is_closed() {
    let mut script = limited();
    script.text(PING);
    script.text(PING);
    for _ in 0..REFUSED_FRAMES_IN_A_ROW {
        assert_eq!(told(&script.text(PING)), ["error"]);
    }
    assert!(matches!(
        only(script.text(PING)),
        Effect::Close(CloseCode::Flood)
    ));
}

#[test]
fn one_frame_in_time_and_the_count_begins_anew() {
    let mut script = limited();
    script.text(PING);
    script.text(PING);
    for _ in 0..3 {
        for _ in 0..REFUSED_FRAMES_IN_A_ROW {
            assert_eq!(told(&script.text(PING)), ["error"]);
        }
        script.now += Duration::from_secs(5);
        assert_eq!(brief(&script.text(PING)), ["pong"]);
    }
}
