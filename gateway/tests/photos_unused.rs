//! Photos that no message has are deleted in time, and those of deleted messages at once.

mod common;

use std::{collections::BTreeMap, path::Path};

use common::{
    PATIENCE, TestGateway,
    photos::{get, jpeg, say, uploaded},
    room,
};
use parlor_gateway::photos::Photos;
use parlor_shared::{
    config::{self, GatewayConfig},
    id::{Address, PhotoId},
    redis::Redis,
    telemetry::Metrics,
};
use parlor_testkit::{RedisServer, wait_until};

/// The files of a store, and nothing that is just being written.
fn files(store: &Path) -> usize {
    let folders = std::fs::read_dir(store).expect("the store").flatten();
    folders
        .filter_map(|entry| std::fs::read_dir(entry.path()).ok())
        .flat_map(Iterator::flatten)
        .count()
}

async fn is_there(gateway: &TestGateway, photo: PhotoId) -> bool {
    let full = get(gateway.address, &format!("/photos/{photo}/full")).await;
    let thumbnail = get(gateway.address, &format!("/photos/{photo}/thumbnail")).await;
    assert_eq!(full.status, thumbnail.status);
    full.status == 200
}

#[tokio::test]
async fn what_no_message_has_is_deleted_once() {
    let redis = RedisServer::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let store = format!("--photo-store={}", folder.path().display());
    let settings = [store.as_str(), "--photo-rate=off", "--photo-unused-time=2s"];
    let one = TestGateway::start_with(&redis, &settings).await;
    let two = TestGateway::start_with(&redis, &settings).await;
    let general = Address::General;
    let mut ann = one.guest_in("ann", &general).await;
    let kept = uploaded(one.address, &ann, &general, &jpeg(20, 20)).await;
    say(&mut ann, &general, "", kept, None).await.expect("sent");
    let mut unused = Vec::new();
    for _ in 0..5 {
        unused.push(uploaded(one.address, &ann, &general, &jpeg(20, 20)).await);
    }
    // One whose gateway died before it was stored.
    redis.cli(&["ZADD", "photosDue", "1", &PhotoId::random().to_string()]);
    wait_until(PATIENCE, "only the used photo is left", async || {
        files(folder.path()) == 2 && redis.cli(&["ZCARD", "photosDue"]).trim() == "0"
    })
    .await;
    assert!(is_there(&two, kept).await);
    for photo in unused {
        assert!(!is_there(&one, photo).await);
        let said = say(&mut ann, &general, "", photo, None).await;
        common::assert_refused(said, parlor_shared::protocol::ErrorCode::PhotoRefused);
    }
    let deleted = "parlor_photos_deleted_total";
    let by_each = [one.count(deleted).await, two.count(deleted).await];
    assert_eq!(by_each.iter().sum::<u64>(), 6, "{by_each:?}");
}

#[tokio::test]
async fn a_photo_goes_with_its_message() {
    let redis = RedisServer::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let store = format!("--photo-store={}", folder.path().display());
    let gateway = TestGateway::start_with(&redis, &[&store]).await;
    let lobby = room("lobby");
    let mut ann = gateway.guest_in("ann", &lobby).await;
    let photo = uploaded(gateway.address, &ann, &lobby, &jpeg(20, 20)).await;
    say(&mut ann, &lobby, "", photo, None).await.expect("sent");

    // As a gateway does that deletes the message.
    let settings: GatewayConfig =
        config::parse_from(&[&store], &BTreeMap::new(), None, None).expect("valid settings");
    let commands = Redis::new(&redis.url()).expect("a URL").commands().await;
    let metrics = Metrics::new("gateway").expect("metrics");
    let photos = Photos::open(&settings.photos, commands, &metrics);
    let photos = photos.expect("opens").expect("switched on");
    photos.remove(photo).await.expect("removed");
    assert!(!is_there(&gateway, photo).await);
    assert_eq!(files(folder.path()), 0);
    assert_eq!(redis.cli(&["ZCARD", "photosDue"]).trim(), "0");
    // Twice is as good as once.
    photos.remove(photo).await.expect("removed");
}

#[tokio::test]
async fn a_folder_that_can_t_be_written_is_told_at_the_start() {
    let redis = RedisServer::start().await;
    let file = tempfile::NamedTempFile::new().expect("a file");
    let store = format!("--photo-store={}/photos", file.path().display());
    let mut process = parlor_testkit::Process::builder(env!("CARGO_BIN_EXE_gateway"))
        .args([&format!("--redis-url={}", redis.url()), &store])
        .args([
            "--server-address=127.0.0.1:0",
            "--admin-address=127.0.0.1:0",
        ])
        .start();
    assert!(!process.wait(PATIENCE).await.success());
    let log = process.log();
    assert!(log.contains("photos can't be kept in"), "{log}");
    assert!(log.contains("or to off"), "{log}");
}
