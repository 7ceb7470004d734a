//! A reader for `.env` files: `NAME=value` lines, comments, quotes and an optional `export`.
//!
//! Values are taken as they are. There is no substitution of `$NAME`: it would change passwords that
//! contain a dollar sign without a word.

use super::ConfigError;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: String,
    /// Counted from 1.
    pub(super) line: usize,
}

pub(super) fn parse(text: &str) -> Result<Vec<Entry>, ConfigError> {
    let mut entries = Vec::new();
    for (index, raw) in text.lines().enumerate() {
        let line = index + 1;
        let content = raw.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let content = content
            .strip_prefix("export ")
            .map_or(content, str::trim_start);
        // The line itself is not shown: it may hold a secret.
        let (name, value) = content
            .split_once('=')
            .map(|(name, value)| (name.trim(), value.trim()))
            .filter(|(name, _)| is_name(name))
            .ok_or_else(|| ConfigError::new(format!("Line {line} of .env must be NAME=value.")))?;
        let value = unquote(value).ok_or_else(|| {
            ConfigError::new(format!(
                "The value of {name} in .env (line {line}) must end its quotes."
            ))
        })?;
        entries.push(Entry {
            name: name.to_owned(),
            value,
            line,
        });
    }
    Ok(entries)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The value without its quotes and without a trailing comment; `None` when a quote is left open.
fn unquote(value: &str) -> Option<String> {
    let Some(quote) = value
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\''))
    else {
        // A hash begins a comment only after a space, so that passwords may contain one.
        let end = value
            .find(" #")
            .or_else(|| value.find("\t#"))
            .unwrap_or(value.len());
        let end = if value.starts_with('#') { 0 } else { end };
        return Some(value[..end].trim_end().to_owned());
    };
    let mut unquoted = String::new();
    let mut rest = value[1..].chars();
    loop {
        match rest.next()? {
            c if c == quote => break,
            '\\' if quote == '"' => match rest.next()? {
                'n' => unquoted.push('\n'),
                escaped => unquoted.push(escaped),
            },
            c => unquoted.push(c),
        }
    }
    let rest = rest.as_str().trim_start();
    (rest.is_empty() || rest.starts_with('#')).then_some(unquoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, String)> {
        parse(text)
            .expect("valid")
            .into_iter()
            .map(|entry| (entry.name, entry.value))
            .collect()
    }

    #[test]
    fn reads_lines_quotes_comments_and_export() {
        let text = "# top\n\nA=1\nexport B = two words # note\nC=\"a \\\"b\\\" #c\" # note\nD='$x\\'\nE=\nF=a#b\nG=#x";
        let expected = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "a \"b\" #c"),
            ("D", "$x\\"),
            ("E", ""),
            ("F", "a#b"),
            ("G", ""),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect();
        assert_eq!(values(text), expected);
    }

    #[test]
    fn a_bad_line_is_named_by_number_and_not_shown() {
        let error = parse("A=1\nhunter2")
            .expect_err("no equals sign")
            .to_string();
        assert_eq!(error, "Line 2 of .env must be NAME=value.");
        let error = parse("REDIS_PASSWORD=\"hunter2")
            .expect_err("open quote")
            .to_string();
        assert!(
            error.contains("REDIS_PASSWORD") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
