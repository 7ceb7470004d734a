//! Tells Redis which sessions come and go, in batches, and that this gateway is alive.
//!
//! A connection that ends leaves nothing to be awaited: its guard's drop puts the session into a
//! queue, and the presence-worker ends it after the offline grace, unless the user is back by then.

use std::time::Duration;

use parlor_shared::{
    id::{GatewayId, SessionId},
    redis::{Commands, connect::Backoff, presence},
};
use redis::{RedisResult, pipe};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::registry::Connections;
use crate::outbox::Signal;

/// How often the gateway says that it is alive. Three missed ones make it dead.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Sessions in one pipeline.
const BATCH_SESSIONS: usize = 500;

/// What connections tell.
#[derive(Debug)]
enum Note {
    Connected(SessionId),
    /// Gone, and somebody was signed in.
    Departed(SessionId),
    /// Gone, and nobody was.
    Forgotten(SessionId),
}

/// The handle. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Registrar {
    /// Unbounded: a guard's drop can't wait, and there are at most two notes a connection.
    notes: mpsc::UnboundedSender<Note>,
}

/// A session's entry with the registrar; dropping it says that the session is gone.
#[derive(Debug)]
pub struct Departure {
    session: SessionId,
    notes: mpsc::UnboundedSender<Note>,
    /// Whether the registry may know the session.
    pub registered: bool,
}

impl Drop for Departure {
    fn drop(&mut self) {
        let note = if self.registered {
            Note::Departed
        } else {
            Note::Forgotten
        };
        let _ = self.notes.send(note(self.session));
    }
}

/// The task's part.
#[derive(Debug)]
pub struct RegistrarTask {
    commands: Commands,
    settings: presence::Settings,
    gateway: GatewayId,
    notes: mpsc::UnboundedReceiver<Note>,
    /// Told when the registry has lost this gateway, so that sessions enter themselves again.
    connections: Connections,
    announced: bool,
    /// The registry did not know this gateway when it was last asked; kept over errors, since a
    /// heartbeat may arrive and its answer not.
    missing: bool,
}

impl Registrar {
    /// The handle, and the task to run.
    pub fn new(
        commands: Commands,
        settings: presence::Settings,
        gateway: GatewayId,
        connections: Connections,
    ) -> (Self, RegistrarTask) {
        let (notes_in, notes) = mpsc::unbounded_channel();
        let task = RegistrarTask {
            commands,
            settings,
            gateway,
            notes,
            connections,
            announced: false,
            missing: false,
        };
        (Self { notes: notes_in }, task)
    }

    /// Enters a session that has just connected.
    pub fn departure(&self, session: SessionId) -> Departure {
        let _ = self.notes.send(Note::Connected(session));
        Departure {
            session,
            notes: self.notes.clone(),
            registered: false,
        }
    }
}

impl RegistrarTask {
    /// Works until `stop`, and then until all who have gone are noted.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(BATCH_SESSIONS);
        loop {
            tokio::select! {
                biased;
                _ = heartbeat.tick() => self.beat().await,
                count = self.notes.recv_many(&mut batch, BATCH_SESSIONS) => {
                    if count == 0 {
                        return;
                    }
                    self.note_until_done(&mut batch, &stop).await;
                }
                () = stop.cancelled() => break,
            }
        }
        // Every connection has ended: what they said last is in the queue.
        while let Ok(note) = self.notes.try_recv() {
            batch.push(note);
        }
        self.note_until_done(&mut batch, &stop).await;
    }

    async fn beat(&mut self) {
        match self.try_beat().await {
            Ok(()) => {
                if self.announced && self.missing {
                    info!("the registry has lost this gateway; its sessions enter again");
                    self.connections.signal_all(Signal::RegistryLost);
                }
                self.announced = true;
                self.missing = false;
            }
            Err(error) => warn!(%error, "the heartbeat did not reach Redis"),
        }
    }

    async fn try_beat(&mut self) -> RedisResult<()> {
        // Asked before as well: should the heartbeat arrive and its answer not, it is remembered.
        let known: Option<f64> = redis::cmd("ZSCORE")
            .arg(self.commands.keyspace().gateways())
            .arg(self.gateway.to_string())
            .query_async(&mut self.commands)
            .await?;
        self.missing |= known.is_none();
        self.missing |= !presence::heartbeat(&mut self.commands, self.gateway).await?;
        Ok(())
    }

    /// Notes a batch. While Redis is away it tries again: who has gone must not stay for ever. When
    /// the gateway is ending it tries once more only; the presence-worker then finds the sessions
    /// of a gateway that is silent.
    async fn note_until_done(&mut self, batch: &mut Vec<Note>, stop: &CancellationToken) {
        let mut backoff = Backoff::default();
        while let Err(error) = self.note(batch).await {
            warn!(%error, sessions = batch.len(), "sessions can't be noted yet");
            if stop.is_cancelled() {
                break;
            }
            tokio::time::sleep(backoff.next()).await;
        }
        batch.clear();
    }

    async fn note(&mut self, batch: &[Note]) -> RedisResult<()> {
        let now = parlor_shared::clock::rfc3339(parlor_shared::clock::now_ms());
        let mut departed = Vec::new();
        let mut others = pipe();
        let mut any = false;
        for note in batch {
            match note {
                Note::Connected(session) => {
                    let ttl = self.settings.session_ttl_seconds;
                    others
                        .set_ex(self.commands.keyspace().user_session(*session), &now, ttl)
                        .ignore();
                    any = true;
                }
                Note::Forgotten(session) => {
                    others
                        .del(self.commands.keyspace().user_session(*session))
                        .ignore();
                    any = true;
                }
                Note::Departed(session) => departed.push(*session),
            }
        }
        if any {
            let _: () = others.query_async(&mut self.commands).await?;
        }
        if !departed.is_empty() {
            presence::departed(&mut self.commands, self.gateway, &departed).await?;
        }
        Ok(())
    }
}
