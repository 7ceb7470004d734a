//! Signing in by token: a JWT (RFC 7519) of an issuer that the operator trusts stands for a user.
//!
//! [`jws`] knows what a signature is worth, [`claims`] what a token says, [`keys`] where keys come
//! from. The primitives are ring's, which TLS brings along; a JWT library would add a second set.

mod claims;
mod jws;
mod keys;

use std::sync::Arc;

use anyhow::Context as _;
use parlor_shared::{clock, config::JwtSettings, protocol::client::Secret};
use tokio_util::sync::CancellationToken;

use claims::{ClaimNames, Expected};
pub use claims::{Claims, account_role, external_user};
use jws::{Algorithm, Key, Unverified};
use keys::KeySet;

/// Tokens beyond this are nobody's: a header of HTTP could not carry them either.
const TOKEN_BYTES: usize = 8 * 1_024;

/// Why a token is not taken. The texts never repeat any of it, but for the names of claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("tokens are not taken here: sign in otherwise")]
    Off,
    #[error("the token has more than {TOKEN_BYTES} bytes")]
    TooLong,
    #[error("the token is no JWT: three parts of base64url, the first two JSON objects")]
    Malformed,
    #[error(
        "the token's algorithm is not taken here: HS256 with a secret, RS256 or ES256 with keys"
    )]
    Algorithm,
    #[error("the token needs an extension (crit) that is not known here")]
    Critical,
    #[error("the token's key (kid) is unknown here")]
    UnknownKey,
    #[error("the token's signature is wrong")]
    Signature,
    #[error("the token has expired: sign in with a fresh one")]
    Expired,
    #[error("the token is not valid yet (nbf)")]
    TooEarly,
    #[error("the token's issuer (iss) is not the one that is trusted here")]
    Issuer,
    #[error("the token is for another audience (aud)")]
    Audience,
    #[error("the token's claim {0} is missing")]
    Missing(String),
    #[error("the token's claim {0} has a wrong form: {1}")]
    BadClaim(String, &'static str),
    #[error("the keys that tokens are signed with can't be fetched: try again in a moment")]
    NoKeys,
}

/// Checks tokens. Cheap to clone.
#[derive(Clone)]
pub struct Tokens {
    rules: Arc<Rules>,
    keys: Option<KeySet>,
}

struct Rules {
    secret: Option<Key>,
    expected: Expected,
    names: ClaimNames,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    /// `None` when tokens are off. Fetches the keys; a file must be there, a URL may come later.
    ///
    /// # Errors
    /// A sentence when a secret or a file can't be used.
    pub async fn new(settings: &JwtSettings) -> anyhow::Result<Option<Self>> {
        if !settings.is_on() {
            return Ok(None);
        }
        let secret = settings.secret()?;
        let keys = match &settings.jwt_jwks {
            Some(place) => Some(
                KeySet::new(place, settings.jwt_refresh)
                    .await
                    .context("jwt_jwks is of no use")?,
            ),
            None => None,
        };
        let rules = Rules {
            secret: secret.map(|secret| Key::secret(secret.expose().as_bytes())),
            expected: Expected {
                issuer: settings.jwt_issuer.clone(),
                audience: settings.jwt_audience.clone(),
                role_max: account_role(&settings.jwt_role_max).unwrap_or_default(),
                private_rooms: settings.jwt_private_rooms,
            },
            names: ClaimNames {
                name: settings.jwt_name_claim.clone(),
                role: settings.jwt_role_claim.clone(),
                rooms: settings.jwt_rooms_claim.clone(),
            },
        };
        Ok(Some(Self {
            rules: Arc::new(rules),
            keys,
        }))
    }

    /// Keeps the keys fresh until `stop`.
    pub async fn refresh(self, stop: CancellationToken) {
        match self.keys {
            Some(keys) => keys.refresh(stop).await,
            None => stop.cancelled().await,
        }
    }

    /// What a token says, if it is to be believed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn verify(&self, token: &Secret) -> Result<Claims, TokenError> {
        if token.0.len() > TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        let unverified = Unverified::parse(&token.0)?;
        // A secret signs by HS256 and nothing else, a public key never does: so nobody can have a
        // public key, which is no secret, taken for one.
        let payload = match unverified.algorithm {
            Algorithm::Hs256 => {
                let secret = self.rules.secret.as_ref().ok_or(TokenError::Algorithm)?;
                unverified.verify([secret])?
            }
            Algorithm::Rs256 | Algorithm::Es256 => {
                let keys = self.keys.as_ref().ok_or(TokenError::Algorithm)?;
                let candidates = keys
                    .candidates(unverified.key_id.as_deref(), unverified.algorithm)
                    .await?;
                unverified.verify(candidates.iter())?
            }
        };
        let now_seconds = clock::now_ms() / 1_000;
        Claims::read(
            &payload,
            &self.rules.expected,
            &self.rules.names,
            now_seconds,
        )
    }
}
