//! Whether the program should get work, as named conditions that must all hold.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A cloneable handle to all conditions of the program.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    /// What keeps each condition from holding; `None` when it holds.
    conditions: Arc<Mutex<BTreeMap<&'static str, Option<String>>>>,
}

/// One condition, for the part of the program that knows about it.
#[derive(Debug, Clone)]
pub struct Condition {
    name: &'static str,
    readiness: Readiness,
}

impl Readiness {
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
        let readiness = Readiness::default();
        assert!(readiness.is_ready());
        let redis = readiness.condition("redis");
        let serving = readiness.condition("serving");
        assert_eq!(
            readiness.verdict(),
            Err("redis: not yet; serving: not yet".to_owned())
        );
        redis.holds();
        serving.clone().fails("draining\nnow");
        assert_eq!(readiness.verdict(), Err("serving: draining now".to_owned()));
        serving.holds();
        assert!(readiness.is_ready());
    }
}
