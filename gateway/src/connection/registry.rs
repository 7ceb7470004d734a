//! The connections of this gateway, for what concerns them all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use parlor_shared::{
    id::{SessionId, UserId},
    protocol::{
        ServerEnvelope, ServerFrame,
        server::{PrivateMessage, Sys},
    },
};
use tokio::sync::mpsc;

use crate::{bus::notices::Notice, outbox::Outbox, websocket::text_frame};

/// The sessions of users, and where to reach them.
type Users = HashMap<UserId, Vec<(SessionId, Outbox)>>;

/// The list. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Connections {
    listed: Arc<Mutex<HashMap<SessionId, Outbox>>>,
    /// The outboxes of who is signed in.
    users: Arc<Mutex<Users>>,
}

/// One entry; dropping it takes it from the list.
#[derive(Debug)]
pub struct Listed {
    connections: Connections,
    session: SessionId,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.connections.lock().remove(&self.session);
    }
}

/// A signed-in session's entry; dropping it takes it from the list.
#[derive(Debug)]
pub struct Reachable {
    connections: Connections,
    user: UserId,
    session: SessionId,
}

impl Drop for Reachable {
    fn drop(&mut self) {
        let mut users = self.connections.lock_users();
        if let Some(sessions) = users.get_mut(&self.user) {
            sessions.retain(|(session, _)| *session != self.session);
            if sessions.is_empty() {
                users.remove(&self.user);
            }
        }
    }
}

impl Connections {
    fn lock_users(&self) -> MutexGuard<'_, Users> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a session reachable as its user's.
    pub fn reach(&self, user: UserId, session: SessionId, outbox: Outbox) -> Reachable {
        self.lock_users()
            .entry(user)
            .or_default()
            .push((session, outbox));
        Reachable {
            connections: self.clone(),
            user,
            session,
        }
    }

    /// Hands notices to their recipients' sessions, for ever.
    pub async fn deliver(self, mut notices: mpsc::Receiver<Notice>) {
        while let Some(notice) = notices.recv().await {
            let sessions = self
                .lock_users()
                .get(&notice.recipient)
                .cloned()
                .unwrap_or_default();
            if sessions.is_empty() {
                continue;
            }
            let mut user = notice.sender;
            user.online = Some(true);
            let frame = ServerFrame::Sys(Sys::PrivateMessage(PrivateMessage {
                recipient_uuid: user.uuid,
                user,
                epoch: notice.epoch,
                seq: notice.seq,
            }));
            let frame = text_frame(&ServerEnvelope::from(frame).encode());
            for (_, outbox) in sessions {
                outbox.send(frame.clone());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Outbox>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a connection on the list.
    pub fn list(&self, session: SessionId, outbox: Outbox) -> Listed {
        self.lock().insert(session, outbox);
        Listed {
            connections: self.clone(),
            session,
        }
    }

    /// All outboxes there are now.
    pub fn all(&self) -> Vec<Outbox> {
        self.lock().values().cloned().collect()
    }

    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Sends everybody the same frame.
    pub fn tell_all(&self, frame: ServerFrame) {
        let frame = text_frame(&ServerEnvelope::from(frame).encode());
        for outbox in self.all() {
            outbox.send(frame.clone());
        }
    }
}
