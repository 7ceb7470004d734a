//! The gateway's side of Redis: what is published, what is read back, and whether the way there
//! and back works.

mod commands;
pub mod cursors;
pub mod durability;
pub mod guard;
pub mod history;
pub mod mentions;
mod merge;
pub mod notices;
pub mod probe;
mod publication;
pub mod publisher;
mod standing;
pub mod tail;
pub mod tallies;
pub mod typing;
pub mod unread;
pub mod witness;
