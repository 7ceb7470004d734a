//! `--print-config`: the effective values as a YAML file that can be given back to `--config`.

use std::fmt::Write as _;

use clap::{ArgMatches, Command};

use super::explain::SECRETS;
use super::redis::RedactedUrl;
use super::source::{NOT_IN_FILES, Origin};

/// The mask that stands for a secret.
const MASK: &str = "***";

pub(super) fn effective(
    command: &Command,
    matches: &ArgMatches,
    origin_of: impl Fn(&str) -> Origin,
) -> String {
    let mut text = String::new();
    for arg in command.get_arguments() {
        let id = arg.get_id().as_str();
        let Some(long) = arg.get_long() else { continue };
        if NOT_IN_FILES.contains(&id) {
            continue;
        }
        let raw = matches
            .get_raw(id)
            .and_then(|mut values| values.next())
            .map(|value| value.to_string_lossy().into_owned());
        let (value, masked) = raw.map_or(("null".to_owned(), false), |raw| shown(id, &raw));
        // A masked value must not come back as if it were the secret: its line is a comment.
        let comment = if masked { "# " } else { "" };
        let key = long.replace('-', "_");
        let origin = describe(&origin_of(id));
        // Writing to a string can't fail.
        let _ = writeln!(text, "{comment}{key}: {value} # {origin}");
    }
    text
}

fn shown(id: &str, raw: &str) -> (String, bool) {
    if id == "redis_url" {
        let redacted = RedactedUrl(raw).to_string();
        let masked = redacted != raw;
        return (scalar(&redacted), masked);
    }
    if SECRETS.contains(&id) {
        return (scalar(MASK), true);
    }
    (scalar(raw), false)
}

fn scalar(text: &str) -> String {
    let is_number = text
        .parse::<u64>()
        .is_ok_and(|number| number.to_string() == text);
    if is_number || text == "true" || text == "false" {
        return text.to_owned();
    }
    // A JSON string is a YAML double-quoted string, on one line whatever is in it.
    serde_json::Value::from(text).to_string()
}

fn describe(origin: &Origin) -> String {
    match origin {
        Origin::Flag => "flag".to_owned(),
        Origin::Variable(name) => format!("environment variable {name}"),
        Origin::DotEnv { name, line } => format!("{name} in .env, line {line}"),
        Origin::File(file) => format!("file {file}"),
        Origin::Default => "default".to_owned(),
    }
}
