//! Turns clap's errors into one sentence of ours.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command};

use super::source::{Layers, Origin};
use super::{ConfigError, given_as_flag};

/// The settings whose values are never shown.
pub(super) const SECRETS: [&str; 6] = [
    "redis_url",
    "redis_password",
    "jwt_secret",
    "api_keys",
    "webhook_url",
    "webhook_secret",
];

/// An error of the command line itself.
pub(super) fn flag_error(command: &Command, error: &clap::Error) -> ConfigError {
    sentence(command, error, |_| Origin::Flag)
}

/// An error of a value that may have come from any layer.
pub(super) fn value_error(
    command: &Command,
    error: &clap::Error,
    layers: &Layers,
    flags: &ArgMatches,
) -> ConfigError {
    sentence(command, error, |id| match layers.get(id) {
        Some(layered) if !given_as_flag(flags, id) => layered.origin.clone(),
        _ => Origin::Flag,
    })
}

fn sentence(
    command: &Command,
    error: &clap::Error,
    origin_of: impl Fn(&str) -> Origin,
) -> ConfigError {
    // clap names an argument as `--port <PORT>`; after an equals sign there may be a value.
    let named = context(error, ContextKind::InvalidArg).unwrap_or_default();
    let flag = named.split([' ', '=', '[']).next().unwrap_or_default();
    let long = flag.trim_start_matches('-');
    let argument = command
        .get_arguments()
        .find(|arg| arg.get_long() == Some(long));

    let text = match (error.kind(), argument) {
        (ErrorKind::UnknownArgument, _) if flag.starts_with('-') => {
            let hint = context(error, ContextKind::SuggestedArg);
            let hint = hint
                .map(|name| format!(", perhaps {name} was meant"))
                .unwrap_or_default();
            format!("The flag {flag} is unknown{hint} (--help lists all).")
        }
        // Not repeated: it may be a part of a password that was given without quotes.
        (ErrorKind::UnknownArgument, _) => {
            "The command line has a word that belongs to no flag (--help lists all).".to_owned()
        }
        (ErrorKind::InvalidUtf8, _) => "The command line must be UTF-8 text.".to_owned(),
        (ErrorKind::TooManyValues, _) => format!("The flag {flag} takes no value."),
        (_, Some(arg)) => {
            let id = arg.get_id().as_str();
            let expected = error.source().map(ToString::to_string);
            let value = context(error, ContextKind::InvalidValue).unwrap_or_default();
            bad_value(
                id,
                &origin_of(id),
                expected.as_deref().unwrap_or("a value"),
                &value,
            )
        }
        _ => format!(
            "The command line is wrong: {} (--help lists all).",
            error.kind()
        ),
    };
    ConfigError::new(text)
}

fn bad_value(id: &str, origin: &Origin, expected: &str, value: &str) -> String {
    let origin = match origin {
        Origin::Flag | Origin::Default => format!("the flag --{}", id.replace('_', "-")),
        Origin::Variable(name) => format!("the environment variable {name}"),
        Origin::DotEnv { name, line } => format!("{name} in .env, line {line}"),
        Origin::File(file) => format!("the file {file}"),
    };
    if SECRETS.contains(&id) {
        return format!(
            "{id} (from {origin}) must be {expected}; its value is secret and not shown."
        );
    }
    format!("{id} (from {origin}) must be {expected}, not {value:?}.")
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => texts.first().cloned(),
        _ => None,
    }
}
