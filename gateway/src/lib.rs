//! The gateway: holds WebSocket connections, decides what a frame means, publishes and subscribes
//! through Redis, serves the web client. It keeps nothing that matters: any of it may die.
//!
//! A frame in: [`http`] → [`connection`] → [`session`] (a decision) → effects → [`bus`].
//! An event out: [`bus`] → [`rooms`] → [`outbox`] → the socket.

pub mod accounts;
pub mod admin;
pub mod api;
pub mod app;
pub mod bus;
pub mod connection;
pub mod http;
pub mod keys;
pub mod memory;
pub mod metrics;
pub mod moderation;
pub mod outbox;
pub mod photos;
pub mod rooms;
pub mod session;
pub mod tokens;
pub mod user_limits;
pub mod websocket;
