//! Reactions and votes as they stand, for pages: kept beside the messages, never in them.

use std::collections::BTreeMap;

use parlor_shared::{
    clock,
    entry::{Changed, Entry},
    id::{ChannelId, MessageId, UserId},
    protocol::{
        change::{ChangeKind, Mark, Reaction, Results, Tally},
        value::Message,
    },
    redis::Commands,
};
use redis::{RedisResult, pipe};

/// Puts reactions and results to the messages of a page and to the changes that tell of them.
pub(super) async fn fill(
    commands: &Commands,
    channel: &ChannelId,
    entries: &mut [Entry],
) -> RedisResult<()> {
    let mut wanted: Vec<MessageId> = entries.iter().map(subject).collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut ask = redis::cmd("HMGET");
    ask.arg(commands.keyspace().channel_tallies(channel));
    for message in &wanted {
        ask.arg(message.to_string());
    }
    let found: Vec<Option<String>> = ask.query_async(&mut commands.clone()).await?;
    let now_ms = clock::now_ms();
    let tallies: BTreeMap<MessageId, Tally> = wanted
        .into_iter()
        .zip(found)
        .filter_map(|(message, state)| Some((message, read(&state?, now_ms)?)))
        .collect();
    for entry in entries {
        let Some(tally) = tallies.get(&subject(entry)) else {
            continue;
        };
        match entry {
            Entry::Message(message) if !message.deleted => {
                message.reactions.clone_from(&tally.reactions);
                message.results.clone_from(&tally.results);
            }
            Entry::Change(changed) if changed.change.change == ChangeKind::Tally => {
                changed.change.reactions = Some(tally.reactions.clone());
                changed.change.results.clone_from(&tally.results);
            }
            Entry::Message(_) | Entry::Change(_) => {}
        }
    }
    Ok(())
}

/// The message that an entry is or is about.
fn subject(entry: &Entry) -> MessageId {
    match entry {
        Entry::Message(message) => message.uuid,
        Entry::Change(changed) => changed.change.uuid,
    }
}

/// Reads a state of [`keyspace::channel_tallies`]; `None` for a deleted message's. A poll whose time
/// is over is closed, whether or not that was told yet.
fn read(state: &str, now_ms: u64) -> Option<Tally> {
    let (head, json) = state.split_once('\n')?;
    let mut fields = head.split(' ').skip(4);
    let closes_ms: u64 = fields.next()?.parse().ok()?;
    let closed = fields.next()? == "1";
    if json.is_empty() {
        return None;
    }
    let mut tally: Tally = serde_json::from_str(json).ok()?;
    if let Some(results) = &mut tally.results {
        results.closed |= closed || (closes_ms > 0 && now_ms >= closes_ms);
    }
    Some(tally)
}

/// A message with how its reactions and its poll stand.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    message: MessageId,
    reactions: &'a [Reaction],
    options: u8,
}

/// What a message on a page is about.
pub fn subject_of(message: &Message) -> Subject<'_> {
    Subject {
        message: message.uuid,
        reactions: &message.reactions,
        options: options(message.results.as_deref()),
    }
}

/// What a change on a page is about.
pub fn subject_of_change(changed: &Changed) -> Subject<'_> {
    let change = &changed.change;
    Subject {
        message: change.uuid,
        reactions: change.reactions.as_deref().unwrap_or_default(),
        options: options(change.results.as_deref()),
    }
}

fn options(results: Option<&Results>) -> u8 {
    results.map_or(0, |results| results.counts.len() as u8)
}

/// What a user has chosen on messages, by their UUIDs.
///
/// # Errors
/// When Redis can't be asked.
pub async fn marks<'a>(
    commands: &Commands,
    channel: &ChannelId,
    user: UserId,
    subjects: impl Iterator<Item = Subject<'a>>,
) -> RedisResult<BTreeMap<MessageId, Mark>> {
    let mut chosen: Vec<Subject<'_>> = subjects
        .filter(|subject| !subject.reactions.is_empty() || subject.options > 0)
        .collect();
    chosen.sort_by_key(|subject| subject.message);
    chosen.dedup_by_key(|subject| subject.message);
    if chosen.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut ask = pipe();
    for subject in &chosen {
        let reactions = commands
            .keyspace()
            .channel_reactions(channel, subject.message);
        for reaction in subject.reactions {
            ask.zscore(&reactions, format!("{}\0{user}", reaction.emoji));
        }
        let votes = commands.keyspace().channel_votes(channel, subject.message);
        for option in 0..subject.options {
            ask.zscore(&votes, format!("{option}:{user}"));
        }
    }
    let found: Vec<Option<f64>> = ask.query_async(&mut commands.clone()).await?;
    let mut found = found.into_iter().map(|score| score.is_some());
    let mut is_chosen = || found.next().unwrap_or_default();
    let mut marks = BTreeMap::new();
    for subject in chosen {
        let mut mark = Mark::default();
        for reaction in subject.reactions {
            if is_chosen() {
                mark.reactions.push(reaction.emoji.clone());
            }
        }
        for option in 0..subject.options {
            if is_chosen() {
                mark.vote.push(option);
            }
        }
        if !mark.is_empty() {
            marks.insert(subject.message, mark);
        }
    }
    Ok(marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_and_a_poll_ends_with_its_time() {
        let json = r#"{"reactions":[],"results":{"Counts":[1,0],"Voters":1,"Closed":false}}"#;
        let closed = |head: &str, now| {
            let tally = read(&format!("{head}\n{json}"), now).expect("a state");
            tally.results.expect("results").closed
        };
        assert!(!closed("7 1 5 2sa 0 0", 100));
        assert!(!closed("7 1 5 2sa 100 0", 99));
        assert!(closed("7 1 5 2sa 100 0", 100));
        assert!(closed("7 1 5 2sa 0 1", 1));
        assert_eq!(read("deleted", 1), None);
        assert_eq!(read("7 0 0 - 0 0\n", 1), None);
    }
}
