//! The layers under the flags: environment, `.env` and YAML, as one map from setting to value.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::{Arg, Command};
use serde_norway::Value;

use super::{ConfigError, GatewayConfig, HistoryConfig, PresenceConfig, dotenv, named_command};

/// The settings that say where settings are read from and what to do with them; a file can't.
pub(super) const NOT_IN_FILES: [&str; 6] = [
    "config",
    "print_config",
    "health_check",
    "chat_check",
    "help",
    "version",
];

/// What may stand in `.env` beside the settings: it also serves `deploy/local/up`.
const OTHERS_IN_DOTENV: [&str; 2] = ["GATEWAYS", "RUST_LOG"];

/// The variable that programs built on `tracing` are used to; `LOG` wins over it.
const RUST_LOG: &str = "RUST_LOG";

/// How many edits make a misspelt key still worth a suggestion.
const SUGGESTION_DISTANCE_EDITS: usize = 3;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Flag,
    Variable(String),
    DotEnv { name: String, line: usize },
    File(String),
    Default,
}

#[derive(Debug, Clone)]
pub(super) struct Layered {
    pub(super) value: String,
    pub(super) origin: Origin,
}

/// Setting (clap's id of the argument) to the strongest value that any layer gave it.
#[derive(Debug, Default)]
pub(super) struct Layers(BTreeMap<String, Layered>);

impl Layers {
    pub(super) fn get(&self, id: &str) -> Option<&Layered> {
        self.0.get(id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Layered)> {
        self.0.iter().map(|(id, layered)| (id.as_str(), layered))
    }

    /// An empty value counts as not given, as in `REDIS_PASSWORD=` of many an example file.
    fn add(&mut self, id: &str, value: String, origin: Origin) {
        if !value.is_empty() {
            self.0
                .entry(id.to_owned())
                .or_insert(Layered { value, origin });
        }
    }

    pub(super) fn add_environment(
        &mut self,
        command: &Command,
        environment: &BTreeMap<String, String>,
    ) {
        for (id, name) in variables(command) {
            if let Some(value) = environment.get(&name) {
                self.add(&id, value.clone(), Origin::Variable(name));
            }
        }
    }

    pub(super) fn add_dotenv(
        &mut self,
        command: &Command,
        known: &Known,
        text: &str,
    ) -> Result<(), ConfigError> {
        let mut entries = BTreeMap::new();
        for entry in dotenv::parse(text)? {
            if !known.variables.contains(&entry.name)
                && !OTHERS_IN_DOTENV.contains(&entry.name.as_str())
            {
                let (name, line) = (&entry.name, entry.line);
                let hint = suggestion(name, &known.variables);
                return Err(ConfigError::new(format!(
                    "The key {name} in .env (line {line}) is not a setting{hint}."
                )));
            }
            // As in a shell, the last of several lines for one name counts.
            entries.insert(entry.name, (entry.value, entry.line));
        }
        for (id, name) in variables(command) {
            if let Some((value, line)) = entries.get(&name) {
                self.add(&id, value.clone(), Origin::DotEnv { name, line: *line });
            }
        }
        Ok(())
    }

    pub(super) fn add_yaml(
        &mut self,
        command: &Command,
        known: &Known,
        path: &Path,
        text: &str,
    ) -> Result<(), ConfigError> {
        let file = path.display().to_string();
        for (key, value) in yaml_entries(&file, text)? {
            if !known.keys.contains(&key) {
                let hint = suggestion(&key, &known.keys);
                return Err(ConfigError::new(format!(
                    "The key {key} in {file} is not a setting{hint}."
                )));
            }
            let value = yaml_text(&value).ok_or_else(|| {
                ConfigError::new(format!(
                    "The key {key} in {file} must be a single value or a flat list, not a mapping."
                ))
            })?;
            let own = command
                .get_arguments()
                .find(|arg| keys(arg).any(|name| name == key));
            if let Some(arg) = own {
                self.add(arg.get_id().as_str(), value, Origin::File(file.clone()));
            }
        }
        Ok(())
    }
}

/// What may stand in the files: the settings of all three programs.
pub(super) struct Known {
    variables: BTreeSet<String>,
    keys: BTreeSet<String>,
}

pub(super) fn known_settings() -> Known {
    let commands = [
        named_command::<GatewayConfig>(),
        named_command::<HistoryConfig>(),
        named_command::<PresenceConfig>(),
    ];
    let arguments = || commands.iter().flat_map(Command::get_arguments);
    Known {
        variables: commands
            .iter()
            .flat_map(variables)
            .map(|(_, name)| name)
            .collect(),
        keys: arguments().flat_map(keys).collect(),
    }
}

/// The process's variables that are settings.
pub(super) fn process_environment() -> Result<BTreeMap<String, String>, ConfigError> {
    let known = known_settings();
    let mut environment = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else {
            continue;
        };
        if !known.variables.contains(&name) {
            continue;
        }
        let value = value.into_string().map_err(|_| {
            ConfigError::new(format!(
                "The environment variable {name} must be UTF-8 text."
            ))
        })?;
        environment.insert(name, value);
    }
    Ok(environment)
}

/// Setting and variable, in the order in which variables count.
fn variables(command: &Command) -> Vec<(String, String)> {
    let mut all: Vec<_> = command
        .get_arguments()
        .filter_map(|arg| {
            Some((
                arg.get_id().to_string(),
                arg.get_env()?.to_str()?.to_owned(),
            ))
        })
        .collect();
    all.push(("log".to_owned(), RUST_LOG.to_owned()));
    all
}

/// The names of a setting in a file: its flag and the flag's aliases in snake case.
fn keys(arg: &Arg) -> impl Iterator<Item = String> {
    let names = arg
        .get_long()
        .into_iter()
        .chain(arg.get_all_aliases().unwrap_or_default());
    let of_files = !NOT_IN_FILES.contains(&arg.get_id().as_str());
    let names: Vec<_> = names
        .filter(|_| of_files)
        .map(|name| name.replace('-', "_"))
        .collect();
    names.into_iter()
}

fn yaml_entries(file: &str, text: &str) -> Result<Vec<(String, Value)>, ConfigError> {
    let not_flat = || {
        ConfigError::new(format!(
            "The file {file} must be a flat mapping of keys to values."
        ))
    };
    // The parser's message may quote the text, and with it a secret; the place is enough.
    let value: Value = serde_norway::from_str(text).map_err(|error| {
        let place = error.location().map(|at| format!(" at line {}", at.line()));
        ConfigError::new(format!(
            "The file {file} is not valid YAML{}.",
            place.unwrap_or_default()
        ))
    })?;
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Mapping(mapping) => mapping
            .into_iter()
            .map(|(key, value)| Ok((key.as_str().ok_or_else(not_flat)?.to_owned(), value)))
            .collect(),
        _ => Err(not_flat()),
    }
}

/// The text that would stand on the command line for a YAML value; a list becomes a comma list.
fn yaml_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        Value::String(value) => Some(value.clone()),
        Value::Sequence(values) => {
            let texts: Option<Vec<_>> = values
                .iter()
                .map(|value| {
                    if value.is_sequence() {
                        None
                    } else {
                        yaml_text(value)
                    }
                })
                .collect();
            Some(texts?.join(","))
        }
        Value::Mapping(_) | Value::Tagged(_) => None,
    }
}

fn suggestion(wrong: &str, known: &BTreeSet<String>) -> String {
    known
        .iter()
        .map(|candidate| (edits(wrong, candidate), candidate))
        .filter(|(distance, _)| *distance <= SUGGESTION_DISTANCE_EDITS)
        .min()
        .map_or_else(
            || " of Parlor (--help lists them)".to_owned(),
            |(_, candidate)| format!(", perhaps {candidate} was meant"),
        )
}

/// Levenshtein's distance, row by row.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[to.len()]
}
