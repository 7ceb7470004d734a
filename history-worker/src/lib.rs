//! The history-worker: moves messages from the partitions' streams to the rooms' lists, each exactly
//! once and in order, and trims the lists by count and by age. README.md tells how.

pub mod app;
mod backlog;
mod commit;
mod consume;
mod lease;
mod metrics;
mod photos;
mod store;
mod tallies;
mod trim;
mod watch;
mod webhooks;
