//! Reactions and votes: one script each, which keeps what users have chosen and tells the room at
//! most a few times a second.

use std::time::Duration;

use parlor_shared::{
    id::MessageId,
    protocol::{
        ErrorBody, ErrorCode, ServerFrame,
        change::MessageMark,
        value::{Message, RoomRef},
    },
    redis::tally::{Tallied, TallyAct, TallyCall, TallyRefusal},
};
use tokio::{sync::oneshot, time::sleep};

use super::{Connection, alter::may_moderate, effects::unavailable, refusals};
use crate::{
    bus::publisher::{Act, Done, Publish, PublishError, Publisher},
    session::{
        Outcome,
        effect::{Choice, Choosing},
    },
};

impl Connection {
    pub(super) async fn choose(&self, choice: Choice) -> Outcome {
        let id = choice.id.clone();
        let answer = self.try_choose(choice).await;
        Outcome::Answer { id, answer }
    }

    async fn try_choose(&self, choice: Choice) -> Result<ServerFrame, ErrorBody> {
        let user = choice.user.uuid;
        let act = match &choice.act {
            Choosing::React { emoji, on } => TallyAct::React {
                user,
                emoji: emoji.clone(),
                on: *on,
                proven: false,
            },
            Choosing::Vote { options } => TallyAct::Vote {
                user,
                options: options.clone(),
            },
            Choosing::Close => {
                let message = self.target(&choice).await?;
                if message.sender_uuid != user && !may_moderate(choice.writer, &choice.address) {
                    let text = "only who made a poll, or a moderator, can close it";
                    return Err(ErrorBody::new(ErrorCode::Forbidden, text));
                }
                TallyAct::Close { user }
            }
        };
        let mut call = TallyCall {
            channel: choice.channel.clone(),
            target: choice.target,
            act,
        };
        let mut outcome = call_script(&self.app.publisher, call.clone()).await;
        if outcome == Err(PublishError::Refused(TallyRefusal::Unknown))
            && let TallyAct::React { proven, .. } = &mut call.act
        {
            // The first reaction to a message: nothing beside it tells that it is there.
            self.target(&choice).await?;
            *proven = true;
            outcome = call_script(&self.app.publisher, call.clone()).await;
        }
        let Tallied {
            mark,
            tell_after_ms,
        } = outcome.map_err(|error| {
            refusals::count(&self.app.metrics.messages_refused, error);
            refusals::refusal(error)
        })?;
        if let Some(wait_ms) = tell_after_ms {
            tell_later(self.app.publisher.clone(), call, wait_ms);
        }
        Ok(ServerFrame::MessageMark(MessageMark {
            room: RoomRef::from(&choice.address),
            uuid: choice.target.uuid,
            seq: choice.target.seq,
            mark,
        }))
    }

    /// The message as it is now.
    async fn target(&self, choice: &Choice) -> Result<Message, ErrorBody> {
        let found = self
            .app
            .history
            .message(&choice.channel, choice.target)
            .await;
        let found = found.map_err(|error| unavailable(&error))?;
        let found = found.filter(|it| !it.deleted);
        found.ok_or_else(refusals::no_such_message)
    }
}

async fn call_script(publisher: &Publisher, call: TallyCall) -> Result<Tallied, PublishError> {
    let (tell, told) = oneshot::channel();
    publisher.publish(Publish {
        channel: call.channel.clone(),
        message: MessageId::default(),
        body: String::new(),
        seen_key: None,
        slow: None,
        act: Act::Tally(call),
        done: Done::Tallied(Box::new(move |outcome| {
            // Nobody waits for it when the connection has ended meanwhile.
            let _ = tell.send(outcome);
        })),
    });
    told.await.unwrap_or(Err(PublishError::Unavailable))
}

/// Has the room told what was chosen, once that is due. Of all gateways only the one that made it due
/// is asked to; if it dies first, a history-worker does it.
fn tell_later(publisher: Publisher, call: TallyCall, wait_ms: u64) {
    let call = TallyCall {
        act: TallyAct::Flush,
        ..call
    };
    tokio::spawn(async move {
        let mut next = Some(wait_ms);
        while let Some(wait_ms) = next {
            sleep(Duration::from_millis(wait_ms)).await;
            let told = call_script(&publisher, call.clone()).await;
            // Whatever keeps it from being told, the history-workers find it still due.
            next = told.ok().and_then(|tallied| tallied.tell_after_ms);
        }
    });
}
