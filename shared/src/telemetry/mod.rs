//! What a program tells about itself: log lines, metrics, health.

mod admin;
mod health_check;
mod log;
mod metrics;
mod process;
mod readiness;

pub use admin::AdminServer;
pub use health_check::ask as ask_health;
pub use log::init as init_logging;
pub use metrics::Metrics;
pub use readiness::{Condition, Readiness};
