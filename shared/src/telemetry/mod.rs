//! What a program tells about itself: log lines, metrics, health.

mod admin;
mod log;
mod metrics;
mod process;
mod readiness;

pub use admin::AdminServer;
pub use log::init as init_logging;
pub use metrics::Metrics;
pub use readiness::{Condition, Readiness};
