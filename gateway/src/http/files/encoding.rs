//! Which representation a client gets: RFC 9110, sections 8.4.1 and 12.5.3.

use http::{HeaderMap, header};

/// How a file's bytes are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// Best first: of those that a client likes equally well it gets the smallest.
    const ALL: [Self; 3] = [Self::Brotli, Self::Gzip, Self::Identity];

    /// As `Content-Encoding` names it; nothing for the file as it is.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// What `npm run build` adds to a file's name for this representation of it.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
            Self::Identity => "",
        }
    }

    fn is_called(self, name: &str) -> bool {
        match self {
            Self::Brotli => name.eq_ignore_ascii_case("br"),
            Self::Gzip => name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip"),
            Self::Identity => name.eq_ignore_ascii_case("identity"),
        }
    }
}

/// The encodings that a request accepts, best first; none where it refuses even the file as it is.
///
/// Without `Accept-Encoding` anything would be allowed, but who does not ask may not be able to read it.
pub(super) fn acceptable(headers: &HeaderMap) -> Vec<Encoding> {
    let wanted: Vec<Wanted> = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(Wanted::parse)
        .collect();
    let mut found: Vec<(Encoding, u16)> = Encoding::ALL
        .into_iter()
        .filter_map(|encoding| Some((encoding, weight(encoding, &wanted)?)))
        .collect();
    // Stable: of equal weight the smaller one stays before the larger.
    found.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    found.into_iter().map(|(encoding, _)| encoding).collect()
}

/// One element of the list: a name, or `*`, and how much it is wanted, in thousandths.
struct Wanted<'a> {
    name: &'a str,
    weight: u16,
}

impl<'a> Wanted<'a> {
    /// Nothing for what is no element: it is as if it were not there.
    fn parse(element: &'a str) -> Option<Self> {
        let mut parts = element.split(';').map(str::trim);
        let name = parts.next().filter(|name| !name.is_empty())?;
        let weight = match parts.next() {
            None => 1_000,
            Some(parameter) => {
                let (key, value) = parameter.split_once('=')?;
                let value: f32 = value.trim().parse().ok()?;
                let is_weight =
                    key.trim().eq_ignore_ascii_case("q") && (0.0..=1.0).contains(&value);
                // In range as was just checked.
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                is_weight.then_some((value * 1_000.0).round() as u16)?
            }
        };
        Some(Self { name, weight })
    }
}

/// How much an encoding is wanted; nothing if it is not.
fn weight(encoding: Encoding, wanted: &[Wanted<'_>]) -> Option<u16> {
    let named = wanted.iter().find(|wanted| encoding.is_called(wanted.name));
    let any = || wanted.iter().find(|wanted| wanted.name == "*");
    match named.or_else(any) {
        Some(wanted) => (wanted.weight > 0).then_some(wanted.weight),
        // Whoever says nothing of it takes the file as it is, rather than nothing at all.
        None => (encoding == Encoding::Identity).then_some(0),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::{
        Encoding::{Brotli, Gzip, Identity},
        *,
    };

    fn given(values: &[&'static str]) -> Vec<Encoding> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
        }
        acceptable(&headers)
    }

    #[test]
    fn the_smallest_that_is_wanted_as_much_comes_first() {
        assert_eq!(
            given(&["gzip, deflate, br, zstd"]),
            [Brotli, Gzip, Identity]
        );
        assert_eq!(given(&["gzip", "br"]), [Brotli, Gzip, Identity]);
        assert_eq!(given(&["GZIP"]), [Gzip, Identity]);
        assert_eq!(given(&["x-gzip"]), [Gzip, Identity]);
        assert_eq!(given(&["*"]), [Brotli, Gzip, Identity]);
    }

    #[test]
    fn weights_are_respected() {
        assert_eq!(given(&["br;q=0.5, gzip;q=0.8"]), [Gzip, Brotli, Identity]);
        assert_eq!(given(&["br ; Q=0.001,identity"]), [Identity, Brotli]);
        assert_eq!(given(&["gzip;q=0, *"]), [Brotli, Identity]);
        assert_eq!(given(&["gzip;q=1.000, *;q=0"]), [Gzip]);
        assert_eq!(given(&["*;q=0, identity;q=0.1"]), [Identity]);
    }

    #[test]
    fn who_wants_nothing_of_it_gets_the_file_as_it_is() {
        for values in [&[][..], &[""], &["deflate, zstd"], &[" , ;q=1"]] {
            assert_eq!(given(values), [Identity], "{values:?}");
        }
    }

    #[test]
    fn what_is_refused_is_not_given() {
        assert_eq!(given(&["identity;q=0"]), []);
        assert_eq!(given(&["*;q=0"]), []);
        assert_eq!(given(&["br, identity;q=0"]), [Brotli]);
    }

    #[test]
    fn what_is_no_weight_is_left_out() {
        for value in [
            "br;q=2",
            "br;q=-1",
            "br;q=NaN",
            "br;q=",
            "br;level=9",
            "br;q",
        ] {
            assert_eq!(given(&[value]), [Identity], "{value}");
        }
    }
}
