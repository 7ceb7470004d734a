//! Joining a room: registered for live events first, history read second, so that nothing falls
//! between the two.

use parlor_shared::{
    clock,
    id::{Address, ChannelId, UserId},
    protocol::{ErrorBody, ErrorCode, value::User},
    redis::presence::{self, Denied, Entering, Joined},
    roles::{self, Rights, SiteRole},
};
use redis::{AsyncCommands as _, RedisResult};
use tokio::time::timeout;

use super::{
    Connection, SUBSCRIBE_TIMEOUT,
    directory_work::{changes_seen_by, fit, seen_by},
    effects::unavailable,
    pages::{self, Pages, Place, RESUME_BYTES},
};
use crate::{
    bus::{history::Range, tallies},
    rooms::{Attached, Backlog, registry::Attach, view::Kind},
    session::{
        Outcome,
        effect::{Join, JoinOutcome, Room, Standing},
    },
};

/// Messages that a resume brings at most for one room; who missed more gets a fresh page.
const RESUME_MESSAGES: usize = 500;

impl Connection {
    pub(super) async fn join(&mut self, join: Join) -> Outcome {
        let result = self.try_join(&join).await;
        if join.resume.is_some()
            && let Ok(room) = &result
        {
            self.app.metrics.resumed(room.recovered);
        }
        Outcome::Joined(Box::new(JoinOutcome { join, result }))
    }

    async fn try_join(&mut self, join: &Join) -> Result<Room, ErrorBody> {
        let (channel, peer) = self.find_room(join).await?;
        let attach = Attach {
            channel: channel.clone(),
            kind: Kind::new(&join.address, join.user.uuid),
            session: self.session.id(),
            user: join.user.uuid,
            outbox: self.outbox.clone(),
            since: join.resume.clone(),
        };
        let attached = timeout(SUBSCRIBE_TIMEOUT, self.app.rooms.attach(attach)).await;
        let Ok(Some(Attached {
            membership,
            backlog,
        })) = attached
        else {
            self.memberships.remove(&channel);
            return Err(away());
        };
        self.memberships.insert(membership);
        let room = self.enter(join, &channel, peer, backlog).await;
        match &room {
            Ok(_) => self.still_listed.remove(&channel),
            // Redis may have let the session in before something else failed.
            Err(error) if error.retryable => self.leave(&channel).await,
            Err(_) => self.memberships.remove(&channel),
        }
        room
    }

    async fn enter(
        &self,
        join: &Join,
        channel: &ChannelId,
        peer: Option<User>,
        backlog: Option<Backlog>,
    ) -> Result<Room, ErrorBody> {
        let app = &self.app;
        let room_name = match &join.address {
            Address::Named(name) => Some(name),
            _ => None,
        };
        let who = parlor_shared::event::Membership {
            session: self.session.id(),
            user: join.user.clone(),
        };
        let mut commands = app.commands.clone();
        let entering = Entering {
            channel,
            who: &who,
            role: join.role,
            room: room_name,
            create: app.create_rooms || join.role >= SiteRole::Moderator,
        };
        let joined = presence::join(&mut commands, app.registry_settings, entering)
            .await
            .map_err(|error| unavailable(&error))?
            .map_err(denied)?;
        let standing = match join.address {
            Address::Private(_) => None,
            _ => Some(Box::new(self.standing(join, channel, &joined))),
        };
        if joined.first && joined.users > app.registry_settings.names_limit {
            app.rooms.occupancy_changed(channel);
        }
        let stands = (joined.epoch.as_str(), joined.seq);
        let (reader, address) = (join.user.uuid, &join.address);
        let (pages, read) = tokio::try_join!(
            self.read_history(join, channel, &joined, backlog),
            app.cursors.on_join(reader, address, channel, stands),
        )
        .map_err(|error| unavailable(&error))?;
        let users = app
            .rosters
            .of(channel, joined.users)
            .await
            .map_err(|error| unavailable(&error))?;
        let viewer = join.user.uuid;
        let subjects = pages.messages.iter().map(tallies::subject_of);
        let subjects = subjects.chain(pages.changes.iter().map(tallies::subject_of_change));
        let marks = tallies::marks(&app.commands, channel, viewer, subjects).await;
        let marks = marks.map_err(|error| unavailable(&error))?;
        Ok(Room {
            channel: channel.clone(),
            peer,
            messages: seen_by(&join.address, viewer, pages.messages),
            changes: changes_seen_by(&join.address, viewer, pages.changes),
            marks,
            users,
            users_total: joined.users,
            epoch: pages.epoch,
            seq: pages.seq,
            read,
            more: pages.more,
            recovered: pages.recovered,
            standing,
        })
    }

    /// What the joiner is in the room; and what the room is set to, for those who send there.
    fn standing(&self, join: &Join, channel: &ChannelId, joined: &Joined) -> Standing {
        let policies = &self.app.policies;
        policies.found(channel.as_str(), joined.policy, &joined.room);
        let rights = Rights {
            site: join.role,
            room: joined.role,
        };
        let muted = joined
            .muted
            .filter(|until| roles::holds(*until, clock::now_ms()));
        Standing {
            role: joined.role,
            muted,
            version: joined.policy,
            can_write: muted.is_none() && joined.room.lets_write(rights),
            settings: joined.room.clone(),
        }
    }

    async fn read_history(
        &self,
        join: &Join,
        channel: &ChannelId,
        joined: &Joined,
        backlog: Option<Backlog>,
    ) -> RedisResult<Pages> {
        let stands: Place<'_> = (&joined.epoch, joined.seq);
        if let Some(Backlog {
            epoch,
            seq,
            messages,
        }) = backlog
        {
            let since: Place<'_> = (&epoch, seq);
            let from_ring = messages.and_then(|missed| pages::from_ring(since, stands, &missed));
            if let Some(found) = from_ring {
                return Ok(found);
            }
            if pages::may_follow(since, stands) {
                let behind = Range::After(seq);
                let page = self
                    .app
                    .history
                    .page(channel, behind, RESUME_MESSAGES)
                    .await?;
                let page = fit(page, behind, RESUME_BYTES);
                if let Some(found) = pages::recovered(since, stands, page) {
                    return Ok(found);
                }
            }
        }
        let page = self
            .app
            .history
            .messages(channel, Range::Last, join.count)
            .await?;
        Ok(pages::fresh(stands, fit(page, Range::Last, RESUME_BYTES)))
    }

    /// The room's channel, and the other one in a private room.
    async fn find_room(&self, join: &Join) -> Result<(ChannelId, Option<User>), ErrorBody> {
        if let Some(channel) = self.app.keyspace.fixed_channel(&join.address) {
            return Ok((channel, None));
        }
        let Address::Private(other) = join.address else {
            unreachable!("every other address has a fixed channel");
        };
        let peer = self
            .app
            .directory
            .user(other)
            .await
            .map_err(|error| unavailable(&error))?;
        let peer =
            peer.ok_or_else(|| ErrorBody::new(ErrorCode::NoSuchUser, "there is no such user"))?;
        let channel = self.private_channel(join.user.uuid, other).await;
        Ok((channel.map_err(|error| unavailable(&error))?, Some(peer)))
    }

    /// The channel of two users, made if there is none. Both may make it at the same time: one key,
    /// under their ordered names, decides.
    async fn private_channel(&self, user: UserId, other: UserId) -> RedisResult<ChannelId> {
        let mut commands = self.app.commands.clone();
        let own: Option<String> = commands
            .get(commands.keyspace().channel_sender_recipient(user, other))
            .await?;
        if let Some(channel) = own {
            return Ok(ChannelId::new(channel));
        }
        let (first, second) = (user.min(other), user.max(other));
        let candidate = self.app.keyspace.new_private_room();
        let earlier: Option<String> = redis::cmd("SET")
            .arg(commands.keyspace().channel_sender_recipient(first, second))
            .arg(candidate.as_str())
            .arg("NX")
            .arg("GET")
            .query_async(&mut commands)
            .await?;
        let channel = earlier.map_or(candidate, ChannelId::new);
        let _: () = commands
            .set(
                commands.keyspace().channel_sender_recipient(second, first),
                channel.as_str(),
            )
            .await?;
        Ok(channel)
    }
}

/// What one is told who is not let into a room.
pub(super) fn denied(denied: Denied) -> ErrorBody {
    match denied {
        Denied::NoRoom => ErrorBody::new(
            ErrorCode::Join,
            "there is no such room, and new ones are not made here",
        ),
        Denied::Banned(until, reason) => ErrorBody::banned("this room", until, &reason),
        Denied::InvitedOnly => ErrorBody::new(
            ErrorCode::InvitedOnly,
            "the room is for those who are invited: ask a moderator of it",
        ),
        Denied::Closed => ErrorBody::new(ErrorCode::RoomClosed, "the room is closed"),
    }
}

fn away() -> ErrorBody {
    let text = "the room can't be joined, the storage can't be reached: try again in a moment";
    ErrorBody::new(ErrorCode::Unavailable, text).retry_after(SUBSCRIBE_TIMEOUT)
}
