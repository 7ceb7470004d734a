//! The presence-worker: keeps the status of connected users fresh, ends the sessions of those who
//! went without a word and of dead gateways, and tells who went offline. README.md tells how.

mod announce;
pub mod app;
mod fate;
mod freshness;
mod lease;
mod metrics;
mod reap;
mod refresh;
mod watch;
