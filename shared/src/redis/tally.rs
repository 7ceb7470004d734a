//! Reactions and votes: the call of the script that takes them, and what it gives.

use redis::{Cmd, Value};

use super::scripts;
use crate::{
    event,
    id::{ChannelId, UserId},
    keyspace::Keyspace,
    limits,
    protocol::change::{Mark, MessageRef},
};

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TallyCall {
    pub channel: ChannelId,
    pub target: MessageRef,
    pub act: TallyAct,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TallyAct {
    React {
        user: UserId,
        emoji: String,
        on: bool,
        /// Whether the caller knows that the message is there.
        proven: bool,
    },
    /// Chooses these options and no others.
    Vote { user: UserId, options: Vec<u8> },
    /// Ends a poll.
    Close { user: UserId },
    /// Tells the room what it has not been told, if that is due. The `seq` is of no matter.
    Flush,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tallied {
    /// What the user has chosen now.
    pub mark: Mark,
    /// After how many milliseconds the caller should have the room told.
    pub tell_after_ms: Option<u64>,
}

/// Why nothing came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TallyRefusal {
    #[error("there is no such message here any more")]
    NoSuchMessage,
    /// The message has no reactions yet, so that nothing here shows that it is there.
    #[error("the message is not known yet")]
    Unknown,
    #[error("the poll is closed")]
    Closed,
    #[error(
        "the message is no poll, or the poll has no such options: one of them, or several where several may be chosen"
    )]
    NoSuchOption,
    #[error("a message takes at most {} different emoji", limits::EMOJI_KINDS)]
    TooManyEmoji,
}

impl TallyCall {
    /// The command, in full. `era` is what the caller knows of the partition, or empty.
    pub fn command(&self, keyspace: &Keyspace, era: &str, most_entries: u64) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(scripts::TALLY.get_hash());
        self.write(&mut command, keyspace, era, most_entries);
        command
    }

    /// Writes keys and arguments behind the script's hash.
    pub fn write(&self, command: &mut Cmd, keyspace: &Keyspace, era: &str, most_entries: u64) {
        let (channel, message) = (&self.channel, self.target.uuid);
        let partition = keyspace.partition_of(channel).unwrap_or_default();
        command
            .arg(8)
            .arg(keyspace.channel_meta(channel))
            .arg(keyspace.messages(partition))
            .arg(keyspace.era(partition))
            .arg(keyspace.channel_tallies(channel))
            .arg(keyspace.channel_changes(channel))
            .arg(keyspace.tallies_due(partition))
            .arg(keyspace.channel_votes(channel, message))
            .arg(keyspace.channel_reactions(channel, message));
        command
            .arg(channel.as_str())
            .arg(message.to_string())
            .arg(self.target.seq)
            .arg(event::new_epoch())
            .arg(era)
            .arg(most_entries)
            .arg(limits::TALLY_INTERVAL_MS)
            .arg(limits::TALLY_NAMES)
            .arg(keyspace.published(channel).as_str());
        let flag = |on: &bool| u8::from(*on);
        match &self.act {
            TallyAct::React {
                user,
                emoji,
                on,
                proven,
            } => command
                .arg("react")
                .arg(user.to_string())
                .arg(emoji)
                .arg(flag(on))
                .arg(limits::EMOJI_KINDS)
                .arg(flag(proven)),
            TallyAct::Vote { user, options } => {
                let mut options = options.clone();
                options.sort_unstable();
                options.dedup();
                let digits: String = options.iter().map(u8::to_string).collect();
                command.arg("vote").arg(user.to_string()).arg(digits)
            }
            TallyAct::Close { user } => command.arg("close").arg(user.to_string()),
            TallyAct::Flush => command.arg("flush").arg(""),
        };
    }
}

/// Reads what the script gave; `None` for what it does not give.
pub fn read(reply: &Value) -> Option<Result<Tallied, TallyRefusal>> {
    let text = match reply {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok()?,
        Value::SimpleString(text) => text.as_str(),
        _ => return None,
    };
    let refusal = match text {
        "x" => TallyRefusal::NoSuchMessage,
        "u" => TallyRefusal::Unknown,
        "l" => TallyRefusal::Closed,
        "p" => TallyRefusal::NoSuchOption,
        "k" => TallyRefusal::TooManyEmoji,
        _ => return taken(text).map(Ok),
    };
    Some(Err(refusal))
}

fn taken(text: &str) -> Option<Tallied> {
    let mut lines = text.strip_prefix("t ")?.split('\n');
    let tell_after_ms = lines.next()?.parse().ok();
    let digits = lines.next().unwrap_or_default();
    let vote = digits.bytes().map(|digit| digit.saturating_sub(b'0'));
    let mark = Mark {
        vote: vote.collect(),
        reactions: lines
            .filter(|emoji| !emoji.is_empty())
            .map(str::to_owned)
            .collect(),
    };
    Some(Tallied {
        mark,
        tell_after_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_script_gives_is_read() {
        let read = |text: &str| read(&Value::BulkString(text.into()));
        let tallied = read("t 250\n02\n👍\n+").expect("read").expect("taken");
        assert_eq!(tallied.tell_after_ms, Some(250));
        assert_eq!(tallied.mark.vote, [0, 2]);
        assert_eq!(tallied.mark.reactions, ["👍", "+"]);
        let nothing = read("t -1\n\n").expect("read").expect("taken");
        assert_eq!(nothing.tell_after_ms, None);
        assert!(nothing.mark.is_empty());
        assert_eq!(read("l"), Some(Err(TallyRefusal::Closed)));
        assert_eq!(read("what"), None);
    }
}
