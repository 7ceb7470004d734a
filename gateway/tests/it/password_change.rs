//! A new password ends whoever came by the old one.

use parlor_shared::{
    client::Client,
    protocol::{
        ClientFrame, ErrorCode, ServerFrame, client::Secret, people::PasswordChange, server::Sys,
    },
};
use parlor_testkit::RedisServer;

use crate::common::{TestGateway, assert_refused, refusal, two_gateways};

fn change(old: &str, new: &str) -> ClientFrame {
    ClientFrame::PasswordChange(PasswordChange {
        old: Secret(old.into()),
        new: Secret(new.into()),
    })
}

async fn signed_in(gateway: &TestGateway, password: &str) -> Client {
    let mut client = gateway.client().await;
    client.sign_in("ann", password).await.expect("signs in");
    client
}

#[tokio::test]
async fn the_others_are_signed_out_wherever_they_are() {
    let redis = RedisServer::start().await;
    let (one, two) = two_gateways(&redis).await;
    let mut ann = signed_in(&one, "the old one").await;
    // Another tab has the same key; it is no other sign-in.
    let mut tab = two.client().await;
    tab.resume(ann.me(), vec![]).await.expect("signs in");
    let mut thief = signed_in(&two, "the old one").await;
    let mut thiefs_tab = one.client().await;
    thiefs_tab
        .resume(thief.me(), vec![])
        .await
        .expect("signs in");
    let mut bob = two.client().await;
    bob.sign_up("bob", "the old one").await.expect("signs up");

    ann.have_done(change("the old one", "the new one"))
        .await
        .expect("done");
    for ended in [&mut thief, &mut thiefs_tab] {
        let why = ended.expect(|frame| match frame {
            ServerFrame::Sys(Sys::SignedOut(told)) => Some(told.why.clone()),
            _ => None,
        });
        assert_eq!(why.await.expect("told"), "passwordChanged");
        assert_eq!(ended.closed().await.expect("is closed"), 4003);
    }
    for stays in [&mut ann, &mut tab, &mut bob] {
        stays.settle().await.expect("stays");
    }
    let mut again = two.client().await;
    let refused = again.resume(thief.me(), vec![]).await;
    assert_refused(refused, ErrorCode::SessionExpired);
    let refused = again.sign_in("ann", "the old one").await;
    assert_refused(refused, ErrorCode::SignIn);
    again.sign_in("ann", "the new one").await.expect("signs in");
    let mut back = two.client().await;
    back.resume(ann.me(), vec![])
        .await
        .expect("her key is good");
}

#[tokio::test]
async fn who_does_not_know_the_old_one_changes_nothing_and_is_held_up() {
    let redis = RedisServer::start().await;
    let settings = ["--sign-in-failures=3/1m"];
    let (one, two) = (
        TestGateway::start_with(&redis, &settings).await,
        TestGateway::start_with(&redis, &settings).await,
    );
    let mut ann = signed_in(&one, "the old one").await;
    let mut other = signed_in(&two, "the old one").await;
    for number in 0..3 {
        let client = if number == 1 { &mut other } else { &mut ann };
        let body = refusal(client.have_done(change("a guess", "mine now")).await);
        assert_eq!(body.code, ErrorCode::SignIn.number());
        assert!(!body.error.contains("guess") && !body.error.contains("mine"));
    }
    // On whichever gateway, and even with the right one.
    let body = refusal(other.have_done(change("the old one", "mine now")).await);
    assert_eq!(body.code, ErrorCode::TooManyAttempts.number());
    assert!(body.retry_after_ms.is_some_and(|wait| wait > 0));
    for client in [&mut ann, &mut other] {
        client.settle().await.expect("stays");
    }
}

#[tokio::test]
async fn what_is_no_password_is_refused_and_guests_have_none() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut ann = signed_in(&gateway, "the old one").await;
    let long = "x".repeat(1_025);
    for new in ["", long.as_str()] {
        let refused = ann.have_done(change("the old one", new)).await;
        assert_refused(refused, ErrorCode::SignIn);
    }
    let mut guest = gateway.guest("guest").await;
    let refused = guest.have_done(change("", "mine")).await;
    assert_refused(refused, ErrorCode::Forbidden);
    let mut again = gateway.client().await;
    again
        .sign_in("ann", "the old one")
        .await
        .expect("is the same");
}
