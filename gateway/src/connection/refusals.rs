//! What a sender is told when a message, a change or a vote was not taken.

use std::time::Duration;

use parlor_shared::{
    protocol::{ErrorBody, ErrorCode},
    redis::tally::TallyRefusal,
};

use crate::{bus::publisher::PublishError, metrics::RefusedMessages, rooms::policies::too_soon};

/// When to try again: soon for a moment's load, later for what takes its time.
const SOON: Duration = Duration::from_millis(500);
const LATER: Duration = Duration::from_secs(2);

/// Counts what was refused though its sender did nothing wrong.
pub(super) fn count(refused: &RefusedMessages, error: PublishError) {
    match error {
        PublishError::Unavailable => refused.count(RefusedMessages::UNAVAILABLE),
        PublishError::Unconfirmed => refused.count(RefusedMessages::UNCONFIRMED),
        PublishError::BacklogFull => refused.count(RefusedMessages::BACKLOG_FULL),
        PublishError::Overloaded => refused.count(RefusedMessages::OVERLOADED),
        // These can't be done, or are for the sender to wait.
        PublishError::Deleted | PublishError::Refused(_) | PublishError::TooSoon(_) => {}
    }
}

/// The error frame's block.
pub(super) fn refusal(error: PublishError) -> ErrorBody {
    let (code, wait, text) = match error {
        PublishError::Unavailable => (
            ErrorCode::Unavailable,
            LATER,
            "the message may not have been stored, the storage can't be reached: send it again",
        ),
        PublishError::Unconfirmed => (
            ErrorCode::Unavailable,
            LATER,
            "the message is not confirmed by as many copies as are asked for: send it again under \
             the same clientMessageId, which stores it once",
        ),
        PublishError::BacklogFull => (
            ErrorCode::BacklogFull,
            LATER,
            "the message was not taken, too many wait to be stored: send it again later",
        ),
        PublishError::Overloaded => (
            ErrorCode::Overloaded,
            SOON,
            "the message was not taken, too many are being sent: send it again",
        ),
        PublishError::Deleted => return no_such_message(),
        PublishError::TooSoon(wait) => return too_soon(wait),
        PublishError::Refused(refusal) => return chosen_in_vain(refusal),
    };
    ErrorBody::new(code, text).retry_after(wait)
}

/// The message is deleted, or it has left the history.
pub(super) fn no_such_message() -> ErrorBody {
    let text = "there is no such message here any more";
    ErrorBody::new(ErrorCode::NoSuchMessage, text)
}

fn chosen_in_vain(refusal: TallyRefusal) -> ErrorBody {
    let code = match refusal {
        TallyRefusal::NoSuchMessage => return no_such_message(),
        TallyRefusal::Unknown => {
            let text = "there is no such poll here any more";
            return ErrorBody::new(ErrorCode::NoSuchMessage, text);
        }
        TallyRefusal::Closed => ErrorCode::TooLate,
        TallyRefusal::NoSuchOption => ErrorCode::Malformed,
        TallyRefusal::TooManyEmoji => ErrorCode::Message,
    };
    ErrorBody::new(code, refusal.to_string())
}
