//! One line of the format.

use super::{Kind, Labels, Sample};

pub(super) enum Line {
    /// An empty line or a comment.
    Nothing,
    Help(String, String),
    Type(String, Kind),
    Sample(Sample),
}

pub(super) fn parse(text: &str) -> Result<Line, String> {
    if text.contains('\r') {
        return Err("a carriage return".to_owned());
    }
    if let Some(rest) = text.strip_prefix("# HELP ") {
        let (name, help) = rest.split_once(' ').ok_or("a HELP without text")?;
        return Ok(Line::Help(metric_name(name)?, unescape(help, false)?));
    }
    if let Some(rest) = text.strip_prefix("# TYPE ") {
        let (name, kind) = rest.split_once(' ').ok_or("a TYPE without a type")?;
        return Ok(Line::Type(metric_name(name)?, kind_of(kind)?));
    }
    if text.is_empty() || text.starts_with('#') {
        return Ok(Line::Nothing);
    }
    sample(text).map(Line::Sample)
}

fn kind_of(text: &str) -> Result<Kind, String> {
    Ok(match text {
        "counter" => Kind::Counter,
        "gauge" => Kind::Gauge,
        "histogram" => Kind::Histogram,
        "summary" => Kind::Summary,
        "untyped" => Kind::Untyped,
        _ => return Err(format!("an unknown type {text}")),
    })
}

fn sample(text: &str) -> Result<Sample, String> {
    let end = text.find(['{', ' ']).ok_or("a sample without a value")?;
    let (name, rest) = text.split_at(end);
    let name = metric_name(name)?;
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Labels::new(), rest),
    };
    let mut words = rest
        .strip_prefix(' ')
        .ok_or("no space before the value")?
        .split(' ');
    let value = number(words.next().unwrap_or_default())?;
    if let Some(timestamp) = words.next() {
        timestamp
            .parse::<i64>()
            .map_err(|_| format!("a bad timestamp {timestamp}"))?;
    }
    if words.next().is_some() {
        return Err("something after the value".to_owned());
    }
    Ok(Sample {
        name,
        labels,
        value,
    })
}

/// What stands between the braces, and what comes behind them.
fn labels(mut rest: &str) -> Result<(Labels, &str), String> {
    let mut labels = Labels::new();
    loop {
        if let Some(behind) = rest.strip_prefix('}') {
            return Ok((labels, behind));
        }
        let (name, behind) = rest
            .split_once("=\"")
            .ok_or("a label without a quoted value")?;
        let name = label_name(name)?;
        let end = closing_quote(behind).ok_or("a label value without an end")?;
        let value = unescape(&behind[..end], true)?;
        if labels.insert(name.clone(), value).is_some() {
            return Err(format!("the label {name} twice"));
        }
        let behind = &behind[end + 1..];
        rest = match behind.strip_prefix(',') {
            Some(behind) => behind,
            None if behind.starts_with('}') => behind,
            None => return Err("no comma between labels".to_owned()),
        };
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let found = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        found
    })
}

fn unescape(text: &str, quoted: bool) -> Result<String, String> {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        plain.push(match characters.next() {
            Some('\\') => '\\',
            Some('n') => '\n',
            Some('"') if quoted => '"',
            other => return Err(format!("a bad escape \\{}", other.unwrap_or(' '))),
        });
    }
    Ok(plain)
}

/// As Go reads floating-point numbers, in the spellings that exporters use.
fn number(text: &str) -> Result<f64, String> {
    match text {
        "+Inf" => Ok(f64::INFINITY),
        "-Inf" => Ok(f64::NEG_INFINITY),
        "NaN" => Ok(f64::NAN),
        _ if text
            .chars()
            .all(|c| c.is_ascii_digit() || "+-.eE".contains(c)) =>
        {
            text.parse().map_err(|_| format!("a bad number {text}"))
        }
        _ => Err(format!("a bad number {text}")),
    }
}

pub(super) fn bound(text: &str) -> Result<f64, String> {
    number(text)
}

fn metric_name(text: &str) -> Result<String, String> {
    name(text, |c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

fn label_name(text: &str) -> Result<String, String> {
    if text.starts_with("__") {
        return Err(format!("the label name {text} is reserved"));
    }
    name(text, |c| c.is_ascii_alphanumeric() || c == '_')
}

fn name(text: &str, valid: impl Fn(char) -> bool) -> Result<String, String> {
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(valid)
    {
        return Err(format!("a bad name {text:?}"));
    }
    Ok(text.to_owned())
}
