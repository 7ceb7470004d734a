//! One sees where one is signed in, and ends it from anywhere.

use parlor_shared::{
    client::Client,
    id::SessionId,
    protocol::{
        ClientFrame, ErrorCode, ServerFrame,
        client::Secret,
        people::{SessionEnd, SignedInSession},
        server::{Authorized, Sys},
    },
};
use parlor_testkit::{RedisServer, wait_until};

use crate::common::{PATIENCE, TestGateway, assert_refused, two_gateways};

fn signed_out(frame: &ServerFrame) -> Option<String> {
    match frame {
        ServerFrame::Sys(Sys::SignedOut(told)) => Some(told.why.clone()),
        _ => None,
    }
}

fn end(session_uuid: SessionId) -> ClientFrame {
    ClientFrame::SessionEnd(SessionEnd { session_uuid })
}

async fn signed_in(gateway: &TestGateway) -> Client {
    let mut client = gateway.client().await;
    client.sign_in("ann", "a password").await.expect("signs in");
    client
}

async fn back(gateway: &TestGateway, who: &Authorized) -> Client {
    let mut client = gateway.client().await;
    client.resume(who, vec![]).await.expect("signs in");
    client
}

fn current(sessions: &[SignedInSession]) -> &SignedInSession {
    let mut current = sessions.iter().filter(|session| session.current);
    let found = current.next().expect("one of them asks");
    assert_eq!(current.next(), None);
    found
}

#[tokio::test]
async fn every_sign_in_is_listed_with_all_its_connections() {
    let redis = RedisServer::start().await;
    let (one, two) = two_gateways(&redis).await;
    let mut laptop = signed_in(&one).await;
    let tab = back(&two, laptop.me()).await;
    let mut phone = signed_in(&two).await;
    let listed = laptop.sessions().await.expect("a list");
    assert_eq!(listed.len(), 2);
    let of_laptop = current(&listed).session_uuid;
    let of_phone = current(&phone.sessions().await.expect("a list")).session_uuid;
    assert_ne!(of_laptop, of_phone);
    assert!(listed.iter().all(|session| session.online));
    assert!(listed.iter().all(|it| it.created_at <= it.last_seen_at));
    // The key is nowhere in it.
    let key = &laptop.me().access_key.0;
    assert!(!format!("{listed:?}").contains(key.as_str()));

    // One connection of two goes: the sign-in is still there.
    let who = laptop.me().clone();
    laptop.request(ClientFrame::Ping).await.expect("alive");
    laptop.close().await;
    wait_until(
        PATIENCE,
        "the laptop's connection to be noted",
        async || {
            let departed = redis.cli(&["KEYS", "gatewayDeparted:*"]);
            departed
                .lines()
                .any(|key| redis.cli(&["ZCARD", key]) != "0")
        },
    )
    .await;
    let listed = phone.sessions().await.expect("a list");
    let laptops = |listed: &[SignedInSession]| {
        let mut all = listed.iter();
        all.find(|it| it.session_uuid == of_laptop).cloned()
    };
    assert!(laptops(&listed).expect("is listed").online);
    tab.close().await;

    // Signing out ends the sign-in, whoever else had its key.
    let mut again = back(&one, &who).await;
    again
        .request(ClientFrame::SignOut)
        .await
        .expect("signs out");
    let listed = phone.sessions().await.expect("a list");
    assert_eq!(laptops(&listed), None);
    assert_eq!(current(&listed).session_uuid, of_phone);
}

#[tokio::test]
async fn a_sign_in_outlives_its_connections_and_was_seen_last_with_them() {
    let redis = RedisServer::start().await;
    let (one, two) = two_gateways(&redis).await;
    let mut laptop = signed_in(&one).await;
    let mut phone = signed_in(&two).await;
    let of_phone = current(&phone.sessions().await.expect("a list")).session_uuid;
    // Somebody else signs in on the same connection: what it was before ends at once.
    phone.sign_up("bob", "a password").await.expect("signs up");
    let listed = laptop.sessions().await.expect("a list");
    let mut all = listed.iter();
    let old = all
        .find(|it| it.session_uuid == of_phone)
        .expect("is listed");
    assert!(!old.online && !old.current, "{old:?}");
    assert!(old.last_seen_at >= old.created_at, "{old:?}");
    let by_session = format!("sessionSignIns:{}", laptop.user());
    assert_eq!(redis.cli(&["HLEN", &by_session]).trim(), "1");
}

#[tokio::test]
async fn what_a_client_calls_itself_is_kept_short() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let agent = format!("User-Agent: Test Browser {}", "x".repeat(500));
    let handshake = crate::common::wire::handshake(gateway.address, &[&agent]);
    let mut wire = crate::common::wire::Wire::connect(gateway.address).await;
    wire.send(handshake.as_bytes()).await;
    assert_eq!(wire.answer().await.status, 101);
    wire.send_text(r#"{"type":"signUp","signUp":{"username":"ann","password":"p"}}"#)
        .await;
    wire.first("authorized").await;
    wire.send_text(r#"{"type":"sessions"}"#).await;
    let answer = wire.first("sessions").await;
    let client = answer["sessions"]["sessions"][0]["client"].as_str();
    let client = client.expect("a text");
    assert!(client.starts_with("Test Browser xxx"), "{client}");
    assert_eq!(client.len(), 80);
    // A client that does not say has none.
    let mut guest = gateway.guest("bob").await;
    let listed = guest.sessions().await.expect("a list");
    assert_eq!(listed[0].client, None);
}

#[tokio::test]
async fn a_sign_in_is_ended_on_every_gateway_with_its_key() {
    let redis = RedisServer::start().await;
    let (one, two) = two_gateways(&redis).await;
    let mut laptop = signed_in(&one).await;
    let mut phone = signed_in(&two).await;
    let mut tab = back(&one, phone.me()).await;
    let of_phone = current(&phone.sessions().await.expect("a list")).session_uuid;
    laptop.have_done(end(of_phone)).await.expect("done");
    for ended in [&mut phone, &mut tab] {
        let why = ended.expect(signed_out).await.expect("told");
        assert_eq!(why, "sessionEnded");
        assert_eq!(ended.closed().await.expect("is closed"), 4003);
    }
    let mut again = two.client().await;
    let refused = again.resume(phone.me(), vec![]).await;
    assert_refused(refused, ErrorCode::SessionExpired);
    let listed = laptop.sessions().await.expect("a list");
    assert_eq!(listed.len(), 1);
    assert!(listed[0].current);
    // What is not there any more, or of somebody else, is as good as ended.
    laptop.have_done(end(of_phone)).await.expect("done");
    let mut bob = two.guest("bob").await;
    bob.have_done(end(listed[0].session_uuid))
        .await
        .expect("done");
    laptop.settle().await.expect("alive");
    assert!(!laptop.inbox().any(|frame| signed_out(frame).is_some()));
    // Oneself, too.
    laptop
        .have_done(end(listed[0].session_uuid))
        .await
        .expect("done");
    assert_eq!(laptop.closed().await.expect("is closed"), 4003);
}

#[tokio::test]
async fn keys_from_before_sign_ins_were_noted_are_listed_and_ended() {
    let redis = RedisServer::start().await;
    let (one, two) = two_gateways(&redis).await;
    let old = signed_in(&one).await;
    let user = old.user();
    let who = old.me().clone();
    old.close().await;
    for key in ["signIns", "sessionSignIns"] {
        redis.cli(&["DEL", &format!("{key}:{user}")]);
    }
    let mut ann = signed_in(&two).await;
    let listed = ann.sessions().await.expect("a list");
    let old = listed.iter().find(|it| !it.current).expect("the old one");
    assert_eq!((old.online, &old.client), (false, &None));
    assert_eq!(old.last_seen_at, old.created_at);
    ann.have_done(end(old.session_uuid)).await.expect("done");
    let mut again = one.client().await;
    let refused = again.resume(&who, vec![]).await;
    assert_refused(refused, ErrorCode::SessionExpired);
}

#[tokio::test]
async fn who_is_not_there_has_no_sessions() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut nobody = gateway.client().await;
    assert_refused(nobody.sessions().await, ErrorCode::NotSignedIn);
    let refused = nobody.have_done(end(SessionId::random())).await;
    assert_refused(refused, ErrorCode::NotSignedIn);
    let change = ClientFrame::PasswordChange(parlor_shared::protocol::people::PasswordChange {
        old: Secret("a".into()),
        new: Secret("b".into()),
    });
    assert_refused(nobody.have_done(change).await, ErrorCode::NotSignedIn);
}
