//! Names of accounts, and of what people read, type and tell about themselves.

use super::{Family, Keyspace};
use crate::id::{ChannelId, UserId, Username};

impl Keyspace {
    /// LIST of `{"UUID","Username","CreatedAt"}` in the order of registration. No TTL.
    pub fn users(&self) -> String {
        self.one(Family::Users)
    }

    /// STRING: index into `users`; `pending:<uuid>` while signing up (60 s), `guest:<uuid>` for a
    /// guest. Taken with `SET NX`, which is what makes a name unique.
    pub fn users_username_index(&self, name: &Username) -> String {
        self.of(Family::UsersUsernameListIndex, name)
    }

    /// STRING: index into `users`. No TTL.
    pub fn users_uuid_index(&self, user: UserId) -> String {
        self.of(Family::UsersUUIDListIndex, user)
    }

    /// HASH `Username`, `PasswordHash` (argon2id; accounts only), `Role`
    /// ([`crate::roles::SiteRole`]), `CreatedAt`, and where they are set `DisplayName`, `Color` and
    /// `Avatar`; of who is banned from the site also `BannedUntil` (ms since 1970, 0 for ever) and
    /// `BanReason`. A guest's expires some time after they are gone.
    pub fn user_account(&self, user: UserId) -> String {
        self.of(Family::UserAccount, user)
    }

    /// HASH SHA-256 of an access key (hex) → its expiry in ms. TTL 30 d.
    pub fn access_key(&self, user: UserId) -> String {
        self.of(Family::AccessKey, user)
    }

    /// STRING: RFC 3339 time since when the user is online. TTL 60 s, refreshed.
    pub fn user_status(&self, user: UserId) -> String {
        self.of(Family::UserStatus, user)
    }

    /// HASH session → gateway. No TTL; fields go with their sessions.
    pub fn user_sessions(&self, user: UserId) -> String {
        self.of(Family::UserSessions, user)
    }

    /// HASH user → role of those who are more than members of the site: a list, `userAccount` decides.
    /// No TTL.
    pub fn site_roles(&self) -> String {
        self.one(Family::SiteRoles)
    }

    /// HASH user → ms since 1970 (0 for ever) of those who are banned from the site: a list,
    /// `userAccount` decides. No TTL; who is banned no more goes when the list is next read.
    pub fn site_bans(&self) -> String {
        self.one(Family::SiteBans)
    }

    /// STREAM of what moderators did: the field `e` is JSON of
    /// [`crate::protocol::moderation::AuditEntry`]. Bounded to about 10,000 entries. Gateways follow it
    /// to find what a lost notice was about.
    pub fn audit_log(&self) -> String {
        self.one(Family::AuditLog)
    }

    /// STRING: failed sign-ins of a name. TTL: the window of the limit.
    pub fn sign_in_failures_name(&self, name: &Username) -> String {
        self.of(Family::SignInFailures, format_args!("name:{name}"))
    }

    /// STRING: failed sign-ins from an address. TTL: the window of the limit.
    pub fn sign_in_failures_address(&self, address: std::net::IpAddr) -> String {
        self.of(Family::SignInFailures, format_args!("address:{address}"))
    }

    /// ZSET (all scores 0) of `<name in lower case>` NUL `<uuid>` of every account, so that names that
    /// begin alike stand together. No TTL.
    pub fn users_by_name(&self) -> String {
        self.one(Family::UsersByName)
    }

    /// STRING: how many of the first entries of `users` are known to be in `usersByName`. No TTL.
    pub fn users_by_name_filled(&self) -> String {
        self.one(Family::UsersByNameFilled)
    }

    /// HASH channel → `<epoch> <seq> <ms> <address>`: how far the user has read, since when, and how
    /// they address the room (see [`crate::cursor`]). At most 500 rooms, those moved last. No TTL; a
    /// guest's goes with their account.
    pub fn read_cursors(&self, user: UserId) -> String {
        self.of(Family::ReadCursors, user)
    }

    /// ZSET `<channel> <epoch> <seq>` of a message that names the user → its time in ms. The last 500.
    /// No TTL; a guest's goes with their account.
    pub fn mentions(&self, user: UserId) -> String {
        self.of(Family::Mentions, user)
    }

    /// ZSET of the room's changes of messages by `seq`: what an unread count leaves out.
    pub fn channel_changes(&self, channel: &ChannelId) -> String {
        self.of(Family::ChannelChanges, channel)
    }

    /// STRING: held while a large room has been told of somebody's typing just now.
    pub fn typing_told(&self, channel: &ChannelId) -> String {
        self.of(Family::TypingTold, channel)
    }

    /// HASH session → the sign-in (the UUID in `sessions`) that it belongs to. TTL 30 d, renewed; fields
    /// go with their sessions.
    pub fn session_sign_ins(&self, user: UserId) -> String {
        self.of(Family::SessionSignIns, user)
    }

    /// HASH sign-in → `<ms when last seen> <what its client calls itself>`. TTL 30 d, renewed.
    pub fn sign_ins(&self, user: UserId) -> String {
        self.of(Family::SignIns, user)
    }
}
