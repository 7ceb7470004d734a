//! What a frame from the server means, found by searching bytes: parsing JSON would cost the tool
//! more than sending the frame cost the gateway.

use memchr::{memchr, memmem};

/// The longest text of an error that is shown, in bytes.
const SHOWN_BYTES: usize = 300;

/// The digits of each number in a [`Tag`].
const DIGITS: usize = 10;

/// What the tool writes at the beginning of a message's text: which message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    pub room: usize,
    /// Among the room's senders.
    pub sender: usize,
    /// Among the sender's messages, from 0.
    pub number: u64,
    /// Among all messages of the run, from 0.
    pub index: u64,
}

impl Tag {
    /// Bytes of a tag in a text.
    pub const BYTES: usize = 4 * (DIGITS + 1);

    /// The text of that message, filled up to so many bytes.
    pub fn text(self, size: usize) -> String {
        let Self {
            room,
            sender,
            number,
            index,
        } = self;
        let mut text = format!("{room:010} {sender:010} {number:010} {index:010} ");
        text.extend(std::iter::repeat_n('x', size.saturating_sub(text.len())));
        text
    }

    /// Reads the tag that a text begins with.
    pub fn read(text: &[u8]) -> Option<Self> {
        let at = |place: usize| {
            let begin = place * (DIGITS + 1);
            number(text.get(begin..begin + DIGITS)?)
        };
        Some(Self {
            room: usize::try_from(at(0)?).ok()?,
            sender: usize::try_from(at(1)?).ok()?,
            number: at(2)?,
            index: at(3)?,
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    Authorized,
    /// The own join's answer.
    Joined,
    /// One of the tool's own messages.
    Message {
        seq: u64,
        tag: Tag,
    },
    /// A message of one's own has arrived.
    Ack,
    /// A change of a message, such as the standing of a poll.
    Change,
    /// Somebody types.
    Typing,
    Error(&'a [u8]),
    /// Nothing that the tool waits for.
    Other,
}

/// Tells what a text frame's payload is.
pub fn heard(payload: &[u8]) -> Heard<'_> {
    const TYPE: &[u8] = b"\"type\":\"";
    const TYPING: &[u8] = br#"sys","sys":{"type":"typing""#;
    let Some(at) = memmem::find(payload, TYPE) else {
        return Heard::Other;
    };
    let rest = &payload[at + TYPE.len()..];
    match &rest[..memchr(b'"', rest).unwrap_or(0)] {
        b"channelMessage" => message(rest).unwrap_or(Heard::Other),
        b"channelJoin" => Heard::Joined,
        b"ack" => Heard::Ack,
        b"messageChange" => Heard::Change,
        b"sys" if rest.starts_with(TYPING) => Heard::Typing,
        b"authorized" => Heard::Authorized,
        b"error" => Heard::Error(&payload[..payload.len().min(SHOWN_BYTES)]),
        _ => Heard::Other,
    }
}

fn message(rest: &[u8]) -> Option<Heard<'_>> {
    const TEXT: &[u8] = b"\"Message\":\"";
    const SEQ: &[u8] = b"\"Seq\":";
    let text = &rest[memmem::find(rest, TEXT)? + TEXT.len()..];
    let tag = Tag::read(text)?;
    let seq = &text[memmem::find(text.get(Tag::BYTES..)?, SEQ)? + Tag::BYTES + SEQ.len()..];
    let digits = seq.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let seq = number(&seq[..digits])?;
    Some(Heard::Message { seq, tag })
}

fn number(digits: &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number.wrapping_mul(10) + u64::from(digit - b'0');
    }
    (!digits.is_empty()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: Tag = Tag {
        room: 12,
        sender: 3,
        number: 456,
        index: 78_901,
    };

    #[test]
    fn messages_are_found() {
        let text = TAG.text(100);
        assert_eq!(text.len(), 100);
        let frame = format!(
            r#"{{"type":"channelMessage","channelMessage":{{"UUID":"u","Sender":{{"Username":"b"}},"Room":"r","Message":"{text}","CreatedAt":"t","Seq":42,"Epoch":"e"}}}}"#
        );
        assert_eq!(
            heard(frame.as_bytes()),
            Heard::Message { seq: 42, tag: TAG }
        );
    }

    #[test]
    fn the_golden_frames_are_told_apart() {
        let golden = |name: &str| {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures/server");
            let text = std::fs::read_to_string(format!("{path}/{name}.json")).expect("golden");
            // As compact as the gateway writes it.
            let lines = text
                .lines()
                .map(|line| line.trim().replacen("\": ", "\":", 1));
            lines.collect::<String>()
        };
        assert_eq!(heard(golden("authorized").as_bytes()), Heard::Authorized);
        assert_eq!(heard(golden("sys_channel_join").as_bytes()), Heard::Other);
        assert!(matches!(heard(golden("error").as_bytes()), Heard::Error(_)));
        assert_eq!(heard(golden("ready").as_bytes()), Heard::Other);
        assert_eq!(heard(golden("ack").as_bytes()), Heard::Ack);
        assert_eq!(heard(golden("sys_typing").as_bytes()), Heard::Typing);
        let change = golden("message_change_tally");
        assert_eq!(heard(change.as_bytes()), Heard::Change);
    }

    #[test]
    fn foreign_messages_are_not_ours() {
        let frame = br#"{"type":"channelMessage","channelMessage":{"Message":"hi","Seq":1}}"#;
        assert_eq!(heard(frame), Heard::Other);
        let cut = format!(
            r#"{{"type":"channelMessage","Message":"{}"#,
            TAG.text(0).trim()
        );
        assert_eq!(heard(cut.as_bytes()), Heard::Other);
    }
}
