//! Whom a text may name: candidates, to be looked up.

use parlor_shared::{
    id::Username,
    limits::{self, NAME_BYTES},
};

/// Words of the longest name that is looked for: `@Ann of the Sea` is found, a sentence is not taken
/// for a name.
const NAME_WORDS: usize = 4;

/// The names that may stand behind one `@`, the longest first: which of them is meant, only a
/// look-up can tell.
pub type Candidates = Vec<Username>;

/// What may be names in a text, for each of its first [`limits::MENTIONS`] `@`s. An `@` within a
/// word, as in an e-mail address, names nobody.
pub fn candidates(text: &str) -> Vec<Candidates> {
    let begins_word = |at: usize| {
        let before = text[..at].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && before != '@')
    };
    text.match_indices('@')
        .filter(|(at, _)| begins_word(*at))
        .map(|(at, _)| behind(&text[at + 1..]))
        .filter(|candidates| !candidates.is_empty())
        .take(limits::MENTIONS)
        .collect()
}

fn behind(text: &str) -> Candidates {
    let line = text.split(['\n', '@']).next().unwrap_or_default();
    let mut most = line.len().min(NAME_BYTES);
    while !line.is_char_boundary(most) {
        most -= 1;
    }
    let line = &line[..most];
    if line.starts_with(char::is_whitespace) {
        return Vec::new();
    }
    let mut ends: Vec<usize> = Vec::new();
    let mut words = 0;
    let mut within = false;
    for (at, character) in line.char_indices().chain([(line.len(), ' ')]) {
        if character.is_whitespace() {
            if within {
                words += 1;
                ends.push(at);
                if words == NAME_WORDS {
                    break;
                }
            }
            within = false;
        } else {
            within = true;
        }
    }
    let mut found: Candidates = Vec::new();
    for end in ends.into_iter().rev() {
        let whole = &line[..end];
        // A name may end with a full stop, a sentence too.
        let bare = whole.trim_end_matches(|character: char| character.is_ascii_punctuation());
        for text in [whole, bare] {
            if let Ok(name) = Username::new(text)
                && !found.contains(&name)
            {
                found.push(name);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<Vec<String>> {
        let texts = |names: Candidates| names.iter().map(ToString::to_string).collect();
        candidates(text).into_iter().map(texts).collect()
    }

    #[test]
    fn the_longest_name_comes_first() {
        assert_eq!(
            names("hello @ann lee, are you there"),
            [vec![
                "ann lee, are you",
                "ann lee, are",
                "ann lee,",
                "ann lee",
                "ann"
            ]]
        );
        assert_eq!(
            names("(@ann) and @bob."),
            [vec!["ann) and", "ann)", "ann"], vec!["bob.", "bob"]]
        );
        assert_eq!(names("@ann\n@bob"), [vec!["ann"], vec!["bob"]]);
    }

    #[test]
    fn what_names_nobody_is_left_out() {
        for text in [
            "",
            "ann",
            "ann@example.org",
            "@",
            "@ ann",
            "@@",
            "a @\nb",
            "@\u{200b}",
        ] {
            assert!(candidates(text).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn it_is_bounded() {
        let many = "@ann ".repeat(60);
        assert_eq!(candidates(&many).len(), limits::MENTIONS);
        let long = format!("@{}", "ü".repeat(4_000));
        assert!(candidates(&long).is_empty());
    }
}
