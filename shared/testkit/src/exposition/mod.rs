//! A strict reader of Prometheus' text exposition format, version 0.0.4.
//!
//! Stricter than a scrape: every family must have HELP and TYPE before its samples and stand in one
//! piece, counters are named `_total`, histograms are complete and cumulative. What passes here is
//! accepted by every scraper and by Prometheus' own linter.

mod check;
mod line;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use line::Line;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
    Summary,
    Untyped,
}

pub type Labels = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The family's name, in histograms and summaries with `_bucket`, `_sum` or `_count`.
    pub name: String,
    pub labels: Labels,
    pub value: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    pub name: String,
    pub help: String,
    pub kind: Kind,
    pub samples: Vec<Sample>,
}

/// All families of one exposition, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Families(BTreeMap<String, Family>);

impl Families {
    pub fn get(&self, name: &str) -> Option<&Family> {
        self.0.get(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The value of the one series with this sample name and exactly these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let matches = |sample: &&Sample| {
            sample.labels.len() == labels.len()
                && labels.iter().all(|(label, value)| {
                    sample
                        .labels
                        .get(*label)
                        .is_some_and(|known| known == value)
                })
        };
        self.samples(name).find(matches).map(|sample| sample.value)
    }

    /// The sum over all series with this sample name; 0 when there is none.
    pub fn sum(&self, name: &str) -> f64 {
        self.samples(name).map(|sample| sample.value).sum()
    }

    fn samples(&self, name: &str) -> impl Iterator<Item = &Sample> {
        self.0
            .values()
            .flat_map(|family| &family.samples)
            .filter(move |sample| sample.name == name)
    }
}

/// Reads an exposition, or says in one sentence what is wrong with it and where.
pub fn parse(text: &str) -> Result<Families, String> {
    let mut reader = Reader::default();
    for (index, line) in text.split_terminator('\n').enumerate() {
        reader
            .take(line)
            .map_err(|error| format!("line {}: {error}: {line}", index + 1))?;
    }
    if !text.is_empty() && !text.ends_with('\n') {
        return Err("the last line does not end with a line feed".to_owned());
    }
    reader.finish_family()?;
    Ok(reader.families)
}

/// The state between lines.
#[derive(Debug, Default)]
struct Reader {
    families: Families,
    /// The family whose lines are being read.
    current: Option<Draft>,
}

#[derive(Debug)]
struct Draft {
    name: String,
    help: Option<String>,
    kind: Option<Kind>,
    samples: Vec<Sample>,
}

impl Reader {
    fn take(&mut self, text: &str) -> Result<(), String> {
        match line::parse(text)? {
            Line::Nothing => Ok(()),
            Line::Help(name, help) => {
                let draft = self.draft(name)?;
                if draft.help.replace(help).is_some() {
                    return Err("a second HELP".to_owned());
                }
                Ok(())
            }
            Line::Type(name, kind) => {
                let draft = self.draft(name)?;
                if draft.kind.replace(kind).is_some() {
                    return Err("a second TYPE".to_owned());
                }
                Ok(())
            }
            Line::Sample(sample) => {
                let draft = self
                    .current
                    .as_mut()
                    .filter(|draft| draft.owns(&sample.name))
                    .ok_or("a sample without HELP and TYPE directly above its family")?;
                draft.samples.push(sample);
                Ok(())
            }
        }
    }

    /// The draft of the family of this name; the one before is finished.
    fn draft(&mut self, name: String) -> Result<&mut Draft, String> {
        if self
            .current
            .as_ref()
            .is_some_and(|draft| draft.name != name)
        {
            self.finish_family()?;
        }
        if self.families.0.contains_key(&name) {
            return Err("the family stands in two places".to_owned());
        }
        let draft = self.current.get_or_insert_with(|| Draft {
            name,
            help: None,
            kind: None,
            samples: Vec::new(),
        });
        if draft.samples.is_empty() {
            Ok(draft)
        } else {
            Err("HELP or TYPE after the first sample".to_owned())
        }
    }

    fn finish_family(&mut self) -> Result<(), String> {
        let Some(draft) = self.current.take() else {
            return Ok(());
        };
        let name = draft.name;
        let help = draft
            .help
            .ok_or_else(|| format!("the family {name} has no HELP"))?;
        let kind = draft
            .kind
            .ok_or_else(|| format!("the family {name} has no TYPE"))?;
        let family = Family {
            name: name.clone(),
            help,
            kind,
            samples: draft.samples,
        };
        check::family(&family).map_err(|error| format!("the family {name}: {error}"))?;
        self.families.0.insert(name, family);
        Ok(())
    }
}

impl Draft {
    fn owns(&self, sample: &str) -> bool {
        let suffixes: &[&str] = match self.kind {
            Some(Kind::Histogram) => &["_bucket", "_sum", "_count"],
            Some(Kind::Summary) => &["", "_sum", "_count"],
            Some(_) => &[""],
            None => &[],
        };
        self.help.is_some()
            && sample
                .strip_prefix(&self.name)
                .is_some_and(|suffix| suffixes.contains(&suffix))
    }
}
