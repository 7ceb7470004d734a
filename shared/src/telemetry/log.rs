//! Log lines: for people on a terminal, JSON for machines otherwise, always on standard error.

use std::io::{self, IsTerminal as _};
use std::panic;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Common, LogFormat};
use crate::lifecycle::panic_message;

/// Starts logging as configured. A second call, as in tests with several programs in one process,
/// changes nothing.
pub fn init(common: &Common) {
    let text = match common.log_format {
        LogFormat::Auto => io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    // The filter was checked when the settings were read.
    let filter = EnvFilter::new(&common.log);
    let registry = tracing_subscriber::registry().with(filter);
    let started = if text {
        let colours = io::stderr().is_terminal();
        registry
            .with(layer().with_writer(io::stderr).with_ansi(colours))
            .try_init()
    } else {
        registry
            .with(layer().json().flatten_event(true).with_writer(io::stderr))
            .try_init()
    };
    if started.is_ok() {
        log_panics();
    }
}

/// Panics become log lines like any other failure, so that they are found where failures are looked
/// for. The message is a sentence of ours, never a user's text.
fn log_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let message = panic_message(info.payload());
        tracing::error!(%place, %message, "panic");
    }));
}
