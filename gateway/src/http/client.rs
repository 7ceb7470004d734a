//! The web client: built in, or any folder's. And `/links`, which the demo's client asks for.

use std::path::Path;

use axum::{Json, Router, extract::State as Shared};
use http::{HeaderName, HeaderValue, header};
use serde_json::{Value, json};
use tower_http::set_header::SetResponseHeaderLayer;

use super::{
    files::{self, Source},
    server::State,
};

/// What the built-in page may load and do: its own files and its own socket.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; font-src 'self'; connect-src 'self' ws: wss:; \
     manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /links`: where the project lives.
pub(super) async fn links(Shared(state): Shared<State>) -> Json<Value> {
    Json(json!({ "github": &*state.github_url }))
}

/// Adds the client to the routes.
///
/// # Errors
/// When the folder is not there.
pub(super) fn serve(router: Router, folder: Option<&Path>) -> anyhow::Result<Router> {
    let source = match folder {
        Some(folder) => {
            let index = folder.join("index.html");
            anyhow::ensure!(
                index.is_file(),
                "client_dir is {} but there is no index.html in it: build the client or mend the path",
                folder.display()
            );
            Source::Folder(folder.into())
        }
        None => Source::BuiltIn,
    };
    // Whoever brings a client of their own decides what it may load.
    let is_ours = matches!(source, Source::BuiltIn);
    let mut router = router.fallback(move |method, uri, headers| {
        let source = source.clone();
        async move { files::serve(&source, &method, &uri, &headers).await }
    });
    if is_ours {
        router = router
            .layer(always(
                header::CONTENT_SECURITY_POLICY,
                CONTENT_SECURITY_POLICY,
            ))
            .layer(always(
                HeaderName::from_static("cross-origin-opener-policy"),
                "same-origin",
            ));
    }
    Ok(router
        .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(always(header::X_FRAME_OPTIONS, "DENY"))
        .layer(always(header::REFERRER_POLICY, "no-referrer")))
}

fn always(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
