//! Everything Parlor does with Redis: connections, scripts, subscriptions, streams, and the
//! registry of who is connected where.

mod commands;
pub mod connect;
mod inspect;
pub mod lease;
pub mod moderation;
pub mod presence;
pub mod pubsub;
pub mod scripts;
pub mod status;
pub mod stream;
pub mod tally;
pub mod webhooks;

pub use {commands::Commands, connect::Redis, inspect::knows};
