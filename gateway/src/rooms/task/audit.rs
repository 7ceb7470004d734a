//! The audit: compares a shard's rooms with Redis, after each reconnection and now and then.

use tracing::warn;

use super::{Entry, REPAIR_RETRY, Rooms};
use crate::{bus::history::Audited, rooms::command::Command};

/// One audit at a time; one that is wanted meanwhile comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audit {
    UnderWay,
    Again,
}

impl Rooms {
    /// Asks where the rooms stand in Redis, to find what they missed.
    pub(super) fn audit_all(&mut self) {
        // What only waits is not missing.
        self.hand_all();
        let settled = |entry: &Entry| {
            let (epoch, seq) = entry.room.settled()?;
            Some((entry.channel.clone(), (epoch.to_owned(), seq)))
        };
        let asked: Vec<_> = self.entries.values().filter_map(settled).collect();
        if asked.is_empty() {
            return;
        }
        if self.auditing.is_some() {
            self.auditing = Some(Audit::Again);
            return;
        }
        self.auditing = Some(Audit::UnderWay);
        let (own, history) = (self.own.clone(), self.history.clone());
        let metrics = self.metrics.clone();
        tokio::spawn(async move {
            let audited = match history.positions(asked).await {
                Ok(audited) => Some(audited),
                // The subscriber may be back before the connection that is asked here: what was
                // missed must not wait for the next interval.
                Err(error) => {
                    metrics.redis_errors.inc();
                    warn!(%error, "rooms can't be audited yet");
                    tokio::time::sleep(REPAIR_RETRY).await;
                    None
                }
            };
            let _ = own.send(Command::Audited(audited));
        });
    }

    /// What Redis said, if it could be asked.
    pub(super) fn audited(&mut self, audited: Option<Vec<Audited>>) {
        let again = self.auditing.take() == Some(Audit::Again) || audited.is_none();
        for Audited {
            channel,
            asked,
            found,
            policy,
        } in audited.unwrap_or_default()
        {
            self.with_room(channel.as_str(), |room, out| {
                room.audit((&asked.0, asked.1), (&found.0, found.1), out)
            });
            self.audit_policy(channel.as_str(), policy);
        }
        if again {
            self.audit_all();
        }
    }
}
