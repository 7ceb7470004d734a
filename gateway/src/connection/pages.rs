//! Which history answers a join, decided purely: what the ring has, what was read behind the
//! client's position, or a fresh page.

use parlor_shared::{event::MessageEvent, protocol::value::Message};

use crate::bus::history::HistoryPage;

/// Texts in one answer, in bytes, so that a resume fits into an outbox.
pub const RESUME_BYTES: usize = 384 * 1_024;

/// A place in a room: an epoch and a `seq`.
pub type Place<'a> = (&'a str, u64);

/// What a join's history is, and the place behind which live messages follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    pub messages: Vec<Message>,
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
    let messages: Vec<Message> = missed
        .iter()
        .filter_map(|event| event.message().ok())
        .collect();
    let bytes: usize = messages.iter().map(|message| message.message.len()).sum();
    if messages.len() != missed.len() || bytes > RESUME_BYTES {
        return None;
    }
    let seq = messages.last().map_or(since.1, |message| message.seq);
    let more = messages.first().is_some_and(|first| first.seq > 1) || seq > 0;
    Some(Pages {
        messages,
        epoch: since.0.to_owned(),
        seq,
        more,
        recovered: true,
    })
}

/// Whether it is worth reading what comes after `since`.
pub fn may_follow(since: Place, joined: Place) -> bool {
    since.0 == joined.0 && since.1 <= joined.1
}

/// A page read behind `since`, if it is all there is: at least up to where the room stood on
/// joining; what came later comes live.
pub fn recovered(since: Place, joined: Place, page: HistoryPage) -> Option<Pages> {
    let begins = page
        .messages
        .first()
        .is_none_or(|first| first.seq == since.1 + 1);
    let seq = page.messages.last().map_or(since.1, |last| last.seq);
    let whole = page.epoch == since.0 && begins && !page.more && seq >= joined.1;
    whole.then_some(Pages {
        messages: page.messages,
        epoch: page.epoch,
        seq,
        more: since.1 > 0,
        recovered: true,
    })
}

/// A page of the last messages.
pub fn fresh(joined: Place, page: HistoryPage) -> Pages {
    let last = page.messages.last().map(|message| message.seq);
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
        messages: page.messages,
        epoch,
        seq,
        more: page.more,
        recovered: false,
    }
}
