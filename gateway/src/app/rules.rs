//! What sessions go by, out of the settings.

use parlor_shared::{config::GatewayConfig, id::SessionId, protocol::server::Ready};

use crate::{photos::Photos, session::Rules};

/// The rules of every session of this gateway.
pub(super) fn rules(config: &GatewayConfig, photos: Option<&Photos>) -> Rules {
    let limits = &config.limits;
    Rules {
        message_characters: limits.message_characters,
        rooms_per_connection: limits.rooms_per_connection,
        frame_rate: limits.frame_rate,
        history_page: limits.history_page,
        join_history: limits.join_history,
        sign_in_timeout: limits.sign_in_timeout,
        ready: Ready {
            session_uuid: SessionId::default(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ping_interval_ms: limits.ping_interval.as_millis() as u64,
            frame_bytes: limits.frame_bytes as u64,
            message_characters: limits.message_characters as u64,
            history_page: limits.history_page as u64,
            guests: config.guests,
            sign_up: config.sign_up,
            create_rooms: config.create_rooms,
            photos: photos.map(Photos::limits),
        },
    }
}
