//! Settings of webhooks: what is told to a back end as it happens.

use std::{path::PathBuf, time::Duration};

use super::value::{between, boolean, duration, listed_secret, web_url};
use super::{ConfigError, Secret, secrets};

const DAY_SECONDS: u64 = 86_400;
/// Shorter secrets might be guessed.
const SECRET_CHARACTERS_MIN: usize = 16;

/// The events there are.
pub const EVENTS: [&str; 4] = ["message", "join", "leave", "report"];

/// Which events go where.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Webhooks")]
pub struct WebhookSettings {
    /// URL that events are sent to; without one there are no webhooks
    #[arg(long, env = "WEBHOOK_URL", value_name = "URL", value_parser = webhook_url)]
    pub webhook_url: Option<Secret>,

    /// Secret that events are signed with; of several, comma-separated, each gives a signature
    #[arg(long, env = "WEBHOOK_SECRET", value_name = "SECRET", value_parser = listed_secret)]
    pub webhook_secret: Option<Secret>,

    /// File with such secrets, one a line
    #[arg(long, env = "WEBHOOK_SECRET_FILE", value_name = "FILE")]
    pub webhook_secret_file: Option<PathBuf>,

    /// Events to send, comma-separated: message, join, leave, report
    #[arg(
        long,
        env = "WEBHOOK_EVENTS",
        value_name = "EVENTS",
        default_value = "message,join,leave,report",
        value_parser = events
    )]
    pub webhook_events: Events,

    /// Whether what happens in private rooms is sent too
    #[arg(
        long,
        env = "WEBHOOK_PRIVATE_ROOMS",
        value_name = "BOOL",
        num_args = 0..=1,
        default_value = "false",
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        value_parser = boolean
    )]
    pub webhook_private_rooms: bool,

    /// How long the endpoint may take to answer
    #[arg(
        long,
        env = "WEBHOOK_TIMEOUT",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = duration(0.1, 120)
    )]
    pub webhook_timeout: Duration,

    /// How old an event gets until it is given up and put aside
    #[arg(
        long,
        env = "WEBHOOK_RETRY_FOR",
        value_name = "DURATION",
        default_value = "24h",
        value_parser = duration(1.0, 30 * DAY_SECONDS)
    )]
    pub webhook_retry_for: Duration,

    /// Longest pause between two attempts
    #[arg(
        long,
        env = "WEBHOOK_BACKOFF_MAX",
        value_name = "DURATION",
        default_value = "5m",
        value_parser = duration(0.1, 3_600)
    )]
    pub webhook_backoff_max: Duration,

    /// Events of one partition that wait at most; what comes beyond is dropped and counted
    #[arg(
        long,
        env = "WEBHOOK_BACKLOG",
        value_name = "COUNT",
        default_value = "10000",
        value_parser = between(1_u64, 10_000_000)
    )]
    pub webhook_backlog: u64,
}

/// The events that are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events(Vec<&'static str>);

impl Events {
    pub fn names(&self) -> &[&'static str] {
        &self.0
    }

    pub fn include(&self, event: &str) -> bool {
        self.0.contains(&event)
    }
}

fn events(text: &str) -> Result<Events, String> {
    let wanted: Option<Vec<_>> = text
        .split(',')
        .map(|name| EVENTS.into_iter().find(|known| *known == name.trim()))
        .collect();
    wanted
        .map(Events)
        .ok_or_else(|| "names of events out of message, join, leave and report".to_owned())
}

fn webhook_url(text: &str) -> Result<Secret, String> {
    web_url(text).map(|url| Secret::from(url.as_str()))
}

impl WebhookSettings {
    /// The secrets that events are signed with.
    ///
    /// # Errors
    /// A sentence when a file can't be read or a secret is too short.
    pub fn secrets(&self) -> Result<Vec<Secret>, ConfigError> {
        let secrets = secrets::several(
            "webhook_secret",
            self.webhook_secret.as_ref(),
            self.webhook_secret_file.as_deref(),
        )?;
        let too_short = secrets
            .iter()
            .any(|secret| secret.expose().chars().count() < SECRET_CHARACTERS_MIN);
        if too_short {
            return Err(ConfigError::new(format!(
                "webhook_secret must have at least {SECRET_CHARACTERS_MIN} characters."
            )));
        }
        Ok(secrets)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let signed = self.webhook_secret.is_some() || self.webhook_secret_file.is_some();
        if self.webhook_url.is_some() && !signed {
            return Err(
                "webhook_url needs webhook_secret, so that the endpoint knows who calls."
                    .to_owned(),
            );
        }
        Ok(())
    }
}
