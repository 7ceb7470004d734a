//! A folder with a client is served as it is: the demo's own, for one.

use parlor_testkit::{RedisServer, http};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::TestGateway;

/// The files of the demo's client, and the media type that each must have.
const FILES: &[(&str, &str)] = &[
    ("index.html", "text/html"),
    ("static/js/x.js", "text/javascript"),
    ("static/css/x.css", "text/css"),
    ("favicon.ico", "image/x-icon"),
    ("welcome-back.png", "image/png"),
    ("avatars/1.jpg", "image/jpeg"),
];
const SECRET: &str = "nobody's business";

/// The client's folder, and beside it a file that is nobody's business.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("in a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    for (path, _) in FILES {
        write(&format!("client/{path}"), &format!("this is {path}"));
    }
    write("secret.txt", SECRET);
    write("client-secret/secret.txt", SECRET);
    folder
}

async fn gateway(redis: &RedisServer, folder: &TempDir) -> TestGateway {
    let client = folder.path().join("client");
    let setting = format!("--client-dir={}", client.display());
    TestGateway::start_with(redis, &[&setting]).await
}

async fn get(gateway: &TestGateway, path: &str) -> http::Response {
    let url = format!("http://{}{path}", gateway.address);
    http::get(&url).await.expect("an answer")
}

#[tokio::test]
async fn each_file_comes_with_its_media_type() {
    let redis = RedisServer::start().await;
    let folder = folder();
    let gateway = gateway(&redis, &folder).await;
    for (path, media_type) in FILES {
        let response = get(&gateway, &format!("/{path}")).await;
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(response.body, format!("this is {path}"));
        let told = response.header("content-type").expect("a media type");
        let told = told.split(';').next().unwrap_or_default();
        assert_eq!(told, *media_type, "{path}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    }
    let page = get(&gateway, "/").await;
    assert_eq!(
        (page.status, page.body.as_str()),
        (200, "this is index.html")
    );
}

#[tokio::test]
async fn a_file_that_is_missing_is_not_the_page() {
    let redis = RedisServer::start().await;
    let folder = folder();
    let gateway = gateway(&redis, &folder).await;
    // A page's own address, which its script knows, is the page; a missing script is not.
    let page = get(&gateway, "/rooms/lobby").await;
    assert_eq!(
        (page.status, page.body.as_str()),
        (200, "this is index.html")
    );
    for missing in ["/static/js/y.js", "/avatars/99.jpg"] {
        assert_eq!(get(&gateway, missing).await.status, 404, "{missing}");
    }
}

#[tokio::test]
async fn links_tells_where_the_project_lives() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start_with(&redis, &["--github-url=https://example.org/p"]).await;
    let response = get(&gateway, "/links").await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("application/json"));
    let links: Value = serde_json::from_str(&response.body).expect("JSON");
    assert_eq!(links, json!({"github": "https://example.org/p"}));
}

#[tokio::test]
async fn nothing_outside_of_the_folder_is_served() {
    let redis = RedisServer::start().await;
    let folder = folder();
    let gateway = gateway(&redis, &folder).await;
    let absolute = folder.path().join("secret.txt");
    let absolute = absolute.display();
    for path in [
        "/../secret.txt",
        "/static/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "/static/..%2f..%2fsecret.txt",
        "/../client-secret/secret.txt",
        "/-secret/secret.txt",
        &format!("/{absolute}"),
        &format!("/static//{absolute}"),
        "/index.html%00.txt",
    ] {
        let response = get(&gateway, path).await;
        assert!(!response.body.contains(SECRET), "{path}");
        assert!(response.status < 500, "{path}: {}", response.status);
    }
}
