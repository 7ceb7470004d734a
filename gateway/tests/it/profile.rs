//! People are shown as they want to be, to everybody and on every gateway.

use parlor_shared::{
    client::Client,
    id::UserId,
    protocol::{
        ClientFrame, ErrorCode,
        people::{ProfileOf, ProfileUpdate},
        value::Look,
    },
};
use parlor_testkit::{RedisServer, wait_until};

use crate::common::{PATIENCE, TestGateway, assert_refused, refusal, room, two_gateways};

fn update(display_name: &str, color: &str, avatar: &str) -> ClientFrame {
    ClientFrame::ProfileUpdate(ProfileUpdate {
        display_name: Some(display_name.into()),
        color: Some(color.into()),
        avatar: Some(avatar.into()),
    })
}

fn looks(display_name: &str, color: &str, avatar: &str) -> Look {
    Look {
        display_name: Some(display_name.into()),
        color: Some(color.into()),
        avatar: Some(avatar.into()),
    }
}

async fn account(gateway: &TestGateway, name: &str) -> Client {
    let mut client = gateway.client().await;
    client.sign_up(name, "a password").await.expect("signs up");
    client
}

#[tokio::test]
async fn a_profile_is_shown_to_others_and_with_what_one_says() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let lobby = room("lobby");
    let mut ann = account(&one, "ann").await;
    ann.join(&lobby).await.expect("joins");
    let mut eve = two.guest_in("eve", &lobby).await;

    let before = eve.profile(ann.user()).await.expect("a profile");
    assert_eq!((before.role.as_str(), before.online), ("member", true));
    assert_eq!(before.user.look, None);
    assert!(before.created_at.ends_with('Z'), "{}", before.created_at);
    let guest = ann.profile(eve.user()).await.expect("a profile");
    assert_eq!((guest.role.as_str(), guest.user.guest), ("guest", true));

    let changed = ann
        .profile_by(update(" Ann of the Sea ", "#33AAFF", "4b1f0e"))
        .await;
    let look = looks("Ann of the Sea", "#33aaff", "4b1f0e");
    assert_eq!(changed.expect("changed").user.look.as_deref(), Some(&look));
    let seen = eve.profile(ann.user()).await.expect("a profile");
    assert_eq!(seen.user.look.as_deref(), Some(&look));
    ann.say(&lobby, "do you like it?").await.expect("sent");
    let heard = eve.message().await.expect("delivered");
    assert_eq!(heard.sender.look.as_deref(), Some(&look));

    // What is left out stays, what is empty goes.
    let part = ProfileUpdate {
        avatar: Some(String::new()),
        ..ProfileUpdate::default()
    };
    ann.profile_by(ClientFrame::ProfileUpdate(part))
        .await
        .expect("changed");
    let seen = eve.profile(ann.user()).await.expect("a profile");
    let expected = Look {
        avatar: None,
        ..look
    };
    assert_eq!(seen.user.look.as_deref(), Some(&expected));
    ann.profile_by(update("", "", "")).await.expect("changed");
    let seen = eve.profile(ann.user()).await.expect("a profile");
    assert_eq!(seen.user.look, None);
}

#[tokio::test]
async fn ones_other_sessions_and_later_sign_ins_have_it_too() {
    let redis = RedisServer::start().await;
    let (one, two) = two_gateways(&redis).await;
    let lobby = room("lobby");
    let mut ann = account(&one, "ann").await;
    let mut phone = two.client().await;
    phone.resume(ann.me(), vec![]).await.expect("signs in");
    phone.join(&lobby).await.expect("joins");
    // A guest may as well.
    let mut eve = one.guest_in("eve", &lobby).await;
    eve.profile_by(update("Eve!", "", ""))
        .await
        .expect("changed");

    let look = looks("Ann", "#000000", "a");
    ann.profile_by(update("Ann", "#000000", "a"))
        .await
        .expect("changed");
    // The order to the other session is on its way.
    wait_until(PATIENCE, "the phone to know", async || {
        phone.say(&lobby, "hello").await.expect("sent");
        eve.message()
            .await
            .expect("delivered")
            .sender
            .look
            .as_deref()
            == Some(&look)
    })
    .await;

    let mut again = two.client().await;
    again.sign_in("ann", "a password").await.expect("signs in");
    again.join(&lobby).await.expect("joins");
    let mut bob = two.guest("bob").await;
    let roster = bob.join(&lobby).await.expect("joins").users;
    let shown = |user: UserId| roster.iter().find(|it| it.uuid == user).expect("is there");
    assert_eq!(shown(ann.user()).look.as_deref(), Some(&look));
    let name = shown(eve.user())
        .look
        .as_ref()
        .and_then(|it| it.display_name.clone());
    assert_eq!(name.as_deref(), Some("Eve!"));
    again.say(&lobby, "the last").await.expect("sent");
    let last = loop {
        let message = eve.message().await.expect("delivered");
        if message.message == "the last" {
            break message;
        }
    };
    assert_eq!(last.sender.look.as_deref(), Some(&look));
}

#[tokio::test]
async fn what_could_mislead_is_refused_and_changes_nothing() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut nobody = gateway.client().await;
    let of = |user_uuid| ClientFrame::Profile(ProfileOf { user_uuid });
    let refused = nobody.request(update("x", "", "")).await;
    assert_refused(refused, ErrorCode::NotSignedIn);
    let refused = nobody.request(of(UserId::random())).await;
    assert_refused(refused, ErrorCode::NotSignedIn);

    let mut ann = gateway.guest("ann").await;
    assert_refused(
        ann.request(of(UserId::random())).await,
        ErrorCode::NoSuchUser,
    );
    let long = "x".repeat(41);
    for bad in [
        update(&long, "#336699", ""),
        update("Ann\u{202e}nnA", "#336699", ""),
        update("Ann", "javascript:", ""),
        update("Ann", "#336699", "../../etc"),
    ] {
        let body = refusal(ann.request(bad).await);
        assert_eq!(body.code, ErrorCode::Malformed.number());
        assert!(!body.error.contains("javascript"), "{}", body.error);
    }
    let profile = ann.profile(ann.user()).await.expect("a profile");
    assert_eq!(profile.user.look, None);
}
