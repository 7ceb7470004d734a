//! Which names a text may mention, decided purely: whether they are anybody's, the directory knows.

use parlor_shared::{id::Username, limits};

/// Words that a mentioned name may have: there is no telling where it ends.
const WORDS: usize = 3;

/// For each `@` of a text that may begin a name, the names that it may be, the longest first.
pub(super) fn candidates(text: &str) -> Vec<Vec<Username>> {
    let begins = |(at, _): &(usize, &str)| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|character| !character.is_alphanumeric())
    };
    let names = text.match_indices('@').filter(begins);
    let names = names.map(|(at, _)| names_at(&text[at + 1..]));
    names
        .filter(|names| !names.is_empty())
        .take(limits::MENTIONS)
        .collect()
}

/// The names that a text may begin with.
fn names_at(text: &str) -> Vec<Username> {
    let line = text.lines().next().unwrap_or_default();
    let line = match line.char_indices().nth(limits::NAME_CHARACTERS + 1) {
        Some((end, _)) => &line[..end],
        None => line,
    };
    if line.starts_with(|character: char| character.is_whitespace() || character == '@') {
        return Vec::new();
    }
    let mut ends: Vec<usize> = line.match_indices(' ').map(|(at, _)| at).collect();
    ends.push(line.len());
    ends.truncate(WORDS);
    let mut names: Vec<Username> = Vec::new();
    for end in ends.into_iter().rev() {
        let words = &line[..end];
        let bare = words.trim_end_matches(|character: char| !character.is_alphanumeric());
        for name in [words, bare]
            .into_iter()
            .filter_map(|it| Username::new(it).ok())
        {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Vec<String>> {
        let names = candidates(text).into_iter();
        names
            .map(|names| names.iter().map(ToString::to_string).collect())
            .collect()
    }

    #[test]
    fn names_are_sought_behind_an_at_sign() {
        assert_eq!(found("hi @ann"), [["ann"]]);
        assert_eq!(found("(@ann!)"), [["ann!)", "ann"]]);
        assert_eq!(
            found("@Ada Lovelace, hi there"),
            [["Ada Lovelace, hi", "Ada Lovelace,", "Ada Lovelace", "Ada"]]
        );
        assert!(found("mail ann@example.org").is_empty());
        assert!(found("@ @@ @").is_empty());
        assert_eq!(found(&"@a ".repeat(99)).len(), limits::MENTIONS);
    }
}
