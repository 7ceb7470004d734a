//! What is published, as the commands that Redis is given.

use parlor_shared::{event, keyspace::Keyspace, limits, redis::scripts};
use redis::{Cmd, RedisResult, Script, aio::ConnectionLike};

use super::publication::{Act, Publish};

/// The scripts that these commands run.
///
/// # Errors
/// When Redis can't be reached or refuses one.
pub(super) async fn load(
    connection: &mut impl ConnectionLike,
    on_cluster: bool,
) -> RedisResult<()> {
    let all: [&'static Script; 3] = [&scripts::PUBLISH, &scripts::CHANGE, &scripts::TALLY];
    for script in all {
        let script = scripts::as_run(script, on_cluster);
        script.load_async(connection).await?;
    }
    Ok(())
}

/// What all of a gateway's commands say.
#[derive(Clone, Debug)]
pub(super) struct Publishing {
    pub keyspace: Keyspace,
    pub backlog_high_water: u64,
    pub on_cluster: bool,
}

impl Publishing {
    /// The partition that it goes to.
    pub fn partition(&self, publish: &Publish) -> u16 {
        let partition = self.keyspace.partition_of(&publish.channel);
        partition.unwrap_or_default()
    }

    /// Writes the command that publishes; `era` is what is known of the partition.
    pub fn write(&self, command: &mut Cmd, publish: &Publish, era: &str) {
        let script: &'static Script = match &publish.act {
            Act::Message => &scripts::PUBLISH,
            Act::Poll { .. } | Act::Edit { .. } | Act::Delete { .. } => &scripts::CHANGE,
            Act::Tally(_) => &scripts::TALLY,
        };
        let script = scripts::as_run(script, self.on_cluster);
        command.arg("EVALSHA").arg(script.get_hash());
        if let Act::Tally(call) = &publish.act {
            call.write(command, &self.keyspace, era, self.backlog_high_water);
            return;
        }
        self.write_keys(command, publish);
        self.write_entry(command, publish, era);
    }

    fn write_keys(&self, command: &mut Cmd, publish: &Publish) {
        let channel = &publish.channel;
        let partition = self.partition(publish);
        let subject = publish.act.subject(publish.message);
        let fixed = if subject.is_some() { 8 } else { 3 };
        let optional =
            usize::from(publish.seen_key.is_some()) + usize::from(publish.slow.is_some());
        command.arg(fixed + optional);
        command.arg(self.keyspace.channel_meta(channel));
        command.arg(self.keyspace.messages(partition));
        command.arg(self.keyspace.era(partition));
        if let Some(message) = subject {
            command
                .arg(self.keyspace.channel_tallies(channel))
                .arg(self.keyspace.channel_changes(channel))
                .arg(self.keyspace.tallies_due(partition))
                .arg(self.keyspace.channel_votes(channel, message))
                .arg(self.keyspace.channel_reactions(channel, message));
        }
        if let Some(key) = &publish.seen_key {
            command.arg(key);
        }
        if let Some((key, _)) = &publish.slow {
            command.arg(key);
        }
    }

    fn write_entry(&self, command: &mut Cmd, publish: &Publish, era: &str) {
        command
            .arg(publish.channel.as_str())
            .arg(&publish.body)
            .arg(self.backlog_high_water)
            .arg(event::new_epoch())
            .arg(publish.message.to_string())
            .arg(limits::MESSAGE_DEDUPLICATION_SECONDS)
            .arg(era)
            .arg(self.keyspace.published(&publish.channel).as_str());
        let slow = publish
            .slow
            .as_ref()
            .map(|(_, wait)| wait.as_millis() as u64);
        let kind = match &publish.act {
            Act::Message => {
                command.arg(slow);
                return;
            }
            Act::Tally(_) => return,
            Act::Poll { .. } => "poll",
            Act::Edit { .. } => "edit",
            Act::Delete { .. } => "delete",
        };
        let subject = publish.act.subject(publish.message).unwrap_or_default();
        command.arg(kind).arg(subject.to_string());
        if let Act::Poll {
            kind,
            closes_ms,
            results,
        } = &publish.act
        {
            command.arg(kind).arg(*closes_ms).arg(results).arg(slow);
        }
    }
}
