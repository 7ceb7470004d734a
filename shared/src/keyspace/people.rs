//! Names of what people read, type and tell about themselves.

use crate::id::{ChannelId, UserId};

/// ZSET (all scores 0) of `<name in lower case>` NUL `<uuid>` of every account, so that names that
/// begin alike stand together. No TTL.
pub fn users_by_name() -> String {
    "usersByName".to_owned()
}

/// STRING: how many of the first entries of `users` are known to be in `usersByName`. No TTL.
pub fn users_by_name_filled() -> String {
    "usersByNameFilled".to_owned()
}

/// HASH channel → `<epoch> <seq> <ms> <address>`: how far the user has read, since when, and how
/// they address the room (see [`crate::cursor`]). At most 500 rooms, those moved last. No TTL; a
/// guest's goes with their account.
pub fn read_cursors(user: UserId) -> String {
    format!("readCursors:{user}")
}

/// ZSET `<channel> <epoch> <seq>` of a message that names the user → its time in ms. The last 500.
/// No TTL; a guest's goes with their account.
pub fn mentions(user: UserId) -> String {
    format!("mentions:{user}")
}

/// ZSET of the room's changes of messages by `seq`: what an unread count leaves out.
pub fn channel_changes(channel: &ChannelId) -> String {
    format!("channelChanges:{channel}")
}

/// STRING: held while a large room has been told of somebody's typing just now.
pub fn typing_told(channel: &ChannelId) -> String {
    format!("typingTold:{channel}")
}

/// HASH session → the sign-in (the UUID in `sessions`) that it belongs to. TTL 30 d, renewed; fields
/// go with their sessions.
pub fn session_sign_ins(user: UserId) -> String {
    format!("sessionSignIns:{user}")
}

/// HASH sign-in → `<ms when last seen> <what its client calls itself>`. TTL 30 d, renewed.
pub fn sign_ins(user: UserId) -> String {
    format!("signIns:{user}")
}
