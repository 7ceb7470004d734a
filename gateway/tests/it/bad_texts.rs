//! Texts that are no messages and names that are no names: refused with the rule they break.

use parlor_shared::{
    client::Client,
    id::Address,
    protocol::{
        ErrorCode,
        client::{ChannelJoin, ClientFrame},
        value::RoomRef,
    },
};
use parlor_testkit::RedisServer;

use crate::common::{TestGateway, assert_refused, refusal, room};

const MOST_CHARACTERS: usize = 4_000;

/// Names that nobody and no room may have.
fn bad_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "",
        " \t ",
        "a\0b",
        "a\nb",
        "a\u{7f}b",
        "a\u{85}b",
        // Turns the text around.
        "a\u{202e}b",
        "a\u{2066}b",
        "\u{200f}ab",
        // Is not seen.
        "a\u{200b}b",
        "a\u{200d}b",
        "a\u{2060}b",
        "a\u{feff}b",
        "a\u{ad}b",
        "\u{3164}",
        "a\u{e0041}b",
    ]
    .map(str::to_owned)
    .into();
    names.push("x".repeat(65));
    names.push("x".repeat(300));
    names.push("é".repeat(150));
    names.push(format!("{}x", " ".repeat(300)));
    names
}

async fn try_join(
    client: &mut Client,
    name: &str,
) -> Result<(), parlor_shared::client::ClientError> {
    let room = RoomRef {
        recipient_uuid: None,
        room: Some(name.to_owned()),
    };
    let block = ChannelJoin {
        room,
        keep_joined: true,
        limit: None,
    };
    client
        .request(ClientFrame::ChannelJoin(block))
        .await
        .map(drop)
}

#[tokio::test]
async fn empty_and_too_long_messages_are_refused() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let general = Address::General;
    let mut ann = gateway.guest_in("ann", &general).await;
    let mut bob = gateway.guest_in("bob", &general).await;
    for text in ["", " ", "\t\r\n\u{a0}\u{2003}\u{3000}"] {
        assert_refused(ann.say(&general, text).await, ErrorCode::Message);
    }
    for character in ["x", "é", "🙂"] {
        let longest = character.repeat(MOST_CHARACTERS);
        let longer = character.repeat(MOST_CHARACTERS + 1);
        let body = refusal(ann.say(&general, &longer).await);
        assert_eq!(body.code, ErrorCode::Message.number());
        assert!(!body.error.contains(character.repeat(10).as_str()));
        ann.say(&general, &longest).await.expect("fits");
        assert_eq!(bob.message().await.expect("delivered").message, longest);
    }
}

#[tokio::test]
async fn a_message_is_delivered_as_it_was_sent() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let general = Address::General;
    let mut ann = gateway.guest_in("ann", &general).await;
    let mut bob = gateway.guest_in("bob", &general).await;
    for text in [
        "  kept  ",
        "two\nlines\r\n",
        "NUL \0 and all",
        "\"quotes\" and \\ and \u{2028}",
        "<script>alert(1)</script>",
        "m 0123456789abcdef 7 8\nlike an event",
        "العربية \u{202e}and back\u{202c}",
        "e\u{301}, not é",
    ] {
        ann.say(&general, text).await.expect("sent");
        assert_eq!(bob.message().await.expect("delivered").message, text);
    }
    let again = bob.join(&general).await.expect("joins again");
    assert_eq!(again.messages[2].message, "NUL \0 and all");
}

#[tokio::test]
async fn bad_names_are_refused_for_users_and_rooms() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut client = gateway.client().await;
    for name in bad_names() {
        assert_refused(client.sign_up(&name, "a password").await, ErrorCode::SignUp);
        assert_refused(client.sign_in(&name, "a password").await, ErrorCode::SignIn);
        assert_refused(client.guest(&name).await, ErrorCode::SignIn);
    }
    client.guest("ann").await.expect("signs in");
    for name in bad_names() {
        assert_refused(try_join(&mut client, &name).await, ErrorCode::Join);
    }
    assert_eq!(redis.cli(&["LLEN", "users"]), "0");
    assert_eq!(redis.cli(&["ZCARD", "rooms"]), "0");
    // None of it ends a connection.
    client.join(&room("lobby")).await.expect("joins");
}

#[tokio::test]
async fn names_that_look_the_same_are_the_same() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut zoe = gateway.client().await;
    let signed_up = zoe.sign_up("  Zoe\u{308} ", "a password").await;
    assert_eq!(signed_up.expect("signs up").username.as_str(), "Zo\u{eb}");
    let mut other = gateway.client().await;
    for same in ["Zo\u{eb}", "Zoe\u{308}", "Zoe\u{308} "] {
        assert_refused(other.guest(same).await, ErrorCode::NameTaken);
    }
    // Letter case is a difference; 64 characters of any size fit.
    other.guest(&"é".repeat(64)).await.expect("signs in");
    try_join(&mut zoe, " Cafe\u{301}").await.expect("joins");
    let joined = other.join(&room("Caf\u{e9}")).await.expect("joins");
    assert_eq!(joined.users_total, 2);
}

#[tokio::test]
async fn passwords_are_bounded_too() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut client = gateway.client().await;
    for password in [String::new(), "x".repeat(1_025), "x".repeat(60_000)] {
        assert_refused(client.sign_up("ann", &password).await, ErrorCode::SignUp);
        assert_refused(client.sign_in("ann", &password).await, ErrorCode::SignIn);
    }
    let longest = "é".repeat(512);
    client.sign_up("ann", &longest).await.expect("signs up");
    client.sign_in("ann", &longest).await.expect("signs in");
}
