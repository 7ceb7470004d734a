//! What every connection works with.

use std::sync::Arc;

use parlor_shared::{
    config::GatewayLimits,
    id::GatewayId,
    keyspace::Keyspace,
    redis::{Commands, presence},
};

use super::{registrar::Registrar, registry::Connections};
use crate::{
    accounts::Directory,
    bus::{history::History, notices::Notifier, publisher::Publisher},
    metrics::GatewayMetrics,
    photos::Photos,
    rooms::Registry,
    session::Rules,
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
    pub publisher: Publisher,
    pub notifier: Notifier,
    pub registrar: Registrar,
    pub connections: Connections,
    pub user_limits: UserLimits,
    pub rules: Arc<Rules>,
    pub limits: GatewayLimits,
    pub create_rooms: bool,
    pub metrics: GatewayMetrics,
    /// Nothing where photos are switched off.
    pub photos: Option<Photos>,
}
