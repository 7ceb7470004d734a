//! What was found out, for people and for machines.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

#[derive(Debug)]
struct Figure {
    key: &'static str,
    label: String,
    value: f64,
    unit: &'static str,
}

/// The outcome of a run.
#[derive(Debug)]
pub struct Report {
    scenario: &'static str,
    /// What was asked for, in words.
    setup: String,
    figures: Vec<Figure>,
    /// What limits the figures' worth.
    notes: Vec<String>,
    /// What must not happen and did.
    failures: Vec<String>,
}

impl Report {
    pub fn new(scenario: &'static str, setup: String) -> Self {
        Self {
            scenario,
            setup,
            figures: Vec::new(),
            notes: Vec::new(),
            failures: Vec::new(),
        }
    }

    pub fn figure(
        &mut self,
        key: &'static str,
        label: impl Into<String>,
        value: f64,
        unit: &'static str,
    ) {
        self.figures.push(Figure {
            key,
            label: label.into(),
            value,
            unit,
        });
    }

    /// A figure that must be zero.
    pub fn none_expected(&mut self, key: &'static str, label: &'static str, count: u64) {
        self.figure(key, label, count as f64, "");
        if count > 0 {
            self.failures.push(format!("{label}: {count}"));
        }
    }

    /// A figure that must stay below a bar.
    pub fn below(&mut self, key: &'static str, label: &'static str, value: f64, bar: f64) {
        self.figure(key, label, value, "");
        if value >= bar {
            self.failures.push(format!(
                "{label}: {}, not below {}",
                shown(value),
                shown(bar)
            ));
        }
    }

    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    pub fn is_good(&self) -> bool {
        self.failures.is_empty()
    }

    pub fn print(&self, json: bool) {
        if json {
            println!("{:#}", self.json());
        } else {
            print!("{}", self.table());
        }
    }

    fn json(&self) -> Value {
        let figures: Map<_, _> = self
            .figures
            .iter()
            .map(|figure| (figure.key.to_owned(), number(figure.value)))
            .collect();
        json!({
            "scenario": self.scenario,
            "setup": self.setup,
            "ok": self.is_good(),
            "figures": figures,
            "notes": self.notes,
            "failures": self.failures,
        })
    }

    fn table(&self) -> String {
        let mut table = format!("{}: {}\n\n", self.scenario, self.setup);
        let longest = |length: fn(&Figure) -> usize| self.figures.iter().map(length).max();
        let labels = longest(|figure| figure.label.chars().count()).unwrap_or_default();
        let values = longest(|figure| shown(figure.value).len()).unwrap_or_default();
        for figure in &self.figures {
            let line = format!(
                "  {:<labels$}  {:>values$} {}",
                figure.label,
                shown(figure.value),
                figure.unit
            );
            table.push_str(line.trim_end());
            table.push('\n');
        }
        // A string takes everything.
        for note in &self.notes {
            let _ = writeln!(table, "\nNote: {note}");
        }
        for failure in &self.failures {
            let _ = writeln!(table, "\nFAILED: {failure}");
        }
        table
    }
}

/// Counts as whole numbers; JSON has no infinity, which a division by nothing gives.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        json!(value as i64)
    } else {
        json!(value)
    }
}

/// Three significant digits at least, thousands apart.
fn shown(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    if value.fract() != 0.0 && value.abs() < 100.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 && digits != "0" {
        text.insert(0, '-');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(shown(1_234_567.0), "1,234,567");
        assert_eq!(shown(100.4), "100");
        assert_eq!(shown(7.256), "7.26");
        assert_eq!(shown(-1_000.0), "-1,000");
        assert_eq!(shown(f64::NAN), "-");
    }

    #[test]
    fn what_must_not_happen_fails_the_run() {
        let mut report = Report::new("idle", "10 connections".to_owned());
        report.figure("kib_each", "memory each", 2.5, "KiB");
        report.none_expected("errors", "errors", 0);
        assert!(report.is_good());
        report.none_expected("lost", "lost", 3);
        assert!(!report.is_good());
        let json = report.json();
        assert_eq!(json["figures"]["kib_each"], 2.5);
        assert_eq!(json["figures"]["lost"], 3);
        assert_eq!(json["ok"], false);
        assert!(report.table().ends_with("FAILED: lost: 3\n"));
        report.below("ratio", "a ratio", 0.99, 1.0);
        report.below("dear", "another", 1.0, 1.0);
        let table = report.table();
        assert!(
            table.ends_with("FAILED: another: 1, not below 1\n"),
            "{table}"
        );
        assert!(!table.contains("FAILED: a ratio"), "{table}");
    }
}
