//! Settings of signing in by token (JWT).

use std::{path::PathBuf, time::Duration};

use super::value::{boolean, duration, listed_secret, one_of};
use super::{ConfigError, Secret, secrets};

/// RFC 7518 section 3.2: a key for HS256 has at least the size of the hash.
const SECRET_BYTES_MIN: usize = 32;

/// Who signs tokens, and what is read from them.
// Doc comments are the texts of --help, where backticks would be noise.
#[allow(clippy::doc_markdown)]
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Tokens")]
pub struct JwtSettings {
    /// Secret that tokens are signed with by HS256, at least 32 bytes; with neither this nor keys, tokens are not taken
    #[arg(long, env = "JWT_SECRET", value_name = "SECRET", value_parser = listed_secret)]
    pub jwt_secret: Option<Secret>,

    /// File with that secret
    #[arg(long, env = "JWT_SECRET_FILE", value_name = "FILE")]
    pub jwt_secret_file: Option<PathBuf>,

    /// File or http(s) URL of a JSON Web Key Set with the keys for RS256 and ES256
    #[arg(long, env = "JWT_JWKS", value_name = "FILE OR URL")]
    pub jwt_jwks: Option<String>,

    /// How often the key set is read again
    #[arg(
        long,
        env = "JWT_REFRESH",
        value_name = "DURATION",
        default_value = "10m",
        value_parser = duration(1.0, 86_400)
    )]
    pub jwt_refresh: Duration,

    /// Issuer that tokens must have
    #[arg(long, env = "JWT_ISSUER", value_name = "ISSUER")]
    pub jwt_issuer: Option<String>,

    /// Audience that tokens must have
    #[arg(long, env = "JWT_AUDIENCE", value_name = "AUDIENCE")]
    pub jwt_audience: Option<String>,

    /// Claim with the user's name
    #[arg(
        long,
        env = "JWT_NAME_CLAIM",
        value_name = "CLAIM",
        default_value = "name"
    )]
    pub jwt_name_claim: String,

    /// Claim with the user's site role: admin, moderator or member
    #[arg(
        long,
        env = "JWT_ROLE_CLAIM",
        value_name = "CLAIM",
        default_value = "role"
    )]
    pub jwt_role_claim: String,

    /// Claim with the only rooms that the session may join
    #[arg(
        long,
        env = "JWT_ROOMS_CLAIM",
        value_name = "CLAIM",
        default_value = "rooms"
    )]
    pub jwt_rooms_claim: String,

    /// Highest site role that a token gives
    #[arg(
        long,
        env = "JWT_ROLE_MAX",
        value_name = "ROLE",
        default_value = "member",
        value_parser = one_of(&["admin", "moderator", "member"])
    )]
    pub jwt_role_max: String,

    /// Whether a session whose token names its rooms may also write privately
    #[arg(
        long,
        env = "JWT_PRIVATE_ROOMS",
        value_name = "BOOL",
        num_args = 0..=1,
        default_value = "true",
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        value_parser = boolean
    )]
    pub jwt_private_rooms: bool,
}

impl JwtSettings {
    /// Whether tokens are taken at all.
    pub fn is_on(&self) -> bool {
        self.jwt_secret.is_some() || self.jwt_secret_file.is_some() || self.jwt_jwks.is_some()
    }

    /// The secret for HS256, if there is one.
    ///
    /// # Errors
    /// A sentence when the file can't be read or the secret is too short.
    pub fn secret(&self) -> Result<Option<Secret>, ConfigError> {
        let secret = secrets::one(
            "jwt_secret",
            self.jwt_secret.as_ref(),
            self.jwt_secret_file.as_deref(),
        )?;
        if let Some(secret) = &secret
            && secret.expose().len() < SECRET_BYTES_MIN
        {
            return Err(ConfigError::new(format!(
                "jwt_secret must have at least {SECRET_BYTES_MIN} bytes."
            )));
        }
        Ok(secret)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.jwt_secret.is_some() && self.jwt_secret_file.is_some() {
            return Err("jwt_secret and jwt_secret_file are both given: give one.".to_owned());
        }
        let short = |secret: &Secret| secret.expose().len() < SECRET_BYTES_MIN;
        if self.jwt_secret.as_ref().is_some_and(short) {
            return Err(format!(
                "jwt_secret must have at least {SECRET_BYTES_MIN} bytes."
            ));
        }
        Ok(())
    }
}
