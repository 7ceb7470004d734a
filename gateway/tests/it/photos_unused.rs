//! Photos that no message has are deleted in time, and those of deleted and trimmed messages at once.

use std::path::Path;

use parlor_shared::id::{Address, PhotoId};
use parlor_testkit::{Process, RedisServer, wait_until};

use crate::common::{
    PATIENCE, TestGateway,
    photos::{get, jpeg, say, uploaded},
    room,
    stage::history_worker,
};

/// The files of a store, and nothing that is just being written.
fn files(store: &Path) -> usize {
    let folders = std::fs::read_dir(store).expect("the store").flatten();
    folders
        .filter_map(|entry| std::fs::read_dir(entry.path()).ok())
        .flat_map(Iterator::flatten)
        .count()
}

/// How a gateway answers who wants the whole photo.
async fn full(gateway: &TestGateway, photo: PhotoId) -> u16 {
    let path = format!("/photos/{photo}/full");
    get(gateway.address, &path).await.status
}

async fn is_there(gateway: &TestGateway, photo: PhotoId) -> bool {
    let full = full(gateway, photo).await;
    let thumbnail = get(gateway.address, &format!("/photos/{photo}/thumbnail")).await;
    assert_eq!(full, thumbnail.status);
    full == 200
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
        crate::common::assert_refused(said, parlor_shared::protocol::ErrorCode::PhotoRefused);
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
    let settings = [store.as_str(), "--photo-unused-time=2s"];
    let one = TestGateway::start_with(&redis, &settings).await;
    let two = TestGateway::start_with(&redis, &settings).await;
    let _worker = history_worker(&redis, &["--history-max-messages", "3"]);
    let lobby = room("lobby");
    let mut ann = one.guest_in("ann", &lobby).await;
    let mut photos = Vec::new();
    let mut sent = Vec::new();
    for _ in 0..2 {
        let photo = uploaded(one.address, &ann, &lobby, &jpeg(20, 20)).await;
        sent.push(say(&mut ann, &lobby, "", photo, None).await.expect("sent"));
        photos.push(photo);
    }

    ann.delete(&lobby, (&sent[1]).into())
        .await
        .expect("deleted");
    wait_until(PATIENCE, "the deleted message's is gone", async || {
        full(&two, photos[1]).await == 404 && files(folder.path()) == 2
    })
    .await;
    assert!(is_there(&two, photos[0]).await);

    // The deletion was the third entry: one more, and the first is trimmed.
    ann.say(&lobby, r#"look: "Photo":{"Id":"none"}"#)
        .await
        .expect("sent");
    wait_until(PATIENCE, "the trimmed message's is gone", async || {
        full(&two, photos[0]).await == 404 && files(folder.path()) == 0
    })
    .await;
    // Those that only speak of photos name none.
    for _ in 0..3 {
        ann.say(&lobby, "more").await.expect("sent");
    }
    wait_until(PATIENCE, "nothing is due any more", async || {
        let keys = redis.cli(&["KEYS", "photo*"]);
        keys.split_whitespace().all(|key| key == "photoKey")
    })
    .await;
}

#[tokio::test]
async fn a_folder_that_can_t_be_written_is_told_at_the_start() {
    let redis = RedisServer::start().await;
    let file = tempfile::NamedTempFile::new().expect("a file");
    let store = format!("--photo-store={}/photos", file.path().display());
    let mut process = Process::builder(env!("CARGO_BIN_EXE_gateway"))
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
