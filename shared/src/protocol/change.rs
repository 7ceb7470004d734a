//! Changes of messages: edits, deletions, reactions and votes, as clients ask for them and as they
//! are told, and what they leave on a message.

use serde::{Deserialize, Serialize};

use super::value::{Message, RoomRef};
use crate::{
    id::{MessageId, UserId, Username},
    limits,
};

/// The message that a message answers: `{"UUID","Seq","SenderUUID","Sender","Message"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    #[serde(rename = "UUID")]
    pub uuid: MessageId,
    #[serde(rename = "Seq")]
    pub seq: u64,
    #[serde(rename = "SenderUUID")]
    pub sender_uuid: UserId,
    #[serde(rename = "Sender")]
    pub sender: Username,
    /// Its beginning, as it is now; `""` if it is deleted or has left the history.
    #[serde(rename = "Message", default)]
    pub message: String,
}

impl ReplyTo {
    /// A reply's quote of a message.
    pub fn of(message: &Message) -> Self {
        Self {
            uuid: message.uuid,
            seq: message.seq,
            sender_uuid: message.sender_uuid,
            sender: message.sender.username.clone(),
            message: excerpt(&message.message),
        }
    }
}

/// The first [`limits::EXCERPT_CHARACTERS`] characters of a text.
pub fn excerpt(text: &str) -> String {
    text.chars().take(limits::EXCERPT_CHARACTERS).collect()
}

/// What a message lets people vote for: `{"Options","Multiple","Anonymous","ClosesAt"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    #[serde(rename = "Options")]
    pub options: Vec<String>,
    /// Whether one may choose several.
    #[serde(rename = "Multiple")]
    pub multiple: bool,
    /// Whether nobody is told who chose what.
    #[serde(rename = "Anonymous")]
    pub anonymous: bool,
    /// RFC 3339, by Redis' clock.
    #[serde(rename = "ClosesAt", default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<String>,
}

/// How many reacted with one emoji: `{"Emoji","Count","Users"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    #[serde(rename = "Emoji")]
    pub emoji: String,
    #[serde(rename = "Count")]
    pub count: u64,
    /// At most [`limits::TALLY_NAMES`] of them.
    #[serde(rename = "Users")]
    pub users: Vec<UserId>,
}

/// How a poll stands: `{"Counts","Voters","Closed","Who"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Results {
    /// Votes for each option.
    #[serde(rename = "Counts")]
    pub counts: Vec<u64>,
    /// How many users have voted.
    #[serde(rename = "Voters")]
    pub voters: u64,
    #[serde(rename = "Closed")]
    pub closed: bool,
    /// For each option at most [`limits::TALLY_NAMES`] users; never for an anonymous poll.
    #[serde(rename = "Who", default, skip_serializing_if = "Option::is_none")]
    pub who: Option<Vec<Vec<UserId>>>,
}

/// How a message's reactions and votes stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    #[serde(default)]
    pub reactions: Vec<Reaction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<Box<Results>>,
}

/// What a user has chosen on a message: `{"reactions","vote"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Their own emoji.
    pub reactions: Vec<String>,
    /// The options they voted for, by index.
    pub vote: Vec<u8>,
}

impl Mark {
    pub fn is_empty(&self) -> bool {
        self.reactions.is_empty() && self.vote.is_empty()
    }
}

/// What kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ChangeKind {
    /// The message has another text.
    Edit,
    /// The message is gone.
    Delete,
    /// Reactions or votes.
    Tally,
    /// Something that a newer version knows: it has a `Seq`, and nothing more can be said of it.
    #[serde(other)]
    Other,
}

/// A change of a message, without its own place in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub change: ChangeKind,
    /// The message that is changed.
    pub uuid: MessageId,
    #[serde(rename = "targetSeq")]
    pub target_seq: u64,
    /// Who edited or deleted it.
    #[serde(rename = "byUUID", default, skip_serializing_if = "Option::is_none")]
    pub by_uuid: Option<UserId>,
    /// The message after an edit or a deletion, without reactions and results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Box<Message>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reactions: Option<Vec<Reaction>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<Box<Results>>,
}

/// The block of `messageChange`: a change with its place in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageChange {
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(flatten)]
    pub change: Change,
    #[serde(rename = "Seq")]
    pub seq: u64,
    #[serde(rename = "Epoch")]
    pub epoch: String,
    #[serde(rename = "CreatedAt")]
    pub created_at: String,
}

/// The block of `messageMark`: what the asker has chosen on a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageMark {
    #[serde(flatten)]
    pub room: RoomRef,
    pub uuid: MessageId,
    pub seq: u64,
    #[serde(flatten)]
    pub mark: Mark,
}

/// `{"uuid","seq"}`: a message by its name and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRef {
    pub uuid: MessageId,
    pub seq: u64,
}

/// `poll` of a `channelMessage`: `{"options","multiple","anonymous","closesInSeconds"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPoll {
    pub options: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub multiple: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anonymous: bool,
    #[serde(
        rename = "closesInSeconds",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub closes_in_seconds: Option<u64>,
}

impl NewPoll {
    /// Whether its options are as many, as short and as different as they have to be, and its time
    /// is one.
    pub fn is_fit(&self) -> bool {
        let option = |text: &String| {
            !text.trim().is_empty() && text.chars().count() <= limits::POLL_OPTION_CHARACTERS
        };
        limits::POLL_OPTIONS.contains(&self.options.len())
            && self.options.iter().all(option)
            && self
                .closes_in_seconds
                .is_none_or(|seconds| (1..=limits::POLL_SECONDS).contains(&seconds))
    }
}

/// `{"recipientUUID" | "room","uuid","seq","message","clientMessageId"}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageEdit {
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(flatten)]
    pub target: MessageRef,
    pub message: String,
    #[serde(
        rename = "clientMessageId",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub client_message_id: Option<String>,
}

/// `{"recipientUUID" | "room","uuid","seq"}`, for `messageDelete` and `pollClose`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageTarget {
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(flatten)]
    pub target: MessageRef,
}

/// `{"recipientUUID" | "room","uuid","seq","emoji","on"}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageReact {
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(flatten)]
    pub target: MessageRef,
    pub emoji: String,
    pub on: bool,
}

/// `{"recipientUUID" | "room","uuid","seq","options"}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollVote {
    #[serde(flatten)]
    pub room: RoomRef,
    #[serde(flatten)]
    pub target: MessageRef,
    /// Indices of the options; none withdraws the vote.
    pub options: Vec<u8>,
}

/// Whether a text is one grapheme that can stand for a reaction.
pub fn is_emoji(text: &str) -> bool {
    use unicode_segmentation::UnicodeSegmentation as _;
    (1..=limits::EMOJI_BYTES).contains(&text.len())
        && text.graphemes(true).take(2).count() == 1
        && !text.chars().any(|it| it.is_control() || it.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_is_one_grapheme() {
        for good in ["👍", "👩‍👩‍👧", "🏳️‍🌈", "❤️", "+", "🇩🇪", "é"]
        {
            assert!(is_emoji(good), "{good}");
        }
        for bad in ["", "👍👍", "ok", " ", "\n", "\u{0}", &"👩‍👩‍👧‍👦".repeat(2)]
        {
            assert!(!is_emoji(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_change_of_another_version_is_read() {
        let text =
            r#"{"change":"pin","uuid":"6a52f2f2-6c2c-4c0a-9a27-2f6f7a3f0001","targetSeq":7}"#;
        let change: Change = serde_json::from_str(text).expect("a change");
        assert_eq!(change.change, ChangeKind::Other);
    }

    #[test]
    fn a_poll_has_few_short_options_and_a_time() {
        let poll = |options: &[&str], closes_in_seconds| NewPoll {
            options: options.iter().map(|&text| text.to_owned()).collect(),
            multiple: false,
            anonymous: false,
            closes_in_seconds,
        };
        assert!(poll(&["a", "b"], None).is_fit());
        assert!(poll(&["a", "b"], Some(60)).is_fit());
        assert!(!poll(&["a"], None).is_fit());
        assert!(!poll(&["a", " "], None).is_fit());
        assert!(!poll(&["a", "b"], Some(0)).is_fit());
        assert!(!poll(&["a", &"x".repeat(201)], None).is_fit());
        assert!(!poll(&["a"; 11], None).is_fit());
    }
}
