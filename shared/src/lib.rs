//! What Parlor's programs have in common.

pub mod config;
pub mod lifecycle;
pub mod telemetry;
