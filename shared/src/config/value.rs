//! Parsers for the values of settings. The error of each says what is expected, to be put after
//! "must be".

use std::fmt::{self, Display};
use std::str::FromStr;
use std::time::Duration;

use super::Secret;

/// At most `count` events in any `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub count: u32,
    pub window: Duration,
}

/// A rate that can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimit {
    Off,
    At(Rate),
}

impl RateLimit {
    pub fn rate(self) -> Option<Rate> {
        match self {
            Self::Off => None,
            Self::At(rate) => Some(rate),
        }
    }
}

impl FromStr for RateLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let rate = || {
            let (count, window) = text.split_once('/')?;
            let count = count.trim().parse().ok().filter(|count| *count > 0)?;
            let window = humantime::parse_duration(window.trim()).ok()?;
            (!window.is_zero()).then_some(Self::At(Rate { count, window }))
        };
        rate().ok_or_else(|| "a count and a time such as 20/10s, or off".to_owned())
    }
}

impl Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::At(rate) => {
                write!(
                    f,
                    "{}/{}",
                    rate.count,
                    humantime::format_duration(rate.window)
                )
            }
        }
    }
}

/// A whole number within bounds, both included.
pub(super) fn between<N>(
    least: N,
    most: N,
) -> impl Fn(&str) -> Result<N, String> + Clone + Send + Sync + 'static
where
    N: FromStr + PartialOrd + Display + Copy + Send + Sync + 'static,
{
    move |text| {
        text.parse()
            .ok()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| format!("a whole number from {least} to {most}"))
    }
}

/// A duration within bounds in seconds, both included.
pub(super) fn duration(
    least_seconds: f64,
    most_seconds: u64,
) -> impl Fn(&str) -> Result<Duration, String> + Clone + Send + Sync + 'static {
    let least = Duration::from_secs_f64(least_seconds);
    let most = Duration::from_secs(most_seconds);
    move |text| {
        humantime::parse_duration(text)
            .ok()
            .filter(|duration| (least..=most).contains(duration))
            .ok_or_else(|| {
                let least = humantime::format_duration(least);
                let most = humantime::format_duration(most);
                format!("a duration such as 25s, 500ms or 2m, from {least} to {most}")
            })
    }
}

/// A size in bytes within bounds, both included: `65536`, `64KiB`, `1MiB`.
pub(super) fn bytes(
    least_bytes: usize,
    most_bytes: usize,
) -> impl Fn(&str) -> Result<usize, String> + Clone + Send + Sync + 'static {
    move |text| {
        size(text)
            .filter(|size| (least_bytes..=most_bytes).contains(size))
            .ok_or_else(|| {
                let (least, most) = (readable(least_bytes), readable(most_bytes));
                format!("a size such as 65536, 64KiB or 1MiB, from {least} to {most}")
            })
    }
}

fn size(text: &str) -> Option<usize> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: usize = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(factor)
}

fn readable(bytes: usize) -> String {
    for (factor, unit) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if bytes >= factor && bytes.is_multiple_of(factor) {
            return format!("{}{unit}", bytes / factor);
        }
    }
    bytes.to_string()
}

pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("true or false".to_owned()),
    }
}

/// A filter for logs in `tracing`'s language, checked here and built again when logging starts.
pub(super) fn log_filter(text: &str) -> Result<String, String> {
    tracing_subscriber::EnvFilter::try_new(text)
        .map(|_| text.to_owned())
        .map_err(|_| "a log filter such as info or parlor_gateway=debug,info".to_owned())
}

/// The address of a page, for links.
pub(super) fn web_url(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.filter(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
        .map(|_| text.to_owned())
        .ok_or_else(|| "a URL that begins with https:// or http://".to_owned())
}

/// One of a few words.
pub(super) fn one_of(
    words: &'static [&'static str],
) -> impl Fn(&str) -> Result<String, String> + Clone + Send + Sync + 'static {
    move |text| {
        words
            .contains(&text)
            .then(|| text.to_owned())
            .ok_or_else(|| format!("one of {}", words.join(", ")))
    }
}

/// A secret, or several.
#[allow(
    clippy::unnecessary_wraps,
    reason = "clap asks for the signature of a parser that can fail"
)]
pub(super) fn listed_secret(text: &str) -> Result<Secret, String> {
    Ok(Secret::from(text))
}

pub(super) fn web_socket_url(text: &str) -> Result<String, String> {
    text.strip_prefix("ws://")
        .filter(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
        .map(|_| text.to_owned())
        .ok_or_else(|| "a URL that begins with ws://".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        let rate = Rate {
            count: 20,
            window: Duration::from_secs(10),
        };
        assert_eq!("20/10s".parse(), Ok(RateLimit::At(rate)));
        assert_eq!(RateLimit::At(rate).to_string(), "20/10s");
        assert_eq!("off".parse(), Ok(RateLimit::Off));
        for wrong in [
            "", "20", "0/10s", "20/", "20/0s", "x/10s", "20/10", "-1/10s",
        ] {
            assert!(wrong.parse::<RateLimit>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn sizes() {
        let parse = bytes(1024, 1 << 30);
        assert_eq!(parse("65536"), Ok(65536));
        assert_eq!(parse("64KiB"), Ok(65536));
        assert_eq!(parse("1MiB"), Ok(1 << 20));
        assert_eq!(parse("2 MiB"), Ok(2 << 20));
        for wrong in [
            "",
            "KiB",
            "1KB",
            "-1",
            "1023",
            "2GiB",
            "99999999999999999999",
            "1.5MiB",
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(
            parse("x").expect_err("not a size"),
            "a size such as 65536, 64KiB or 1MiB, from 1KiB to 1GiB"
        );
    }

    #[test]
    fn durations() {
        let parse = duration(0.5, 3600);
        assert_eq!(parse("25s"), Ok(Duration::from_secs(25)));
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "25", "s", "499ms", "2h", "-1s", "1 fortnight"] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn whole_numbers_and_booleans() {
        let parse = between(1_u32, 1024);
        assert_eq!(parse("16"), Ok(16));
        assert_eq!(parse("0"), Err("a whole number from 1 to 1024".to_owned()));
        assert!(parse("1.5").is_err() && parse("").is_err());
        assert_eq!(boolean("Yes"), Ok(true));
        assert_eq!(boolean("off"), Ok(false));
        assert!(boolean("maybe").is_err());
    }
}
