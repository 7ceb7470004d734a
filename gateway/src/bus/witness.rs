//! What this gateway has seen of each partition, kept to notice that Redis has gone back: failed
//! over to a replica that was behind, or restarted with less than it had. Pure.
//!
//! A store that has gone back holds a beginning of what was written to it, and whatever came since.
//! So one message tells of all before it: as long as Redis has the last one that was seen of a
//! partition, nothing that was seen of that partition is lost.

use std::{mem, sync::Arc};

use parlor_shared::event::{Position, era_of};

/// Eras of one partition that are remembered. Each begins because Redis went back: they are few.
const ERAS: usize = 8;

/// A message of one of the partition's rooms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub channel: String,
    pub epoch: String,
    pub seq: u64,
    pub ms: u64,
}

/// What is to be asked of Redis about a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub partition: u16,
    /// Eras of which this gateway knows that they are over: Redis must not be in one of them.
    pub over: Vec<Arc<str>>,
    /// A message that Redis must have if it is in the message's era.
    pub seen: Option<Seen>,
}

/// What follows from something seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Nothing,
    /// Redis has to be asked.
    Ask,
    /// The partition is in an era that is new to this gateway, and was in another before.
    Begun,
}

/// The witness for all partitions.
#[derive(Debug)]
pub struct Witness {
    partitions: Vec<Partition>,
    /// Connections the subscriber has made.
    connects: u64,
}

/// What is asked about at once: one partition, or all.
pub type Scope = Option<u16>;

#[derive(Clone, Debug, Default)]
struct Partition {
    /// Which of the subscriber's connections Redis was asked about. What comes on an unasked one is
    /// no proof: it may have been published after Redis went back, and must not take the place of
    /// what was before.
    asked: Option<u64>,
    /// Oldest first; the last is the one that it is in.
    eras: Vec<Arc<str>>,
    /// The last era is known to be spoiled: its numbers have been given twice.
    spoiled: bool,
    /// Two sources, each in order by itself: the last that was published here, and the last that
    /// came from the bus.
    published: Option<Seen>,
    heard: Option<Seen>,
}

impl Witness {
    pub fn new(partitions: u16) -> Self {
        Self {
            partitions: vec![Partition::default(); usize::from(partitions)],
            connects: 0,
        }
    }

    /// The era that a partition is in as far as is known; empty if it is not.
    pub fn era(&self, partition: u16) -> Arc<str> {
        let partition = self.partitions.get(usize::from(partition));
        let era = partition.and_then(|it| it.eras.last());
        era.cloned().unwrap_or_default()
    }

    /// Redis has numbered a message for this gateway.
    pub fn published(&mut self, partition: u16, channel: &str, position: &Position) -> Verdict {
        let Some(partition) = self.partitions.get_mut(usize::from(partition)) else {
            return Verdict::Nothing;
        };
        let era = era_of(&position.epoch);
        if partition.is_in(era) {
            let again = partition.published.as_ref().is_some_and(|seen| {
                seen.channel == channel && seen.epoch == *position.epoch && seen.seq >= position.seq
            });
            if again {
                partition.spoiled = true;
                return Verdict::Ask;
            }
        } else if partition.knows(era) {
            // On its way since before the era that this gateway has learnt of meanwhile; or Redis
            // has gone back to before that.
            return Verdict::Ask;
        }
        let begun = partition.enter(era);
        let seen = partition.published.get_or_insert_default();
        seen.set(channel, (&position.epoch, position.seq, position.ms));
        if begun {
            Verdict::Begun
        } else {
            Verdict::Nothing
        }
    }

    /// A message came from the bus.
    pub fn heard(&mut self, partition: u16, channel: &str, position: (&str, u64, u64)) {
        let Some(partition) = self.partitions.get_mut(usize::from(partition)) else {
            return;
        };
        let settled = partition.asked == Some(self.connects);
        // A room may be behind its partition, so only Redis tells of an era; the first one is
        // taken as it comes.
        let era = era_of(position.0);
        if !settled || !(partition.eras.is_empty() || partition.is_in(era)) {
            return;
        }
        partition.enter(era);
        let seen = partition.heard.get_or_insert_default();
        seen.set(channel, position);
    }

    /// A room was shown two messages in one place, or less than it had, all of one era.
    pub fn spoiled(&mut self, partition: u16, era: &str) -> Verdict {
        match self.partitions.get_mut(usize::from(partition)) {
            Some(partition) if partition.is_in(era) => {
                partition.spoiled = true;
                Verdict::Ask
            }
            _ => Verdict::Nothing,
        }
    }

    /// The subscriber's connection is gone: its next one may be to a Redis that has gone back.
    pub fn disconnected(&mut self) {
        for partition in &mut self.partitions {
            partition.asked = None;
        }
    }

    /// It is there again.
    pub fn connected(&mut self) -> Verdict {
        self.connects += 1;
        Verdict::Ask
    }

    /// All that is to be asked, and which of the subscriber's connections it is about.
    pub fn questions(&self, scope: Scope) -> (u64, Vec<Question>) {
        let mut questions = Vec::new();
        for (number, partition) in self.partitions.iter().enumerate() {
            if scope.is_some_and(|only| usize::from(only) != number) {
                continue;
            }
            let question = |seen: Option<&Seen>| Question {
                partition: number as u16,
                over: partition.over(),
                seen: seen.cloned(),
            };
            let sources = [partition.published.as_ref(), partition.heard.as_ref()];
            let before = questions.len();
            questions.extend(
                sources
                    .into_iter()
                    .flatten()
                    .map(|seen| question(Some(seen))),
            );
            if questions.len() == before {
                questions.push(question(None));
            }
        }
        (self.connects, questions)
    }

    /// Redis has told which era a partition is in; `None` if it has nothing of the partition.
    pub fn answered(&mut self, partition: u16, era: Option<&str>) -> Verdict {
        let Some(partition) = self.partitions.get_mut(usize::from(partition)) else {
            return Verdict::Nothing;
        };
        match era {
            Some(era) if partition.enter(era) => Verdict::Begun,
            Some(_) => Verdict::Nothing,
            None => {
                // Flushed: what comes next has epochs of its own.
                partition.forget();
                Verdict::Nothing
            }
        }
    }

    /// Everything was asked that was to be asked when the subscriber had its `connects`th
    /// connection.
    pub fn settled(&mut self, scope: Scope, connects: u64) {
        if connects != self.connects {
            return;
        }
        for (number, partition) in self.partitions.iter_mut().enumerate() {
            if scope.is_none_or(|only| usize::from(only) == number) {
                partition.asked = Some(connects);
            }
        }
    }
}

impl Partition {
    fn is_in(&self, era: &str) -> bool {
        self.eras.last().is_some_and(|last| **last == *era)
    }

    fn knows(&self, era: &str) -> bool {
        self.eras.iter().any(|known| **known == *era)
    }

    fn over(&self) -> Vec<Arc<str>> {
        let current = usize::from(!self.spoiled);
        let over = self.eras.len().saturating_sub(current);
        self.eras[..over].to_vec()
    }

    /// Goes to an era, if it is not in it. `true` if that ended another.
    fn enter(&mut self, era: &str) -> bool {
        if self.is_in(era) {
            return false;
        }
        // What was seen before is of epochs that nobody can resume any more.
        self.forget();
        let another = !self.eras.is_empty();
        self.eras.retain(|known| **known != *era);
        self.eras.push(era.into());
        if self.eras.len() > ERAS {
            self.eras.remove(0);
        }
        another
    }

    fn forget(&mut self) {
        let eras = mem::take(&mut self.eras);
        *self = Self {
            asked: self.asked,
            eras,
            ..Self::default()
        };
    }
}

impl Seen {
    /// Takes another message's place, in the memory of this one's.
    fn set(&mut self, channel: &str, (epoch, seq, ms): (&str, u64, u64)) {
        self.channel.clear();
        self.channel.push_str(channel);
        self.epoch.clear();
        self.epoch.push_str(epoch);
        (self.seq, self.ms) = (seq, ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: &str = "{0}room";

    fn position(era: &str, seq: u64) -> Position {
        Position {
            epoch: format!("roomroom{era}").into(),
            seq,
            ms: 1_000 + seq,
        }
    }

    fn question(witness: &Witness) -> Vec<(Vec<String>, Option<u64>)> {
        let (_, questions) = witness.questions(None);
        questions
            .into_iter()
            .map(|it| {
                let over = it.over.iter().map(ToString::to_string).collect();
                (over, it.seen.map(|seen| seen.seq))
            })
            .collect()
    }

    #[test]
    fn the_last_message_of_each_source_is_asked_about() {
        let mut witness = Witness::new(1);
        assert_eq!(question(&witness), [(vec![], None)]);
        for seq in 1..=3 {
            let verdict = witness.published(0, ROOM, &position("one", seq));
            assert_eq!(verdict, Verdict::Nothing);
        }
        assert_eq!(question(&witness), [(vec![], Some(3))]);
        let heard = position("one", 4);
        let heard = (&*heard.epoch, heard.seq, heard.ms);
        witness.heard(0, ROOM, heard);
        assert_eq!(question(&witness).len(), 1, "nobody has asked yet");
        assert_eq!(witness.connected(), Verdict::Ask);
        let (connects, _) = witness.questions(None);
        witness.settled(None, connects);
        witness.heard(0, ROOM, heard);
        let both = [(vec![], Some(3)), (vec![], Some(4))];
        assert_eq!(question(&witness), both);
        assert_eq!(&*witness.era(0), "one");
    }

    #[test]
    fn what_comes_on_a_connection_that_nobody_asked_about_replaces_nothing() {
        let mut witness = Witness::new(1);
        witness.connected();
        witness.settled(None, 1);
        let hear = |witness: &mut Witness, seq| {
            let heard = position("one", seq);
            witness.heard(0, ROOM, (&heard.epoch, heard.seq, heard.ms));
        };
        hear(&mut witness, 7);
        witness.disconnected();
        let (before, _) = witness.questions(None);
        witness.connected();
        hear(&mut witness, 3);
        witness.settled(None, before);
        hear(&mut witness, 4);
        assert_eq!(question(&witness), [(vec![], Some(7))]);
        witness.settled(None, before + 1);
        hear(&mut witness, 8);
        assert_eq!(question(&witness), [(vec![], Some(8))]);
    }

    #[test]
    fn partitions_are_asked_about_one_by_one() {
        let mut witness = Witness::new(2);
        witness.connected();
        assert_eq!(witness.questions(Some(1)).1[0].partition, 1);
        assert_eq!(witness.questions(Some(1)).1.len(), 1);
        witness.settled(Some(1), 1);
        let heard = position("one", 7);
        for partition in 0..2 {
            witness.heard(partition, ROOM, (&heard.epoch, heard.seq, heard.ms));
        }
        assert_eq!(&*witness.era(0), "", "nobody has asked about it");
        assert_eq!(&*witness.era(1), "one");
    }

    #[test]
    fn a_number_given_twice_is_proof() {
        let mut witness = Witness::new(1);
        witness.published(0, ROOM, &position("one", 3));
        let again = witness.published(0, ROOM, &position("one", 3));
        assert_eq!(again, Verdict::Ask);
        assert_eq!(question(&witness), [(vec!["one".into()], Some(3))]);
        assert_eq!(witness.answered(0, Some("two")), Verdict::Begun);
        assert_eq!(question(&witness), [(vec!["one".into()], None)]);
        assert_eq!(
            witness.published(0, ROOM, &position("two", 4)),
            Verdict::Nothing
        );
    }

    #[test]
    fn rooms_spoil_only_the_era_that_is() {
        let mut witness = Witness::new(1);
        witness.published(0, ROOM, &position("one", 3));
        witness.answered(0, Some("two"));
        assert_eq!(witness.spoiled(0, "one"), Verdict::Nothing);
        assert_eq!(question(&witness), [(vec!["one".into()], None)]);
        assert_eq!(witness.spoiled(0, "two"), Verdict::Ask);
        let both = vec!["one".into(), "two".into()];
        assert_eq!(question(&witness), [(both, None)]);
    }

    #[test]
    fn an_answer_from_before_an_era_is_no_news() {
        let mut witness = Witness::new(1);
        witness.published(0, ROOM, &position("one", 3));
        // Another gateway began it; this one's next message tells.
        let learnt = witness.published(0, ROOM, &position("two", 2));
        assert_eq!(learnt, Verdict::Begun);
        let late = witness.published(0, ROOM, &position("one", 4));
        assert_eq!(late, Verdict::Ask);
        assert_eq!(&*witness.era(0), "two");
        assert_eq!(witness.answered(0, Some("two")), Verdict::Nothing);
        assert_eq!(question(&witness), [(vec!["one".into()], Some(2))]);
    }

    #[test]
    fn a_flush_leaves_nothing_to_ask_about() {
        let mut witness = Witness::new(1);
        witness.published(0, ROOM, &position("one", 3));
        assert_eq!(witness.answered(0, None), Verdict::Nothing);
        assert_eq!(question(&witness), [(vec![], None)]);
        assert_eq!(
            witness.published(0, ROOM, &position("two", 1)),
            Verdict::Begun
        );
    }

    #[test]
    fn few_eras_are_remembered() {
        let mut witness = Witness::new(1);
        for number in 0..20 {
            witness.answered(0, Some(&number.to_string()));
        }
        let (_, questions) = witness.questions(None);
        assert_eq!(questions[0].over.len(), ERAS - 1);
    }
}
