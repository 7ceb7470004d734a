//! Whether the program should get work, as named conditions that must all hold.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::{IntGaugeVec, Opts};

use super::Metrics;

/// A cloneable handle to all conditions of the program.
#[derive(Debug, Clone)]
pub struct Readiness {
    /// What keeps each condition from holding; `None` when it holds.
    conditions: Arc<Mutex<BTreeMap<&'static str, Option<String>>>>,
    /// The same for those who look later: 1 for each condition that holds, else 0.
    holding: IntGaugeVec,
}

/// One condition, for the part of the program that knows about it.
#[derive(Debug, Clone)]
pub struct Condition {
    name: &'static str,
    readiness: Readiness,
}

impl Readiness {
    /// Without conditions, ready; `parlor_ready` among the metrics tells each that is added.
    ///
    /// # Errors
    /// When the program has one already.
    pub fn new(metrics: &Metrics) -> prometheus::Result<Self> {
        let holding = IntGaugeVec::new(
            Opts::new(
                "parlor_ready",
                "Whether a condition of readiness holds: 1 or 0.",
            ),
            &["condition"],
        )?;
        Ok(Self {
            conditions: Arc::default(),
            holding: metrics.register(holding)?,
        })
    }

    /// Adds a condition that does not hold yet.
    pub fn condition(&self, name: &'static str) -> Condition {
        let condition = Condition {
            name,
            readiness: self.clone(),
        };
        condition.fails("not yet");
        condition
    }

    pub fn is_ready(&self) -> bool {
        self.verdict().is_ok()
    }

    /// Nothing, or one line with each condition that does not hold and why.
    pub fn verdict(&self) -> Result<(), String> {
        let conditions = self
            .conditions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let reasons: Vec<_> = conditions
            .iter()
            .filter_map(|(name, reason)| Some(format!("{name}: {}", reason.as_ref()?)))
            .collect();
        if reasons.is_empty() {
            Ok(())
        } else {
            Err(reasons.join("; "))
        }
    }

    fn set(&self, name: &'static str, reason: Option<String>) {
        let mut conditions = self
            .conditions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let holds = self.holding.with_label_values(&[name]);
        holds.set(i64::from(reason.is_none()));
        conditions.insert(name, reason);
    }
}

impl Condition {
    pub fn holds(&self) {
        self.readiness.set(self.name, None);
    }

    /// The reason is shown to operators in one line.
    pub fn fails(&self, reason: impl Into<String>) {
        let reason = reason.into().replace(['\r', '\n'], " ");
        self.readiness.set(self.name, Some(reason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_conditions_must_hold_and_those_that_do_not_are_named() {
        let metrics = Metrics::new("test").expect("valid");
        let readiness = Readiness::new(&metrics).expect("one");
        assert!(readiness.is_ready());
        let told = |line: &str| metrics.render().expect("text").contains(line);
        let redis = readiness.condition("redis");
        let serving = readiness.condition("serving");
        assert_eq!(
            readiness.verdict(),
            Err("redis: not yet; serving: not yet".to_owned())
        );
        redis.holds();
        serving.clone().fails("draining\nnow");
        assert_eq!(readiness.verdict(), Err("serving: draining now".to_owned()));
        assert!(told("parlor_ready{condition=\"redis\"} 1"));
        assert!(told("parlor_ready{condition=\"serving\"} 0"));
        serving.holds();
        assert!(readiness.is_ready());
    }
}
