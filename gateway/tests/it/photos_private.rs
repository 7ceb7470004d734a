//! Photos of private rooms are seen by the two, through links that expire.

use parlor_shared::{
    client::Client,
    id::{Address, PhotoId},
    protocol::moderation::{Request, UserBan},
    roles::SiteRole,
};
use parlor_testkit::{RedisServer, wait_until};
use tempfile::TempDir;

use crate::common::moderating::{self, ban};
use crate::common::{
    PATIENCE, TestGateway,
    photos::{Reply, ask, bearer, get, is_about, jpeg, message, say, uploaded},
    private, room,
};

async fn two(redis: &RedisServer, settings: &[&str]) -> (TestGateway, TestGateway, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = format!("--photo-store={}", folder.path().display());
    let settings = [&[store.as_str()], settings].concat();
    let one = TestGateway::start_with(redis, &settings).await;
    let two = TestGateway::start_with(redis, &settings).await;
    (one, two, folder)
}

async fn links(gateway: &TestGateway, client: &Client, photo: PhotoId) -> Reply {
    let line = format!("GET /api/photos/{photo}/links");
    ask(gateway.address, &line, &[&bearer(client)], &[]).await
}

fn link(reply: &Reply, name: &str) -> String {
    assert_eq!(reply.status, 200);
    reply.json()[name].as_str().expect("a link").to_owned()
}

#[tokio::test]
async fn only_the_two_get_links_and_only_links_show_it() {
    let redis = RedisServer::start().await;
    let (one, two, _folder) = two(&redis, &[]).await;
    let (mut ann, mut bob) = (one.guest("ann").await, two.guest("bob").await);
    let eve = two.guest("eve").await;
    let (to_bob, to_ann) = (private(bob.user()), private(ann.user()));
    ann.join(&to_bob).await.expect("joins");
    bob.join(&to_ann).await.expect("joins");
    let id = uploaded(one.address, &ann, &to_bob, &jpeg(100, 50)).await;
    let ack = say(&mut ann, &to_bob, "for you", id, None)
        .await
        .expect("sent");
    let photo = message(&mut bob, ack.seq).await.photo.expect("a photo");
    assert_eq!((photo.id, photo.width, photo.height), (id, 100, 50));
    assert_eq!((photo.url, photo.thumbnail_url), (None, None));

    let bare = get(two.address, &format!("/photos/{id}/full")).await;
    assert_eq!(bare.refusal(), (403, "forbidden".to_owned()));
    assert_eq!(
        links(&two, &eve, id).await.refusal(),
        (403, "forbidden".to_owned())
    );
    let nobody = get(two.address, &format!("/api/photos/{id}/links")).await;
    assert_eq!(nobody.refusal(), (401, "notSignedIn".to_owned()));
    let unknown = links(&two, &bob, PhotoId::random()).await;
    assert_eq!(unknown.refusal(), (404, "photoRefused".to_owned()));

    for (maker, client) in [(&one, &ann), (&two, &bob)] {
        let made = links(maker, client, id).await;
        assert_eq!(made.header("cache-control"), Some("no-store"));
        assert!(made.json()["expiresAt"].as_str().expect("a time") > "2026");
        let (url, small) = (link(&made, "url"), link(&made, "thumbnailUrl"));
        // Made by one gateway and shown by the other.
        for gateway in [&one, &two] {
            let reply = get(gateway.address, &url).await;
            let caching = reply.header("cache-control").expect("a header");
            assert!(caching.starts_with("private, max-age="), "{caching}");
            assert!(is_about(&reply.picture(), (90, 25), [0, 0, 255]));
            assert_eq!(get(gateway.address, &small).await.picture().width(), 100);
        }
        let swapped = url.replace("/full", "/thumbnail");
        let later = url.replace("expires=", "expires=9");
        let (unsigned, _) = url.split_once("&signature").expect("a signature");
        let odd = url.replace("expires=", "expires=x");
        for forged in [&swapped, &later, unsigned, &odd, &format!("{url}A")] {
            let reply = get(two.address, forged).await;
            assert_eq!(reply.refusal(), (403, "forbidden".to_owned()), "{forged}");
        }
    }
    // 32 bytes in base64.
    let key = redis.cli(&["GET", "photoKey"]);
    assert_eq!(key.trim().len(), 43);
}

#[tokio::test]
async fn a_link_expires() {
    let redis = RedisServer::start().await;
    let (one, two, _folder) = two(&redis, &["--photo-link-time=2s"]).await;
    let (mut ann, bob) = (one.guest("ann").await, two.guest("bob").await);
    ann.join(&private(bob.user())).await.expect("joins");
    let id = uploaded(one.address, &ann, &private(bob.user()), &jpeg(10, 10)).await;
    let made = links(&one, &ann, id).await;
    let url = link(&made, "url");
    wait_until(PATIENCE, "the link has expired", async || {
        let reply = get(two.address, &url).await;
        reply.status == 403
    })
    .await;
    assert_eq!(links(&two, &bob, id).await.status, 200);
}

#[tokio::test]
async fn a_room_for_the_invited_keeps_its_photos() {
    let redis = RedisServer::start().await;
    let (one, two, _folder) = two(&redis, &[]).await;
    let club = room("club");
    let mut ann = one.guest_in("ann", &club).await;
    let bob = two.guest("bob").await;
    let id = uploaded(one.address, &ann, &club, &jpeg(10, 10)).await;
    let path = format!("/photos/{id}/full");
    assert_eq!(get(two.address, &path).await.status, 200);
    // What the room's owner would set, and the invitation that ann has.
    let channel = redis.cli(&["HGET", &format!("photo:{id}"), "channel"]);
    let channel = channel.trim();
    redis.cli(&[
        "HSET",
        &format!("channelMeta:{channel}"),
        "access",
        "invite",
    ]);
    let (roles, user) = (format!("channelRoles:{channel}"), ann.user().to_string());
    redis.cli(&["HSET", &roles, &user, "member"]);
    assert_eq!(get(two.address, &path).await.status, 403);
    assert_eq!(links(&two, &bob, id).await.status, 403);
    let made = links(&one, &ann, id).await;
    assert_eq!(get(two.address, &link(&made, "url")).await.status, 200);
    let refused = crate::common::photos::upload(two.address, &bob, &club, &jpeg(10, 10)).await;
    assert_eq!(refused.refusal(), (403, "forbidden".to_owned()));
    let ack = say(&mut ann, &club, "", id, None).await.expect("sent");
    let photo = message(&mut ann, ack.seq).await.photo.expect("a photo");
    assert_eq!(photo.url, None);
}

#[tokio::test]
async fn whoever_is_banned_neither_uploads_nor_gets_links() {
    let redis = RedisServer::start().await;
    let (one, two, _folder) = two(&redis, &[]).await;
    let club = room("club");
    let mut ann = one.guest_in("ann", &club).await;
    let bob = two.guest_in("bob", &club).await;
    let id = uploaded(two.address, &bob, &club, &jpeg(10, 10)).await;
    moderating::does(&mut ann, Request::RoomBan(ban(&club, bob.user(), None))).await;
    let refused = crate::common::photos::upload(two.address, &bob, &club, &jpeg(10, 10)).await;
    assert_eq!(refused.refusal(), (403, "forbidden".to_owned()));
    assert_eq!(links(&two, &bob, id).await.status, 403);
    assert_eq!(links(&one, &ann, id).await.status, 200);
    // Elsewhere they may still.
    uploaded(two.address, &bob, &Address::General, &jpeg(10, 10)).await;

    let mut admin = one.guest("root").await;
    moderating::make(&redis, admin.user(), SiteRole::Admin);
    admin = {
        let mut again = one.client().await;
        again.resume(admin.me(), vec![]).await.expect("signs in");
        again
    };
    let ban = Request::UserBan(UserBan {
        user_uuid: bob.user(),
        seconds: None,
        reason: None,
    });
    moderating::does(&mut admin, ban).await;
    let general = Address::General;
    let refused = crate::common::photos::upload(two.address, &bob, &general, &jpeg(10, 10)).await;
    assert_eq!(refused.status, 401);
}
