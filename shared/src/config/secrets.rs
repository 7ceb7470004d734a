//! Secrets that are given as a value or in a file, as Docker and Kubernetes mount them.

use std::path::Path;

use super::{ConfigError, Secret};

/// One secret: the value, or what the file holds without the white space around it.
pub(super) fn one(
    name: &str,
    value: Option<&Secret>,
    file: Option<&Path>,
) -> Result<Option<Secret>, ConfigError> {
    let Some(file) = file else {
        return Ok(value.cloned());
    };
    let text = read(name, file)?;
    match text.trim() {
        "" => Err(ConfigError::new(format!(
            "The file {} of {name} is empty.",
            file.display()
        ))),
        text => Ok(Some(Secret::from(text))),
    }
}

/// Several secrets: those of the value, comma-separated, and those of the file, one a line.
pub(super) fn several(
    name: &str,
    value: Option<&Secret>,
    file: Option<&Path>,
) -> Result<Vec<Secret>, ConfigError> {
    let mut texts = String::new();
    if let Some(value) = value {
        texts.push_str(value.expose());
    }
    if let Some(file) = file {
        texts.push('\n');
        texts.push_str(&read(name, file)?);
    }
    Ok(texts
        .split([',', '\n'])
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(Secret::from)
        .collect())
}

fn read(name: &str, file: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(file).map_err(|error| {
        ConfigError::new(format!(
            "The file {} of {name} can't be read: {error}.",
            file.display()
        ))
    })
}
