//! Work around what people read, type and tell about themselves.

use parlor_shared::{
    event::Membership,
    id::{SessionId, UserId},
    notice::{Notice, Order, Sessions},
    protocol::{
        ErrorBody, ErrorCode, RequestId, ServerEnvelope, ServerFrame,
        people::{Done, ProfileUpdate, SignedOutBy},
        server::Sys,
    },
};
use redis::RedisResult;
use tracing::warn;

use super::{Connection, effects::unavailable};
use crate::{
    accounts::Refusal,
    bus::{cursors::Move, typing::Typing, unread::unread},
    session::{Outcome, PeopleWork, refusal},
};

/// The reasons in `sys` `signedOut`.
const PASSWORD_CHANGED: &str = "passwordChanged";
const SESSION_ENDED: &str = "sessionEnded";

impl Connection {
    pub(super) async fn perform_for_people(
        &self,
        id: Option<RequestId>,
        work: PeopleWork,
    ) -> Option<Outcome> {
        let answer = match work {
            PeopleWork::ReadTo {
                reader,
                address,
                channel,
                seq,
            } => self.read_to(Move {
                reader,
                session: self.session.id(),
                address,
                channel,
                seq,
            }),
            PeopleWork::ForgetCursor { reader, channel } => {
                if let Err(error) = self.app.cursors.forget(reader, channel).await {
                    self.app.metrics.redis_errors.inc();
                    warn!(%error, "a read cursor could not be given up");
                }
                return None;
            }
            PeopleWork::Unread { reader, page } => {
                let unread = async {
                    // What this connection has said counts.
                    self.app.cursors.settle(reader).await?;
                    let commands = self.app.commands.clone();
                    unread(commands, &self.app.keyspace, reader, page).await
                };
                answered(unread.await.map(ServerFrame::Unread))
            }
            PeopleWork::Typing { user, channel, on } => {
                let session = self.session.id();
                let who = Membership { session, user };
                self.app.typists.tell(Typing { channel, who, on });
                return None;
            }
            PeopleWork::Profile { of } => match self.app.directory.profile(of).await {
                Ok(profile) => profile
                    .map(|profile| ServerFrame::Profile(Box::new(profile)))
                    .ok_or_else(no_such_user),
                Err(error) => Err(unavailable(&error)),
            },
            PeopleWork::ProfileUpdate { user, update } => {
                return Some(self.update_profile(id, user, update).await);
            }
            PeopleWork::PasswordChange {
                user,
                access_key,
                old,
                new,
            } => {
                let ended = self.app.directory.change_password(
                    (user.uuid, &user.username),
                    &access_key,
                    (old, new),
                    self.address,
                );
                match ended.await {
                    Ok(ended) => {
                        self.sign_out(user.uuid, ended, PASSWORD_CHANGED);
                        Ok(done())
                    }
                    Err(refused) => {
                        self.app.metrics.auth_failures.inc();
                        Err(refusal(ErrorCode::SignIn, &refused))
                    }
                }
            }
            PeopleWork::Sessions { user, access_key } => {
                let sessions = self.app.directory.sign_ins(user, &access_key).await;
                answered(sessions.map(|sessions| {
                    ServerFrame::Sessions(parlor_shared::protocol::people::Sessions { sessions })
                }))
            }
            PeopleWork::SessionEnd { user, session } => {
                let ended = self.app.directory.end_sign_in(user, session).await;
                answered(ended.map(|ended| {
                    self.sign_out(user, ended, SESSION_ENDED);
                    done()
                }))
            }
        };
        Some(Outcome::Answer { id, answer })
    }

    fn read_to(&self, to: Move) -> Result<ServerFrame, ErrorBody> {
        if self.app.cursors.advance(to) {
            return Ok(done());
        }
        let text = "too many read at once: tell it again";
        let wait = std::time::Duration::from_secs(1);
        Err(ErrorBody::new(ErrorCode::Overloaded, text).retry_after(wait))
    }

    async fn update_profile(
        &self,
        id: Option<RequestId>,
        user: UserId,
        update: ProfileUpdate,
    ) -> Outcome {
        match self.app.directory.update_profile(user, update).await {
            Ok(Some(profile)) => {
                let others = Sessions::Except(self.session.id());
                let look = Order::Look(profile.user.look.clone());
                let notice = Notice::order(user, others, look, None);
                self.app.notifier.notify(notice);
                let profile = Box::new(profile);
                Outcome::ProfileChanged { id, profile }
            }
            Ok(None) => {
                let answer = Err(no_such_user());
                Outcome::Answer { id, answer }
            }
            Err(error) => {
                let answer = Err(unavailable(&error));
                Outcome::Answer { id, answer }
            }
        }
    }

    /// Ends connections of a user, on whichever gateways. Their keys are ended already.
    fn sign_out(&self, user: UserId, sessions: Vec<SessionId>, why: &str) {
        for session in sessions {
            let why = why.to_owned();
            let told = ServerFrame::Sys(Sys::SignedOut(SignedOutBy { why }));
            let told = Some(ServerEnvelope::from(told));
            let only = Sessions::Only(session);
            let notice = Notice::order(user, only, Order::SignedOut, told);
            self.app.notifier.notify(notice);
        }
    }
}

fn done() -> ServerFrame {
    ServerFrame::Done(Done {})
}

fn answered(outcome: RedisResult<ServerFrame>) -> Result<ServerFrame, ErrorBody> {
    outcome.map_err(|error| unavailable(&error))
}

fn no_such_user() -> ErrorBody {
    ErrorBody::new(ErrorCode::NoSuchUser, "there is no such user")
}

/// What is answered when the key that a connection came with was ended while it came.
pub(super) fn key_ended() -> ErrorBody {
    refusal(ErrorCode::SignIn, &Refusal::UnknownKey)
}
