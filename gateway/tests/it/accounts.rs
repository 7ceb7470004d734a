//! Accounts and guests: signing up, in and out, coming back by access key, and what can be
//! switched off.

use parlor_shared::{
    client::Client,
    id::Address,
    protocol::{
        ClientFrame, ErrorCode, ServerFrame,
        client::Secret,
        server::{Authorized, Sys},
    },
};
use parlor_testkit::{RedisServer, wait_until};

use crate::common::{PATIENCE, TestGateway, assert_refused, page::Page, private, room};

const PASSWORD: &str = "correct horse";

async fn sign_out(client: &mut Client) {
    let answer = client.request(ClientFrame::SignOut).await;
    assert!(matches!(answer, Ok(ServerFrame::SignOut(_))), "{answer:?}");
}

#[tokio::test]
async fn an_account_is_the_same_on_every_gateway() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let mut ann = one.client().await;
    let signed_up = ann.sign_up("Ann", PASSWORD).await.expect("signs up");
    assert!(!signed_up.guest);
    let mut again = two.client().await;
    assert_refused(again.sign_in("Ann", "wrong").await, ErrorCode::SignIn);
    let signed_in = again.sign_in("Ann", PASSWORD).await.expect("signs in");
    assert_eq!(signed_in.user_uuid, signed_up.user_uuid);
    assert_ne!(signed_in.access_key, signed_up.access_key);
    // An unknown name is registered by signing in.
    let mut bob = one.client().await;
    let made = bob.sign_in("Bob", PASSWORD).await.expect("is registered");
    let found = again.sign_in("Bob", PASSWORD).await.expect("signs in");
    assert_eq!(made.user_uuid, found.user_uuid);
}

#[tokio::test]
async fn a_name_is_unique_among_accounts_and_guests() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut account = gateway.client().await;
    account
        .sign_up("account", PASSWORD)
        .await
        .expect("signs up");
    let mut guest = gateway.client().await;
    let signed_in = guest.guest("guest").await.expect("signs in");
    assert!(signed_in.guest);
    let mut other = gateway.client().await;
    let taken = ErrorCode::NameTaken;
    assert_refused(other.sign_up("account", PASSWORD).await, taken);
    assert_refused(other.guest("account").await, taken);
    assert_refused(other.guest("guest").await, taken);
    assert_refused(other.sign_up("guest", PASSWORD).await, taken);
    assert_refused(other.sign_in("guest", PASSWORD).await, taken);
    // The guest's name is free when they sign out.
    sign_out(&mut guest).await;
    wait_until(PATIENCE, "the guest's name is free", async || {
        other.guest("guest").await.is_ok()
    })
    .await;
    assert_ne!(other.user(), signed_in.user_uuid);
}

#[tokio::test]
async fn an_access_key_brings_its_user_back_on_any_gateway() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let mut ann = one.client().await;
    ann.sign_up("Ann", PASSWORD).await.expect("signs up");
    let mut gus = one.client().await;
    gus.guest("Gus").await.expect("signs in");
    for client in [ann, gus] {
        let before = client.me().clone();
        client.close().await;
        for gateway in [&one, &two] {
            let mut back = gateway.client().await;
            let (joined, resumed) = back.resume(&before, vec![]).await.expect("is back");
            assert!(joined.is_empty() && resumed.rooms.is_empty());
            assert_eq!(*back.me(), before);
            back.join(&Address::General).await.expect("joins");
        }
        let mut thief = two.client().await;
        let mut wrong = before.access_key.0.clone();
        wrong.replace_range(..1, if wrong.starts_with('0') { "1" } else { "0" });
        for key in [wrong, String::new(), before.access_key.0.to_uppercase()] {
            let forged = Authorized {
                access_key: Secret(key),
                ..before.clone()
            };
            let outcome = thief.resume(&forged, vec![]).await;
            assert_refused(outcome, ErrorCode::SessionExpired);
        }
    }
}

#[tokio::test]
async fn signing_out_ends_its_own_key_and_no_other() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut phone = gateway.client().await;
    let on_phone = phone.sign_up("Ann", PASSWORD).await.expect("signs up");
    let mut desk = gateway.client().await;
    let at_desk = desk.sign_in("Ann", PASSWORD).await.expect("signs in");
    sign_out(&mut phone).await;
    let outcome = phone.resume(&on_phone, vec![]).await;
    assert_refused(outcome, ErrorCode::SessionExpired);
    desk.join(&Address::General).await.expect("still signed in");
    phone
        .resume(&at_desk, vec![])
        .await
        .expect("another key works");
    sign_out(&mut desk).await;
    assert_refused(desk.join(&Address::General).await, ErrorCode::NotSignedIn);
}

#[tokio::test]
async fn one_user_on_two_connections_is_one_user_in_the_room() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let lobby = room("lobby");
    let mut eve = one.guest_in("Eve", &lobby).await;
    let mut phone = one.client().await;
    phone.sign_up("Ann", PASSWORD).await.expect("signs up");
    let mut desk = two.client().await;
    desk.sign_in("Ann", PASSWORD).await.expect("signs in");
    phone.join(&lobby).await.expect("joins");
    assert_eq!(desk.join(&lobby).await.expect("joins").users_total, 2);
    phone.say(&lobby, "from the phone").await.expect("sent");
    for client in [&mut phone, &mut desk, &mut eve] {
        let message = client.message().await.expect("delivered");
        assert_eq!(message.message, "from the phone");
    }
    phone.leave(&lobby).await.expect("leaves");
    desk.say(&lobby, "still here").await.expect("sent");
    eve.message().await.expect("delivered");
    desk.leave(&lobby).await.expect("leaves");
    let ann = desk.user();
    eve.expect(|frame| match frame {
        ServerFrame::ChannelLeave(departure) if departure.user == ann => Some(()),
        _ => None,
    })
    .await
    .expect("told");
    // Nothing of the room can come after its last leave: each was told once.
    let left = |frame: &&ServerFrame| matches!(frame, ServerFrame::ChannelLeave(_));
    assert_eq!(eve.inbox().filter(left).count(), 0);
    let came = |frame: &&ServerFrame| matches!(frame, ServerFrame::Sys(Sys::ChannelJoin { user, .. }) if user.uuid == ann);
    assert_eq!(eve.inbox().filter(came).count(), 1);
}

#[tokio::test]
async fn guests_sign_ups_and_new_rooms_can_be_switched_off() {
    let redis = RedisServer::start().await;
    let open = TestGateway::start(&redis).await;
    let mut founder = open.client().await;
    founder
        .sign_up("founder", PASSWORD)
        .await
        .expect("signs up");
    founder.join(&room("old room")).await.expect("joins");
    founder.leave(&room("old room")).await.expect("leaves");

    let off = ["--guests=false", "--sign-up=false", "--create-rooms=false"];
    let closed = TestGateway::start_with(&redis, &off).await;
    let mut client = closed.client().await;
    assert_refused(client.guest("guest").await, ErrorCode::GuestsDisabled);
    assert_refused(client.sign_up("new", PASSWORD).await, ErrorCode::SignUp);
    assert_refused(client.sign_in("new", PASSWORD).await, ErrorCode::SignIn);
    assert_eq!(redis.cli(&["EXISTS", "usersUsernameListIndex:new"]), "0");
    client.sign_in("founder", PASSWORD).await.expect("signs in");
    assert_refused(client.join(&room("new room")).await, ErrorCode::Join);
    assert_eq!(redis.cli(&["ZRANGE", "rooms", "0", "-1"]), "old room");
    client.join(&room("old room")).await.expect("joins");
    client.join(&Address::General).await.expect("joins");
    let self_talk = private(client.user());
    client.join(&self_talk).await.expect("joins");

    let mut page = Page::open(&closed).await;
    let ready = page.next_is("ready").await["ready"].clone();
    for switch in ["guests", "signUp", "createRooms"] {
        assert_eq!(ready[switch], false, "{switch}");
    }
    let mut page = Page::open_at(&format!("{}?nickname=guest", closed.url())).await;
    page.next_is("ready").await;
    assert_eq!(page.next_is("error").await["error"]["code"], 30);
    assert_eq!(page.closed().await, Some(4002));
}

#[tokio::test]
async fn a_nickname_and_a_room_in_the_address_are_enough() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let url = format!("{}?nickname=Zo%C3%AB&room=tea%20room", gateway.url());
    let mut page = Page::open_at(&url).await;
    page.next_is("ready").await;
    let authorized = page.next_is("authorized").await;
    assert_eq!(authorized["authorized"]["username"], "Zo\u{eb}");
    assert_eq!(authorized["authorized"]["guest"], true);
    assert_eq!(page.next_is("sys").await["sys"]["type"], "signIn");
    let joined = page.next_is("channelJoin").await;
    assert_eq!(joined["channelJoin"]["room"], "tea room");
    page.send(r#"{"type":"channelMessage","channelMessage":{"room":"tea room","message":"hi"}}"#)
        .await;
    page.message("hi").await;

    let mut general = Page::open_at(&format!("{}?nickname=Bob", gateway.url())).await;
    let joined = general.first("channelJoin").await;
    assert_eq!(joined["channelJoin"]["recipientUUID"], "");

    for (query, code) in [
        ("nickname=Zo%C3%AB&room=tea%20room", 27),
        ("nickname=", 4),
        ("nickname=a%00b", 4),
        ("nickname=Eve&room=%E2%80%AE", 11),
    ] {
        let mut page = Page::open_at(&format!("{}?{query}", gateway.url())).await;
        page.next_is("ready").await;
        let error = page.next_is("error").await;
        assert_eq!(error["error"]["code"], code, "{query}: {error}");
        assert_eq!(page.closed().await, Some(4002), "{query}");
    }
    // A room alone signs nobody in.
    let mut page = Page::open_at(&format!("{}?room=lobby", gateway.url())).await;
    page.next_is("ready").await;
    assert!(page.settle().await.is_empty());
}
