//! Why a photo is not taken or not shown, and what people are told.

use std::time::Duration;

use parlor_shared::protocol::{ErrorBody, ErrorCode};
use tracing::warn;

use super::picture::Unfit;

/// When to come back to a gateway that is busy or whose storage is away.
const SOON: Duration = Duration::from_secs(2);

/// Why not. The texts repeat nothing of what the client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Off,
    NotSignedIn,
    UnknownKey,
    /// The page's origin may not come here.
    Origin,
    /// The room is not for this person.
    Forbidden,
    BadRoom(String),
    NoSuchPhoto,
    Unfit(Unfit),
    TooManyBytes(usize),
    /// The body ended before its announced end.
    Cut,
    Slow(Duration),
    RateLimited(Duration),
    Busy,
    /// Redis or the store is away.
    Unavailable,
}

impl Refusal {
    /// The names under which refusals are counted.
    pub(super) const LABELS: [&str; 12] = [
        "off",
        "not_signed_in",
        "forbidden",
        "bad_request",
        "type",
        "broken",
        "pixels",
        "bytes",
        "slow",
        "rate",
        "busy",
        "unavailable",
    ];

    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::NotSignedIn | Self::UnknownKey => "not_signed_in",
            Self::Origin | Self::Forbidden => "forbidden",
            Self::BadRoom(_) | Self::NoSuchPhoto | Self::Cut => "bad_request",
            Self::Unfit(Unfit::Type) => "type",
            Self::Unfit(Unfit::Broken) => "broken",
            Self::Unfit(Unfit::TooManyPixels(_)) => "pixels",
            Self::TooManyBytes(_) => "bytes",
            Self::Slow(_) => "slow",
            Self::RateLimited(_) => "rate",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
        }
    }

    /// What the client is told.
    pub fn body(&self) -> ErrorBody {
        let refused = |text: String| ErrorBody::new(ErrorCode::PhotoRefused, text);
        match self {
            Self::Off => refused("photos are switched off here".into()),
            Self::NotSignedIn => ErrorBody::new(
                ErrorCode::NotSignedIn,
                "sign in first, then send Authorization: Bearer <userUUID>.<accessKey>",
            ),
            Self::UnknownKey => ErrorBody::new(
                ErrorCode::SessionExpired,
                "the access key is unknown or has expired: sign in again",
            ),
            Self::Origin => ErrorBody::new(
                ErrorCode::Forbidden,
                "pages of this origin may not do this here: see the setting allowed_origins",
            ),
            Self::Forbidden => ErrorBody::new(
                ErrorCode::Forbidden,
                "this is for the room's members: join the room, and ask for the photo's links",
            ),
            Self::BadRoom(text) => ErrorBody::new(ErrorCode::Join, text.as_str()),
            Self::NoSuchPhoto => refused("there is no such photo".into()),
            Self::Unfit(unfit @ Unfit::TooManyPixels(_)) => {
                ErrorBody::new(ErrorCode::TooLarge, unfit.to_string())
            }
            Self::Unfit(unfit) => refused(unfit.to_string()),
            Self::TooManyBytes(most) => ErrorBody::new(
                ErrorCode::TooLarge,
                format!("a photo has at most {most} bytes: make it smaller"),
            ),
            Self::Cut => refused("the photo ended before its announced length".into()),
            Self::Slow(time) => refused(format!(
                "the photo was not uploaded within {} s: try again over a faster connection, or a \
                 smaller one",
                time.as_secs().max(1)
            )),
            Self::RateLimited(wait) => ErrorBody::new(
                ErrorCode::RateLimited,
                format!("too many photos: wait {} ms", wait.as_millis()),
            )
            .retry_after(*wait),
            Self::Busy => ErrorBody::new(
                ErrorCode::Overloaded,
                "too many photos are being uploaded: try again in a moment",
            )
            .retry_after(SOON),
            Self::Unavailable => ErrorBody::new(
                ErrorCode::Unavailable,
                "the storage can't be reached: try again in a moment",
            )
            .retry_after(SOON),
        }
    }
}

impl From<redis::RedisError> for Refusal {
    fn from(error: redis::RedisError) -> Self {
        warn!(%error, "a photo's facts can't be looked up");
        Self::Unavailable
    }
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit)
    }
}
