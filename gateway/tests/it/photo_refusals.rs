//! What is no photo, what is too large, and who may not: each gets a reason, and costs little.

use std::time::Duration;

use image::{ImageFormat, RgbImage};
use parlor_shared::{
    client::Client,
    id::{Address, UserId},
};
use parlor_testkit::{Process, RedisServer, free_port};
use tempfile::TempDir;

use crate::common::{
    PATIENCE, TestGateway,
    photos::{
        Reply, ask, bearer, gif_claiming, jpeg, jpeg_claiming, png_claiming, query, upload,
        uploaded, webp_claiming_much,
    },
    private, room,
    wire::{Wire, request},
};

async fn gateway(redis: &RedisServer, settings: &[&str]) -> (TestGateway, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = format!("--photo-store={}", folder.path().display());
    let settings = [&[store.as_str()], settings].concat();
    (TestGateway::start_with(redis, &settings).await, folder)
}

fn refused(reply: &Reply, status: u16, reason: &str) {
    assert_eq!(
        reply.refusal(),
        (status, reason.to_owned()),
        "{}",
        reply.json()
    );
}

/// Pictures that claim more pixels than are taken, a few hundred bytes each.
fn bombs() -> [Vec<u8>; 4] {
    [
        png_claiming(60_000, 60_000),
        gif_claiming(60_000, 60_000),
        jpeg_claiming(60_000, 60_000),
        webp_claiming_much(),
    ]
}

#[tokio::test]
async fn what_is_no_photo_is_told_why() {
    let redis = RedisServer::start().await;
    let (gateway, folder) = gateway(&redis, &["--photo-rate=off"]).await;
    let ann = gateway.guest("ann").await;
    let send = async |file: &[u8]| upload(gateway.address, &ann, &Address::General, file).await;
    for bomb in bombs() {
        refused(&send(&bomb).await, 422, "tooLarge");
    }
    let svg: &[u8] = br#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
    let html: &[u8] = b"<!doctype html><html><script>alert(1)</script></html>";
    let bmp: &[u8] = b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0";
    for other in [
        svg,
        html,
        bmp,
        b"",
        b"\xFF",
        &[0; 1_000],
        b"RIFF\0\0\0\0WAVE",
    ] {
        refused(&send(other).await, 415, "photoRefused");
    }
    let whole: [Vec<u8>; 4] = [
        jpeg(200, 100),
        crate::common::photos::encoded(
            crate::common::photos::half_clear(200, 100),
            ImageFormat::Png,
        ),
        crate::common::photos::encoded(
            crate::common::photos::half_clear(200, 100),
            ImageFormat::Gif,
        ),
        crate::common::photos::encoded(
            crate::common::photos::half_clear(200, 100),
            ImageFormat::WebP,
        ),
    ];
    for file in &whole {
        for end in [20, file.len() / 2, file.len() - file.len() / 8] {
            refused(&send(&file[..end]).await, 422, "photoRefused");
        }
        assert_eq!(send(file).await.status, 201);
    }
    // What was refused is nowhere.
    let files = std::fs::read_dir(folder.path())
        .expect("the store")
        .flatten();
    let photos = files.flat_map(|entry| std::fs::read_dir(entry.path()).expect("a folder"));
    assert_eq!(photos.count(), 2 * whole.len());
    let refusals = gateway.metrics().await;
    let count = |reason| refusals.value("parlor_photos_refused_total", &[("reason", reason)]);
    assert_eq!(count("pixels"), Some(4.0));
    assert_eq!(count("type"), Some(7.0));
    assert_eq!(count("broken"), Some(12.0));
}

#[tokio::test]
async fn a_body_has_its_limits_of_bytes_and_time() {
    let redis = RedisServer::start().await;
    let settings = ["--photo-bytes=64KiB", "--photo-upload-timeout=1s"];
    let (gateway, _folder) = gateway(&redis, &settings).await;
    let ann = gateway.guest("ann").await;
    let reply = upload(gateway.address, &ann, &Address::General, &vec![0; 65_537]).await;
    refused(&reply, 413, "tooLarge");
    // The same without an announcement.
    let line = format!("POST /api/photos?{}", query(&Address::General));
    let mut chunks = Vec::new();
    for _ in 0..17 {
        chunks.extend(b"1000\r\n");
        chunks.extend([0; 0x1000]);
        chunks.extend(b"\r\n");
    }
    chunks.extend(b"0\r\n\r\n");
    let headers = [bearer(&ann), "Transfer-Encoding: chunked".to_owned()];
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let reply = ask(gateway.address, &line, &headers, &chunks).await;
    refused(&reply, 413, "tooLarge");
    // Announced and never sent.
    let host = format!("Host: {}", gateway.address);
    let me = bearer(&ann);
    let headers = [host.as_str(), &me, "Content-Length: 1000"];
    let mut slow = Wire::connect(gateway.address).await;
    slow.send(request(&format!("{line} HTTP/1.1"), &headers).as_bytes())
        .await;
    slow.send(&jpeg(20, 20)[..100]).await;
    assert_eq!(slow.answer().await.status, 408);
    // A longer file than announced is cut, and then it is none.
    let file = jpeg(20, 20);
    let short = format!("Content-Length: {}", file.len() / 2);
    let reply = ask(gateway.address, &line, &[&bearer(&ann), &short], &file).await;
    refused(&reply, 422, "photoRefused");
    assert!(uploaded_well(&gateway, &ann).await);
}

async fn uploaded_well(gateway: &TestGateway, client: &Client) -> bool {
    let file = jpeg(20, 20);
    upload(gateway.address, client, &Address::General, &file)
        .await
        .status
        == 201
}

#[tokio::test]
async fn who_is_not_signed_in_or_not_in_the_room_uploads_nothing() {
    let redis = RedisServer::start().await;
    let (gateway, _folder) = gateway(&redis, &[]).await;
    let mut ann = gateway.guest("ann").await;
    let bob = gateway.guest("bob").await;
    let file = jpeg(20, 20);
    let length = format!("Content-Length: {}", file.len());
    let line = "POST /api/photos?recipientUUID=";
    let try_with = async |headers: &[&str], line: &str| {
        let headers = [headers, &[length.as_str()]].concat();
        ask(gateway.address, line, &headers, &file).await
    };
    refused(&try_with(&[], line).await, 401, "notSignedIn");
    let wrong =
        ["Bearer x", "Basic YTpi", "Bearer", "Bearer 1.2"].map(|it| format!("Authorization: {it}"));
    for header in &wrong {
        refused(&try_with(&[header], line).await, 401, "notSignedIn");
    }
    let me = bearer(&ann);
    let forged = [
        format!(
            "Authorization: Bearer {}.{}",
            ann.user(),
            bob.me().access_key.0
        ),
        format!("{me}0"),
    ];
    for header in &forged {
        refused(&try_with(&[header], line).await, 401, "sessionExpired");
    }
    for (query, status, reason) in [
        ("", 400, "joinRefused"),
        ("?room=", 400, "joinRefused"),
        ("?recipientUUID=x", 400, "joinRefused"),
        (
            &format!("?recipientUUID={}", UserId::random()),
            403,
            "forbidden",
        ),
        (&format!("?recipientUUID={}", bob.user()), 403, "forbidden"),
    ] {
        let line = format!("POST /api/photos{query}");
        refused(&try_with(&[&me], &line).await, status, reason);
    }
    // Once the room is there, it is theirs.
    ann.join(&private(bob.user())).await.expect("joins");
    for (client, other) in [(&ann, bob.user()), (&bob, ann.user())] {
        uploaded(gateway.address, client, &private(other), &file).await;
    }
    // A key that was given back is none.
    let signed_out = ann
        .request(parlor_shared::protocol::ClientFrame::SignOut)
        .await;
    signed_out.expect("signs out");
    refused(&try_with(&[&me], line).await, 401, "sessionExpired");
    let put = ask(gateway.address, "PUT /api/photos?room=a", &[&me], &[]).await;
    assert_eq!(put.status, 405);
}

#[tokio::test]
async fn pages_of_other_origins_ask_first() {
    let redis = RedisServer::start().await;
    let allowed = "https://chat.example.org";
    let setting = format!("--allowed-origins={allowed}");
    let (gateway, _folder) = gateway(&redis, &[&setting]).await;
    let ann = gateway.guest("ann").await;
    let from = |origin: &str| format!("Origin: {origin}");
    let file = jpeg(20, 20);
    let length = format!("Content-Length: {}", file.len());
    let line = "POST /api/photos?recipientUUID=";
    let preflight = async |origin: &str| {
        let asked = "Access-Control-Request-Method: POST";
        let path = "OPTIONS /api/photos?recipientUUID=";
        ask(gateway.address, path, &[&from(origin), asked], &[]).await
    };
    let yes = preflight(allowed).await;
    assert_eq!(yes.status, 204);
    assert_eq!(yes.header("access-control-allow-origin"), Some(allowed));
    let headers = yes.header("access-control-allow-headers");
    assert_eq!(headers, Some("authorization, content-type"));
    let no = preflight("https://evil.example.org").await;
    assert_eq!(
        (no.status, no.header("access-control-allow-origin")),
        (403, None)
    );

    let me = bearer(&ann);
    let headers = [me.as_str(), &length, &from(allowed)];
    let taken = ask(gateway.address, line, &headers, &file).await;
    assert_eq!(taken.status, 201);
    assert_eq!(taken.header("access-control-allow-origin"), Some(allowed));
    assert_eq!(taken.header("vary"), Some("Origin"));
    let headers = [me.as_str(), &length, "Origin: https://evil.example.org"];
    let reply = ask(gateway.address, line, &headers, &file).await;
    refused(&reply, 403, "forbidden");
    assert_eq!(reply.header("access-control-allow-origin"), None);
    let own = format!("http://{}", gateway.address);
    let headers = [me.as_str(), &length, &from(&own)];
    assert_eq!(
        ask(gateway.address, line, &headers, &file).await.status,
        201
    );
}

#[tokio::test]
async fn a_user_and_a_gateway_take_so_many_at_once() {
    let redis = RedisServer::start().await;
    let settings = ["--photo-rate=2/10m", "--photo-uploads=1"];
    let (gateway, _folder) = gateway(&redis, &settings).await;
    let (ann, bob) = (gateway.guest("ann").await, gateway.guest("bob").await);
    // One that is announced and waited for holds the only place.
    let host = format!("Host: {}", gateway.address);
    let headers = [
        host.as_str(),
        &bearer(&bob),
        "Content-Length: 1000",
        "Expect: 100-continue",
    ];
    let mut slow = Wire::connect(gateway.address).await;
    let line = "POST /api/photos?recipientUUID= HTTP/1.1";
    slow.send(request(line, &headers).as_bytes()).await;
    assert_eq!(slow.answer().await.status, 100);
    let busy = upload(gateway.address, &ann, &Address::General, &jpeg(20, 20)).await;
    refused(&busy, 503, "overloaded");
    assert!(busy.header("retry-after").is_some());
    drop(slow);
    parlor_testkit::wait_until(PATIENCE, "the place is free", async || {
        uploaded_well(&gateway, &ann).await
    })
    .await;
    assert!(uploaded_well(&gateway, &ann).await);
    let reply = upload(gateway.address, &ann, &Address::General, &jpeg(20, 20)).await;
    refused(&reply, 429, "rateLimited");
    let wait = reply.json()["retryAfterMs"].as_u64().expect("a wait");
    assert!(Duration::from_millis(wait) <= Duration::from_secs(600));
}

/// The most memory that a process has had, in bytes.
fn peak_bytes(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid()));
    let status = status.expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.expect("a number") * 1_024
}

#[tokio::test]
async fn memory_stays_bounded() {
    const MIB: u64 = 1 << 20;
    let redis = RedisServer::start().await;
    let (port, admin) = (free_port(), free_port());
    let mut process = Process::builder(env!("CARGO_BIN_EXE_gateway"))
        .args([
            &format!("--redis-url={}", redis.url()),
            &format!("--server-address=127.0.0.1:{port}"),
            &format!("--admin-address=127.0.0.1:{admin}"),
            "--photo-rate=off",
            "--photo-megapixels=12",
        ])
        .start();
    process
        .wait_for_ok(PATIENCE, &format!("http://127.0.0.1:{admin}/readyz"))
        .await;
    let address = format!("127.0.0.1:{port}").parse().expect("an address");
    let mut ann = Client::connect(&format!("ws://{address}/ws"))
        .await
        .expect("connects");
    ann.guest("ann").await.expect("signs in");
    let lobby = room("lobby");
    let before = peak_bytes(&process);
    for bomb in bombs() {
        let replies =
            futures_util::future::join_all((0..8).map(|_| upload(address, &ann, &lobby, &bomb)));
        for reply in replies.await {
            refused(&reply, 422, "tooLarge");
        }
    }
    let bombed = peak_bytes(&process);
    assert!(
        bombed - before < 30 * MIB,
        "{} MiB for bombs",
        (bombed - before) / MIB
    );
    // As large as is taken, 35 MB of pixels each, all at once: one after the other is decoded. They
    // are wide, so that what is kept is small and quickly encoded.
    let large = crate::common::photos::encoded(RgbImage::new(24_000, 490), ImageFormat::Png);
    let replies =
        futures_util::future::join_all((0..4).map(|_| upload(address, &ann, &lobby, &large)));
    for reply in replies.await {
        assert_eq!(reply.status, 201);
    }
    let decoded = peak_bytes(&process) - bombed;
    assert!(
        decoded < 100 * MIB,
        "{} MiB for large photos",
        decoded / MIB
    );
}
