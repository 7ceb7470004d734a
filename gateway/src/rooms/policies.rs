//! What rooms are set to, for everybody who sends: kept only for rooms of this gateway that
//! somebody has moderated.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use parlor_shared::{
    clock,
    id::ChannelId,
    protocol::{ErrorBody, ErrorCode},
    roles::{Access, RoomSettings, Write, Writer, holds},
};

/// The store. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    rooms: Arc<RwLock<HashMap<Box<str>, Policy>>>,
}

#[derive(Debug, Default)]
struct Policy {
    version: u64,
    settings: RoomSettings,
    /// Members may not have heard of it.
    untold: bool,
}

impl Policies {
    /// Notes what a room is set to, unless something newer is known. `true` if its members have not
    /// heard of that, and are to be told now.
    pub fn learn(&self, channel: &str, version: u64, settings: &RoomSettings) -> bool {
        self.note(channel, version, settings, true)
    }

    /// The same from one who has just joined: what the others have not heard, they are told when
    /// the room hears of it.
    pub fn found(&self, channel: &str, version: u64, settings: &RoomSettings) {
        self.note(channel, version, settings, false);
    }

    fn note(&self, channel: &str, version: u64, settings: &RoomSettings, tells: bool) -> bool {
        if version == 0 {
            return false;
        }
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        let known = rooms.entry(channel.into()).or_default();
        if known.version > version {
            return false;
        }
        known.version = version;
        let news = known.settings != *settings || known.untold;
        known.settings.clone_from(settings);
        known.untold = news && !tells;
        news && tells
    }

    /// Drops a room that nobody is in any more.
    pub fn forget(&self, channel: &str) {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        rooms.remove(channel);
    }

    /// What a room is set to, if somebody has moderated it.
    pub fn settings(&self, channel: &ChannelId) -> Option<RoomSettings> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        Some(rooms.get(channel.as_str())?.settings.clone())
    }

    /// Whether a room is closed, and whether it is for the invited only.
    pub fn door(&self, channel: &str) -> (bool, bool) {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.get(channel).map_or((false, false), |room| {
            (room.settings.closed, room.settings.access == Access::Invite)
        })
    }

    /// Whether somebody may write now; if so, how long they have to wait for their next message.
    ///
    /// # Errors
    /// What they are told.
    pub fn admit(
        &self,
        channel: &ChannelId,
        writer: Writer,
    ) -> Result<Option<Duration>, ErrorBody> {
        if let Some(until) = writer.muted
            && let Some(body) = muted(until, clock::now_ms())
        {
            return Err(body);
        }
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        let Some(Policy { settings, .. }) = rooms.get(channel.as_str()) else {
            return Ok(None);
        };
        if !settings.lets_write(writer.rights) {
            return Err(may_not_write(settings));
        }
        let slow = settings.slow_seconds > 0 && !writer.rights.may_moderate();
        Ok(slow.then(|| Duration::from_secs(settings.slow_seconds)))
    }
}

/// What one who is muted is told; `None` when that is over.
fn muted(until_ms: u64, now_ms: u64) -> Option<ErrorBody> {
    if !holds(until_ms, now_ms) {
        return None;
    }
    let text = "you are muted in this room: you can read, and write again when it ends";
    let body = ErrorBody::new(ErrorCode::Muted, text);
    Some(if until_ms == 0 {
        body
    } else {
        body.retry_after(Duration::from_millis(until_ms - now_ms))
    })
}

fn may_not_write(settings: &RoomSettings) -> ErrorBody {
    if settings.closed {
        return ErrorBody::new(ErrorCode::RoomClosed, "the room is closed");
    }
    let who = match settings.write {
        Write::Moderators => "moderators",
        Write::Members | Write::Everyone => "members",
    };
    ErrorBody::new(
        ErrorCode::Forbidden,
        format!("only {who} write in this room: ask a moderator"),
    )
}

/// What one who writes too soon in slow mode is told.
pub fn too_soon(wait: Duration) -> ErrorBody {
    let text = format!(
        "the room is in slow mode: wait {} s for your next message",
        wait.as_secs().max(1)
    );
    ErrorBody::new(ErrorCode::SlowMode, text).retry_after(wait)
}

#[cfg(test)]
mod tests {
    use parlor_shared::roles::{Rights, RoomRole, SiteRole};

    use super::*;

    fn writer(room: Option<RoomRole>) -> Writer {
        let rights = Rights {
            site: SiteRole::Member,
            room,
        };
        Writer {
            rights,
            muted: None,
        }
    }

    #[test]
    fn the_newer_settings_win() {
        let policies = Policies::default();
        let channel = ChannelId::new("{0}a");
        assert!(!policies.learn("{0}a", 0, &RoomSettings::default()));
        let slow = RoomSettings {
            slow_seconds: 5,
            ..RoomSettings::default()
        };
        assert!(policies.learn("{0}a", 2, &slow));
        assert!(!policies.learn("{0}a", 1, &RoomSettings::default()));
        let wait = Some(Duration::from_secs(5));
        assert_eq!(policies.admit(&channel, writer(None)), Ok(wait));
        let moderator = writer(Some(RoomRole::Moderator));
        assert_eq!(policies.admit(&channel, moderator), Ok(None));
        // Who joins brings news; the others hear of it once.
        let topic = RoomSettings {
            topic: "Hello".into(),
            ..slow
        };
        policies.found("{0}a", 3, &topic);
        assert!(policies.learn("{0}a", 3, &topic));
        assert!(!policies.learn("{0}a", 3, &topic));
        policies.forget("{0}a");
        assert_eq!(policies.admit(&channel, writer(None)), Ok(None));
    }

    #[test]
    fn who_is_muted_is_told_until_when() {
        let policies = Policies::default();
        let channel = ChannelId::new("{0}a");
        let muted = |until| Writer {
            muted: Some(until),
            ..writer(None)
        };
        let refused = |until| policies.admit(&channel, muted(until)).unwrap_err();
        assert_eq!(refused(0).code, ErrorCode::Muted.number());
        assert_eq!(refused(0).retry_after_ms, None);
        let soon = refused(clock::now_ms() + 60_000).retry_after_ms;
        assert!(soon.is_some_and(|ms| (1..=60_000).contains(&ms)));
        assert_eq!(policies.admit(&channel, muted(1)), Ok(None));
    }
}
