//! Edits and deletions: what may be done to a message is decided on the message as it is now; that a
//! deleted one stays so, the script sees to.

use std::time::Duration;

use parlor_shared::{
    clock,
    entry::Changed,
    id::{Address, MessageId},
    protocol::{
        ErrorBody, ErrorCode, ServerFrame,
        change::{Change, ChangeKind, MessageRef},
        server::Ack,
        value::{Message, RoomRef, User},
    },
    roles::Writer,
};
use tokio::sync::oneshot;

use super::{Connection, effects::unavailable, refusals};
use crate::{
    bus::publisher::{Act, Done, Publish, PublishError, Published},
    session::{
        Outcome,
        effect::{Alteration, Altering},
    },
};

impl Connection {
    pub(super) async fn alter(&self, alteration: Alteration) -> Outcome {
        let id = alteration.id.clone();
        let answer = self.try_alter(alteration).await;
        Outcome::Answer { id, answer }
    }

    async fn try_alter(&self, alteration: Alteration) -> Result<ServerFrame, ErrorBody> {
        let Alteration {
            user,
            writer,
            address,
            channel,
            target,
            act,
            ..
        } = alteration;
        if matches!(act, Altering::Edit { .. }) {
            // Whoever may not write may not write anew either; slow mode is for new messages.
            self.app.policies.admit(&channel, writer)?;
        }
        self.app.metrics.messages_in.inc();
        let found = self.app.history.message(&channel, target).await;
        let found = found.map_err(|error| unavailable(&error))?;
        let found = found.filter(|it| !it.deleted);
        let found = found.ok_or_else(refusals::no_such_message)?;
        let moderates = may_moderate(writer, &address);
        self.may_alter(&found, &user, moderates, &act)?;
        let (change, message, client_message_id, act) = match act {
            Altering::Edit {
                text,
                client_message_id,
            } => {
                let mut edited = Message {
                    message: text,
                    edited_at: Some(clock::rfc3339(clock::now_ms())),
                    ..found
                };
                edited.mentions = self.app.named(&address, &channel, &edited).await;
                let act = Act::Edit {
                    target: target.uuid,
                };
                (ChangeKind::Edit, edited, client_message_id, act)
            }
            Altering::Delete => {
                let act = Act::Delete {
                    target: target.uuid,
                };
                (ChangeKind::Delete, found.tombstone(user.uuid), None, act)
            }
        };
        let seen_key = client_message_id
            .as_ref()
            .map(|id| self.app.keyspace.message_seen(&channel, user.uuid, id));
        let (tell, told) = oneshot::channel();
        self.app.publisher.publish(Publish {
            channel,
            message: MessageId::random(),
            body: body(change, target, &user, message),
            seen_key,
            slow: None,
            act,
            done: Done::Published(Box::new(move |outcome| {
                // Nobody waits for it when the connection has ended meanwhile.
                let _ = tell.send(outcome);
            })),
        });
        let published = told.await.unwrap_or(Err(PublishError::Unavailable));
        let Published { position, .. } = published.map_err(|error| {
            refusals::count(&self.app.metrics.messages_refused, error);
            refusals::refusal(error)
        })?;
        Ok(ServerFrame::Ack(Ack {
            room: RoomRef::from(&address),
            uuid: target.uuid,
            seq: position.seq,
            epoch: position.epoch.into(),
            created_at: clock::rfc3339(position.ms),
            client_message_id,
        }))
    }

    fn may_alter(
        &self,
        message: &Message,
        user: &User,
        moderates: bool,
        act: &Altering,
    ) -> Result<(), ErrorBody> {
        let deletes = matches!(act, Altering::Delete);
        if deletes && moderates {
            return Ok(());
        }
        if message.sender_uuid != user.uuid {
            let text = if deletes {
                "only who sent a message, or a moderator, can delete it"
            } else {
                "only who sent a message can edit it"
            };
            return Err(ErrorBody::new(ErrorCode::Forbidden, text));
        }
        let window = self.app.limits.edit_window;
        let sent_ms = clock::parse_rfc3339(&message.created_at).unwrap_or_default();
        let age = Duration::from_millis(clock::now_ms().saturating_sub(sent_ms));
        if window.is_zero() || age > window {
            let text = "the time in which the message could be changed has passed";
            return Err(ErrorBody::new(ErrorCode::TooLate, text));
        }
        Ok(())
    }
}

/// Whether a user has a say over what others have written in a room; between two people nobody has.
pub(super) fn may_moderate(writer: Writer, address: &Address) -> bool {
    !matches!(address, Address::Private(_)) && writer.rights.may_moderate()
}

/// What is published of a change; its position comes with it.
fn body(change: ChangeKind, target: MessageRef, by: &User, message: Message) -> String {
    let changed = Changed {
        change: Change {
            change,
            uuid: target.uuid,
            target_seq: target.seq,
            by_uuid: Some(by.uuid),
            message: Some(Box::new(message)),
            reactions: None,
            results: None,
        },
        created_at: String::new(),
        seq: 0,
        epoch: String::new(),
    };
    serde_json::to_string(&changed).expect("a change is JSON")
}
