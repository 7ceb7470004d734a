//! Who may do what: roles on the site and in rooms, and what a room allows.
//!
//! Everything here is decided purely. Where it is kept, [`crate::keyspace`] tells.

use serde::{Deserialize, Serialize};

/// A role on the whole site (`Role` of `userAccount`).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum SiteRole {
    /// Somebody with a nickname and no account.
    Guest,
    #[default]
    Member,
    /// Moderates every room, and bans from the site.
    Moderator,
    /// Everything a moderator may, and gives roles.
    Admin,
}

impl SiteRole {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
        }
    }

    /// Reads what [`Self::name`] wrote.
    pub fn read(text: &str) -> Option<Self> {
        [Self::Guest, Self::Member, Self::Moderator, Self::Admin]
            .into_iter()
            .find(|role| role.name() == text)
    }

    /// What it counts for in any room: more than every role of the room itself, or nothing.
    pub fn rank(self) -> u8 {
        match self {
            Self::Guest | Self::Member => 0,
            Self::Moderator => 4,
            Self::Admin => 5,
        }
    }
}

/// A role in one room (`channelRoles`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RoomRole {
    /// May enter where one has to be invited, and write where members may.
    Member,
    /// Kicks, bans, mutes and invites.
    Moderator,
    /// The one who made the room, or whom it was given to: all its settings.
    Owner,
}

impl RoomRole {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Owner => "owner",
        }
    }

    /// Reads what [`Self::name`] wrote.
    pub fn read(text: &str) -> Option<Self> {
        [Self::Member, Self::Moderator, Self::Owner]
            .into_iter()
            .find(|role| role.name() == text)
    }

    /// See [`SiteRole::rank`].
    pub fn rank(self) -> u8 {
        match self {
            Self::Member => 1,
            Self::Moderator => 2,
            Self::Owner => 3,
        }
    }
}

/// What somebody is in one room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    pub site: SiteRole,
    pub room: Option<RoomRole>,
}

impl Rights {
    /// The greater of both roles; the scripts compare the same numbers.
    pub fn rank(self) -> u8 {
        let room = self.room.map_or(0, RoomRole::rank);
        room.max(self.site.rank())
    }

    /// Whether they belong to the room.
    pub fn is_member(self) -> bool {
        self.rank() >= RoomRole::Member.rank()
    }

    /// Whether they may kick, ban, mute, invite, and delete what others wrote.
    pub fn may_moderate(self) -> bool {
        self.rank() >= RoomRole::Moderator.rank()
    }

    /// Whether they may change everything about the room.
    pub fn may_own(self) -> bool {
        self.rank() >= RoomRole::Owner.rank()
    }
}

/// One who wants to write in a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writer {
    pub rights: Rights,
    /// Until when they are muted, in ms since 1970; 0 for ever.
    pub muted: Option<u64>,
}

/// Who may enter a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Access {
    /// Listed, and open to everybody.
    #[default]
    Public,
    /// Open to everybody who knows the name.
    Unlisted,
    /// Open to those with a role in the room.
    Invite,
}

impl Access {
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unlisted => "unlisted",
            Self::Invite => "invite",
        }
    }

    pub fn read(text: &str) -> Option<Self> {
        [Self::Public, Self::Unlisted, Self::Invite]
            .into_iter()
            .find(|access| access.name() == text)
    }
}

/// Who may write in a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Write {
    #[default]
    Everyone,
    /// Those with a role in the room.
    Members,
    Moderators,
}

impl Write {
    pub fn name(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Members => "members",
            Self::Moderators => "moderators",
        }
    }

    pub fn read(text: &str) -> Option<Self> {
        [Self::Everyone, Self::Members, Self::Moderators]
            .into_iter()
            .find(|write| write.name() == text)
    }
}

/// What a room is set to. Rooms that nobody has set anything of have the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RoomSettings {
    pub access: Access,
    pub write: Write,
    /// Seconds between two messages of one user; 0 for no limit.
    pub slow_seconds: u64,
    pub topic: String,
    /// Messages kept; 0 for as many as the site keeps.
    pub history_messages: u64,
    /// Seconds that messages are kept; 0 for as long as the site keeps them.
    pub history_seconds: u64,
    /// Nobody enters or writes but moderators.
    pub closed: bool,
}

/// Why somebody may not be in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    Closed,
    InvitedOnly,
}

impl RoomSettings {
    /// The fields of `channelMeta` that [`Self::read`] takes, in this order.
    pub const FIELDS: [&str; 7] = [
        "access",
        "write",
        "slowSeconds",
        "topic",
        "historyMessages",
        "historySeconds",
        "closed",
    ];

    /// From the fields' values; what is not there or can't be read has its default.
    pub fn read(fields: &[Option<String>]) -> Self {
        let text = |at: usize| fields.get(at).and_then(Option::as_deref);
        let number = |at| text(at).and_then(|it| it.parse().ok()).unwrap_or(0);
        Self {
            access: text(0).and_then(Access::read).unwrap_or_default(),
            write: text(1).and_then(Write::read).unwrap_or_default(),
            slow_seconds: number(2),
            topic: text(3).unwrap_or_default().to_owned(),
            history_messages: number(4),
            history_seconds: number(5),
            closed: text(6) == Some("1"),
        }
    }

    /// Whether somebody may be in the room.
    ///
    /// # Errors
    /// Why not.
    pub fn admits(&self, rights: Rights) -> Result<(), Shut> {
        if self.closed && !rights.may_moderate() {
            return Err(Shut::Closed);
        }
        if self.access == Access::Invite && !rights.is_member() {
            return Err(Shut::InvitedOnly);
        }
        Ok(())
    }

    /// Whether somebody may write, who is not muted.
    pub fn lets_write(&self, rights: Rights) -> bool {
        let by_role = match self.write {
            Write::Everyone => true,
            Write::Members => rights.is_member(),
            Write::Moderators => rights.may_moderate(),
        };
        by_role && (!self.closed || rights.may_moderate())
    }
}

/// Until when a ban or a mute holds: ms since 1970, 0 for ever. Whether it still does.
pub fn holds(until_ms: u64, now_ms: u64) -> bool {
    until_ms == 0 || until_ms > now_ms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(site: SiteRole, room: Option<RoomRole>) -> Rights {
        Rights { site, room }
    }

    #[test]
    fn names_are_read_back() {
        for role in ["guest", "member", "moderator", "admin"] {
            assert_eq!(SiteRole::read(role).map(SiteRole::name), Some(role));
        }
        for role in ["member", "moderator", "owner"] {
            assert_eq!(RoomRole::read(role).map(RoomRole::name), Some(role));
        }
        assert_eq!(SiteRole::read("owner"), None);
        assert_eq!(RoomRole::read(""), None);
    }

    #[test]
    fn the_site_stands_above_the_room() {
        let owner = rights(SiteRole::Guest, Some(RoomRole::Owner));
        let moderator = rights(SiteRole::Moderator, None);
        assert!(moderator.rank() > owner.rank());
        assert!(owner.may_own() && moderator.may_own());
        assert!(!rights(SiteRole::Member, Some(RoomRole::Member)).may_moderate());
        assert!(rights(SiteRole::Admin, None).rank() > moderator.rank());
        assert!(!rights(SiteRole::Member, None).is_member());
    }

    #[test]
    fn a_room_admits_and_lets_write_as_it_is_set() {
        let nobody = rights(SiteRole::Member, None);
        let member = rights(SiteRole::Member, Some(RoomRole::Member));
        let moderator = rights(SiteRole::Member, Some(RoomRole::Moderator));
        let mut settings = RoomSettings::default();
        assert_eq!(settings.admits(nobody), Ok(()));
        assert!(settings.lets_write(nobody));
        settings.access = Access::Invite;
        settings.write = Write::Members;
        assert_eq!(settings.admits(nobody), Err(Shut::InvitedOnly));
        assert_eq!(settings.admits(member), Ok(()));
        assert!(!settings.lets_write(nobody) && settings.lets_write(member));
        settings.write = Write::Moderators;
        assert!(!settings.lets_write(member) && settings.lets_write(moderator));
        settings.closed = true;
        assert_eq!(settings.admits(member), Err(Shut::Closed));
        assert!(settings.lets_write(moderator));
    }

    #[test]
    fn settings_are_read_from_what_redis_has() {
        let none: Vec<Option<String>> = vec![None; 7];
        assert_eq!(RoomSettings::read(&none), RoomSettings::default());
        let fields = ["invite", "members", "5", "Hello", "100", "60", "1"];
        let fields: Vec<_> = fields.iter().map(|it| Some((*it).to_owned())).collect();
        let read = RoomSettings::read(&fields);
        assert_eq!((read.access, read.write), (Access::Invite, Write::Members));
        assert_eq!((read.slow_seconds, &*read.topic), (5, "Hello"));
        assert_eq!((read.history_messages, read.history_seconds), (100, 60));
        assert!(read.closed);
    }
}
