//! Ends sessions: takes their users out of their rooms and offline, and tells who shares a room.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{StreamExt as _, stream};
use parlor_shared::{
    event::Membership,
    id::{UserId, Username},
    protocol::value::User,
    redis::{
        Commands,
        lease::Lease,
        presence::{self, Seat, Settings},
    },
};
use redis::{RedisResult, pipe};
use tokio::sync::Semaphore;

use crate::metrics::Metrics;

/// Sessions that are ended at once, over all gateways: each is some commands, which must not crowd
/// out the refreshes.
const ENDS_AT_ONCE: usize = 64;
/// The same for one gateway, so that a dead one leaves room for others.
const ENDS_AT_ONCE_GATEWAY: usize = 32;

/// Why a session is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Its connection ended and nothing came back within the grace.
    Departed,
    /// Its gateway is dead.
    DeadGateway,
}

#[derive(Clone)]
pub(crate) struct Announcer {
    commands: Commands,
    settings: Settings,
    metrics: Arc<Metrics>,
    at_once: Arc<Semaphore>,
}

impl Announcer {
    pub(crate) fn new(commands: Commands, settings: Settings, metrics: Arc<Metrics>) -> Self {
        let at_once = Arc::new(Semaphore::new(ENDS_AT_ONCE));
        Self {
            commands,
            settings,
            metrics,
            at_once,
        }
    }

    /// Ends sessions, as long as the lease is held. Each may be ended again, which changes and tells
    /// nothing.
    ///
    /// # Errors
    /// The first failure; the other sessions are ended nevertheless.
    pub(crate) async fn end_all(
        &self,
        lease: &Lease,
        seats: Vec<(Seat, Reason)>,
    ) -> RedisResult<()> {
        // Sessions of one user one after another: the last of them in a room is then the last of
        // the user's too, and tells that room that the user is offline.
        let mut by_user: BTreeMap<UserId, Vec<(Seat, Reason)>> = BTreeMap::new();
        for (seat, reason) in seats {
            by_user.entry(seat.user).or_default().push((seat, reason));
        }
        let ends = by_user.into_values().map(|seats| async move {
            let _permit = self.at_once.acquire().await;
            for (seat, reason) in seats {
                match lease.while_held(self.end(seat, reason)).await {
                    Some(ended) => ended?,
                    // The next owner goes on.
                    None => break,
                }
            }
            Ok(())
        });
        stream::iter(ends)
            .buffer_unordered(ENDS_AT_ONCE_GATEWAY)
            .fold(Ok(()), |all, one| async { all.and(one) })
            .await
    }

    async fn end(&self, seat: Seat, reason: Reason) -> RedisResult<()> {
        let mut commands = self.commands.clone();
        let who = identify(&mut commands, seat).await?;
        let ended = presence::end(&mut commands, self.settings, seat, &who).await?;
        match reason {
            Reason::Departed => self.metrics.reaped_departed.inc(),
            Reason::DeadGateway => self.metrics.reaped_dead_gateway.inc(),
        }
        if ended.offline {
            self.metrics.offline_announced.inc();
        }
        Ok(())
    }
}

/// Looks up what others are told of a session's user.
async fn identify(commands: &mut Commands, seat: Seat) -> RedisResult<Membership> {
    type Facts = ((Option<String>, Option<String>), u64, u64);
    let sessions = commands.keyspace().user_sessions(seat.user);
    let ((name, role), all, this): Facts = pipe()
        .hmget(
            commands.keyspace().user_account(seat.user),
            &["Username", "Role"],
        )
        .hlen(&sessions)
        .hexists(&sessions, seat.session.to_string())
        .query_async(commands)
        .await?;
    // An account that is gone still has a session to be ended.
    let name = name.and_then(|name| Username::new(&name).ok());
    let username = name.unwrap_or_else(|| Username::new("unknown").expect("a name"));
    let user = User {
        uuid: seat.user,
        username,
        online: Some(all > this),
        guest: role.as_deref() == Some("guest"),
        look: None,
    };
    Ok(Membership {
        session: seat.session,
        user,
    })
}
