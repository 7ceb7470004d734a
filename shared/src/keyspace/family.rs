//! The families of names: what tells a Parlor's keys from anything else that is in a Redis.

use uuid::Uuid;

use super::Keyspace;
use crate::id;

/// What `TYPE` says of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    String,
    List,
    Set,
    Zset,
    Hash,
    Stream,
}

impl Kind {
    /// The word that Redis has for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::List => "list",
            Self::Set => "set",
            Self::Zset => "zset",
            Self::Hash => "hash",
            Self::Stream => "stream",
        }
    }
}

/// What stands behind the name of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// Nothing: there is one such key.
    Nobodys,
    /// The same, in the slot of `gateways`.
    Gateways,
    /// A user, session, gateway or photo.
    Ones,
    /// Two users.
    Pairs,
    /// A partition's tag.
    Partitions,
    /// A channel.
    Channels,
    /// A channel and something of it.
    WithinChannels,
    /// A name.
    Named,
}

macro_rules! families {
    ($($variant:ident $name:literal $whose:ident $kind:ident),* $(,)?) => {
        /// A family of keys: all that is kept of one sort of thing. The methods of [`Keyspace`] tell
        /// what is in each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Family {
            $($variant),*
        }

        impl Family {
            /// All that there are, by name.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// What its keys begin with, behind the prefix; of those beside `gateways`, what they end
            /// with.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),*
                }
            }

            /// What it is called where people read it.
            pub fn title(self) -> String {
                match self.whose() {
                    Whose::Gateways => format!("{{{}}}{}", Self::Gateways.name(), self.name()),
                    _ => self.name().to_owned(),
                }
            }

            /// What its keys hold.
            pub const fn kind(self) -> Kind {
                match self {
                    $(Self::$variant => Kind::$kind),*
                }
            }

            const fn whose(self) -> Whose {
                match self {
                    $(Self::$variant => Whose::$whose),*
                }
            }
        }
    };
}

families! {
    AccessKey "access_key" Ones Hash,
    AuditLog "auditLog" Nobodys Stream,
    ChannelBans "channelBans" Channels Hash,
    ChannelChanges "channelChanges" Channels Zset,
    ChannelMessages "channelMessages" Channels List,
    ChannelMeta "channelMeta" Channels Hash,
    ChannelMutes "channelMutes" Channels Hash,
    ChannelReactions "channelReactions" WithinChannels Zset,
    ChannelRoles "channelRoles" Channels Hash,
    ChannelSenderRecipient "channelSenderRecipient" Pairs String,
    ChannelSessions "channelSessions" Channels Zset,
    ChannelSlow "channelSlow" WithinChannels String,
    ChannelTallies "channelTallies" Channels Hash,
    ChannelUsers "channelUsers" Channels Hash,
    ChannelVotes "channelVotes" WithinChannels Zset,
    Channels "channels" Partitions Zset,
    Era "era" Partitions String,
    GatewayDeparted "gatewayDeparted" Ones Zset,
    GatewaySessions "gatewaySessions" Ones Hash,
    Gateways "gateways" Nobodys Zset,
    GatewaysAwaited ":awaited" Gateways Zset,
    GatewaysDead ":dead" Gateways Zset,
    HistoryLease "historyLease" Partitions String,
    Mentions "mentions" Ones Zset,
    MessageSeen "messageSeen" WithinChannels String,
    Messages "messages" Partitions Stream,
    OccupancyTold "occupancyTold" Channels String,
    Partitions "partitions" Nobodys String,
    Photo "photo" Ones Hash,
    PhotoKey "photoKey" Nobodys String,
    PhotosDue "photosDue" Nobodys Zset,
    PhotosGone "photosGone" Partitions Set,
    PresenceLease "presenceLease" Ones String,
    PrivateRooms "privateRooms" Ones Zset,
    ReadCursors "readCursors" Ones Hash,
    Rooms "rooms" Nobodys Zset,
    SessionChannels "sessionChannels" Ones Set,
    SessionSignIns "sessionSignIns" Ones Hash,
    SignInFailures "signInFailures" Named String,
    SignIns "signIns" Ones Hash,
    SiteBans "siteBans" Nobodys Hash,
    SiteRoles "siteRoles" Nobodys Hash,
    TalliesDue "talliesDue" Partitions Zset,
    TypingTold "typingTold" Channels String,
    UserAccount "userAccount" Ones Hash,
    UserRooms "userRooms" Ones Zset,
    UserSession "userSession" Ones String,
    UserSessions "userSessions" Ones Hash,
    UserStatus "userStatus" Ones String,
    Users "users" Nobodys List,
    UsersByName "usersByName" Nobodys Zset,
    UsersByNameFilled "usersByNameFilled" Nobodys String,
    UsersUUIDListIndex "usersUUIDListIndex" Ones String,
    UsersUsernameListIndex "usersUsernameListIndex" Named String,
    WebhookState "webhookState" Partitions Hash,
    Webhooks "webhooks" Partitions Stream,
    WebhooksDead "webhooksDead" Partitions Stream,
    Workers "workers" Named Zset,
}

impl Keyspace {
    /// The family of a key by its whole name; `None` for a key that this keyspace would not name so.
    /// What it holds is to be looked at, too: see [`Family::kind`].
    pub fn family(&self, key: &str) -> Option<Family> {
        let own = key.strip_prefix(self.prefix.as_str())?;
        if own.starts_with('{') {
            let beside = [Family::GatewaysDead, Family::GatewaysAwaited];
            return beside
                .into_iter()
                .find(|family| self.beside_gateways(*family) == key);
        }
        let (name, rest) = match own.split_once(':') {
            Some((name, rest)) => (name, Some(rest)),
            None => (own, None),
        };
        let found = Family::ALL.iter().find(|family| family.name() == name);
        found.copied().filter(|family| family.whose().fits(rest))
    }
}

impl Whose {
    /// Whether this may stand behind the colon.
    fn fits(self, rest: Option<&str>) -> bool {
        let Some(rest) = rest else {
            return self == Self::Nobodys;
        };
        match self {
            Self::Nobodys | Self::Gateways => false,
            Self::Ones => is_uuid(rest),
            Self::Pairs => rest
                .split_once(':')
                .is_some_and(|(one, other)| is_uuid(one) && is_uuid(other)),
            Self::Partitions => is_tag(rest),
            Self::Channels => is_channel(rest),
            Self::WithinChannels => rest
                .split_once(':')
                .is_some_and(|(channel, of_it)| is_channel(channel) && !of_it.is_empty()),
            Self::Named => !rest.is_empty(),
        }
    }
}

fn is_uuid(text: &str) -> bool {
    Uuid::try_parse(text).is_ok_and(|uuid| uuid.to_string() == text)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_tag(text: &str) -> bool {
    text.strip_suffix('}')
        .and_then(|text| text.strip_prefix('{'))
        .is_some_and(is_number)
}

fn is_channel(text: &str) -> bool {
    let name = |text: &str| text == "public" || is_uuid(text);
    id::tag(text).is_some_and(|tag| is_number(tag) && name(&text[tag.len() + 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::{GatewayId, RoomName, UserId},
        keyspace::Prefix,
    };

    #[test]
    fn no_prefix_makes_the_name_of_one_family_anothers() {
        for whole in Family::ALL {
            let ends = |other: &&Family| whole.name().ends_with(other.name());
            let ends: Vec<_> = Family::ALL.iter().filter(ends).collect();
            assert_eq!(ends, [whole], "{whole:?}");
        }
    }

    #[test]
    fn keys_are_told_from_what_looks_like_them() {
        let keyspace = Keyspace::new(16);
        let user = "6f1d7a1e-6b5c-4c59-9b2e-0c7f3c2f9a10";
        for (key, family) in [
            ("users", Family::Users),
            ("{gateways}:dead", Family::GatewaysDead),
            (
                "usersUsernameListIndex:ada: x",
                Family::UsersUsernameListIndex,
            ),
            ("messages:{12}", Family::Messages),
            ("channelMeta:{3}public", Family::ChannelMeta),
            ("messageSeen:{3}public:a:b:c", Family::MessageSeen),
        ] {
            assert_eq!(keyspace.family(key), Some(family), "{key}");
        }
        assert_eq!(
            keyspace.family(&format!("photo:{user}")),
            Some(Family::Photo)
        );
        let pair = format!("channelSenderRecipient:{user}:{user}");
        assert_eq!(keyspace.family(&pair), Some(Family::ChannelSenderRecipient));
        for foreign in [
            "",
            ":",
            "users:",
            "users:1",
            "user",
            "photo:1",
            "photo:6F1D7A1E-6b5c-4c59-9b2e-0c7f3c2f9a10",
            "photo",
            "workers:",
            "messages:12",
            "messages:{}",
            "messages:{12}x",
            "channelMeta:{3}",
            "channelMeta:{3}lobby",
            "channelSlow:{3}public",
            "channelSlow:{3}public:",
            ":dead",
            "gateways:dead",
            "{gateways}:alive",
            "x:users",
        ] {
            assert_eq!(keyspace.family(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_prefix_stands_before_every_name_and_leaves_its_slot_and_family() {
        let prefix: Prefix = "team-a:".parse().unwrap();
        let plain = Keyspace::new(16);
        let keyspace = Keyspace::with_prefix(prefix, 16);
        let room = keyspace.named_room(&RoomName::new("lobby").unwrap());
        assert_eq!(room, plain.named_room(&RoomName::new("lobby").unwrap()));
        let slot = |key: &str| crate::keyspace::slots::slot(key.as_bytes());
        for (own, bare) in [
            (keyspace.channel_meta(&room), plain.channel_meta(&room)),
            (keyspace.channel_era(&room), plain.channel_era(&room)),
            (keyspace.messages(3), plain.messages(3)),
        ] {
            assert_eq!(own, format!("team-a:{bare}"));
            assert_eq!(slot(&own), slot(&bare));
        }
        assert_eq!(
            slot(keyspace.published(&room).as_str()),
            slot(room.as_str())
        );
        // One script changes them together.
        for keyspace in [&plain, &keyspace] {
            assert_eq!(slot(&keyspace.gateways()), slot(&keyspace.gateways_dead()));
            assert_eq!(
                slot(&keyspace.gateways()),
                slot(&keyspace.gateways_awaited())
            );
        }
        let name = keyspace.published(&room);
        assert_eq!(keyspace.heard(name.as_str()), Some(room.as_str()));
        assert_eq!(keyspace.heard(room.as_str()), None);
        for (key, family) in [
            (keyspace.users(), Family::Users),
            (keyspace.gateways_dead(), Family::GatewaysDead),
            (keyspace.user_account(UserId::random()), Family::UserAccount),
            (
                keyspace.presence_lease(GatewayId::random()),
                Family::PresenceLease,
            ),
            (keyspace.channel_meta(&room), Family::ChannelMeta),
        ] {
            assert!(key.starts_with("team-a:"), "{key}");
            assert_eq!(keyspace.family(&key), Some(family), "{key}");
            assert_eq!(plain.family(&key), None, "{key}");
        }
        assert_eq!(keyspace.family(&plain.users()), None);
        assert_eq!(keyspace.family("team-a:{gateways}:dead"), None);
    }
}
