//! What the names of one Parlor begin with.

use std::{fmt, str::FromStr, sync::Arc};

use super::Family;

/// Longer ones would make every key and every command longer.
const MAX_BYTES: usize = 32;

/// What every name of one Parlor begins with; empty for a Parlor that has its Redis to itself.
/// Cheap to clone.
///
/// It holds nothing that Redis reads as more than text: no braces, which would decide a key's slot,
/// and none of the signs of patterns, so that `<prefix>*` means this Parlor's names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefix(Arc<str>);

impl Prefix {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Prefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":._-/".contains(&byte);
        if text.len() > MAX_BYTES || !text.bytes().all(is_plain) {
            return Err(format!(
                "at most {MAX_BYTES} letters, digits and : . _ - /, such as team-a:"
            ));
        }
        // A Parlor without a prefix on the same Redis would take such keys for its own.
        let first = text.split(':').next().unwrap_or_default();
        if text.contains(':') && Family::ALL.iter().any(|family| family.name() == first) {
            return Err(format!(
                "a prefix that does not begin as Parlor's own names do, which {first}: does"
            ));
        }
        Ok(Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_short_plain_text() {
        let longest = "x".repeat(MAX_BYTES);
        for good in ["", "a", "team-a:", "parlor:eu/1.b_", &longest] {
            assert_eq!(good.parse::<Prefix>().unwrap().as_str(), good);
        }
        let too_long = "x".repeat(MAX_BYTES + 1);
        for bad in [
            "a b", " ", "{a}", "a}", "a*", "a?", "[a", "a]", "a\\", "a^", "é", "a\n", "\"", "a$",
            "#a", &too_long,
        ] {
            let refused = bad.parse::<Prefix>().unwrap_err();
            assert!(refused.contains("such as team-a:"), "{bad:?}: {refused}");
        }
    }

    #[test]
    fn a_prefix_is_not_taken_for_the_name_of_a_family() {
        for bad in ["photo:", "userAccount:x:", "messages:", "workers:"] {
            let refused = bad.parse::<Prefix>().unwrap_err();
            assert!(refused.contains("own names"), "{bad}: {refused}");
        }
        for good in ["photos:", "photo-", "users", "my:photo:"] {
            assert!(good.parse::<Prefix>().is_ok(), "{good}");
        }
    }
}
