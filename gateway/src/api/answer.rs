//! Answers: JSON, whatever happens.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use parlor_shared::{
    id::NameError,
    protocol::{ErrorBody, ErrorCode},
};
use redis::RedisError;
use tracing::warn;

use crate::{accounts::Refusal, bus::publisher::PublishError};

/// A request that was refused.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    body: ErrorBody,
}

impl Refused {
    pub fn new(status: StatusCode, body: ErrorBody) -> Self {
        Self { status, body }
    }

    /// What the request says can't be.
    pub fn bad(code: ErrorCode, text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorBody::new(code, text))
    }

    pub fn no_such_room() -> Self {
        let body = ErrorBody::new(ErrorCode::Join, "there is no such room: make it first");
        Self::new(StatusCode::NOT_FOUND, body)
    }

    pub fn no_such_user() -> Self {
        let body = ErrorBody::new(ErrorCode::NoSuchUser, "there is no such user");
        Self::new(StatusCode::NOT_FOUND, body)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let wait = self.body.retry_after_ms;
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some(ms) = wait {
            let seconds = HeaderValue::from(ms.div_ceil(1_000));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

impl From<RedisError> for Refused {
    fn from(error: RedisError) -> Self {
        warn!(%error, "Redis can't be asked");
        let text = "the storage can't be reached: try again in a moment";
        let body = ErrorBody::new(ErrorCode::Unavailable, text)
            .retry_after(std::time::Duration::from_secs(2));
        Self::new(StatusCode::SERVICE_UNAVAILABLE, body)
    }
}

impl From<ErrorBody> for Refused {
    /// What moderation refuses.
    fn from(body: ErrorBody) -> Self {
        let of = |codes: &[ErrorCode]| codes.iter().any(|code| code.number() == body.code);
        let status = if of(&[ErrorCode::NoSuchUser, ErrorCode::Join]) {
            StatusCode::NOT_FOUND
        } else if of(&[ErrorCode::Forbidden]) {
            StatusCode::FORBIDDEN
        } else if body.retryable {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::BAD_REQUEST
        };
        Self::new(status, body)
    }
}

impl From<NameError> for Refused {
    fn from(error: NameError) -> Self {
        Self::bad(ErrorCode::Malformed, error.to_string())
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match refusal {
            Refusal::NameTaken => (StatusCode::CONFLICT, ErrorCode::NameTaken),
            Refusal::BadName(_) => (StatusCode::BAD_REQUEST, ErrorCode::Malformed),
            _ => (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable),
        };
        let text = match refusal {
            Refusal::NameTaken => "the name is somebody else's: choose another".to_owned(),
            other => other.to_string(),
        };
        Self::new(status, ErrorBody::new(code, text))
    }
}

impl From<PublishError> for Refused {
    fn from(error: PublishError) -> Self {
        let code = match error {
            PublishError::Unavailable | PublishError::Unconfirmed => ErrorCode::Unavailable,
            PublishError::BacklogFull => ErrorCode::BacklogFull,
            PublishError::Overloaded => ErrorCode::Overloaded,
            PublishError::TooSoon(_) => ErrorCode::SlowMode,
            // Of changes, which are not made here.
            PublishError::Deleted | PublishError::Refused(_) => ErrorCode::NoSuchMessage,
        };
        let text = format!("{error}: send it again, under the same clientMessageId");
        let body = ErrorBody::new(code, text).retry_after(std::time::Duration::from_secs(2));
        Self::new(StatusCode::SERVICE_UNAVAILABLE, body)
    }
}

pub(super) async fn no_such_path() -> Refused {
    let text = "there is no such path: see /api/v1/openapi.json";
    Refused::new(
        StatusCode::NOT_FOUND,
        ErrorBody::new(ErrorCode::Malformed, text),
    )
}

/// Refusals of the framework are plain texts, some of which quote the request: they are told in our
/// form and words.
pub(super) fn in_one_form(response: Response) -> Response {
    let status = response.status();
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/json");
    if is_json || status.is_success() {
        return response;
    }
    let (status, text) = match status {
        StatusCode::METHOD_NOT_ALLOWED => (status, "the path has no such method"),
        StatusCode::PAYLOAD_TOO_LARGE => (status, "the body is larger than is taken"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (status, "a body is of the type application/json"),
        status if status.is_client_error() => (
            StatusCode::BAD_REQUEST,
            "the request has not the form that is asked for: see /api/v1/openapi.json",
        ),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "the gateway failed"),
    };
    let code = if status.is_server_error() {
        ErrorCode::Internal
    } else {
        ErrorCode::Malformed
    };
    Refused::new(status, ErrorBody::new(code, text)).into_response()
}
