//! One command a file.

pub mod channel_join;
pub mod channel_leave;
pub mod channel_message;
pub mod channel_messages;
pub mod lists;
pub mod message_change;
pub mod message_choice;
pub mod moderation;
pub mod own_sessions;
pub mod profile;
pub mod read_cursors;
pub mod resume;
pub mod sign_in;
pub mod sign_out;
pub mod standing;
pub mod typing;
