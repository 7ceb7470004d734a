//! The client's files are answered in the best form that a request accepts, and only when they are
//! not known already.
//!
//! The forms here are plain texts, so that it shows which one came; that real ones can be read is
//! tested in a browser (`gateway/web/e2e/weight.spec.ts`).

use parlor_testkit::{RedisServer, http};
use tempfile::TempDir;

use crate::common::TestGateway;

const FILES: &[(&str, &str)] = &[
    ("index.html", "the page"),
    ("index.html.br", "the page by brotli"),
    ("index.html.gz", "the page by gzip"),
    ("assets/x.js", "a script"),
    ("assets/x.js.gz", "a script by gzip"),
    ("picture.png", "a picture"),
    ("downloads/all.tar.gz", "an archive"),
    (".hidden", "a file with a dot in front"),
];

/// A gateway with a folder, which lives as long as this.
struct Site {
    gateway: TestGateway,
    folder: TempDir,
    _redis: RedisServer,
}

impl Site {
    async fn start() -> Self {
        let redis = RedisServer::start().await;
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in FILES {
            write(&folder, path, text);
        }
        let setting = format!("--client-dir={}", folder.path().display());
        let gateway = TestGateway::start_with(&redis, &[&setting]).await;
        Self {
            gateway,
            folder,
            _redis: redis,
        }
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> http::Response {
        let url = format!("http://{}{path}", self.gateway.address);
        http::request(method, &url, headers, "")
            .await
            .expect("an answer")
    }

    async fn get(&self, path: &str, accepted: &str) -> http::Response {
        self.ask("GET", path, &[("Accept-Encoding", accepted)])
            .await
    }

    async fn tag(&self, path: &str, accepted: &str) -> String {
        let response = self.get(path, accepted).await;
        response.header("etag").expect("an entity tag").to_owned()
    }
}

fn write(folder: &TempDir, path: &str, text: &str) {
    let path = folder.path().join(path);
    std::fs::create_dir_all(path.parent().expect("in a folder")).expect("a folder");
    std::fs::write(path, text).expect("a file");
}

#[tokio::test]
async fn each_request_gets_the_best_form_that_it_accepts() {
    let site = Site::start().await;
    for (path, accepted, body, encoding) in [
        (
            "/",
            "gzip, deflate, br, zstd",
            "the page by brotli",
            Some("br"),
        ),
        ("/rooms/lobby", "br", "the page by brotli", Some("br")),
        ("/index.html", "gzip", "the page by gzip", Some("gzip")),
        (
            "/",
            "br;q=0.1, gzip;q=0.2",
            "the page by gzip",
            Some("gzip"),
        ),
        ("/", "br;q=0, *", "the page by gzip", Some("gzip")),
        ("/", "deflate, zstd", "the page", None),
        ("/", "identity, br;q=0.9", "the page", None),
        ("/", "", "the page", None),
        (
            "/assets/x.js",
            "br, gzip;q=0.1",
            "a script by gzip",
            Some("gzip"),
        ),
        ("/assets/x.js", "br", "a script", None),
        ("/picture.png", "br, gzip", "a picture", None),
    ] {
        let response = site.get(path, accepted).await;
        let shown = format!("{path} for {accepted:?}");
        assert_eq!(response.status, 200, "{shown}");
        assert_eq!(response.body, body, "{shown}");
        assert_eq!(response.header("content-encoding"), encoding, "{shown}");
        assert_eq!(response.header("vary"), Some("accept-encoding"), "{shown}");
    }
    let unasked = site.ask("GET", "/", &[]).await;
    assert_eq!(unasked.body, "the page");
    // The media type is the file's, whatever the form.
    let script = site.get("/assets/x.js", "gzip").await;
    assert_eq!(
        script.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    let refused = site.get("/", "identity;q=0").await;
    assert_eq!(refused.status, 406);
    assert_eq!(refused.header("vary"), Some("accept-encoding"));
    assert_eq!(site.get("/assets/y.js", "identity;q=0").await.status, 404);
}

#[tokio::test]
async fn a_form_that_is_known_is_not_sent_again() {
    let site = Site::start().await;
    let tags = [
        site.tag("/", "br").await,
        site.tag("/", "gzip").await,
        site.tag("/", "").await,
        site.tag("/picture.png", "").await,
    ];
    for (index, tag) in tags.iter().enumerate() {
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        assert!(!tags[..index].contains(tag), "{tags:?}");
    }
    let [brotli, gzip, ..] = &tags;
    for (known, status) in [
        (brotli.clone(), 304),
        (format!("W/{brotli}"), 304),
        (format!("\"a,b\", {gzip} , {brotli}"), 304),
        ("*".to_owned(), 304),
        (gzip.clone(), 200),
        (brotli.trim_matches('"').to_owned(), 200),
    ] {
        let headers = [("Accept-Encoding", "br"), ("If-None-Match", known.as_str())];
        let response = site.ask("GET", "/", &headers).await;
        assert_eq!(response.status, status, "{known}");
        assert_eq!(response.body.is_empty(), status == 304, "{known}");
        // What a cache has to know of the form that it keeps.
        assert_eq!(response.header("etag"), Some(brotli.as_str()));
        assert_eq!(response.header("vary"), Some("accept-encoding"));
        assert_eq!(response.header("cache-control"), Some("no-cache"));
    }
    // The same form with other bytes, though as many of them.
    write(&site.folder, "index.html.br", "THE PAGE by brotli");
    let headers = [
        ("Accept-Encoding", "br"),
        ("If-None-Match", brotli.as_str()),
    ];
    let changed = site.ask("GET", "/", &headers).await;
    assert_eq!(changed.body, "THE PAGE by brotli");
    assert_ne!(changed.header("etag"), Some(brotli.as_str()));
}

#[tokio::test]
async fn head_tells_what_get_would_send() {
    let site = Site::start().await;
    for (path, accepted) in [
        ("/", "br"),
        ("/", ""),
        ("/assets/x.js", "gzip"),
        ("/y.js", "br"),
    ] {
        let got = site.get(path, accepted).await;
        // The whole answer, as the testkit's client takes its length for the body's.
        let head = raw_head(&site, path, accepted).await;
        let (status, rest) = head.split_once("\r\n").expect("a status");
        assert!(status.contains(&got.status.to_string()), "{status}");
        assert!(rest.ends_with("\r\n\r\n"), "a body after {rest}");
        for name in [
            "content-type",
            "content-encoding",
            "content-length",
            "etag",
            "vary",
            "cache-control",
        ] {
            let told = rest
                .lines()
                .find_map(|line| line.strip_prefix(&format!("{name}: ")));
            assert_eq!(told, got.header(name), "{name} of {path}");
        }
    }
}

async fn raw_head(site: &Site, path: &str, accepted: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(site.gateway.address)
        .await
        .expect("a connection");
    let request = format!(
        "HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: {accepted}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

#[tokio::test]
async fn compressed_forms_are_no_files_of_their_own() {
    let site = Site::start().await;
    for path in ["/index.html.br", "/index.html.gz", "/assets/x.js.gz"] {
        assert_eq!(site.get(path, "br, gzip").await.status, 404, "{path}");
    }
    // An archive is a file like others, and comes as it is.
    let archive = site.get("/downloads/all.tar.gz", "br, gzip").await;
    assert_eq!((archive.status, archive.body.as_str()), (200, "an archive"));
    assert_eq!(archive.header("content-encoding"), None);
    assert_eq!(
        site.get("/downloads", "br").await.body,
        "the page by brotli"
    );
    for folder in ["/downloads.x/", "/.", "/assets/..x"] {
        assert!(site.get(folder, "br").await.status < 500, "{folder}");
    }
}

#[tokio::test]
async fn files_are_only_read() {
    let site = Site::start().await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let response = site.ask(method, "/", &[]).await;
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(response.header("allow"), Some("GET, HEAD"), "{method}");
    }
}

/// The page that `npm run build` made, where it has been run before this was built.
#[tokio::test]
async fn what_is_built_in_is_kept_as_long_as_its_name_holds() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let get = async |path: &str| {
        let url = format!("http://{}{path}", gateway.address);
        http::get(&url).await.expect("an answer")
    };
    let page = get("/").await;
    if page.status == 503 {
        assert!(page.body.contains("npm run build"), "{}", page.body);
        return;
    }
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let (_, script) = page.body.split_once("src=\"/assets/").expect("a script");
    let name = script.split('"').next().unwrap_or_default();
    let script = get(&format!("/assets/{name}")).await;
    assert_eq!(
        script.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    // Nothing is kept of what is not there.
    let missing = get("/assets/gone-00000000.js").await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.header("cache-control"), None);
}
