//! The connections of this gateway, for what concerns them all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use parlor_shared::{id::SessionId, protocol::ServerFrame};

use crate::{outbox::Outbox, websocket::text_frame};

/// The list. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Connections {
    listed: Arc<Mutex<HashMap<SessionId, Outbox>>>,
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

impl Connections {
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
        let frame = text_frame(&parlor_shared::protocol::ServerEnvelope::from(frame).encode());
        for outbox in self.all() {
            outbox.send(frame.clone());
        }
    }
}
