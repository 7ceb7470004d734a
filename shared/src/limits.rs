//! Limits that are part of the protocol or of the data, the same in every deployment. Those that
//! an operator may set are in [`crate::config`].

/// Characters in a user's or a room's name: enough for a full name, short enough for a list.
pub const NAME_CHARACTERS: usize = 64;
/// The same in bytes, checked before anything else looks at the text.
pub const NAME_BYTES: usize = 256;
/// A password's longest form: argon2 hashes all of it, so an unbounded one would be a weapon.
pub const PASSWORD_BYTES: usize = 1_024;
/// An `id` or a `clientMessageId`: room for a UUID and a prefix.
pub const CLIENT_ID_BYTES: usize = 64;
/// The page of `users` and `rooms`, in entries.
pub const LIST_PAGE_ENTRIES: usize = 100;
/// How long a client message id is remembered, in seconds.
pub const MESSAGE_DEDUPLICATION_SECONDS: u64 = 300;
/// Whom one message may name.
pub const MENTIONS: usize = 50;
/// Characters of a display name: it stands where a name does.
pub const DISPLAY_NAME_CHARACTERS: usize = 40;
/// A photo's id, which is all that an avatar is, in bytes.
pub const AVATAR_BYTES: usize = 64;
/// Rooms for which a user has a read cursor.
pub const READ_CURSORS: usize = 500;
/// Messages that name a user and are kept in mind.
pub const KEPT_MENTIONS: usize = 500;
/// Characters kept of what a client calls itself.
pub const CLIENT_HINT_CHARACTERS: usize = 80;
/// Access keys are 32 random bytes, written as 64 hexadecimal digits.
pub const ACCESS_KEY_BYTES: usize = 32;
/// How long an access key is good for, in seconds (30 days).
pub const ACCESS_KEY_TTL_SECONDS: u64 = 30 * 24 * 3_600;
/// Characters of a message that a reply quotes.
pub const EXCERPT_CHARACTERS: usize = 200;
/// The fewest and the most options of a poll.
pub const POLL_OPTIONS: std::ops::RangeInclusive<usize> = 2..=10;
/// Characters of one option.
pub const POLL_OPTION_CHARACTERS: usize = 200;
/// The longest time a poll may be set to close after, in seconds (a year).
pub const POLL_SECONDS: u64 = 366 * 24 * 3_600;
/// The longest emoji: a family with skin tones has 25 bytes or more.
pub const EMOJI_BYTES: usize = 32;
/// Different emoji on one message: more would be a list that nobody reads.
pub const EMOJI_KINDS: usize = 20;
/// Users named for an emoji or an option, if there are no more; else a quarter of it.
pub const TALLY_NAMES: usize = 20;
/// How soon one change of a message's reactions and votes may follow on another, in milliseconds.
pub const TALLY_INTERVAL_MS: u64 = 300;
/// Roles, bans or mutes of one room: more is a mistake or an attack, and lists are read whole.
pub const ROOM_LIST_ENTRIES: usize = 10_000;
/// A room's topic, in characters.
pub const TOPIC_CHARACTERS: usize = 250;
/// A reason that is given for something, in characters.
pub const REASON_CHARACTERS: usize = 500;
/// The longest slow mode, in seconds (6 hours).
pub const SLOW_SECONDS: u64 = 6 * 3_600;
/// The most messages that a room may be set to keep.
pub const HISTORY_MESSAGES: u64 = 1_000_000;
/// The longest ban, mute or history that has an end, in seconds (10 years).
pub const LONGEST_SECONDS: u64 = 10 * 365 * 24 * 3_600;
/// Entries of the audit log, about.
pub const AUDIT_LOG_ENTRIES: usize = 10_000;
