//! Wall-clock times as Parlor writes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970 by this machine's clock.
pub fn now_ms() -> u64 {
    // A clock before 1970 is no clock; zero keeps everything running.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}

/// `2026-11-21T16:07:58.457Z` for milliseconds since 1970.
pub fn rfc3339(ms: u64) -> String {
    // The last moment of the year 9999, beyond which the format has no room.
    const LAST_MS: u64 = 253_402_300_799_999;
    humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(ms.min(LAST_MS)))
        .to_string()
}

/// Milliseconds since 1970 for what [`rfc3339`] wrote.
pub fn parse_rfc3339(text: &str) -> Option<u64> {
    let time = humantime::parse_rfc3339(text).ok()?;
    time.duration_since(UNIX_EPOCH)
        .ok()
        .map(|since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read_back() {
        assert_eq!(rfc3339(1_795_277_278_457), "2026-11-21T16:07:58.457Z");
        assert_eq!(
            parse_rfc3339("2026-11-21T16:07:58.457Z"),
            Some(1_795_277_278_457)
        );
        assert_eq!(parse_rfc3339("yesterday"), None);
        assert!(rfc3339(u64::MAX).starts_with("9999"));
    }
}
