//! Breaks a whole Parlor for real, under load, and checks that nothing acknowledged is lost, doubled
//! or reordered.
//!
//! [`fleet`] runs the real programs with a breakable network between them; [`member`] is a client
//! that behaves as the web client does and remembers what it was told; [`load`] makes them talk;
//! [`meddler`]s edit, delete, react and vote beside them;
//! [`checker`] compares, at the end, what everybody was told with what is stored;
//! [`scenario`] is what the tool does with them. [`watch`] does the same to a Parlor that somebody
//! else runs and breaks.

pub mod checker;
pub mod fleet;
pub mod ledger;
pub mod load;
pub mod meddler;
pub mod member;
pub mod people;
pub mod progress;
pub mod reader;
pub mod record;
pub mod scenario;
pub mod secure;
pub mod stage;
pub mod store;
pub mod watch;
