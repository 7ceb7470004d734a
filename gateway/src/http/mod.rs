//! The public port: the WebSocket endpoint, photos, the web client, and nothing else. Health and metrics
//! are on the admin port.

mod admission;
mod client;
mod files;
mod photos;
mod server;
mod upgrade;

pub use server::Server;
