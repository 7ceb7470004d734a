//! Settings of the HTTP API for back ends.

use std::path::PathBuf;

use super::value::listed_secret;
use super::{ConfigError, RateLimit, Secret, secrets};

/// Shorter keys might be guessed.
const KEY_CHARACTERS_MIN: usize = 24;

/// Who may use the API, and how much.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "API")]
pub struct ApiSettings {
    /// Keys of the API for back ends, comma-separated, each of at least 24 characters; without one the API is off
    #[arg(long, env = "API_KEYS", value_name = "KEYS", value_parser = listed_secret)]
    pub api_keys: Option<Secret>,

    /// File with such keys, one a line
    #[arg(long, env = "API_KEYS_FILE", value_name = "FILE")]
    pub api_keys_file: Option<PathBuf>,

    /// Requests that each key may make of one gateway; off disables
    #[arg(long, env = "API_RATE", value_name = "RATE", default_value = "200/1s")]
    pub api_rate: RateLimit,
}

impl ApiSettings {
    /// The keys; none when the API is off.
    ///
    /// # Errors
    /// A sentence when the file can't be read or a key is too short.
    pub fn keys(&self) -> Result<Vec<Secret>, ConfigError> {
        let keys = secrets::several(
            "api_keys",
            self.api_keys.as_ref(),
            self.api_keys_file.as_deref(),
        )?;
        let too_short = keys
            .iter()
            .any(|key| key.expose().chars().count() < KEY_CHARACTERS_MIN);
        if too_short {
            return Err(ConfigError::new(format!(
                "Each of api_keys must have at least {KEY_CHARACTERS_MIN} characters."
            )));
        }
        Ok(keys)
    }
}
