//! Whether a client has a representation already: RFC 9110, section 13.1.2.

use http::{HeaderMap, header};

/// Whether `If-None-Match` names the entity tag, by the weak comparison, or anything by `*`.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.trim() == "*" || Tags(value).any(|known| known == tag))
}

/// The tags of a list with their quotes, without `W/`. They may hold commas. It ends at what is no tag.
struct Tags<'a>(&'a str);

impl<'a> Iterator for Tags<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start_matches([' ', '\t', ',']);
        let rest = rest.strip_prefix("W/").unwrap_or(rest);
        let end = rest.strip_prefix('"')?.find('"')?;
        let (tag, rest) = rest.split_at(end + 2);
        self.0 = rest;
        Some(tag)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn knows(values: &[&'static str], tag: &str) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_NONE_MATCH, HeaderValue::from_static(value));
        }
        is_known(&headers, tag)
    }

    #[test]
    fn a_tag_is_found_in_lists_and_compared_weakly() {
        for values in [
            &["\"b\""][..],
            &["W/\"b\""],
            &["\"a\", \"b\",\"c\""],
            &["\"a,\" ,, W/\"b\""],
            &["\"a\"", "\"b\""],
            &["*"],
            &[" * "],
        ] {
            assert!(knows(values, "\"b\""), "{values:?}");
        }
    }

    #[test]
    fn another_tag_and_what_is_no_tag_are_not_it() {
        for values in [
            &[][..],
            &[""],
            &["\"a\""],
            &["b"],
            &["\"b"],
            &["w/\"b\""],
            &["\"a, \"b\""],
            &["\"ab\""],
            &["\"*\""],
        ] {
            assert!(!knows(values, "\"b\""), "{values:?}");
        }
    }
}
