//! Everything Parlor does with Redis: connections, scripts, subscriptions, streams, and the
//! registry of who is connected where.

pub mod cluster;
mod commands;
pub mod connect;
mod inspect;
pub mod inventory;
pub mod lease;
mod line;
pub mod moderation;
mod node;
pub mod presence;
pub mod pubsub;
pub mod scripts;
mod sentinel;
pub mod status;
pub mod stream;
pub mod tally;
pub mod webhooks;

pub use {
    cluster::was_not_run,
    commands::Commands,
    connect::Redis,
    inspect::knows,
    line::{Line, WAITING_BATCHES},
    stream::Reader,
};
