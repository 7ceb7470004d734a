//! What clients call themselves, kept once for all connections that call themselves the same.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use parlor_shared::limits::CLIENT_HINT_CHARACTERS;

/// Different texts kept; beyond it those that nobody uses any more are dropped.
const KEPT_HINTS: usize = 1_024;

/// The texts. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ClientHints {
    known: Arc<Mutex<HashSet<Arc<str>>>>,
}

impl ClientHints {
    /// The hint that a `User-Agent` gives: printable ASCII, shortened.
    pub fn of(&self, user_agent: &str) -> Arc<str> {
        let printable = |character: &char| matches!(character, ' '..='~');
        let hint: String = user_agent
            .chars()
            .filter(printable)
            .take(CLIENT_HINT_CHARACTERS)
            .collect();
        let hint = hint.trim();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hint) = known.get(hint) {
            return Arc::clone(hint);
        }
        if known.len() >= KEPT_HINTS {
            known.retain(|hint| Arc::strong_count(hint) > 1);
        }
        let hint: Arc<str> = hint.into();
        if known.len() < KEPT_HINTS {
            known.insert(Arc::clone(&hint));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_kept_once_and_short() {
        let hints = ClientHints::default();
        let one = hints.of(" Firefox\u{7}\u{1b}[31m on Lïnux ");
        assert_eq!(&*one, "Firefox[31m on Lnux");
        assert!(Arc::ptr_eq(&one, &hints.of("Firefox[31m on Lnux")));
        assert_eq!(hints.of(&"x".repeat(500)).len(), CLIENT_HINT_CHARACTERS);
        for number in 0..2 * KEPT_HINTS {
            hints.of(&number.to_string());
        }
        assert!(hints.known.lock().unwrap().len() <= KEPT_HINTS);
        assert!(
            Arc::ptr_eq(&one, &hints.of("Firefox[31m on Lnux")),
            "it is in use"
        );
    }
}
