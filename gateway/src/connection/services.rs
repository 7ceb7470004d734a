//! What every connection works with.

use std::sync::Arc;

use parlor_shared::{
    config::GatewayLimits,
    id::GatewayId,
    keyspace::Keyspace,
    redis::{Commands, presence},
};

use super::{
    client_hint::ClientHints, registrar::Registrar, registry::Connections, rosters::Rosters,
};
use crate::{
    accounts::Directory,
    bus::{
        cursors::Cursors, history::History, notices::Notifier, publisher::Publisher,
        typing::Typists,
    },
    metrics::GatewayMetrics,
    moderation::Moderation,
    outbox,
    photos::Photos,
    rooms::{Policies, Registry},
    session::Rules,
    tokens::Tokens,
    user_limits::UserLimits,
};

/// The parts of a gateway that connections share.
pub struct Services {
    pub gateway: GatewayId,
    pub keyspace: Keyspace,
    pub commands: Commands,
    pub registry_settings: presence::Settings,
    pub directory: Directory,
    pub history: History,
    pub rooms: Registry,
    pub policies: Policies,
    pub moderation: Moderation,
    pub publisher: Publisher,
    pub notifier: Notifier,
    pub cursors: Cursors,
    pub typists: Typists,
    pub rosters: Rosters,
    pub client_hints: ClientHints,
    pub registrar: Registrar,
    pub connections: Connections,
    pub user_limits: UserLimits,
    pub rules: Arc<Rules>,
    pub outboxes: Arc<outbox::Rules>,
    pub limits: GatewayLimits,
    pub create_rooms: bool,
    pub metrics: GatewayMetrics,
    /// `None` when signing in by token is off.
    pub tokens: Option<Tokens>,
    /// Nothing where photos are switched off.
    pub photos: Option<Photos>,
}
