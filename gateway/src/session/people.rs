//! Work around what people read, type and tell about themselves.

use parlor_shared::{
    id::{Address, ChannelId, SessionId, UserId},
    protocol::{
        client::{Page, Secret},
        people::ProfileUpdate,
        value::User,
    },
};

/// What takes time.
#[derive(Debug)]
pub enum PeopleWork {
    /// Moves a read cursor.
    ReadTo {
        reader: UserId,
        address: Address,
        channel: ChannelId,
        seq: u64,
    },
    /// Gives up a read cursor, unless the reader is in the room with another session. No answer.
    ForgetCursor {
        reader: UserId,
        channel: ChannelId,
    },
    Unread {
        reader: UserId,
        page: Page,
    },
    /// Tells a room that somebody types. No answer.
    Typing {
        user: User,
        channel: ChannelId,
        on: bool,
    },
    Profile {
        of: UserId,
    },
    ProfileUpdate {
        user: UserId,
        update: ProfileUpdate,
    },
    PasswordChange {
        user: User,
        /// The key of the session that stays.
        access_key: Secret,
        old: Secret,
        new: Secret,
    },
    Sessions {
        user: UserId,
        access_key: Secret,
    },
    SessionEnd {
        user: UserId,
        session: SessionId,
    },
}
