//! The gateway's start-up story.

use std::process::ExitCode;

use parlor_gateway::{admin, app, keys, memory};
use parlor_shared::{
    client::chat_check,
    config::{self, GatewayConfig},
    lifecycle::Lifecycle,
    telemetry,
};

fn main() -> ExitCode {
    match memory::runtime() {
        Ok(runtime) => runtime.block_on(run()),
        Err(error) => {
            eprintln!("the threads to work with can't be had: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> ExitCode {
    let word = std::env::args_os().nth(1).unwrap_or_default();
    if word == "admin" {
        return admin::run(config::load_behind_word()).await;
    }
    if word == "keys" {
        return keys::run(config::load_behind_word()).await;
    }
    let config: GatewayConfig = config::load();
    if let Some(question) = config.common.health_check {
        return telemetry::ask_health(&config.common.admin_address, question);
    }
    if let Some(url) = &config.chat_check {
        return chat_check::run(url).await;
    }
    telemetry::init_logging(&config.common);
    // Every connection is a file descriptor: take as many as the system grants.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
    let lifecycle = match Lifecycle::new() {
        Ok(lifecycle) => lifecycle,
        Err(error) => {
            tracing::error!(%error, "signals can't be listened for");
            return ExitCode::FAILURE;
        }
    };
    let grace = app::shutdown_grace(&config);
    match app::start(config, &lifecycle).await {
        Ok(_) => lifecycle.run_until_shutdown(grace).await,
        Err(_) if lifecycle.soft().is_cancelled() => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
