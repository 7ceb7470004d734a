//! The server's half of RFC 6455, pure: bytes in, messages out.
//!
//! Parlor drives the upgraded socket itself, because memory per connection and system calls per
//! delivery are what a gateway is made of: an idle connection holds no read buffer at all, and one
//! encoded frame is shared by every member of a room.

mod decode;
pub mod deflate;
mod encode;
mod handshake;

pub use decode::{Decoder, Input, Violation};
pub use encode::{Frame, payloads};
pub use handshake::{HandshakeError, accept_key, check_handshake};
