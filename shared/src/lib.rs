//! What Parlor's programs have in common.

pub mod config;
