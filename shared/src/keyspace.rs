//! Every Redis key, stream and channel name, a function each. Nothing else builds one.
//!
//! A room's keys carry its partition's hash tag, so that they, the partition's stream and the
//! room's pub/sub channel share one cluster slot.

mod changes;
mod people;
mod photos;
pub mod slots;
mod webhooks;

use std::sync::Arc;

use uuid::Uuid;

pub use webhooks::{channel_webhook_state, channel_webhooks};
pub use {changes::*, people::*, photos::*};

use crate::id::{self, Address, ChannelId, GatewayId, RoomName, SessionId, UserId, Username};
#[cfg(doc)]
use crate::limits;
use slots::{SLOTS, crc16};

/// Namespace of the version 5 UUIDs that name the channels of named rooms.
const ROOM_NAMESPACE: Uuid = Uuid::from_u128(0x7061_726c_6f72_4072_8f6f_6d73_0000_0001);

/// The names of one Parlor's keys. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Keyspace {
    tags: Arc<[Box<str>]>,
}

impl Keyspace {
    /// The keyspace of `partitions` partitions (1 to 1,024).
    pub fn new(partitions: u16) -> Self {
        Self {
            tags: partition_tags(partitions.max(1)),
        }
    }

    /// The number of partitions.
    pub fn partitions(&self) -> u16 {
        self.tags.len() as u16
    }

    /// The partition a channel lies in; `None` for a channel that this keyspace didn't name.
    pub fn partition_of(&self, channel: &ChannelId) -> Option<u16> {
        self.partition_of_name(channel.as_str())
    }

    /// The same for a channel's name.
    pub fn partition_of_name(&self, channel: &str) -> Option<u16> {
        let tag = id::tag(channel)?;
        self.tags
            .iter()
            .position(|known| **known == *tag)
            .map(|index| index as u16)
    }

    fn tag(&self, partition: u16) -> &str {
        &self.tags[usize::from(partition) % self.tags.len()]
    }

    fn channel(&self, name: &str) -> ChannelId {
        let partition = crc16(name.as_bytes()) % self.partitions();
        ChannelId::new(format!("{{{}}}{name}", self.tag(partition)))
    }

    /// General's channel: `{p}public`.
    pub fn general(&self) -> ChannelId {
        self.channel("public")
    }

    /// A named room's channel: `{p}<uuid>`, the same for everyone without asking Redis.
    pub fn named_room(&self, room: &RoomName) -> ChannelId {
        self.channel(&Uuid::new_v5(&ROOM_NAMESPACE, room.as_str().as_bytes()).to_string())
    }

    /// A channel for a private room that is about to be made.
    pub fn new_private_room(&self) -> ChannelId {
        self.channel(&Uuid::new_v4().to_string())
    }

    /// The channel of an address that needs no look-up; `None` for a private room.
    pub fn fixed_channel(&self, address: &Address) -> Option<ChannelId> {
        match address {
            Address::General => Some(self.general()),
            Address::Named(room) => Some(self.named_room(room)),
            Address::Private(_) => None,
        }
    }
}

/// STRING: the number of partitions that the data was laid out with. No TTL.
pub fn partitions() -> String {
    "partitions".to_owned()
}

/// LIST of `{"UUID","Username","CreatedAt"}` in the order of registration. No TTL.
pub fn users() -> String {
    "users".to_owned()
}

/// STRING: index into `users`; `pending:<uuid>` while signing up (60 s), `guest:<uuid>` for a
/// guest. Taken with `SET NX`, which is what makes a name unique.
pub fn users_username_index(name: &Username) -> String {
    format!("usersUsernameListIndex:{name}")
}

/// STRING: index into `users`. No TTL.
pub fn users_uuid_index(user: UserId) -> String {
    format!("usersUUIDListIndex:{user}")
}

/// HASH `Username`, `PasswordHash` (argon2id; accounts only), `Role`
/// ([`crate::roles::SiteRole`]), `CreatedAt`, and where they are set `DisplayName`, `Color` and
/// `Avatar`; of who is banned from the site also `BannedUntil` (ms since 1970, 0 for ever) and
/// `BanReason`. A guest's expires some time after they are gone.
pub fn user_account(user: UserId) -> String {
    format!("userAccount:{user}")
}

/// HASH SHA-256 of an access key (hex) → its expiry in ms. TTL 30 d.
pub fn access_key(user: UserId) -> String {
    format!("access_key:{user}")
}

/// STRING: RFC 3339 time of connection. TTL 3,600 s, refreshed.
pub fn user_session(session: SessionId) -> String {
    format!("userSession:{session}")
}

/// STRING: RFC 3339 time since when the user is online. TTL 60 s, refreshed.
pub fn user_status(user: UserId) -> String {
    format!("userStatus:{user}")
}

/// HASH session → gateway. No TTL; fields go with their sessions.
pub fn user_sessions(user: UserId) -> String {
    format!("userSessions:{user}")
}

/// SET of the channels a session is in, written before it joins. No TTL; goes with the session.
pub fn session_channels(session: SessionId) -> String {
    format!("sessionChannels:{session}")
}

/// ZSET gateway → ms of its last heartbeat, by Redis' clock.
pub fn gateways() -> String {
    "gateways".to_owned()
}

/// ZSET gateway taken for dead → ms of its last heartbeat, until its sessions are ended. The tag
/// keeps it beside `gateways`.
pub fn gateways_dead() -> String {
    "{gateways}:dead".to_owned()
}

/// ZSET gateway that was taken for dead and is not listed any more → ms since when: its next
/// heartbeat is awaited, lest what it registers before that is left behind should it never come.
pub fn gateways_awaited() -> String {
    "{gateways}:awaited".to_owned()
}

/// HASH session → user.
pub fn gateway_sessions(gateway: GatewayId) -> String {
    format!("gatewaySessions:{gateway}")
}

/// ZSET session → ms when its connection ended; the offline grace runs from then.
pub fn gateway_departed(gateway: GatewayId) -> String {
    format!("gatewayDeparted:{gateway}")
}

/// STRING: fencing token of the presence-worker that looks after the gateway. TTL 10 s, renewed.
pub fn presence_lease(gateway: GatewayId) -> String {
    format!("presenceLease:{gateway}")
}

/// ZSET worker → ms of its last heartbeat: how many share the work of `role`.
pub fn workers(role: &str) -> String {
    format!("workers:{role}")
}

/// STRING: the private channel of two users, the same under both orders. No TTL.
pub fn channel_sender_recipient(sender: UserId, recipient: UserId) -> String {
    format!("channelSenderRecipient:{sender}:{recipient}")
}

/// ZSET user → ms of the last private message with them. No TTL.
pub fn private_rooms(user: UserId) -> String {
    format!("privateRooms:{user}")
}

/// Pub/sub channel on which a gateway is told what concerns users that are connected to it.
pub fn notices(gateway: GatewayId) -> ChannelId {
    ChannelId::new(format!("notices:{gateway}"))
}

/// HASH user → role of those who are more than members of the site: a list, `userAccount` decides.
/// No TTL.
pub fn site_roles() -> String {
    "siteRoles".to_owned()
}

/// HASH user → ms since 1970 (0 for ever) of those who are banned from the site: a list,
/// `userAccount` decides. No TTL; who is banned no more goes when the list is next read.
pub fn site_bans() -> String {
    "siteBans".to_owned()
}

/// STREAM of what moderators did: the field `e` is JSON of
/// [`crate::protocol::moderation::AuditEntry`]. Bounded to about 10,000 entries. Gateways follow it
/// to find what a lost notice was about.
pub fn audit_log() -> String {
    "auditLog".to_owned()
}

/// ZSET (all scores 0) of the names of rooms that a user has a role in. No TTL.
pub fn user_rooms(user: UserId) -> String {
    format!("userRooms:{user}")
}

/// ZSET (all scores 0) of the public named rooms' names, so that they list in order. No TTL.
pub fn rooms() -> String {
    "rooms".to_owned()
}

/// HASH `seq`, `epoch`, `begun` (the last `seq` from before the epoch, if any), `name`, `owner`,
/// `createdAt`; once somebody has moderated the room also `policy`, which counts what was decided
/// there, and the settings ([`crate::roles::RoomSettings::FIELDS`]). No TTL.
pub fn channel_meta(channel: &ChannelId) -> String {
    format!("channelMeta:{channel}")
}

/// The [`Keyspace::era`] of a channel's partition.
pub fn channel_era(channel: &ChannelId) -> String {
    era(channel.tag().unwrap_or_default())
}

fn era(tag: &str) -> String {
    format!("era:{{{tag}}}")
}

/// HASH user → RFC 3339 time of joining. No TTL; a user leaves with their last session there.
pub fn channel_users(channel: &ChannelId) -> String {
    format!("channelUsers:{channel}")
}

/// HASH user → role ([`crate::roles::RoomRole`]). No TTL; at most [`limits::ROOM_LIST_ENTRIES`].
pub fn channel_roles(channel: &ChannelId) -> String {
    format!("channelRoles:{channel}")
}

/// HASH user → JSON of [`crate::event::Removal`]: who is banned, or was put out lately. No TTL; what
/// is over goes when the list is full or read. At most [`limits::ROOM_LIST_ENTRIES`].
pub fn channel_bans(channel: &ChannelId) -> String {
    format!("channelBans:{channel}")
}

/// HASH user → ms since 1970 until when they are muted, 0 for ever. As `channelBans`.
pub fn channel_mutes(channel: &ChannelId) -> String {
    format!("channelMutes:{channel}")
}

/// STRING: a user wrote in a room in slow mode. TTL: the room's `slowSeconds`.
pub fn channel_slow(channel: &ChannelId, user: UserId) -> String {
    format!("channelSlow:{channel}:{user}")
}

/// ZSET (all scores 0) of `<user>:<session>`: which sessions hold a user in the room.
pub fn channel_sessions(channel: &ChannelId) -> String {
    format!("channelSessions:{channel}")
}

/// LIST of JSON, oldest first, an entry for each `seq` without gaps: messages as they are now, and of
/// changes that there was one (see [`crate::entry`]). Trimmed by the history-worker.
pub fn channel_messages(channel: &ChannelId) -> String {
    format!("channelMessages:{channel}")
}

/// STRING: `<epoch> <seq> <ms> <uuid>` of the message that a client's message id became. TTL 300 s.
pub fn message_seen(channel: &ChannelId, user: UserId, client_message_id: &str) -> String {
    format!("messageSeen:{channel}:{user}:{client_message_id}")
}

/// STRING: held by the gateway that has told a large room's count within the last second.
pub fn occupancy_told(channel: &ChannelId) -> String {
    format!("occupancyTold:{channel}")
}

/// STRING: failed sign-ins of a name. TTL: the window of the limit.
pub fn sign_in_failures_name(name: &Username) -> String {
    format!("signInFailures:name:{name}")
}

/// STRING: failed sign-ins from an address. TTL: the window of the limit.
pub fn sign_in_failures_address(address: std::net::IpAddr) -> String {
    format!("signInFailures:address:{address}")
}

/// Pub/sub channel a gateway sends itself probes on.
pub fn probe(gateway: GatewayId) -> ChannelId {
    ChannelId::new(format!("probe:{gateway}"))
}

impl Keyspace {
    /// STREAM of the partition's messages that are not persisted yet: fields `c` (channel) and
    /// `m` (an event of [`crate::event`]).
    pub fn messages(&self, partition: u16) -> String {
        format!("messages:{{{}}}", self.tag(partition))
    }

    /// STRING: the era that the partition's rooms are in, the second half of their epochs. A new one
    /// begins when a gateway finds that Redis has gone back. No TTL.
    pub fn era(&self, partition: u16) -> String {
        era(self.tag(partition))
    }

    /// ZSET of the partition's channels that have history → ms of their newest message.
    pub fn channels(&self, partition: u16) -> String {
        format!("channels:{{{}}}", self.tag(partition))
    }

    /// STRING: fencing token of the history-worker that owns the partition. TTL 10 s, renewed.
    pub fn history_lease(&self, partition: u16) -> String {
        format!("historyLease:{{{}}}", self.tag(partition))
    }
}

/// The smallest numbers whose slots lie in the middle of each partition's share of the slots, so
/// that partitions spread evenly over any number of masters that divides theirs.
fn partition_tags(partitions: u16) -> Arc<[Box<str>]> {
    let partitions = u32::from(partitions);
    let target = |partition: u32| (partition * SLOTS + SLOTS / 2) / partitions;
    let mut tags: Vec<Option<Box<str>>> = vec![None; partitions as usize];
    let mut by_slot = vec![None; SLOTS as usize];
    for partition in 0..partitions {
        by_slot[target(partition) as usize] = Some(partition as usize);
    }
    let mut missing = partitions;
    let mut number: u64 = 0;
    while missing > 0 {
        let tag = number.to_string();
        let slot = u32::from(crc16(tag.as_bytes())) % SLOTS;
        if let Some(partition) = by_slot[slot as usize].take() {
            tags[partition] = Some(tag.into());
            missing -= 1;
        }
        number += 1;
    }
    tags.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_spread_evenly_over_the_slots() {
        for partitions in [1_u16, 16, 64, 256] {
            let keyspace = Keyspace::new(partitions);
            let width = SLOTS / u32::from(partitions);
            for (index, tag) in keyspace.tags.iter().enumerate() {
                let slot = u32::from(crc16(tag.as_bytes())) % SLOTS;
                assert_eq!(slot / width, index as u32, "tag {tag} of {partitions}");
            }
        }
    }

    #[test]
    fn a_room_and_its_stream_share_a_tag() {
        let keyspace = Keyspace::new(16);
        let room = keyspace.named_room(&RoomName::new("lobby").unwrap());
        let partition = keyspace.partition_of(&room).unwrap();
        let tag = format!("{{{}}}", room.tag().unwrap());
        assert!(keyspace.messages(partition).contains(&tag));
        assert!(channel_messages(&room).contains(&tag));
        assert!(channel_era(&room).contains(&tag));
        assert_eq!(channel_era(&room), keyspace.era(partition));
        assert!(keyspace.general().as_str().ends_with("}public"));
        assert_eq!(keyspace.partition_of(&ChannelId::new("{nobody}x")), None);
    }

    #[test]
    fn rooms_spread_over_partitions() {
        let keyspace = Keyspace::new(16);
        let mut counts = [0; 16];
        for number in 0..1_600 {
            let room = keyspace.named_room(&RoomName::new(&format!("room {number}")).unwrap());
            counts[usize::from(keyspace.partition_of(&room).unwrap())] += 1;
        }
        assert!(
            counts.iter().all(|count| (50..=200).contains(count)),
            "{counts:?}"
        );
    }
}
