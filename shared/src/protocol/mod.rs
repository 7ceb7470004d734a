//! The wire protocol: JSON text frames on `GET /ws`. `shared/PROTOCOL.md` is its full page, and
//! `shared/fixtures` has a golden example of every frame.

pub mod change;
pub mod client;
pub mod close;
pub mod error;
pub mod moderation;
pub mod people;
pub mod roster;
pub mod server;
pub mod value;

pub use client::{ClientEnvelope, ClientFrame, RequestId};
pub use close::CloseCode;
pub use error::{ErrorBody, ErrorCode};
pub use server::{ServerEnvelope, ServerFrame};
