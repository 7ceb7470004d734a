//! A photo is uploaded at one gateway, sent in a message, and seen through another.

use image::ImageFormat;
use parlor_shared::{
    id::{Address, PhotoId},
    protocol::{ErrorCode, value::Photo},
};
use parlor_testkit::RedisServer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{
    TestGateway, assert_refused,
    photos::{
        ask, encoded, get, half_clear, is_about, jpeg, message, red_and_blue, say, turned, upload,
        uploaded,
    },
    refusal, room,
    wire::{Wire, handshake},
};

/// Two gateways over one folder.
async fn two(redis: &RedisServer) -> (TestGateway, TestGateway, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = format!("--photo-store={}", folder.path().display());
    let settings = [store.as_str(), "--photo-rate=off"];
    let one = TestGateway::start_with(redis, &settings).await;
    let two = TestGateway::start_with(redis, &settings).await;
    (one, two, folder)
}

#[tokio::test]
async fn a_photo_goes_from_one_gateway_to_the_other() {
    let redis = RedisServer::start().await;
    let (one, two, _folder) = two(&redis).await;
    let lobby = room("lobby");
    let mut ann = one.guest_in("ann", &lobby).await;
    let mut bob = two.guest_in("bob", &lobby).await;
    let reply = upload(one.address, &ann, &lobby, &jpeg(4_000, 1_000)).await;
    assert_eq!(reply.status, 201);
    let told = reply.json();
    let id: PhotoId = told["id"].as_str().expect("an id").parse().expect("a UUID");
    let (url, thumbnail) = (
        format!("/photos/{id}/full"),
        format!("/photos/{id}/thumbnail"),
    );
    assert_eq!(told["width"], 2_560);
    assert_eq!(told["height"], 640);
    assert_eq!(told["type"], "image/jpeg");
    assert_eq!(told["url"], json!(url));
    assert_eq!(told["thumbnailUrl"], json!(thumbnail));

    let ack = say(&mut ann, &lobby, "", id, Some("one"))
        .await
        .expect("sent");
    let expected = Photo {
        id,
        width: 2_560,
        height: 640,
        url: Some(url.clone()),
        thumbnail_url: Some(thumbnail.clone()),
    };
    let seen = message(&mut bob, ack.seq).await;
    assert_eq!(seen.photo, Some(expected.clone()));
    assert_eq!(seen.message, "");
    let mut late = two.guest("late").await;
    let joined = late.join(&lobby).await.expect("joins");
    assert_eq!(joined.messages[0].photo, Some(expected));

    let full = get(two.address, &url).await;
    assert_eq!(full.header("content-type"), Some("image/jpeg"));
    assert_eq!(
        full.header("content-length"),
        Some(told["bytes"].to_string().as_str())
    );
    assert_eq!(
        full.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    assert_eq!(full.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(
        full.header("content-security-policy"),
        Some("default-src 'none'; sandbox")
    );
    assert_eq!(
        full.header("content-disposition"),
        Some(format!("inline; filename=\"photo-{id}.jpg\"").as_str())
    );
    let picture = full.picture();
    assert_eq!((picture.width(), picture.height()), (2_560, 640));
    assert!(is_about(&picture, (10, 10), [255, 0, 0]));
    assert!(is_about(&picture, (2_500, 600), [0, 0, 255]));
    let small = get(two.address, &thumbnail).await.picture();
    assert_eq!((small.width(), small.height()), (480, 120));

    let tag = full.header("etag").expect("a tag").to_owned();
    let known = format!("If-None-Match: \"other\", {tag}");
    let again = ask(two.address, &format!("GET {url}"), &[&known], &[]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), Some(tag.as_str()));
    let other = "If-None-Match: \"other\"";
    let changed = ask(two.address, &format!("GET {url}"), &[other], &[]).await;
    assert_eq!(changed.status, 200);
    let head = ask(two.address, &format!("HEAD {url}"), &[], &[]).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), full.header("content-length"));

    assert_eq!(one.count("parlor_photos_uploaded_total").await, 1);
    assert_eq!(one.count("parlor_photo_upload_seconds_count").await, 1);
}

#[tokio::test]
async fn what_else_was_in_the_file_is_gone() {
    let redis = RedisServer::start().await;
    let (one, two, _folder) = two(&redis).await;
    let ann = one.guest("ann").await;
    let secret = "at 47.37 north, 8.54 east";
    let mut file = turned(&jpeg(300, 100), secret);
    file.extend(b"PK\x03\x04<html><script>alert(1)</script>");
    let id = uploaded(one.address, &ann, &Address::General, &file).await;
    for variant in ["full", "thumbnail"] {
        let reply = get(two.address, &format!("/photos/{id}/{variant}")).await;
        let picture = reply.picture();
        // Turned as the camera was, and red is on top.
        assert_eq!((picture.width(), picture.height()), (100, 300));
        assert!(is_about(&picture, (50, 20), [255, 0, 0]));
        assert!(is_about(&picture, (50, 280), [0, 0, 255]));
        let holds = |text: &[u8]| reply.body.windows(text.len()).any(|part| part == text);
        for text in [secret.as_bytes(), b"Exif", b"PK\x03\x04", b"<script>"] {
            assert!(!holds(text), "{:?}", String::from_utf8_lossy(text));
        }
    }
}

#[tokio::test]
async fn every_kind_is_taken_and_what_is_clear_stays_clear() {
    let redis = RedisServer::start().await;
    let (one, two, _folder) = two(&redis).await;
    let ann = one.guest("ann").await;
    let general = Address::General;
    for (file, media_type) in [
        (
            encoded(red_and_blue(60, 40), ImageFormat::Png),
            "image/jpeg",
        ),
        (
            encoded(red_and_blue(60, 40), ImageFormat::Gif),
            "image/jpeg",
        ),
        (
            encoded(red_and_blue(60, 40), ImageFormat::WebP),
            "image/jpeg",
        ),
        (encoded(half_clear(60, 40), ImageFormat::Png), "image/png"),
        (encoded(half_clear(60, 40), ImageFormat::Gif), "image/png"),
        (encoded(half_clear(60, 40), ImageFormat::WebP), "image/png"),
    ] {
        let id = uploaded(one.address, &ann, &general, &file).await;
        let reply = get(two.address, &format!("/photos/{id}/full")).await;
        assert_eq!(reply.header("content-type"), Some(media_type));
        let picture = reply.picture();
        assert_eq!((picture.width(), picture.height()), (60, 40));
        let alpha = |x| picture.to_rgba8().get_pixel(x, 20).0[3];
        assert_eq!(alpha(50), 255);
        assert_eq!(alpha(10), if media_type == "image/png" { 0 } else { 255 });
    }
}

#[tokio::test]
async fn a_message_takes_only_its_senders_photo_of_its_room() {
    let redis = RedisServer::start().await;
    let (one, two, _folder) = two(&redis).await;
    let (lobby, other) = (room("lobby"), room("other"));
    let mut ann = one.guest_in("ann", &lobby).await;
    let mut bob = two.guest_in("bob", &lobby).await;
    let file = jpeg(20, 20);
    let anns = uploaded(one.address, &ann, &lobby, &file).await;
    let elsewhere = uploaded(one.address, &ann, &other, &file).await;
    assert_refused(
        say(&mut bob, &lobby, "mine", anns, None).await,
        ErrorCode::PhotoRefused,
    );
    for photo in [elsewhere, PhotoId::random()] {
        let said = say(&mut ann, &lobby, "look", photo, None).await;
        assert_refused(said, ErrorCode::PhotoRefused);
    }
    // Refused photos leave no message, and the text goes as before.
    assert_refused(ann.say(&lobby, "  ").await, ErrorCode::Message);
    let first = say(&mut ann, &lobby, "look", anns, Some("a")).await;
    let first = first.expect("sent");
    assert_eq!(first.seq, 1);
    // The answer may have been lost: the same message is stored once.
    let again = say(&mut ann, &lobby, "look", anns, Some("a")).await;
    assert_eq!(again.expect("sent").uuid, first.uuid);
    let said = say(&mut ann, &lobby, "look again", anns, Some("b")).await;
    let body = refusal(said);
    assert_eq!(body.code, 40);
    assert!(body.error.contains("another message"), "{}", body.error);
}

#[tokio::test]
async fn a_photo_keeps_its_place_among_texts() {
    let redis = RedisServer::start().await;
    let (one, two, _folder) = two(&redis).await;
    let lobby = room("lobby");
    let mut ann = one.guest_in("ann", &lobby).await;
    let mut bob = two.guest_in("bob", &lobby).await;
    let id = uploaded(one.address, &ann, &lobby, &jpeg(20, 20)).await;
    let text = |text: &str, photo: Option<PhotoId>| {
        parlor_shared::protocol::ClientFrame::ChannelMessage(
            parlor_shared::protocol::client::ChannelMessage {
                room: (&lobby).into(),
                message: text.into(),
                client_message_id: None,
                photo,
                ..Default::default()
            },
        )
    };
    for frame in [text("1", None), text("2", Some(id)), text("3", None)] {
        ann.send(frame).await.expect("sent");
    }
    for seq in 1..=3 {
        let message = message(&mut bob, seq).await;
        assert_eq!(message.message, seq.to_string());
        assert_eq!(message.photo.is_some(), seq == 2);
    }
}

#[tokio::test]
async fn a_gateway_without_photos_says_so() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut ann = gateway.guest_in("ann", &Address::General).await;
    assert_eq!(ready(&gateway).await["photos"], Value::Null);
    let reply = upload(gateway.address, &ann, &Address::General, &jpeg(2, 2)).await;
    assert_eq!(reply.refusal(), (404, "photoRefused".to_owned()));
    let said = say(&mut ann, &Address::General, "", PhotoId::random(), None).await;
    assert_refused(said, ErrorCode::PhotoRefused);
    let (_, with, _folder) = two(&redis).await;
    let limits = json!({"bytes": 10 << 20, "megapixels": 50});
    assert_eq!(ready(&with).await["photos"], limits);
}

/// The block of `ready`.
async fn ready(gateway: &TestGateway) -> Value {
    let mut wire = Wire::connect(gateway.address).await;
    let text = handshake(gateway.address, &[]);
    wire.send(text.as_bytes()).await;
    assert_eq!(wire.answer().await.status, 101);
    wire.json().await["ready"].clone()
}
