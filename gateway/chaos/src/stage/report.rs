//! What came of it, for people and as JSON.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::Serialize;

use crate::{
    ledger::{Kind, Violation},
    member::Member,
};

/// Violations that are shown of each kind; the figures count all.
const SHOWN_OF_A_KIND: usize = 12;

/// The figures and what was wrong.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub seed: u64,
    pub members: usize,
    pub acknowledged: u64,
    pub deliveries: u64,
    pub lost: usize,
    pub doubled: usize,
    pub reordered: usize,
    /// Violations of other kinds.
    pub other: usize,
    pub reconnections: u64,
    pub attempts_per_reconnection: f64,
    pub most_attempts: u64,
    pub longest_reconnection_ms: u64,
    pub longest_silence_ms: u64,
    pub slowest_acknowledgement_ms: u64,
    pub recovered: u64,
    pub not_recovered: u64,
    pub resyncs: u64,
    /// Messages that were acknowledged and that Redis has lost.
    pub gone: usize,
    /// How often members were told that a room's history is another than it was.
    pub told_anew: usize,
    pub told_offline: usize,
    pub paused_notices: u64,
    pub resumed_notices: u64,
    /// From the end of the load until presence was the truth.
    pub presence_ms: u64,
    pub refusals: BTreeMap<String, u64>,
    pub closes: BTreeMap<u16, u64>,
    pub faults: BTreeMap<String, u64>,
    /// What a scenario measured.
    pub timings: BTreeMap<String, Duration>,
    /// Edits, deletions, reactions and votes beside the members' talk.
    pub acts: u64,
    pub violations: Vec<Violation>,
}

impl Report {
    pub fn new(
        seed: u64,
        members: &[Member],
        violations: Vec<Violation>,
        presence_took: Duration,
    ) -> Self {
        let of = |kind| violations.iter().filter(|it| it.kind == kind).count();
        let (lost, doubled, reordered) = (of(Kind::Lost), of(Kind::Doubled), of(Kind::Reordered));
        let mut report = Self {
            seed,
            members: members.len(),
            acknowledged: 0,
            deliveries: 0,
            lost,
            doubled,
            reordered,
            other: violations.len() - lost - doubled - reordered,
            reconnections: 0,
            attempts_per_reconnection: 0.0,
            most_attempts: 0,
            longest_reconnection_ms: 0,
            longest_silence_ms: 0,
            slowest_acknowledgement_ms: 0,
            recovered: 0,
            not_recovered: 0,
            resyncs: 0,
            gone: 0,
            told_anew: 0,
            told_offline: 0,
            paused_notices: 0,
            resumed_notices: 0,
            presence_ms: presence_took.as_millis() as u64,
            refusals: BTreeMap::new(),
            closes: BTreeMap::new(),
            faults: BTreeMap::new(),
            timings: BTreeMap::new(),
            acts: 0,
            violations,
        };
        let mut attempts = 0;
        for member in members {
            attempts += member.record().reconnections.attempts;
            report.add_member(member);
        }
        report.attempts_per_reconnection = attempts as f64 / report.reconnections.max(1) as f64;
        report
    }

    /// Adds what else was wrong.
    pub fn add(&mut self, violations: Vec<Violation>) {
        for violation in violations {
            match violation.kind {
                Kind::Lost => self.lost += 1,
                Kind::Doubled => self.doubled += 1,
                Kind::Reordered => self.reordered += 1,
                _ => self.other += 1,
            }
            self.violations.push(violation);
        }
    }

    fn add_member(&mut self, member: &Member) {
        let record = member.record();
        let back = record.reconnections;
        self.acknowledged += record.acknowledged();
        self.deliveries += record.deliveries();
        self.reconnections += back.count;
        self.most_attempts = self.most_attempts.max(back.most_attempts);
        let most = |field: &mut u64, time: Duration| *field = (*field).max(time.as_millis() as u64);
        most(&mut self.longest_reconnection_ms, back.longest);
        most(&mut self.longest_silence_ms, record.longest_silence);
        most(
            &mut self.slowest_acknowledgement_ms,
            record.slowest_acknowledgement,
        );
        self.recovered += record.recovered;
        self.not_recovered += record.not_recovered;
        self.resyncs += record.resyncs;
        self.told_offline += record.told_offline.len();
        self.paused_notices += record.paused_notices;
        self.resumed_notices += record.resumed_notices;
        for (reason, count) in &record.refusals {
            *self.refusals.entry(reason.clone()).or_default() += count;
        }
        for (code, count) in &record.closes {
            *self.closes.entry(*code).or_default() += count;
        }
    }

    /// What only the scenario knows to be wrong.
    pub fn add_violation(&mut self, violation: Violation) {
        self.other += 1;
        self.violations.push(violation);
    }

    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// Shows the figures; fails with what was wrong.
    #[track_caller]
    pub fn assert_clean(&self) {
        eprintln!("{self}");
        assert!(self.is_clean(), "seed {}: see above", self.seed);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed                 {}", self.seed)?;
        writeln!(f, "members              {}", self.members)?;
        writeln!(f, "acknowledged         {}", self.acknowledged)?;
        writeln!(f, "deliveries           {}", self.deliveries)?;
        writeln!(f, "changes asked for    {}", self.acts)?;
        writeln!(
            f,
            "lost / doubled / reordered / other   {} / {} / {} / {}",
            self.lost, self.doubled, self.reordered, self.other
        )?;
        writeln!(
            f,
            "reconnections        {}, attempts each {:.2} (at most {}), longest {} ms",
            self.reconnections,
            self.attempts_per_reconnection,
            self.most_attempts,
            self.longest_reconnection_ms
        )?;
        writeln!(f, "longest silence      {} ms", self.longest_silence_ms)?;
        writeln!(
            f,
            "slowest acknowledged {} ms",
            self.slowest_acknowledgement_ms
        )?;
        writeln!(
            f,
            "rooms recovered      {}, not recovered {}, resyncs {}",
            self.recovered, self.not_recovered, self.resyncs
        )?;
        writeln!(
            f,
            "lost by Redis        {} acknowledged; {} times told of another history",
            self.gone, self.told_anew
        )?;
        writeln!(f, "told offline         {}", self.told_offline)?;
        writeln!(
            f,
            "sending paused       {} times told, resumed {}",
            self.paused_notices, self.resumed_notices
        )?;
        writeln!(f, "presence true after  {} ms", self.presence_ms)?;
        writeln!(f, "refusals             {:?}", self.refusals)?;
        writeln!(f, "closes               {:?}", self.closes)?;
        if !self.faults.is_empty() {
            writeln!(f, "faults               {:?}", self.faults)?;
        }
        for (what, time) in &self.timings {
            writeln!(f, "{what:<20} {time:.2?}")?;
        }
        let mut shown: BTreeMap<Kind, usize> = BTreeMap::new();
        for violation in &self.violations {
            let count = shown.entry(violation.kind).or_default();
            *count += 1;
            if *count <= SHOWN_OF_A_KIND {
                writeln!(f, "VIOLATION {violation}")?;
            }
        }
        Ok(())
    }
}
