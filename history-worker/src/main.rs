//! Reads the settings, starts telemetry, and runs the worker until it is told to end.

use std::process::ExitCode;

use parlor_history_worker::app;
use parlor_shared::{
    config::{self, HistoryConfig},
    lifecycle::Lifecycle,
    telemetry,
};
use tracing::error;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let config: HistoryConfig = config::load();
    if let Some(question) = config.common.health_check {
        return telemetry::ask_health(&config.common.admin_address, question);
    }
    telemetry::init_logging(&config.common);
    // Before anything slow, so that no signal is lost.
    let lifecycle = match Lifecycle::new() {
        Ok(lifecycle) => lifecycle,
        Err(error) => {
            error!(%error, "signals can't be listened to");
            return ExitCode::FAILURE;
        }
    };
    if let Err(error) = app::start(config, &lifecycle).await {
        lifecycle.fail(format!("{error:#}"));
    }
    lifecycle.run_until_shutdown(app::SHUTDOWN_GRACE).await
}
