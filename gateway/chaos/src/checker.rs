//! Compares, at the end, what everybody was told with what is stored.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    ledger::{Epoch, Held, Kind, RoomLog, Said, Violation},
    record::{RoomRecord, Why},
};

/// What may happen without being a violation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowed {
    /// Members may have been told that they miss messages (`recovered:false`, `sys.resync`).
    pub told_gaps: bool,
    /// Rooms may have begun anew: Redis has lost everything, or what it had not copied.
    pub new_epochs: bool,
    /// Acknowledged messages may be gone with what Redis has lost.
    pub losses: bool,
    /// Messages kept in a room's list; 0 keeps all.
    pub history_limit: usize,
}

/// One entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub epoch: String,
    pub seq: u64,
    /// `None` if its text is none that a member sent, or its id says something else.
    pub held: Option<Held>,
}

/// A room at the end.
#[derive(Debug)]
pub struct RoomEnd<'a> {
    pub name: String,
    pub log: &'a mut RoomLog,
    /// Of everybody who was a member to the end.
    pub records: Vec<(u32, &'a RoomRecord)>,
    /// Where the room stands in Redis.
    pub epoch: String,
    pub seq: u64,
    /// The room's list in Redis.
    pub list: Vec<Stored>,
    /// The same as a member reads it, page by page.
    pub paged: Vec<Stored>,
}

/// What is wrong with a room.
pub fn check_room(room: &mut RoomEnd<'_>, allowed: Allowed) -> Vec<Violation> {
    let mut found = std::mem::take(&mut room.log.violations);
    if room.epoch.is_empty() && room.records.iter().all(|(_, it)| it.deliveries == 0) {
        return named(&room.name, found);
    }
    let epoch = room.log.epoch(&room.epoch);
    check_history(room, allowed, &mut found);
    // With one epoch, what each member was told is compared with the list below.
    if allowed.new_epochs && !allowed.losses {
        check_kept(room, &mut found);
    }
    if allowed.losses && !gone(room).is_empty() {
        check_told(room, &mut found);
    }
    found.extend(room.log.disorder());
    check_last(room, epoch, &mut found);
    if !allowed.new_epochs && room.log.epochs() > 1 {
        let what = format!("the room had {} epochs", room.log.epochs());
        found.push(Violation::new(Kind::Lost, what));
    }
    for (member, record) in &room.records {
        let begin = found.len();
        found.extend(record.violations.iter().cloned());
        check_member(record, room.log, epoch, room.seq, allowed, &mut found);
        for violation in &mut found[begin..] {
            violation.what = format!("member {member}: {}", violation.what);
        }
    }
    named(&room.name, found)
}

fn named(room: &str, mut found: Vec<Violation>) -> Vec<Violation> {
    for violation in &mut found {
        violation.what = format!("{room}: {}", violation.what);
    }
    found
}

/// Everything that was acknowledged is in the list, whatever epochs the room has been through.
fn check_kept(room: &RoomEnd<'_>, found: &mut Vec<Violation>) {
    for (member, said) in gone(room) {
        let what = format!("member {member}: {said} was acknowledged and is not stored");
        found.push(Violation::new(Kind::Lost, what));
    }
}

/// Who was not told that the room's history is another than it was.
fn check_told(room: &RoomEnd<'_>, found: &mut Vec<Violation>) {
    for (member, record) in &room.records {
        if record.times_anew() == 0 {
            let what = format!("member {member}: messages are gone, and nothing was told");
            found.push(Violation::new(Kind::Lost, what));
        }
    }
}

/// What was acknowledged to whom and is not in the list, whatever epochs the room has been through.
pub fn gone(room: &RoomEnd<'_>) -> Vec<(u32, Said)> {
    let mut gone = Vec::new();
    let first = room.list.first().map_or(u64::MAX, |first| first.seq);
    let kept: BTreeSet<Said> = room
        .list
        .iter()
        .filter_map(|stored| match stored.held {
            Some(Held::Said(said)) => Some(said),
            _ => None,
        })
        .collect();
    for (member, record) in &room.records {
        for (said, _, seq) in &record.acknowledged {
            if *seq >= first && !kept.contains(said) {
                gone.push((*member, *said));
            }
        }
    }
    gone
}

/// Nothing was told that lies behind the room's last message.
fn check_last(room: &RoomEnd<'_>, epoch: Epoch, found: &mut Vec<Violation>) {
    let told = room.log.last(epoch);
    if told > room.seq {
        let what = format!("{told} was told, and the room ends with {}", room.seq);
        found.push(Violation::new(Kind::Lost, what));
    }
}

/// The list is what was told, in order, each message once; and pages bring the same.
fn check_history(room: &mut RoomEnd<'_>, allowed: Allowed, found: &mut Vec<Violation>) {
    let mut wrong = |what: String| found.push(Violation::new(Kind::History, what));
    let kept = match allowed.history_limit {
        0 => room.seq,
        limit => room.seq.min(limit as u64),
    };
    if (room.list.len() as u64) < kept {
        wrong(format!(
            "{} of {} messages are in the list",
            room.list.len(),
            room.seq
        ));
    }
    let first = room.seq + 1 - (room.list.len() as u64).min(room.seq);
    for (at, stored) in room.list.iter().enumerate() {
        let seq = first + at as u64;
        // What is left from before Redis went back has the epoch of then.
        let own = allowed.new_epochs || stored.epoch == room.epoch;
        let epoch = room.log.epoch(&stored.epoch);
        if !own || stored.seq != seq {
            wrong(format!("{} stands in the place of {seq}", stored.seq));
            break;
        }
        let Some(held) = stored.held else {
            wrong(format!("{seq} is no message that was sent"));
            continue;
        };
        room.log.note(epoch, seq, held);
    }
    // Pages hold messages only.
    let is_message = |stored: &&Stored| !matches!(stored.held, Some(Held::Change(..)));
    let listed: Vec<&Stored> = room.list.iter().filter(is_message).collect();
    // A page is all under the room's epoch, also what is left from before Redis went back.
    let is_same = |page: &Stored, list: &Stored| {
        let epoch = allowed.new_epochs && page.epoch == room.epoch || page.epoch == list.epoch;
        epoch && (page.seq, page.held) == (list.seq, list.held)
    };
    let pairs = room.paged.iter().zip(&listed);
    let same = pairs.take_while(|(page, list)| is_same(page, list));
    let same = same.count();
    if same != listed.len() || same != room.paged.len() {
        wrong(format!(
            "pages bring {} messages, the list has {}; they are the same for {same}",
            room.paged.len(),
            listed.len(),
        ));
    }
    found.append(&mut room.log.violations);
}

fn check_member(
    record: &RoomRecord,
    log: &RoomLog,
    epoch: Epoch,
    last: u64,
    allowed: Allowed,
    found: &mut Vec<Violation>,
) {
    for (said, epoch, seq) in &record.acknowledged {
        if log.at(*epoch, *seq) != Some(Held::Said(*said)) {
            let what = format!("{said} was acknowledged as {seq}, which is another");
            found.push(Violation::new(Kind::Lost, what));
        }
    }
    let mut acknowledged: BTreeMap<Said, Vec<(Epoch, u64)>> = BTreeMap::new();
    for (said, epoch, seq) in &record.acknowledged {
        acknowledged.entry(*said).or_default().push((*epoch, *seq));
    }
    for (said, places) in acknowledged {
        if places.len() > 1 {
            let what = format!("{said} was acknowledged as {places:?}");
            found.push(Violation::new(Kind::Doubled, what));
        }
    }
    let told = record
        .runs
        .iter()
        .filter(|run| run.why == Why::Told)
        .count();
    if told > 0 && !allowed.told_gaps {
        let missing = record.told_missing();
        let what =
            format!("was told {told} times that messages may be missing, and {missing} were");
        found.push(Violation::new(Kind::Lost, what));
    }
    if record.runs.iter().any(|run| run.why == Why::NewEpoch) && !allowed.new_epochs {
        let what = "was told that the room's history began anew";
        found.push(Violation::new(Kind::Lost, what));
    }
    match record.position() {
        None => found.push(Violation::new(Kind::Lost, "never came into the room")),
        Some((at, seq)) if at != epoch || seq < last => {
            let (of, now) = (log.name(at), log.name(epoch));
            let what = format!("ended at {seq} of {of}, and the room at {last} of {now}");
            found.push(Violation::new(Kind::Lost, what));
        }
        Some(_) => {}
    }
}

/// Users by room: who should be there, and who is.
pub fn check_presence<K: Ord + std::fmt::Display>(
    what: &str,
    expected: &BTreeMap<K, bool>,
    found: &BTreeMap<K, bool>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (who, is_there) in expected {
        let shown = found.get(who).copied().unwrap_or(false);
        if shown != *is_there {
            let text = format!("{who} is {is_there} in truth and {shown} {what}");
            violations.push(Violation::new(Kind::Presence, text));
        }
    }
    for (who, shown) in found {
        if *shown && !expected.contains_key(who) {
            let text = format!("{who} is nobody, and {what}");
            violations.push(Violation::new(Kind::Presence, text));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(member: u32, number: u32) -> Said {
        Said { member, number }
    }

    /// Two senders in turn, three messages each, and a third who only listens.
    struct Scene {
        log: RoomLog,
        records: Vec<RoomRecord>,
        list: Vec<Stored>,
    }

    impl Scene {
        fn new() -> Self {
            let mut log = RoomLog::default();
            let epoch = log.epoch("e");
            let mut records = vec![RoomRecord::default(); 3];
            for record in &mut records {
                record.moved(epoch, 0, Why::Joined);
            }
            let mut list = Vec::new();
            for seq in 1..=6_u32 {
                let it = said((seq - 1) % 2, seq.div_ceil(2));
                log.note(epoch, u64::from(seq), it);
                for record in &mut records {
                    record.delivered(epoch, u64::from(seq));
                }
                records[it.member as usize]
                    .acknowledged
                    .push((it, epoch, u64::from(seq)));
                list.push(Stored {
                    epoch: "e".to_owned(),
                    seq: u64::from(seq),
                    held: Some(it.into()),
                });
            }
            Self { log, records, list }
        }

        fn kinds(mut self) -> Vec<Kind> {
            let paged = self.list.clone();
            self.kinds_with(paged)
        }

        fn kinds_with(&mut self, paged: Vec<Stored>) -> Vec<Kind> {
            let mut end = RoomEnd {
                name: "room".to_owned(),
                log: &mut self.log,
                records: (0..).zip(&self.records).collect(),
                epoch: "e".to_owned(),
                seq: 6,
                list: self.list.clone(),
                paged,
            };
            let found = check_room(&mut end, Allowed::default());
            found.iter().map(|violation| violation.kind).collect()
        }
    }

    #[test]
    fn what_is_right_is_not_complained_about() {
        assert_eq!(Scene::new().kinds(), []);
    }

    #[test]
    fn a_message_that_one_member_did_not_get_is_lost() {
        let mut scene = Scene::new();
        scene.records[2].runs[0].last = 5;
        assert_eq!(scene.kinds(), [Kind::Lost]);
        let mut scene = Scene::new();
        let record = &mut scene.records[2];
        record.runs[0].last = 3;
        record.delivered(0, 5);
        record.delivered(0, 6);
        assert_eq!(scene.kinds(), [Kind::Lost]);
    }

    #[test]
    fn a_message_that_came_twice_is_doubled() {
        let mut scene = Scene::new();
        scene.records[2].delivered(0, 6);
        assert_eq!(scene.kinds(), [Kind::Doubled]);
    }

    #[test]
    fn a_message_that_is_stored_twice_is_doubled() {
        let mut scene = Scene::new();
        scene.log = RoomLog::default();
        let epoch = scene.log.epoch("e");
        for (at, stored) in scene.list.iter_mut().enumerate() {
            if at == 4 {
                stored.held = Some(said(0, 2).into());
            }
            scene
                .log
                .note(epoch, stored.seq, stored.held.expect("said"));
        }
        scene.records[0].acknowledged.pop();
        assert_eq!(scene.kinds(), [Kind::Doubled]);
    }

    #[test]
    fn messages_that_came_or_are_stored_in_another_order_are_reordered() {
        let mut scene = Scene::new();
        let record = &mut scene.records[2];
        record.runs[0].last = 3;
        for seq in [5, 4, 6] {
            record.delivered(0, seq);
        }
        let kinds = scene.kinds();
        assert!(kinds.contains(&Kind::Reordered), "{kinds:?}");

        let mut scene = Scene::new();
        scene.log = RoomLog::default();
        let epoch = scene.log.epoch("e");
        // The second sender's first two have changed places.
        scene.list[1].held = Some(said(1, 2).into());
        scene.list[3].held = Some(said(1, 1).into());
        scene.records[1].acknowledged.clear();
        for stored in &scene.list {
            scene
                .log
                .note(epoch, stored.seq, stored.held.expect("said"));
        }
        assert_eq!(scene.kinds(), [Kind::Reordered]);
    }

    #[test]
    fn what_is_acknowledged_and_stored_as_another_is_lost() {
        let mut scene = Scene::new();
        scene.records[0].acknowledged[2] = (said(0, 3), 0, 6);
        assert_eq!(scene.kinds(), [Kind::Lost]);
    }

    #[test]
    fn a_list_that_misses_or_changes_a_message_is_a_difference() {
        let mut scene = Scene::new();
        scene.list.remove(2);
        let kinds = scene.kinds();
        assert!(kinds.contains(&Kind::History), "{kinds:?}");
        let mut scene = Scene::new();
        scene.list[2].held = Some(said(2, 9).into());
        assert_eq!(scene.kinds(), [Kind::Conflict]);
    }

    #[test]
    fn pages_that_differ_from_the_list_are_a_difference() {
        let mut scene = Scene::new();
        let paged = scene.list[1..].to_vec();
        assert_eq!(scene.kinds_with(paged), [Kind::History]);
    }

    #[test]
    fn a_gap_that_was_told_counts_where_none_is_allowed() {
        let mut scene = Scene::new();
        let record = &mut scene.records[2];
        record.runs[0].last = 3;
        record.moved(0, 6, Why::Told);
        assert_eq!(scene.kinds(), [Kind::Lost]);
    }

    #[test]
    fn who_is_shown_wrongly_is_told() {
        let expected = BTreeMap::from([("ann", true), ("bob", false)]);
        let right = BTreeMap::from([("ann", true)]);
        assert_eq!(check_presence("in the list", &expected, &right), []);
        let wrong = BTreeMap::from([("bob", true), ("eve", true)]);
        assert_eq!(check_presence("in the list", &expected, &wrong).len(), 3);
    }
}
