//! What Parlor's programs have in common: the wire protocol, the Redis keyspace with its scripts
//! and connections, configuration, telemetry, lifecycle, and a small client for tests and tools.

pub mod client;
pub mod clock;
pub mod config;
pub mod cursor;
pub mod entry;
pub mod event;
pub mod hex;
pub mod id;
pub mod keyspace;
pub mod lifecycle;
pub mod limits;
pub mod notice;
pub mod outbound;
pub mod protocol;
pub mod redis;
pub mod roles;
pub mod telemetry;
