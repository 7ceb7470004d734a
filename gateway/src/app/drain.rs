//! How a gateway empties itself before it ends.

use parlor_shared::{
    protocol::{
        CloseCode, ServerEnvelope, ServerFrame,
        server::{Reconnect, Sys},
    },
    telemetry::Condition,
};
use tokio::time::sleep;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::info;

use crate::{connection::Services, websocket::Frame};

/// How a reconnecting client's delay is spread, in milliseconds: short, since the drain itself is
/// spread over its grace.
const RECONNECT_DELAY_MS: std::ops::Range<u64> = 100..2_000;

/// Unready → wait for the balancer → refuse upgrades → tell connections to go, spread over the
/// grace → wait for them.
pub(super) async fn drain(
    app: &Services,
    condition: &Condition,
    stop_accepting: &CancellationToken,
    connections: &TaskTracker,
) {
    condition.fails("draining");
    if app.connections.count() > 0 {
        info!(connections = app.connections.count(), "draining");
        sleep(app.limits.drain_wait).await;
    }
    stop_accepting.cancel();
    let going = app.connections.all();
    let pause = app.limits.drain_grace / u32::try_from(going.len().max(1)).unwrap_or(u32::MAX);
    for outbox in going {
        let delay_ms = rand::random_range(RECONNECT_DELAY_MS);
        let frame = ServerFrame::Sys(Sys::Reconnect(Reconnect { delay_ms }));
        outbox.send(&Frame::json(&ServerEnvelope::from(frame)));
        outbox.close(CloseCode::Restart);
        sleep(pause).await;
    }
    connections.close();
    // Who came in between is told as well, without a spread: they are few.
    for outbox in app.connections.all() {
        outbox.close(CloseCode::Restart);
    }
    connections.wait().await;
    info!("drained");
}
