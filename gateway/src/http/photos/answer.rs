//! How photos are answered: errors as JSON, and what pages of other origins may read.

use axum::{
    Json,
    extract::State as Shared,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::super::{server::State, upgrade::origin_is_allowed};
use crate::photos::{Refusal, picture::Unfit};

/// How long a browser keeps the answer to a preflight, in seconds.
const PREFLIGHT_SECONDS: &str = "600";

/// The answer to a refused request: `{"code","reason","error","retryable","retryAfterMs"}`.
pub(super) fn refused(refusal: &Refusal) -> Response {
    let body = refusal.body();
    let wait = body.retry_after_ms;
    let mut response = (status(refusal), Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(wait) = wait {
        headers.insert(header::RETRY_AFTER, wait.div_ceil(1_000).max(1).into());
    }
    if matches!(refusal, Refusal::NotSignedIn | Refusal::UnknownKey) {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Off | Refusal::NoSuchPhoto => StatusCode::NOT_FOUND,
        Refusal::NotSignedIn | Refusal::UnknownKey => StatusCode::UNAUTHORIZED,
        Refusal::Origin | Refusal::Forbidden => StatusCode::FORBIDDEN,
        Refusal::BadRoom(_) | Refusal::Cut => StatusCode::BAD_REQUEST,
        Refusal::Unfit(Unfit::Type) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Refusal::Unfit(Unfit::Broken | Unfit::TooManyPixels(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::TooManyBytes(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::Slow(_) => StatusCode::REQUEST_TIMEOUT,
        Refusal::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Busy | Refusal::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Asks whether a page of another origin may send a request, before it is sent (the Fetch standard's
/// CORS protocol).
pub(super) async fn preflight(Shared(state): Shared<State>, headers: HeaderMap) -> Response {
    if !origin_is_allowed(&state, &headers) {
        return shared(&state, &headers, refused(&Refusal::Origin));
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let allow = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, content-type",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
    ] {
        allow.insert(name, HeaderValue::from_static(value));
    }
    shared(&state, &headers, response)
}

/// Lets the page that asked read the answer, if it may come here.
pub(super) fn shared(state: &State, request: &HeaderMap, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = request.get(header::ORIGIN)
        && origin_is_allowed(state, request)
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("retry-after"),
        );
    }
    response
}
