//! The connections of this gateway, for what concerns them all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use parlor_shared::{
    id::{SessionId, UserId},
    notice::{Content, Notice},
    protocol::{
        ServerEnvelope, ServerFrame,
        server::{PrivateMessage, Sys},
        value::User,
    },
};
use tokio::sync::mpsc;

use super::inbox::Inbox;
use crate::{
    metrics::GatewayMetrics,
    outbox::{Outbox, Signal},
    websocket::Frame,
};

/// The sessions of users, and where to reach them.
type Users = HashMap<UserId, Vec<Door>>;

/// Where a signed-in session is reached.
#[derive(Clone, Debug)]
pub struct Door {
    pub session: SessionId,
    pub inbox: Inbox,
}

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
            sessions.retain(|door| door.session != self.session);
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
    pub fn reach(&self, user: UserId, door: Door) -> Reachable {
        let session = door.session;
        let mut users = self.lock_users();
        let doors = users.entry(user).or_insert_with(|| Vec::with_capacity(1));
        doors.push(door);
        drop(users);
        Reachable {
            connections: self.clone(),
            user,
            session,
        }
    }

    /// Hands notices to their recipients' sessions, for ever.
    pub async fn deliver(self, mut notices: mpsc::Receiver<Notice>, metrics: GatewayMetrics) {
        while let Some(notice) = notices.recv().await {
            let mut doors = self
                .lock_users()
                .get(&notice.recipient)
                .cloned()
                .unwrap_or_default();
            doors.retain(|door| notice.sessions.include(door.session));
            if doors.is_empty() {
                continue;
            }
            let text = match notice.content {
                Content::PrivateMessage { sender, epoch, seq } => private(sender, epoch, seq),
                Content::Frame(text) => text,
                Content::Order { order, frame } => {
                    let frame = frame.map(|text| Frame::text(&text));
                    for door in doors {
                        if let Some(frame) = &frame {
                            door.inbox.tell(frame);
                        }
                        if !door.inbox.put(order.clone()) {
                            metrics.notices_dropped.inc();
                        }
                    }
                    continue;
                }
            };
            let frame = Frame::text(&text);
            for door in doors {
                door.inbox.tell(&frame);
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

    /// Has every connection look at something.
    pub fn signal_all(&self, signal: Signal) {
        for outbox in self.lock().values() {
            outbox.signal(signal);
        }
    }

    /// Sends everybody the same frame.
    pub fn tell_all(&self, frame: ServerFrame) {
        let frame = Frame::json(&ServerEnvelope::from(frame));
        for outbox in self.all() {
            outbox.send(&frame);
        }
    }
}

fn private(mut user: User, epoch: String, seq: u64) -> String {
    // Who writes is there.
    user.online = Some(true);
    let frame = ServerFrame::Sys(Sys::PrivateMessage(PrivateMessage {
        recipient_uuid: user.uuid,
        user,
        epoch,
        seq,
    }));
    ServerEnvelope::from(frame).encode()
}
