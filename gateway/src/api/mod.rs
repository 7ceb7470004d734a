//! The HTTP API for back ends, `/api/v1`: rooms, messages and users, by an API key.
//!
//! `openapi.json` beside this file tells all of it; a test holds the one against the other.

mod access;
mod answer;
mod bans;
mod messages;
mod rooms;
mod users;

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{MethodRouter, delete, get, post},
};
use http::header;
use parlor_shared::config::ApiSettings;

use crate::connection::Services;
use access::Keys;

/// Largest body that is taken: as large as the largest frame by default.
const BODY_BYTES: usize = 64 * 1_024;
/// How long a request may take, its body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// Requests under way at once.
const CONCURRENCY: usize = 128;

/// The document, by the `OpenAPI` specification 3.1.
pub const DOCUMENT: &str = include_str!("openapi.json");

/// What the handlers share.
#[derive(Clone)]
struct Api {
    app: Arc<Services>,
    keys: Keys,
    /// Of users whose issuer a request does not name.
    issuer: Arc<str>,
}

/// Every operation: its method, its path below `/api/v1`, and what answers it.
fn table() -> Vec<(&'static str, &'static str, MethodRouter<Api>)> {
    vec![
        ("GET", "/rooms", get(rooms::list)),
        ("POST", "/rooms", post(rooms::create)),
        ("GET", "/rooms/{room}", get(rooms::get)),
        ("GET", "/rooms/{room}/members", get(rooms::members)),
        ("GET", "/rooms/{room}/messages", get(messages::list)),
        ("POST", "/rooms/{room}/messages", post(messages::send)),
        ("POST", "/rooms/{room}/bans", post(bans::ban)),
        ("DELETE", "/rooms/{room}/bans/{user}", delete(bans::unban)),
        ("POST", "/users", post(users::upsert)),
        ("GET", "/users/{id}", get(users::get)),
    ]
}

/// Each operation's method and path, as the document has them.
pub fn operations() -> Vec<(&'static str, &'static str)> {
    let table = table().into_iter();
    let operations = table.map(|(method, path, _)| (method, path));
    operations.chain([("GET", "/openapi.json")]).collect()
}

/// The routes below `/api/v1`; `None` when the API is off.
///
/// # Errors
/// A sentence when the keys are of no use.
pub fn router(
    app: Arc<Services>,
    settings: &ApiSettings,
    issuer: Option<&str>,
) -> anyhow::Result<Option<Router>> {
    let keys = settings.keys().context("the API can't be opened")?;
    if keys.is_empty() {
        return Ok(None);
    }
    let api = Api {
        app,
        keys: Keys::new(&keys, settings.api_rate, CONCURRENCY),
        issuer: issuer.unwrap_or_default().into(),
    };
    let router = table()
        .into_iter()
        .fold(Router::new(), |router, (_, path, handler)| {
            router.route(path, handler)
        })
        .fallback(answer::no_such_path)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn_with_state(api.clone(), access::guard))
        .with_state(api);
    // Whoever writes a client may read it without a key; it holds nothing of this installation.
    let document = get(|| async { ([(header::CONTENT_TYPE, "application/json")], DOCUMENT) });
    Ok(Some(router.route("/openapi.json", document)))
}
