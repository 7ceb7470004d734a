//! Which history answers a join, decided purely: what the ring has, what was read behind the
//! client's position, or a fresh page.

use parlor_shared::{
    entry::{Changed, Entry, fold},
    event::MessageEvent,
    protocol::value::Message,
};

use crate::bus::history::HistoryPage;

/// Texts in one answer, in bytes, so that a resume fits into an outbox.
pub const RESUME_BYTES: usize = 384 * 1_024;

/// A place in a room: an epoch and a `seq`.
pub type Place<'a> = (&'a str, u64);

/// What a join's history is, and the place behind which live messages follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    /// As they are now.
    pub messages: Vec<Message>,
    /// What was missed beside them; a fresh page has none.
    pub changes: Vec<Changed>,
    pub epoch: String,
    pub seq: u64,
    pub more: bool,
    pub recovered: bool,
}

/// What a client that has everything up to `since` missed, as the ring has it. `joined` is where
/// the room stood in Redis after the session was let in: what came after the ring was looked at
/// comes live.
pub fn from_ring(since: Place, joined: Place, missed: &[MessageEvent]) -> Option<Pages> {
    if since.0 != joined.0 {
        return None;
    }
    let mut entries: Vec<Entry> = missed
        .iter()
        .filter_map(|event| event.entry().ok())
        .collect();
    let bytes: usize = entries.iter().map(Entry::weight).sum();
    if entries.len() != missed.len() || bytes > RESUME_BYTES {
        return None;
    }
    // What was deleted since is not given to who comes later.
    fold(&mut entries, 0);
    let seq = entries.last().map_or(since.1, Entry::seq);
    let more = entries.first().is_some_and(|first| first.seq() > 1) || seq > 0;
    let (messages, changes) = split(entries);
    Some(Pages {
        messages,
        changes,
        epoch: since.0.to_owned(),
        seq,
        more,
        recovered: true,
    })
}

/// Messages and changes apart.
fn split(entries: Vec<Entry>) -> (Vec<Message>, Vec<Changed>) {
    let (mut messages, mut changes) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Message(message) => messages.push(*message),
            Entry::Change(change) => changes.push(*change),
        }
    }
    (messages, changes)
}

/// Whether it is worth reading what comes after `since`.
pub fn may_follow(since: Place, joined: Place) -> bool {
    since.0 == joined.0 && since.1 <= joined.1
}

/// A page read behind `since`, if it is all there is: at least up to where the room stood on
/// joining; what came later comes live.
pub fn recovered(since: Place, joined: Place, page: HistoryPage) -> Option<Pages> {
    let begins = page
        .entries
        .first()
        .is_none_or(|first| first.seq() == since.1 + 1);
    let seq = page.entries.last().map_or(since.1, Entry::seq);
    if page.epoch != since.0 || !begins || page.more || seq < joined.1 {
        return None;
    }
    let (messages, changes) = split(page.entries);
    Some(Pages {
        messages,
        changes,
        epoch: page.epoch,
        seq,
        more: since.1 > 0,
        recovered: true,
    })
}

/// A page of the last messages.
pub fn fresh(joined: Place, page: HistoryPage) -> Pages {
    let last = page.entries.last().map(Entry::seq);
    let epoch = if page.epoch.is_empty() {
        joined.0.to_owned()
    } else {
        page.epoch
    };
    // The join came before the read: the page reaches at least as far as the join saw, unless no
    // messages were asked for or the room's history began anew in between.
    let seq = if epoch == joined.0 {
        last.unwrap_or(joined.1)
    } else {
        last.unwrap_or(0)
    };
    Pages {
        messages: split(page.entries).0,
        changes: Vec::new(),
        epoch,
        seq,
        more: page.more,
        recovered: false,
    }
}
