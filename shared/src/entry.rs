//! What a room's numbers stand for: messages and changes of messages, as they are kept.
//!
//! A room's list has an entry for each `seq`, without gaps. A message's entry is the message as it is
//! now: who persists an edit or a deletion writes the message anew. A change's entry only tells that
//! there was one, of which message; what it was stands in the message. So a deleted text is in no
//! place any more, and what comes of a page is what the messages are.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{
    event::{EventError, MessageEvent, Position},
    id::MessageId,
    protocol::{
        change::{Change, ChangeKind},
        value::Message,
    },
};

/// How the JSON of a change begins; a message's begins otherwise.
const CHANGE: &[u8] = br#"{"Change":"#;

/// One entry of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Message(Box<Message>),
    Change(Box<Changed>),
}

/// A change with its place: `{"Change":{…},"CreatedAt","Seq","Epoch"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    #[serde(rename = "Change")]
    pub change: Change,
    #[serde(
        rename = "CreatedAt",
        default,
        skip_serializing_if = "String::is_empty"
    )]
    pub created_at: String,
    #[serde(rename = "Seq", default)]
    pub seq: u64,
    #[serde(rename = "Epoch", default, skip_serializing_if = "String::is_empty")]
    pub epoch: String,
}

impl Entry {
    /// Reads what is kept or published.
    ///
    /// # Errors
    /// When it is neither a message nor a change.
    pub fn parse(json: &[u8]) -> Result<Self, EventError> {
        if json.starts_with(CHANGE) {
            let change = serde_json::from_slice(json).map_err(|_| EventError::BadBody)?;
            return Ok(Self::Change(Box::new(change)));
        }
        let message = serde_json::from_slice(json).map_err(|_| EventError::BadBody)?;
        Ok(Self::Message(Box::new(message)))
    }

    /// As it is kept.
    pub fn json(&self) -> String {
        let json = match self {
            Self::Message(message) => serde_json::to_string(message),
            Self::Change(changed) => serde_json::to_string(changed),
        };
        json.expect("ids, numbers and texts are JSON")
    }

    pub fn seq(&self) -> u64 {
        match self {
            Self::Message(message) => message.seq,
            Self::Change(changed) => changed.seq,
        }
    }

    pub fn epoch(&self) -> &str {
        match self {
            Self::Message(message) => &message.epoch,
            Self::Change(changed) => &changed.epoch,
        }
    }

    pub fn created_at(&self) -> &str {
        match self {
            Self::Message(message) => &message.created_at,
            Self::Change(changed) => &changed.created_at,
        }
    }

    /// Gives it another epoch.
    pub fn set_epoch(&mut self, epoch: &str) {
        let of = match self {
            Self::Message(message) => &mut message.epoch,
            Self::Change(changed) => &mut changed.epoch,
        };
        epoch.clone_into(of);
    }

    pub fn message(&self) -> Option<&Message> {
        match self {
            Self::Message(message) => Some(message),
            Self::Change(_) => None,
        }
    }

    pub fn into_message(self) -> Option<Message> {
        match self {
            Self::Message(message) => Some(*message),
            Self::Change(_) => None,
        }
    }

    pub fn change(&self) -> Option<&Changed> {
        match self {
            Self::Change(changed) => Some(changed),
            Self::Message(_) => None,
        }
    }

    /// The event it came from.
    pub fn event(&self) -> MessageEvent {
        let position = Position {
            epoch: self.epoch().into(),
            seq: self.seq(),
            ms: crate::clock::parse_rfc3339(self.created_at()).unwrap_or_default(),
        };
        MessageEvent {
            position,
            body: self.json().into(),
        }
    }

    /// Bytes of its texts, about.
    pub fn weight(&self) -> usize {
        /// What an entry has beside its texts.
        const FRAME: usize = 300;
        let message = match self {
            Self::Message(message) => Some(&**message),
            Self::Change(changed) => changed.change.message.as_deref(),
        };
        FRAME + message.map_or(0, |message| message.message.len())
    }

    /// What the room's list keeps of it, and what the list's entry of another message becomes.
    pub fn kept(mut self) -> (Self, Option<Rewrite>) {
        match &mut self {
            Self::Message(message) => {
                // What is quoted may be edited and deleted: the quote is taken on reading.
                if let Some(quoted) = &mut message.reply_to {
                    quoted.message.clear();
                }
                (self, None)
            }
            Self::Change(changed) => {
                let change = &mut changed.change;
                change.reactions = None;
                change.results = None;
                let rewrite = change.message.take().map(|mut message| {
                    if let Some(quoted) = &mut message.reply_to {
                        quoted.message.clear();
                    }
                    Rewrite {
                        target_seq: change.target_seq,
                        uuid: change.uuid,
                        json: Self::Message(message).json(),
                    }
                });
                (self, rewrite)
            }
        }
    }
}

/// A message as a change has left it, to be kept in place of what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    pub target_seq: u64,
    pub uuid: MessageId,
    pub json: String,
}

impl MessageEvent {
    /// What was published, with its position filled in.
    ///
    /// # Errors
    /// When the body is neither a message nor a change.
    pub fn entry(&self) -> Result<Entry, EventError> {
        let mut entry = Entry::parse(&self.body)?;
        let Position { epoch, seq, ms } = &self.position;
        let created = crate::clock::rfc3339(*ms);
        match &mut entry {
            Entry::Message(message) => {
                message.seq = *seq;
                epoch.as_ref().clone_into(&mut message.epoch);
                message.created_at = created;
            }
            Entry::Change(changed) => {
                changed.seq = *seq;
                epoch.as_ref().clone_into(&mut changed.epoch);
                changed.created_at = created;
            }
        }
        Ok(entry)
    }
}

/// Makes of a message what a later change made of it. Once deleted, it stays so.
pub fn apply(message: &mut Message, change: &Change) {
    if message.uuid != change.uuid || message.deleted {
        return;
    }
    match change.change {
        ChangeKind::Edit | ChangeKind::Delete => {
            if let Some(changed) = &change.message {
                let (seq, epoch) = (message.seq, std::mem::take(&mut message.epoch));
                let created_at = std::mem::take(&mut message.created_at);
                *message = Message {
                    created_at,
                    seq,
                    epoch,
                    ..(**changed).clone()
                };
            }
        }
        ChangeKind::Tally => {
            if let Some(reactions) = &change.reactions {
                message.reactions.clone_from(reactions);
            }
            if change.results.is_some() {
                message.results.clone_from(&change.results);
            }
        }
        ChangeKind::Other => {}
    }
}

/// Applies the changes among entries in their order to the messages among them, and takes out of
/// edits and quotes what was deleted. `persisted` is the last number that the room's list had when it
/// was read: what changed up to there is in what came from it, and may have changed again since.
pub fn fold(entries: &mut [Entry], persisted: u64) {
    // Where a message stands, or something that has its text in it.
    let mut places: HashMap<MessageId, Vec<usize>> = HashMap::new();
    for at in 0..entries.len() {
        let (before, rest) = entries.split_at_mut(at);
        match &mut rest[0] {
            Entry::Message(message) => {
                places.entry(message.uuid).or_default().push(at);
                if let Some(quoted) = &message.reply_to {
                    places.entry(quoted.uuid).or_default().push(at);
                }
            }
            Entry::Change(changed) => {
                let change = &changed.change;
                for place in places.get(&change.uuid).into_iter().flatten() {
                    let entry = &mut before[*place];
                    if changed.seq > persisted || entry.seq() > persisted {
                        apply_to(entry, change);
                    }
                }
                if change.message.is_some() {
                    places.entry(change.uuid).or_default().push(at);
                }
            }
        }
    }
}

/// Does to an entry what a later change means for it.
pub fn apply_to(entry: &mut Entry, change: &Change) {
    match entry {
        Entry::Message(message) => {
            apply(message, change);
            requote(message, change);
        }
        Entry::Change(earlier) => {
            if let Some(message) = &mut earlier.change.message {
                if change.change == ChangeKind::Delete {
                    apply(message, change);
                }
                requote(message, change);
            }
        }
    }
}

/// Has a message that quotes another quote it as a change has left it.
pub fn requote(message: &mut Message, change: &Change) {
    if let Some(quoted) = &mut message.reply_to
        && quoted.uuid == change.uuid
        && let Some(changed) = &change.message
    {
        quoted.message = crate::protocol::change::excerpt(&changed.message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::{UserId, Username},
        protocol::{change::ReplyTo, value::User},
    };

    fn ada() -> User {
        User {
            uuid: UserId::random(),
            username: Username::new("Ada").expect("a name"),
            online: None,
            guest: false,
            look: None,
        }
    }

    fn message(text: &str, seq: u64) -> Message {
        Message {
            uuid: MessageId::random(),
            seq,
            epoch: "e".to_owned(),
            created_at: "1970-01-01T00:00:01.000Z".to_owned(),
            ..Message::new(ada(), text.to_owned())
        }
    }

    fn change(kind: ChangeKind, seq: u64, of: &Message, becomes: Option<Message>) -> Entry {
        Entry::Change(Box::new(Changed {
            change: Change {
                change: kind,
                uuid: of.uuid,
                target_seq: of.seq,
                by_uuid: Some(of.sender_uuid),
                message: becomes.map(Box::new),
                reactions: None,
                results: None,
            },
            created_at: String::new(),
            seq,
            epoch: "e".to_owned(),
        }))
    }

    fn edited(of: &Message, text: &str) -> Message {
        Message {
            message: text.to_owned(),
            ..of.clone()
        }
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let one = message("one", 1);
        let edit = change(ChangeKind::Edit, 2, &one, Some(edited(&one, "two")));
        for entry in [Entry::Message(Box::new(one)), edit] {
            let read = Entry::parse(entry.json().as_bytes()).expect("an entry");
            assert_eq!(read, entry);
        }
        assert!(Entry::parse(b"{}").is_err());
        assert!(Entry::parse(br#"{"Change":{}}"#).is_err());
    }

    #[test]
    fn a_deleted_text_is_nowhere_and_stays_so() {
        let one = message("secret", 1);
        let mut reply = message("what?", 2);
        reply.reply_to = Some(Box::new(ReplyTo::of(&one)));
        let mut entries = vec![
            Entry::Message(Box::new(one.clone())),
            Entry::Message(Box::new(reply)),
            change(ChangeKind::Edit, 3, &one, Some(edited(&one, "secret too"))),
            change(
                ChangeKind::Delete,
                4,
                &one,
                Some(one.tombstone(one.sender_uuid)),
            ),
            change(ChangeKind::Edit, 5, &one, Some(edited(&one, "again"))),
        ];
        fold(&mut entries[..4], 0);
        let text: String = entries[..4].iter().map(Entry::json).collect();
        assert!(!text.contains("secret"), "{text}");
        fold(&mut entries, 0);
        let folded = entries[0].message().expect("a message");
        assert!(folded.deleted && folded.message.is_empty());
        assert_eq!(
            (folded.seq, folded.created_at.as_str()),
            (1, "1970-01-01T00:00:01.000Z")
        );
    }

    #[test]
    fn what_the_list_has_already_is_not_done_again() {
        let one = message("the second edit", 1);
        let late = change(
            ChangeKind::Edit,
            2,
            &one,
            Some(edited(&one, "the first edit")),
        );
        let new = change(
            ChangeKind::Edit,
            9,
            &one,
            Some(edited(&one, "the third edit")),
        );
        let mut entries = vec![Entry::Message(Box::new(one)), late, new];
        fold(&mut entries[..2], 3);
        assert_eq!(
            entries[0].message().expect("a message").message,
            "the second edit"
        );
        fold(&mut entries, 3);
        assert_eq!(
            entries[0].message().expect("a message").message,
            "the third edit"
        );
    }

    #[test]
    fn the_list_keeps_a_changes_text_with_its_message_only() {
        let one = message("one", 1);
        let edit = change(ChangeKind::Edit, 2, &one, Some(edited(&one, "two")));
        let (kept, rewrite) = edit.kept();
        assert!(!kept.json().contains("two"));
        let rewrite = rewrite.expect("the message is written anew");
        assert_eq!((rewrite.target_seq, rewrite.uuid), (1, one.uuid));
        let read = Entry::parse(rewrite.json.as_bytes()).expect("a message");
        assert_eq!(read.message().expect("a message").message, "two");
    }
}
