//! Settings of the three programs: flags > environment > `.env` > YAML file > defaults.
//!
//! Each program's settings are one clap struct. The lower layers are read into a map first and then
//! handed to clap as if they were flags that the command line did not give, so every value, wherever
//! it came from, goes through the same parser and fails with the same sentence.
//!
//! One `.env` and one YAML file serve all three programs: a key that belongs to another program is
//! accepted and left alone, a key that belongs to none is refused.

mod address;
mod admin;
mod api;
mod common;
mod delivery;
mod dotenv;
mod explain;
mod gateway;
mod history;
mod jwt;
mod keys;
mod limits;
mod photos;
mod presence;
mod print;
mod redis;
mod secrets;
mod servers;
mod source;
mod value;
mod webhooks;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use clap::error::ErrorKind;
use clap::{ArgMatches, Command};

pub use address::{AllowedOrigins, ListenAddress, Networks};
pub use admin::{AdminAction, AdminConfig, GrantedRole};
pub use api::ApiSettings;
pub use common::{Common, HealthQuestion, LogFormat};
pub use delivery::DeliverySettings;
pub use gateway::GatewayConfig;
pub use history::HistoryConfig;
pub use jwt::JwtSettings;
pub use keys::{KeysAction, KeysConfig};
pub use limits::GatewayLimits;
pub use photos::{PhotoConfig, PhotoStore};
pub use presence::PresenceConfig;
pub use redis::{Login, RedactedUrl, RedisLocation, Secret, TlsFiles};
pub use servers::{Address, Servers};
pub use value::{Rate, RateLimit};
pub use webhooks::{EVENTS as WEBHOOK_EVENTS, Events, WebhookSettings};

use source::{Layers, Origin};

/// What a wrong configuration ends the process with, as for a wrong use of a command.
const EXIT_CODE_USAGE: i32 = 2;

/// The file with variables that is read from the working directory when it is there.
const DOTENV_FILE: &str = ".env";

/// One program's settings.
pub trait Settings: clap::CommandFactory + clap::FromArgMatches + Debug {
    /// Where health and metrics are served by default; each program has its own port, so that all
    /// three start on one machine as they are.
    const ADMIN_ADDRESS: &'static str;

    fn common(&self) -> &Common;

    /// Refuses combinations of values that are each right and wrong together, in one sentence.
    fn check(&self) -> Result<(), String>;
}

/// A configuration that was refused: one sentence that names the key, where its value came from and
/// what is expected, and never the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// Everything that settings are read from, as data, so that tests own it.
struct Inputs<'a> {
    /// The command line, with the program's name first.
    args: Vec<OsString>,
    environment: BTreeMap<String, String>,
    /// The text of `.env`.
    dotenv: Option<String>,
    read_file: &'a dyn Fn(&Path) -> io::Result<String>,
}

enum Outcome<T> {
    Run(T),
    /// `--help`, `--version` or `--print-config`: what to print before leaving with success.
    Show(String),
}

/// Reads the program's settings, or prints what was asked for or what is wrong, and exits.
pub fn load<T: Settings>() -> T {
    load_from(std::env::args_os().collect())
}

/// The same for `gateway admin …` and its like, whose command line begins behind that word.
pub fn load_behind_word<T: Settings>() -> T {
    let mut args: Vec<OsString> = std::env::args_os().collect();
    args.remove(1);
    load_from(args)
}

fn load_from<T: Settings>(args: Vec<OsString>) -> T {
    match gather::<T>(args) {
        Ok(Outcome::Run(settings)) => settings,
        Ok(Outcome::Show(text)) => {
            print!("{text}");
            process::exit(0);
        }
        Err(error) => {
            eprintln!("{error}");
            process::exit(EXIT_CODE_USAGE);
        }
    }
}

/// Settings from the given layers; `yaml` stands for the file that `--config` would name.
pub fn parse_from<T: Settings>(
    args: &[&str],
    environment: &BTreeMap<String, String>,
    dotenv: Option<&str>,
    yaml: Option<&str>,
) -> Result<T, ConfigError> {
    match outcome_from(args, environment, dotenv, yaml)? {
        Outcome::Run(settings) => Ok(settings),
        Outcome::Show(_) => Err(ConfigError::new(
            "The arguments ask for a text, not for a run.",
        )),
    }
}

fn outcome_from<T: Settings>(
    args: &[&str],
    environment: &BTreeMap<String, String>,
    dotenv: Option<&str>,
    yaml: Option<&str>,
) -> Result<Outcome<T>, ConfigError> {
    let mut args: Vec<OsString> = args.iter().map(OsString::from).collect();
    args.insert(0, OsString::from("program"));
    if yaml.is_some() {
        args.push(OsString::from("--config=config.yaml"));
    }
    resolve(&Inputs {
        args,
        environment: environment.clone(),
        dotenv: dotenv.map(str::to_owned),
        read_file: &|_| Ok(yaml.unwrap_or_default().to_owned()),
    })
}

fn gather<T: Settings>(args: Vec<OsString>) -> Result<Outcome<T>, ConfigError> {
    let dotenv = match std::fs::read_to_string(DOTENV_FILE) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(ConfigError::new(format!(
                "The file .env can't be read: {error}."
            )));
        }
    };
    resolve(&Inputs {
        args,
        environment: source::process_environment()?,
        dotenv,
        read_file: &|path| std::fs::read_to_string(path),
    })
}

fn resolve<T: Settings>(inputs: &Inputs) -> Result<Outcome<T>, ConfigError> {
    let command = command::<T>();

    // The first pass sees the command line alone: it answers --help even when a file is broken, and
    // tells which settings the lower layers must leave alone.
    let flags = match command.clone().try_get_matches_from(&inputs.args) {
        Ok(matches) => matches,
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp => return Ok(Outcome::Show(help::<T>())),
            ErrorKind::DisplayVersion => return Ok(Outcome::Show(command.render_version())),
            _ => return Err(explain::flag_error(&command, &error)),
        },
    };
    let layers = read_layers::<T>(inputs, &flags)?;

    let mut args = inputs.args.clone();
    for (id, layered) in layers.iter() {
        if !given_as_flag(&flags, id)
            && let Some(long) = long_of(&command, id)
        {
            args.push(OsString::from(format!("--{long}={}", layered.value)));
        }
    }
    let matches = command
        .clone()
        .try_get_matches_from(args)
        .map_err(|error| explain::value_error(&command, &error, &layers, &flags))?;
    let settings = T::from_arg_matches(&matches)
        .map_err(|error| explain::value_error(&command, &error, &layers, &flags))?;
    settings.common().redis()?;
    settings.check().map_err(ConfigError::new)?;

    if settings.common().print_config {
        let origin_of = |id: &str| origin_of(&flags, &layers, id);
        return Ok(Outcome::Show(print::effective(
            &command, &matches, origin_of,
        )));
    }
    Ok(Outcome::Run(settings))
}

fn read_layers<T: Settings>(inputs: &Inputs, flags: &ArgMatches) -> Result<Layers, ConfigError> {
    let known = source::known_settings();
    let own = named_command::<T>();
    let mut layers = Layers::default();
    // From the strongest to the weakest: what is already there is kept.
    layers.add_environment(&own, &inputs.environment);
    if let Some(text) = &inputs.dotenv {
        layers.add_dotenv(&own, &known, text)?;
    }
    let file = if given_as_flag(flags, "config") {
        flags.get_one::<PathBuf>("config").cloned()
    } else {
        layers
            .get("config")
            .map(|layered| PathBuf::from(&layered.value))
    };
    if let Some(path) = file {
        let text = (inputs.read_file)(&path).map_err(|error| {
            let shown = path.display();
            ConfigError::new(format!(
                "The configuration file {shown} can't be read: {error}."
            ))
        })?;
        layers.add_yaml(&own, &known, &path, &text)?;
    }
    Ok(layers)
}

fn given_as_flag(flags: &ArgMatches, id: &str) -> bool {
    flags.value_source(id) == Some(clap::parser::ValueSource::CommandLine)
}

fn origin_of(flags: &ArgMatches, layers: &Layers, id: &str) -> Origin {
    if given_as_flag(flags, id) {
        return Origin::Flag;
    }
    layers
        .get(id)
        .map_or(Origin::Default, |layered| layered.origin.clone())
}

fn long_of<'a>(command: &'a Command, id: &str) -> Option<&'a str> {
    command
        .get_arguments()
        .find(|arg| arg.get_id() == id)
        .and_then(clap::Arg::get_long)
}

/// The program's command line as it is described to people: with the variables' names, and without
/// their values, which may be secrets.
fn named_command<T: Settings>() -> Command {
    T::command()
        .args_override_self(true)
        // Not `mut_arg`, which would move the argument to the end of what is printed.
        .mut_args(|arg| match arg.get_id().as_str() {
            "admin_address" => arg.default_value(T::ADMIN_ADDRESS),
            _ => arg,
        })
        .mut_args(|arg| arg.hide_env_values(true))
}

/// The same command line without variables: clap would read them from the process by itself, past
/// our layers.
fn command<T: Settings>() -> Command {
    named_command::<T>().mut_args(|arg| arg.env(clap::builder::Resettable::Reset))
}

fn help<T: Settings>() -> String {
    named_command::<T>().render_help().to_string()
}
