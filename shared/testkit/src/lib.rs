//! Real parts for Parlor's tests: Redis servers, processes, and a network that breaks on demand.
//!
//! Nothing here sleeps to let something happen: tests wait for conditions, and a condition that does
//! not come true fails with what was awaited. Helpers panic rather than return errors, as assertions
//! do, because a test has nothing better to do with them.

pub mod exposition;
pub mod http;
pub mod schema;

mod guard;
mod ports;
mod process;
mod proxy;
mod redis;
mod wait;

pub use ports::free_port;
pub use process::{Process, ProcessBuilder, binary};
pub use proxy::{Direction, Proxy};
pub use redis::{
    RedisCluster, RedisServer, RedisServerBuilder, Reply, SentinelSet, SentinelUser, Tls,
};
pub use wait::{wait_for, wait_until};
