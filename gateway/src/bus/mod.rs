//! The gateway's side of Redis: what is published, what is read back, and whether the way there
//! and back works.

pub mod durability;
pub mod history;
pub mod notices;
pub mod probe;
pub mod publisher;
pub mod tail;
