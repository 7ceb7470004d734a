//! Whom messages name, and what those are told.

use parlor_shared::{
    clock,
    id::{Address, ChannelId, UserId},
    protocol::value::{Message, RoomRef, User},
    roles::{Rights, SiteRole},
};
use redis::RedisResult;
use tracing::warn;

use super::Services;
use crate::{
    bus::{mentions::Mention, publisher::Published},
    session::mentions,
};

impl Services {
    /// Whom a message names, of those who may read it.
    pub async fn named(
        &self,
        address: &Address,
        channel: &ChannelId,
        message: &Message,
    ) -> Vec<UserId> {
        let groups = mentions::candidates(&message.message);
        if groups.is_empty() {
            return Vec::new();
        }
        let named = async {
            let mut named = self.directory.named(&groups).await?;
            named.retain(|user| *user != message.sender_uuid);
            match address {
                Address::Private(peer) => named.retain(|user| user == peer),
                Address::General | Address::Named(_) if named.is_empty() => {}
                Address::General | Address::Named(_) => self.readers(channel, &mut named).await?,
            }
            RedisResult::Ok(named)
        };
        named.await.unwrap_or_else(|error| {
            // The message counts; that it names somebody is a help.
            self.metrics.redis_errors.inc();
            warn!(%error, "those whom a message names could not be looked up");
            Vec::new()
        })
    }

    /// Keeps those whom a room would let in for what they are there.
    async fn readers(&self, channel: &ChannelId, users: &mut Vec<UserId>) -> RedisResult<()> {
        let (facts, standings) = self.history.standings(channel, users).await?;
        let now = clock::now_ms();
        let mut standings = standings.into_iter();
        users.retain(|_| {
            let own = standings.next().unwrap_or_default();
            let rights = Rights {
                site: SiteRole::Guest,
                room: own.role,
            };
            own.ban(now).is_none() && facts.settings.admits(rights).is_ok()
        });
        Ok(())
    }
}

/// What is told of a message that names users, once it is published.
pub fn mention(
    address: &Address,
    channel: &ChannelId,
    (users, sender): (Vec<UserId>, &User),
    published: &Published,
) -> Mention {
    let room = match address {
        // The other one addresses the room by the sender.
        Address::Private(_) => RoomRef::from(&Address::Private(sender.uuid)),
        address => RoomRef::from(address),
    };
    Mention {
        users,
        channel: channel.clone(),
        room,
        message: published.message,
        sender: sender.clone(),
        position: published.position.clone(),
    }
}
