//! Names of what tells which gateways, sessions and workers there are.

use super::{Family, Keyspace};
use crate::id::{ChannelId, GatewayId, SessionId};

/// The channel on which a gateway is told what concerns users that are connected to it.
pub fn notices(gateway: GatewayId) -> ChannelId {
    ChannelId::new(format!("notices:{gateway}"))
}

/// The channel a gateway sends itself probes on.
pub fn probe(gateway: GatewayId) -> ChannelId {
    ChannelId::new(format!("probe:{gateway}"))
}

impl Keyspace {
    /// STRING: RFC 3339 time of connection. TTL 3,600 s, refreshed.
    pub fn user_session(&self, session: SessionId) -> String {
        self.of(Family::UserSession, session)
    }

    /// SET of the channels a session is in, written before it joins. No TTL; goes with the session.
    pub fn session_channels(&self, session: SessionId) -> String {
        self.of(Family::SessionChannels, session)
    }

    /// ZSET gateway → ms of its last heartbeat, by Redis' clock.
    pub fn gateways(&self) -> String {
        self.one(Family::Gateways)
    }

    /// ZSET gateway taken for dead → ms of its last heartbeat, until its sessions are ended. The tag
    /// keeps it beside `gateways`.
    pub fn gateways_dead(&self) -> String {
        self.beside_gateways(Family::GatewaysDead)
    }

    /// ZSET gateway that was taken for dead and is not listed any more → ms since when: its next
    /// heartbeat is awaited, lest what it registers before that is left behind should it never come.
    pub fn gateways_awaited(&self) -> String {
        self.beside_gateways(Family::GatewaysAwaited)
    }

    /// The tag is the whole name of `gateways`: a key without a tag lies where its name hashes to.
    pub(super) fn beside_gateways(&self, family: Family) -> String {
        let prefix = &self.prefix;
        format!(
            "{prefix}{{{prefix}{}}}{}",
            Family::Gateways.name(),
            family.name()
        )
    }

    /// HASH session → user.
    pub fn gateway_sessions(&self, gateway: GatewayId) -> String {
        self.of(Family::GatewaySessions, gateway)
    }

    /// ZSET session → ms when its connection ended; the offline grace runs from then.
    pub fn gateway_departed(&self, gateway: GatewayId) -> String {
        self.of(Family::GatewayDeparted, gateway)
    }

    /// STRING: fencing token of the presence-worker that looks after the gateway. TTL 10 s, renewed.
    pub fn presence_lease(&self, gateway: GatewayId) -> String {
        self.of(Family::PresenceLease, gateway)
    }

    /// ZSET worker → ms of its last heartbeat: how many share the work of `role`.
    pub fn workers(&self, role: &str) -> String {
        self.of(Family::Workers, role)
    }
}
