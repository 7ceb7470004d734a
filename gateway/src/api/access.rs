//! Who may use the API, how often, and what every answer has in common.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use parlor_shared::{
    config::{RateLimit, Secret},
    protocol::{ErrorBody, ErrorCode},
};
use sha2::{Digest as _, Sha256};
use tokio::{sync::Semaphore, time::timeout};

use super::{
    Api, REQUEST_TIMEOUT,
    answer::{self, Refused},
};
use crate::session::rate::SharedBucket;

/// The keys that are taken. Cheap to clone.
#[derive(Clone)]
pub(super) struct Keys {
    known: Arc<[Key]>,
    permits: Arc<Semaphore>,
}

struct Key {
    sha256: [u8; 32],
    rate: SharedBucket,
}

impl Keys {
    pub fn new(keys: &[Secret], rate: RateLimit, concurrency: usize) -> Self {
        let key = |key: &Secret| Key {
            sha256: Sha256::digest(key.expose().as_bytes()).into(),
            rate: SharedBucket::new(rate),
        };
        Self {
            known: keys.iter().map(key).collect(),
            permits: Arc::new(Semaphore::new(concurrency)),
        }
    }

    /// The key that a request carries. All are compared, each in full, so that the time taken tells
    /// nothing.
    fn find(&self, headers: &HeaderMap) -> Option<&Key> {
        let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let given = given.strip_prefix("Bearer ")?;
        let given: [u8; 32] = Sha256::digest(given.as_bytes()).into();
        let mut found = None;
        for key in &*self.known {
            let differing = key
                .sha256
                .iter()
                .zip(given)
                .fold(0, |differing, (a, b)| differing | (a ^ b));
            if differing == 0 {
                found = Some(key);
            }
        }
        found
    }
}

/// Lets in whoever has a key, within the limits, and has every refusal told in one form.
pub(super) async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Some(key) = api.keys.find(request.headers()) else {
        let body = ErrorBody::new(
            ErrorCode::NotSignedIn,
            "an API key is needed: Authorization: Bearer <key>",
        );
        let mut response = Refused::new(StatusCode::UNAUTHORIZED, body).into_response();
        let scheme = HeaderValue::from_static("Bearer");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, scheme);
        return response;
    };
    if let Err(wait) = key.rate.take(Instant::now()) {
        let text = format!("too many requests: wait {} ms", wait.as_millis());
        let body = ErrorBody::new(ErrorCode::RateLimited, text).retry_after(wait);
        return Refused::new(StatusCode::TOO_MANY_REQUESTS, body).into_response();
    }
    let Ok(_permit) = api.keys.permits.try_acquire() else {
        let text = "too many requests are under way: try again in a moment";
        let wait = std::time::Duration::from_secs(1);
        let body = ErrorBody::new(ErrorCode::Overloaded, text).retry_after(wait);
        return Refused::new(StatusCode::SERVICE_UNAVAILABLE, body).into_response();
    };
    if let Ok(response) = timeout(REQUEST_TIMEOUT, next.run(request)).await {
        return answer::in_one_form(response);
    }
    let text = "the request took too long: send it again, under the same clientMessageId";
    let body = ErrorBody::new(ErrorCode::Unavailable, text);
    Refused::new(StatusCode::SERVICE_UNAVAILABLE, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_taken_and_nothing_near_it() {
        let keys = [Secret::from("first-key"), Secret::from("second-key")];
        let keys = Keys::new(&keys, RateLimit::Off, 1);
        let found = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            keys.find(&headers).is_some()
        };
        assert!(found("Bearer first-key") && found("Bearer second-key"));
        for wrong in [
            "first-key",
            "Bearer ",
            "Bearer first-ke",
            "Bearer first-key ",
            "Basic first-key",
        ] {
            assert!(!found(wrong), "{wrong}");
        }
        assert!(keys.find(&HeaderMap::new()).is_none());
    }
}
