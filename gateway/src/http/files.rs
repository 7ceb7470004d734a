//! The web client's files: built into the program, or those of a folder.

mod conditional;
mod encoding;
mod source;

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use self::encoding::Encoding;
pub(super) use self::source::Source;

const PAGE: &str = "index.html";
/// For names that change with their content.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// May be kept, but is asked for each time: mostly it is known already.
const ASK_AGAIN: &str = "no-cache";

/// Answers with a file, or with the page itself for any path without a file extension.
///
/// Of the representations that the request accepts it is the best that there is. Ranges are not
/// served: a client's files are small.
pub(super) async fn serve(
    source: &Source,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return (
            StatusCode::METHOD_NOT_ALLOWED,
            [(header::ALLOW, "GET, HEAD")],
        )
            .into_response();
    }
    let path = uri.path().trim_start_matches('/');
    let name = if names_a_file(path) { path } else { PAGE };
    if is_compressed_form(source, name).await {
        return not_found();
    }
    let acceptable = encoding::acceptable(headers);
    for encoding in &acceptable {
        let Some(file) = source.open(&format!("{name}{}", encoding.suffix())).await else {
            continue;
        };
        let facts = Facts {
            name,
            encoding: *encoding,
            tag: &file.tag,
            bytes: file.bytes,
            is_fingerprinted: source.is_fingerprinted(name),
        };
        return if conditional::is_known(headers, &file.tag) {
            facts.describe(StatusCode::NOT_MODIFIED, Body::empty())
        } else if method == Method::HEAD {
            facts.describe(StatusCode::OK, Body::empty())
        } else {
            facts.describe(StatusCode::OK, file.body)
        };
    }
    if source.has(name).await {
        return (
            StatusCode::NOT_ACCEPTABLE,
            [(header::VARY, "accept-encoding")],
            "this file is not there in any encoding that is accepted\n",
        )
            .into_response();
    }
    if name == PAGE { no_page() } else { not_found() }
}

/// Whether a path asks for a file. Every other path is the page's own, and the page reads it.
fn names_a_file(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'))
}

/// Compressed forms are no files of their own: they are what their file is answered with.
async fn is_compressed_form(source: &Source, name: &str) -> bool {
    for encoding in [Encoding::Brotli, Encoding::Gzip] {
        if let Some(original) = name.strip_suffix(encoding.suffix())
            && source.has(original).await
        {
            return true;
        }
    }
    false
}

/// What the headers say of a representation.
struct Facts<'a> {
    name: &'a str,
    encoding: Encoding,
    tag: &'a str,
    bytes: u64,
    is_fingerprinted: bool,
}

impl Facts<'_> {
    fn describe(&self, status: StatusCode, body: Body) -> Response {
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        let mut say = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        let caching = if self.is_fingerprinted {
            FOR_GOOD
        } else {
            ASK_AGAIN
        };
        say(header::CACHE_CONTROL, caching);
        // Of every file, though some have one form only: caches need not know which.
        say(header::VARY, "accept-encoding");
        if status == StatusCode::OK {
            say(header::CONTENT_TYPE, media_type(self.name));
            if let Some(name) = self.encoding.name() {
                say(header::CONTENT_ENCODING, name);
            }
            headers.insert(header::CONTENT_LENGTH, self.bytes.into());
        }
        if let Ok(tag) = HeaderValue::from_str(self.tag) {
            headers.insert(header::ETAG, tag);
        }
        response
    }
}

fn no_page() -> Response {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "This gateway was built without the web client: run deploy/local/up, or npm run build \
         in gateway/web and build again.\n",
    )
        .into_response()
}

/// What is answered for a file that is not there.
fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "there is nothing here\n").into_response()
}

/// The media types of what web clients are made of.
fn media_type(name: &str) -> &'static str {
    let extension = name.rsplit('.').next().unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "pdf" => "application/pdf",
        "xml" => "application/xml",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        _ => "application/octet-stream",
    }
}
