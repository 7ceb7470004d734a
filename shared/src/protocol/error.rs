//! Errors as clients see them. The text never repeats anything the client sent.

use serde::{Deserialize, Serialize};

/// What went wrong. Codes 1 to 11 are the demo's; Parlor's own begin at 20.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The frame is not a request: not JSON, no known type, a block missing or of a wrong shape.
    Malformed,
    /// The name or the password is wrong, or sign-in is refused.
    SignIn,
    /// The sign-up is refused: a bad name or password, or sign-up is switched off.
    SignUp,
    /// The message is refused: empty or too long.
    Message,
    /// No such user.
    NoSuchUser,
    /// The room can't be joined: there is none and rooms aren't created, or its name is bad.
    Join,
    /// Sign in first.
    NotSignedIn,
    /// Join the room first.
    NotJoined,
    /// Too many messages or frames; wait `retryAfterMs`.
    RateLimited,
    /// Too many failed sign-ins for the name or the address; wait `retryAfterMs`.
    TooManyAttempts,
    /// Redis can't be reached; nothing is known to be stored. Send it again with the same
    /// `clientMessageId`.
    Unavailable,
    /// Messages wait to be persisted and no more are taken; send it again later.
    BacklogFull,
    /// More rooms than one connection may hold.
    TooManyRooms,
    /// The name belongs to somebody.
    NameTaken,
    /// The access key is unknown or expired; sign in again.
    SessionExpired,
    /// The gateway has more to do than it can; try again.
    Overloaded,
    /// Guests are switched off.
    GuestsDisabled,
    /// A fault of the gateway, told in its log.
    Internal,
    /// The user's role or token does not allow it, or what is asked for is another's.
    Forbidden,
    /// Banned from the room or the site, to an end that `until` tells if there is one.
    Banned,
    /// One may not write in the room; `retryAfterMs` if it ends.
    Muted,
    /// The room is closed.
    RoomClosed,
    /// The room is in slow mode; wait `retryAfterMs`.
    SlowMode,
    /// One has to be invited to the room.
    InvitedOnly,
    /// There is no such message any more: it was deleted, or has left the history.
    NoSuchMessage,
    /// The time for it has passed: the edit window, or a poll that is closed.
    TooLate,
    /// The photo is no picture that is taken here, or none that may go with this message.
    PhotoRefused,
    /// The photo has too many bytes or pixels, or there are as many of something as there may be.
    TooLarge,
}

impl ErrorCode {
    /// Every code, for documents and tests.
    pub const ALL: [Self; 28] = [
        Self::Malformed,
        Self::SignIn,
        Self::SignUp,
        Self::Message,
        Self::NoSuchUser,
        Self::Join,
        Self::NotSignedIn,
        Self::NotJoined,
        Self::RateLimited,
        Self::TooManyAttempts,
        Self::Unavailable,
        Self::BacklogFull,
        Self::TooManyRooms,
        Self::NameTaken,
        Self::SessionExpired,
        Self::Overloaded,
        Self::GuestsDisabled,
        Self::Internal,
        Self::Forbidden,
        Self::NoSuchMessage,
        Self::TooLate,
        Self::Banned,
        Self::Muted,
        Self::RoomClosed,
        Self::SlowMode,
        Self::InvitedOnly,
        Self::PhotoRefused,
        Self::TooLarge,
    ];

    /// The number on the wire, its stable name, and whether the same request may succeed later.
    fn facts(self) -> (u32, &'static str, bool) {
        match self {
            Self::Malformed => (1, "malformed", false),
            Self::SignIn => (4, "signInRefused", false),
            Self::SignUp => (5, "signUpRefused", false),
            Self::Message => (7, "messageRefused", false),
            Self::NoSuchUser => (10, "noSuchUser", false),
            Self::Join => (11, "joinRefused", false),
            Self::NotSignedIn => (20, "notSignedIn", false),
            Self::NotJoined => (21, "notJoined", false),
            Self::RateLimited => (22, "rateLimited", true),
            Self::TooManyAttempts => (23, "tooManyAttempts", true),
            Self::Unavailable => (24, "unavailable", true),
            Self::BacklogFull => (25, "backlogFull", true),
            Self::TooManyRooms => (26, "tooManyRooms", false),
            Self::NameTaken => (27, "nameTaken", false),
            Self::SessionExpired => (28, "sessionExpired", false),
            Self::Overloaded => (29, "overloaded", true),
            Self::GuestsDisabled => (30, "guestsDisabled", false),
            Self::Internal => (31, "internal", true),
            Self::Forbidden => (32, "forbidden", false),
            Self::NoSuchMessage => (37, "noSuchMessage", false),
            Self::TooLate => (38, "tooLate", false),
            Self::Banned => (33, "banned", false),
            Self::Muted => (34, "muted", false),
            Self::RoomClosed => (35, "roomClosed", false),
            Self::SlowMode => (36, "slowMode", true),
            Self::InvitedOnly => (39, "invitedOnly", false),
            Self::PhotoRefused => (40, "photoRefused", false),
            Self::TooLarge => (41, "tooLarge", false),
        }
    }

    pub fn number(self) -> u32 {
        self.facts().0
    }

    pub fn reason(self) -> &'static str {
        self.facts().1
    }

    pub fn retryable(self) -> bool {
        self.facts().2
    }
}

/// The block of an `error` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    pub code: u32,
    /// A stable name for the code, for programs.
    pub reason: String,
    /// What happened and what to do, for people.
    pub error: String,
    pub retryable: bool,
    /// How long to wait before trying again, in milliseconds, where that is known.
    #[serde(
        rename = "retryAfterMs",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub retry_after_ms: Option<u64>,
    /// RFC 3339: when a ban ends, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl ErrorBody {
    pub fn new(code: ErrorCode, text: impl Into<String>) -> Self {
        Self {
            code: code.number(),
            reason: code.reason().to_owned(),
            error: text.into(),
            retryable: code.retryable(),
            retry_after_ms: None,
            until: None,
        }
    }

    /// That one is banned: `from` is "this room" or "this site".
    pub fn banned(from: &str, until_ms: u64, reason: &str) -> Self {
        let mut text = format!("you are banned from {from}");
        let until = (until_ms > 0).then(|| crate::clock::rfc3339(until_ms));
        if let Some(until) = &until {
            text = format!("{text} until {until}");
        }
        if !reason.is_empty() {
            text = format!("{text}: {reason}");
        }
        Self {
            until,
            ..Self::new(ErrorCode::Banned, text)
        }
    }

    #[must_use]
    pub fn retry_after(mut self, wait: std::time::Duration) -> Self {
        self.retry_after_ms = Some(wait.as_millis() as u64);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_reasons_are_unique() {
        let mut numbers: Vec<_> = ErrorCode::ALL.iter().map(|code| code.number()).collect();
        let mut reasons: Vec<_> = ErrorCode::ALL.iter().map(|code| code.reason()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        reasons.sort_unstable();
        reasons.dedup();
        assert_eq!(numbers.len(), ErrorCode::ALL.len());
        assert_eq!(reasons.len(), ErrorCode::ALL.len());
    }
}
