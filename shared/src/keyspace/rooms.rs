//! Names of what is kept of rooms.

use super::{Family, Keyspace};
use crate::id::{ChannelId, UserId};
#[cfg(doc)]
use crate::limits;

impl Keyspace {
    /// ZSET (all scores 0) of the public named rooms' names, so that they list in order. No TTL.
    pub fn rooms(&self) -> String {
        self.one(Family::Rooms)
    }

    /// STRING: the private channel of two users, the same under both orders. No TTL.
    pub fn channel_sender_recipient(&self, sender: UserId, recipient: UserId) -> String {
        self.of(
            Family::ChannelSenderRecipient,
            format_args!("{sender}:{recipient}"),
        )
    }

    /// ZSET user → ms of the last private message with them. No TTL.
    pub fn private_rooms(&self, user: UserId) -> String {
        self.of(Family::PrivateRooms, user)
    }

    /// ZSET (all scores 0) of the names of rooms that a user has a role in. No TTL.
    pub fn user_rooms(&self, user: UserId) -> String {
        self.of(Family::UserRooms, user)
    }

    /// HASH `seq`, `epoch`, `begun` (the last `seq` from before the epoch, if any), `name`, `owner`,
    /// `createdAt`; once somebody has moderated the room also `policy`, which counts what was decided
    /// there, and the settings ([`crate::roles::RoomSettings::FIELDS`]). No TTL.
    pub fn channel_meta(&self, channel: &ChannelId) -> String {
        self.of(Family::ChannelMeta, channel)
    }

    /// HASH user → RFC 3339 time of joining. No TTL; a user leaves with their last session there.
    pub fn channel_users(&self, channel: &ChannelId) -> String {
        self.of(Family::ChannelUsers, channel)
    }

    /// HASH user → role ([`crate::roles::RoomRole`]). No TTL; at most [`limits::ROOM_LIST_ENTRIES`].
    pub fn channel_roles(&self, channel: &ChannelId) -> String {
        self.of(Family::ChannelRoles, channel)
    }

    /// HASH user → JSON of [`crate::event::Removal`]: who is banned, or was put out lately. No TTL; what
    /// is over goes when the list is full or read. At most [`limits::ROOM_LIST_ENTRIES`].
    pub fn channel_bans(&self, channel: &ChannelId) -> String {
        self.of(Family::ChannelBans, channel)
    }

    /// HASH user → ms since 1970 until when they are muted, 0 for ever. As `channelBans`.
    pub fn channel_mutes(&self, channel: &ChannelId) -> String {
        self.of(Family::ChannelMutes, channel)
    }

    /// STRING: a user wrote in a room in slow mode. TTL: the room's `slowSeconds`.
    pub fn channel_slow(&self, channel: &ChannelId, user: UserId) -> String {
        self.of(Family::ChannelSlow, format_args!("{channel}:{user}"))
    }

    /// ZSET (all scores 0) of `<user>:<session>`: which sessions hold a user in the room.
    pub fn channel_sessions(&self, channel: &ChannelId) -> String {
        self.of(Family::ChannelSessions, channel)
    }

    /// LIST of JSON, oldest first, an entry for each `seq` without gaps: messages as they are now, and of
    /// changes that there was one (see [`crate::entry`]). Trimmed by the history-worker.
    pub fn channel_messages(&self, channel: &ChannelId) -> String {
        self.of(Family::ChannelMessages, channel)
    }

    /// STRING: `<epoch> <seq> <ms> <uuid>` of the message that a client's message id became. TTL 300 s.
    pub fn message_seen(
        &self,
        channel: &ChannelId,
        user: UserId,
        client_message_id: &str,
    ) -> String {
        self.of(
            Family::MessageSeen,
            format_args!("{channel}:{user}:{client_message_id}"),
        )
    }

    /// STRING: held by the gateway that has told a large room's count within the last second.
    pub fn occupancy_told(&self, channel: &ChannelId) -> String {
        self.of(Family::OccupancyTold, channel)
    }
}
