//! Rooms: who on this gateway is in which, and what they get to see.
//!
//! [`room`] decides, purely; [`task`] owns a shard of rooms and does what was decided;
//! [`registry`] is the handle that connections hold; [`pump`] hands bus events to shards.

pub mod command;
mod frames;
pub mod policies;
pub mod pump;
pub mod registry;
pub mod ring;
pub mod room;
pub mod task;
pub mod view;
pub mod writer;

pub use policies::Policies;
pub use registry::{Attached, Membership, Memberships, Registry};
pub use room::Backlog;
