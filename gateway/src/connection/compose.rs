//! What a message needs looked up before it is published: what it answers, and when its poll closes.

use parlor_shared::{
    clock,
    id::ChannelId,
    protocol::{
        ErrorBody,
        change::{MessageRef, NewPoll, Poll, ReplyTo, Results, Tally},
        value::Message,
    },
};
use redis::RedisResult;

use super::{Connection, effects::unavailable, refusals::no_such_message};
use crate::bus::publisher::Act;

impl Connection {
    /// Completes a message that is about to be published.
    pub(super) async fn compose(
        &self,
        message: &mut Message,
        channel: &ChannelId,
        reply_to: Option<MessageRef>,
        poll: Option<NewPoll>,
    ) -> Result<Act, ErrorBody> {
        if let Some(target) = reply_to {
            let target = self.app.history.message(channel, target).await;
            let target = target.map_err(|error| unavailable(&error))?;
            let target = target
                .filter(|it| !it.deleted)
                .ok_or_else(no_such_message)?;
            message.reply_to = Some(Box::new(ReplyTo::of(&target)));
        }
        let Some(poll) = poll else {
            return Ok(Act::Message);
        };
        let closes_ms = self.closes_ms(&poll).await;
        let closes_ms = closes_ms.map_err(|error| unavailable(&error))?;
        let act = act_of(&poll, closes_ms);
        message.poll = Some(Box::new(Poll {
            options: poll.options,
            multiple: poll.multiple,
            anonymous: poll.anonymous,
            closes_at: closes_ms.map(clock::rfc3339),
        }));
        Ok(act)
    }

    /// When a poll closes, by the clock that its votes are judged by: Redis'.
    async fn closes_ms(&self, poll: &NewPoll) -> RedisResult<Option<u64>> {
        let Some(seconds) = poll.closes_in_seconds else {
            return Ok(None);
        };
        let mut commands = self.app.commands.clone();
        let (now_seconds, micros): (u64, u64) =
            redis::cmd("TIME").query_async(&mut commands).await?;
        Ok(Some((now_seconds + seconds) * 1_000 + micros / 1_000))
    }
}

/// What the script is told of a poll.
fn act_of(poll: &NewPoll, closes_ms: Option<u64>) -> Act {
    let options = poll.options.len();
    let choice = if poll.multiple { 'm' } else { 's' };
    let secrecy = if poll.anonymous { 'a' } else { 'n' };
    let results = Results {
        counts: vec![0; options],
        voters: 0,
        closed: false,
        who: (!poll.anonymous).then(|| vec![Vec::new(); options]),
    };
    let tally = Tally {
        reactions: Vec::new(),
        results: Some(Box::new(results)),
    };
    Act::Poll {
        kind: format!("{options}{choice}{secrecy}"),
        closes_ms: closes_ms.unwrap_or_default(),
        results: serde_json::to_string(&tally).expect("numbers are JSON"),
    }
}
