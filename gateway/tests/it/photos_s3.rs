//! The same over a bucket: gateways as they are shipped, and a server that speaks S3.

use std::{net::SocketAddr, path::Path};

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use parlor_shared::client::Client;
use parlor_testkit::{Process, RedisServer, free_port, wait_until};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::{
    net::TcpListener,
    task::{AbortHandle, JoinSet},
};

use crate::common::{
    PATIENCE,
    photos::{get, is_about, jpeg, message, say, upload, uploaded},
    room,
};

const BUCKET: &str = "pictures";
const KEY: &str = "AKPARLOR";
const SECRET: &str = "not-to-be-told";

/// A bucket's server on loopback; it ends when dropped.
struct Bucket {
    address: SocketAddr,
    serving: AbortHandle,
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(folder: &Path) -> Bucket {
    let mut builder = S3ServiceBuilder::new(FileSystem::new(folder).expect("a folder"));
    builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = builder.build().into_shared();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("bound");
    let serving = tokio::spawn(async move {
        // Its connections end with it.
        let mut connections = JoinSet::new();
        while let Ok((socket, _)) = listener.accept().await {
            let connection =
                http1::Builder::new().serve_connection(TokioIo::new(socket), service.clone());
            connections.spawn(connection);
        }
    });
    Bucket {
        address,
        serving: serving.abort_handle(),
    }
}

/// A gateway whose photos are in the bucket.
async fn gateway(redis: &RedisServer, bucket: SocketAddr) -> (Process, SocketAddr) {
    let (port, admin) = (free_port(), free_port());
    let mut process = Process::builder(env!("CARGO_BIN_EXE_gateway"))
        .env("REDIS_URL", redis.url())
        .env("SERVER_ADDRESS", format!("127.0.0.1:{port}"))
        .env("ADMIN_ADDRESS", format!("127.0.0.1:{admin}"))
        .env("PHOTO_STORE", format!("s3://{BUCKET}/parlor/photos"))
        .env("PHOTO_UNUSED_TIME", "2s")
        .env("AWS_ENDPOINT", format!("http://{bucket}"))
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .start();
    process
        .wait_for_ok(PATIENCE, &format!("http://127.0.0.1:{admin}/readyz"))
        .await;
    (process, SocketAddr::from(([127, 0, 0, 1], port)))
}

async fn guest(address: SocketAddr, name: &str) -> Client {
    let client = Client::connect(&format!("ws://{address}/ws")).await;
    let mut client = client.expect("connects");
    client.guest(name).await.expect("signs in");
    client.join(&room("lobby")).await.expect("joins");
    client
}

/// The bucket's objects.
fn objects(folder: &Path) -> Vec<String> {
    let (mut folders, mut found) = (vec![folder.join(BUCKET)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path().to_string_lossy().into_owned());
            }
        }
    }
    found
}

#[tokio::test]
async fn photos_are_kept_in_a_bucket() {
    let redis = RedisServer::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join(BUCKET)).expect("a bucket");
    let bucket = serve(folder.path()).await;
    let (one, at_one) = gateway(&redis, bucket.address).await;
    let (two, at_two) = gateway(&redis, bucket.address).await;
    let lobby = room("lobby");
    let (mut ann, mut bob) = (guest(at_one, "ann").await, guest(at_two, "bob").await);
    let id = uploaded(at_one, &ann, &lobby, &jpeg(1_000, 500)).await;
    let ack = say(&mut ann, &lobby, "", id, None).await.expect("sent");
    let photo = message(&mut bob, ack.seq).await.photo.expect("a photo");
    let full = get(at_two, &photo.url.expect("a link")).await.picture();
    assert_eq!((full.width(), full.height()), (1_000, 500));
    assert!(is_about(&full, (900, 250), [0, 0, 255]));
    let small = get(at_two, &photo.thumbnail_url.expect("a link")).await;
    assert_eq!(small.picture().width(), 480);
    let prefix = format!("/{BUCKET}/parlor/photos/");
    assert!(
        objects(folder.path())
            .iter()
            .all(|name| name.contains(&prefix))
    );

    // One that nobody sends is gone soon, and the other stays.
    let unused = uploaded(at_one, &ann, &lobby, &jpeg(20, 20)).await;
    wait_until(PATIENCE, "the unused photo is gone", async || {
        let names = objects(folder.path());
        !names.iter().any(|name| name.contains(&unused.to_string()))
    })
    .await;
    let left = objects(folder.path());
    let kept = left.iter().filter(|name| name.contains(&id.to_string()));
    assert_eq!(kept.count(), 2, "{left:?}");

    // Without the bucket uploads are refused, and chat goes on.
    drop(bucket);
    let reply = upload(at_one, &ann, &lobby, &jpeg(20, 20)).await;
    assert_eq!(reply.refusal(), (503, "unavailable".to_owned()));
    ann.say(&lobby, "hello").await.expect("sent");
    for process in [one, two] {
        assert!(!process.log().contains(SECRET));
    }
}
