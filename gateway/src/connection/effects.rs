//! The one place where decisions become I/O.

use std::{collections::VecDeque, time::Instant};

use parlor_shared::{
    clock,
    id::{Address, ChannelId, MessageId},
    protocol::{
        ErrorBody, ErrorCode, RequestId, ServerEnvelope, ServerFrame,
        client::Secret,
        server::{Ack, Pong},
        value::RoomRef,
    },
};
use tracing::warn;

use super::{Connection, End, named::mention, refusals};
use crate::{
    accounts::{Identity, Refusal},
    bus::{
        notices::PrivateMessage,
        publisher::{Done, Publish, PublishError, Published},
    },
    session::{
        Effect, Effects, Outcome, Work,
        effect::{AuthenticationOutcome, Kind, Publication, Verified},
    },
    tokens::TokenError,
    websocket::Frame,
};

impl Connection {
    /// Carries effects out, in their order; what follows from one comes before the next.
    pub(super) async fn carry_out(&mut self, effects: Effects) -> Result<(), End> {
        let mut queue: VecDeque<Effect> = effects.into();
        while let Some(effect) = queue.pop_front() {
            if let Effect::Publish(publication) = effect {
                self.publish(*publication).await;
                continue;
            }
            // Answers come in the order of the requests: those to messages first.
            self.in_flight.idle().await;
            match effect {
                Effect::Publish(_) => {}
                Effect::Send(envelope) => self.send(&envelope).await,
                Effect::Pong { id } => {
                    let frame = ServerFrame::Pong(Pong {
                        time: clock::now_ms(),
                    });
                    self.send(&ServerEnvelope { id, frame }).await;
                }
                Effect::Perform(work) => {
                    let outcome = self.perform(work).await;
                    let follow = match outcome {
                        Some(outcome) => self.session.on_outcome(outcome, Instant::now()),
                        None => Vec::new(),
                    };
                    for effect in follow.into_iter().rev() {
                        queue.push_front(effect);
                    }
                }
                Effect::Release {
                    channel,
                    epoch,
                    seq,
                } => {
                    if let Some(membership) = self.memberships.get(&channel) {
                        membership.release(&epoch, seq);
                    }
                }
                Effect::Leave { channel } => self.leave(&channel).await,
                Effect::Close(code) => return Err(End::Close(code)),
                Effect::CountRefused => self.app.metrics.frames_refused.inc(),
                Effect::CountRateLimited => self.app.metrics.rate_limited.inc(),
                Effect::CountAuthFailure => self.app.metrics.auth_failures.inc(),
            }
        }
        Ok(())
    }

    async fn send(&self, envelope: &ServerEnvelope) {
        let frame = Frame::json(envelope);
        self.outbox.room_for(frame.plain().len()).await;
        // Written with all that this step of the work says, by `Outbox::while_writing`.
        self.outbox.push(&frame);
    }

    /// Refuses a message in its turn, behind the answers to messages sent before.
    async fn refuse(&mut self, id: Option<RequestId>, body: ErrorBody) {
        self.in_flight.idle().await;
        let frame = ServerFrame::Error(body);
        self.send(&ServerEnvelope { id, frame }).await;
    }

    /// Hands a message to the publisher, which answers straight into the outbox.
    async fn publish(&mut self, publication: Publication) {
        let Publication {
            id,
            address,
            channel,
            writer,
            mut message,
            reply_to,
            poll,
        } = publication;
        let admitted = self.app.policies.admit(&channel, writer);
        let slow = match admitted {
            Ok(wait) => wait.map(|wait| {
                let key = self
                    .app
                    .keyspace
                    .channel_slow(&channel, message.sender_uuid);
                (key, wait)
            }),
            Err(body) => return self.refuse(id, body).await,
        };
        self.app.metrics.messages_in.inc();
        let uuid = MessageId::random();
        message.uuid = uuid;
        let act = match self.compose(&mut message, &channel, reply_to, poll).await {
            Ok(act) => act,
            Err(body) => return self.refuse(id, body).await,
        };
        let mentioned = self.app.named(&address, &channel, &message).await;
        message.mentions.clone_from(&mentioned);
        let ticket = self.in_flight.begin().await;
        let client_message_id = message.client_message_id.clone();
        let seen_key = client_message_id.as_ref().map(|id| {
            self.app
                .keyspace
                .message_seen(&channel, message.sender_uuid, id)
        });
        // Ids, names and texts: nothing in it that JSON can't hold.
        let body = serde_json::to_string(&message).expect("a message is JSON");
        let outbox = self.outbox.clone();
        let room = RoomRef::from(&address);
        let recipient = match address {
            Address::Private(user) if user != message.sender_uuid => Some(user),
            _ => None,
        };
        let (notifier, sender, private) = (
            self.app.notifier.clone(),
            message.sender.clone(),
            channel.clone(),
        );
        let refused = self.app.metrics.messages_refused.clone();
        let done = move |outcome: Result<Published, PublishError>| {
            if let Ok(published) = &outcome
                && !mentioned.is_empty()
                // Of one seen before they were told then.
                && published.message == uuid
            {
                let named = (mentioned, &sender);
                notifier.mention(mention(&address, &private, named, published));
            }
            if let (Some(recipient), Ok(published)) = (recipient, &outcome) {
                let position = published.position.clone();
                notifier.tell(PrivateMessage {
                    channel: private,
                    sender,
                    recipient,
                    position,
                });
            }
            let answer = match outcome {
                // Without an id the sender's own copy is the answer; a message seen before has none.
                Ok(published) if id.is_none() && published.message == uuid => None,
                Ok(Published { position, message }) => Some(ServerFrame::Ack(Ack {
                    room,
                    uuid: message,
                    seq: position.seq,
                    epoch: position.epoch.into(),
                    created_at: clock::rfc3339(position.ms),
                    client_message_id,
                })),
                Err(error) => {
                    refusals::count(&refused, error);
                    Some(ServerFrame::Error(refusals::refusal(error)))
                }
            };
            if let Some(frame) = answer {
                outbox.send(&Frame::json(&ServerEnvelope { id, frame }));
            }
            drop(ticket);
        };
        self.app.publisher.publish(Publish {
            channel,
            message: uuid,
            body,
            seen_key,
            slow,
            act,
            done: Done::Published(Box::new(done)),
        });
    }

    async fn perform(&mut self, work: Work) -> Option<Outcome> {
        let directory = self.app.directory.clone();
        let (id, kind, identity) = match work {
            Work::SignUp { id, credentials } => {
                (id, Kind::SignUp, directory.sign_up(credentials).await)
            }
            Work::SignIn { id, credentials } => (
                id,
                Kind::SignIn,
                directory.sign_in(credentials, self.address).await,
            ),
            Work::SignInToken { id, token } => (id, Kind::Token, self.sign_in_token(&token).await),
            Work::SignInGuest { id, nickname, join } => {
                let kind = join.map_or(Kind::SignIn, |join| Kind::Query { join });
                (id, kind, directory.sign_in_guest(&nickname).await)
            }
            Work::Resume {
                id,
                user,
                access_key,
                rooms,
            } => (
                id,
                Kind::Resume { rooms },
                directory.resume(user, access_key).await,
            ),
            Work::Register(authenticated) => {
                return Some(self.register(*authenticated).await);
            }
            Work::Unregister { user, revoke } => {
                self.unregister(user, revoke).await;
                return None;
            }
            Work::Join(join) => return Some(self.join(*join).await),
            Work::Photo(work) => return Some(self.photo(work).await),
            Work::FinishResume { id } => return Some(Outcome::Resumed { id }),
            Work::Users { id, search } => {
                let answer = self.users(search).await;
                return Some(Outcome::Answer { id, answer });
            }
            Work::PrivateRooms { id, user, page } => {
                let answer = self.private_rooms(user, page).await;
                return Some(Outcome::Answer { id, answer });
            }
            Work::Rooms { id, user, page } => {
                let answer = self.rooms(user, page).await;
                return Some(Outcome::Answer { id, answer });
            }
            Work::People { id, work } => return self.perform_for_people(id, *work).await,
            Work::Moderate(work) => return Some(self.moderate(*work).await),
            Work::Verify { user, access_key } => {
                let role = directory.verify(user, &access_key).await;
                let settings = |(_, channel): (_, &ChannelId)| {
                    Some((channel.clone(), self.app.policies.settings(channel)?))
                };
                let rooms = self.session.rooms().filter_map(settings).collect();
                return Some(Outcome::Verified(Verified { role, rooms }));
            }
            Work::History {
                id,
                address,
                channel,
                viewer,
                before,
                after,
                count,
            } => {
                let answer = self
                    .history(&address, &channel, viewer, (before, after), count)
                    .await;
                return Some(Outcome::Answer { id, answer });
            }
            Work::Alter(alteration) => return Some(self.alter(*alteration).await),
            Work::Choose(choice) => return Some(self.choose(*choice).await),
        };
        Some(Outcome::Authenticated(Box::new(AuthenticationOutcome {
            id,
            kind,
            identity,
        })))
    }
}

impl Connection {
    async fn sign_in_token(&self, token: &Secret) -> Result<Identity, Refusal> {
        let tokens = self.app.tokens.as_ref().ok_or(TokenError::Off)?;
        let claims = tokens.verify(token).await?;
        self.app.directory.sign_in_claims(claims).await
    }
}

/// What a request is answered when Redis could not be asked.
pub(super) fn unavailable(error: &redis::RedisError) -> ErrorBody {
    warn!(%error, "Redis can't be asked");
    ErrorBody::new(
        ErrorCode::Unavailable,
        "the storage can't be reached: try again in a moment",
    )
    .retry_after(std::time::Duration::from_secs(2))
}
