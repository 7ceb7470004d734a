//! The audit log: who did what.

use parlor_shared::{
    clock, limits,
    protocol::{
        moderation::{AuditEntry, AuditLog, AuditPage},
        value::{RoomRef, User},
    },
    roles::SiteRole,
};
use redis::RedisResult;
use tracing::warn;

use super::{Actor, Answer, Moderation, away, malformed};

/// An entry of the stream: its id, and its fields in turn.
pub(super) type Raw = (String, Vec<String>);

impl Moderation {
    /// Notes what was done. It was done already: a failure is logged, not told.
    pub(super) async fn note(
        &self,
        actor: &Actor,
        action: &str,
        room: Option<&RoomRef>,
        user: Option<&User>,
        detail: String,
    ) {
        let entry = AuditEntry {
            by_uuid: actor.user,
            by: actor.name.clone(),
            action: action.to_owned(),
            room: room.cloned().unwrap_or_default(),
            user_uuid: user.map(|user| user.uuid),
            user: user.map(|user| user.username.to_string()),
            detail,
            ..AuditEntry::default()
        };
        let json = serde_json::to_string(&entry).expect("ids and texts are JSON");
        let written: RedisResult<String> = redis::cmd("XADD")
            .arg(self.commands.keyspace().audit_log())
            .arg("MAXLEN")
            .arg("~")
            .arg(limits::AUDIT_LOG_ENTRIES)
            .arg("*")
            .arg("e")
            .arg(json)
            .query_async(&mut self.commands.clone())
            .await;
        if let Err(error) = written {
            warn!(%error, action, "what was done could not be noted in the audit log");
        }
    }

    /// A page of the log, the latest first.
    ///
    /// # Errors
    /// For whom is no moderator of the site, and when Redis can't be asked.
    pub async fn audit_log(&self, actor: &Actor, page: &AuditPage) -> Answer<AuditLog> {
        actor.needs(SiteRole::Moderator)?;
        let most = limits::LIST_PAGE_ENTRIES;
        let count = page.limit.map_or(most, |limit| limit as usize).min(most);
        let newest = match &page.before {
            None => "+".to_owned(),
            Some(id) if is_id(id) => format!("({id}"),
            Some(_) => return Err(malformed("before is the id of an entry")),
        };
        let mut found: Vec<Raw> = redis::cmd("XREVRANGE")
            .arg(self.commands.keyspace().audit_log())
            .arg(newest)
            .arg("-")
            .arg("COUNT")
            // One more tells whether there are more.
            .arg(count + 1)
            .query_async(&mut self.commands.clone())
            .await
            .map_err(away)?;
        let more = found.len() > count;
        found.truncate(count);
        Ok(AuditLog {
            entries: found.iter().filter_map(read).collect(),
            more,
        })
    }
}

/// Whether a text looks like `<ms>-<number>`.
fn is_id(text: &str) -> bool {
    let is_number = |text: &str| text.parse::<u64>().is_ok();
    text.split_once('-')
        .is_some_and(|(ms, number)| is_number(ms) && is_number(number))
}

/// An entry as it is told; `None` for one that can't be read.
pub(super) fn read((id, fields): &Raw) -> Option<AuditEntry> {
    let at = fields.iter().position(|field| field == "e")?;
    let entry: AuditEntry = serde_json::from_str(fields.get(at + 1)?).ok()?;
    let ms = id.split('-').next()?.parse().ok()?;
    Some(AuditEntry {
        id: id.clone(),
        at: clock::rfc3339(ms),
        ..entry
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_entries_are_known() {
        assert!(is_id("1795277278457-0"));
        for bad in ["", "-", "+", "1795277278457", "(1-1", "1-1-1", "x-1"] {
            assert!(!is_id(bad), "{bad:?}");
        }
    }

    #[test]
    fn an_entry_has_its_time_from_its_id() {
        let fields = vec!["e".to_owned(), r#"{"by":"Ada","action":"roomBan"}"#.into()];
        let entry = read(&("1000-0".into(), fields)).unwrap();
        assert_eq!(
            (&*entry.at, &*entry.by),
            ("1970-01-01T00:00:01.000Z", "Ada")
        );
        assert!(read(&("1-0".into(), vec!["e".into(), "x".into()])).is_none());
    }
}
