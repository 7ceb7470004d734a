//! The gateway's side of Redis: what is published, what is read back, and whether the way there
//! and back works.

pub mod cursors;
pub mod durability;
pub mod guard;
pub mod history;
pub mod mentions;
pub mod notices;
pub mod probe;
mod publication;
pub mod publisher;
pub mod tail;
pub mod typing;
pub mod unread;
pub mod witness;
