//! Tells rooms of reactions and votes that nobody has told them of: those that a gateway was to tell
//! and died, and polls whose time is over.

use std::time::Duration;

use parlor_shared::{
    id::ChannelId,
    protocol::change::MessageRef,
    redis::{
        scripts,
        tally::{TallyAct, TallyCall},
    },
};
use redis::{RedisResult, pipe};

use crate::{
    metrics::Metrics,
    watch::{Scope, Watch},
};

/// A poll is closed this soon after its time, about.
const INTERVAL: Duration = Duration::from_millis(500);
/// How long a gateway has to tell what it was to tell, in milliseconds: it is the better place, being
/// there.
const GATEWAYS_TURN_MS: u64 = 500;
/// Messages of one partition in one look.
const MESSAGES: usize = 200;
/// Entries that a partition's stream may hold for this; what few there are must not wait for others.
const MOST_ENTRIES: u64 = 1_000_000_000;

pub(crate) struct Tallies(pub(crate) Scope);

impl Watch for Tallies {
    const INTERVAL: Duration = INTERVAL;
    const FAILURE: &'static str = "can't tell rooms of votes and reactions";

    fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    async fn look(&mut self) -> RedisResult<()> {
        let owned: Vec<u16> = self.0.owned.borrow().keys().copied().collect();
        if owned.is_empty() {
            return Ok(());
        }
        let (seconds, micros): (u64, u64) =
            redis::cmd("TIME").query_async(&mut self.0.commands).await?;
        let until_ms = seconds * 1_000 + micros / 1_000 - GATEWAYS_TURN_MS;
        let mut ask = pipe();
        for partition in owned {
            ask.cmd("ZRANGEBYSCORE")
                .arg(self.0.keyspace.tallies_due(partition))
                .arg("-inf")
                .arg(until_ms)
                .arg("LIMIT")
                .arg(0)
                .arg(MESSAGES);
        }
        let due: Vec<Vec<String>> = ask.query_async(&mut self.0.commands).await?;
        let calls: Vec<TallyCall> = due.iter().flatten().filter_map(|it| call(it)).collect();
        if calls.is_empty() {
            return Ok(());
        }
        scripts::TALLY.load_async(&mut self.0.commands).await?;
        let mut tell = pipe();
        for call in &calls {
            tell.add_command(call.command(&self.0.keyspace, "", MOST_ENTRIES));
        }
        tell.exec_async(&mut self.0.commands).await?;
        self.0.metrics.tallies_told.inc_by(calls.len() as u64);
        Ok(())
    }
}

/// What is to be done for a member of `talliesDue`. Doing it twice does nothing, so no lease is asked.
fn call(member: &str) -> Option<TallyCall> {
    let (channel, message) = member.rsplit_once(' ')?;
    Some(TallyCall {
        channel: ChannelId::new(channel),
        target: MessageRef {
            uuid: message.parse().ok()?,
            seq: 0,
        },
        act: TallyAct::Flush,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_names_a_room_and_a_message() {
        let uuid = "6a52f2f2-6c2c-4c0a-9a27-2f6f7a3f0001";
        let call = call(&format!("{{3}}public {uuid}")).expect("a call");
        assert_eq!(call.channel, ChannelId::new("{3}public"));
        assert_eq!(call.target.uuid.to_string(), uuid);
        assert_eq!(super::call("nonsense"), None);
    }
}
