//! The web client's files, built into the program.

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::client::not_found;

/// What `npm run build` made. A build without it works and says so in the browser.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct WebClient;

/// The fingerprint in these files' names changes with their content.
const FINGERPRINTED_FOLDER: &str = "assets/";

/// Serves a built-in file; any path without a file extension is the page itself.
pub(super) async fn built_in(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = WebClient::get(path) {
        return answer(path, &file, &headers);
    }
    if names_a_file(path) {
        return not_found();
    }
    match WebClient::get("index.html") {
        Some(page) => answer("index.html", &page, &headers),
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            "This gateway was built without the web client: run deploy/local/up, or npm run build \
             in gateway/web and build again.\n",
        )
            .into_response(),
    }
}

/// Whether a path asks for a file. Every other path is the page's own, and the page reads it.
pub(super) fn names_a_file(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'))
}

fn answer(path: &str, file: &EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex(&file.metadata.sha256_hash()[..16]));
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(file.data.clone().into_owned()).into_response()
    };
    let caching = if path.starts_with(FINGERPRINTED_FOLDER) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(media_type(path)),
    );
    response
}

/// The media types of what a web client is made of.
fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}
