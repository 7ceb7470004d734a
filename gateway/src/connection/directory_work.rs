//! Work around users and lists: registering a session, and what is looked up for a request.

use std::collections::HashMap;

use parlor_shared::{
    clock,
    entry::{Changed, Entry},
    event::Membership,
    id::{Address, ChannelId, UserId},
    protocol::{
        ErrorBody, ErrorCode, ServerFrame,
        change::MessageChange,
        client::{Page, Secret},
        people::UserSearch,
        server::{History, PrivateRoom, PrivateRooms},
        value::{Message, RoomRef, User},
    },
    redis::presence::{self, Entering, Seat},
};
use redis::{RedisResult, pipe};
use tracing::warn;

use super::{
    Connection, effects::unavailable, leaving::StillListed, people::key_ended, registry::Door,
};
use crate::{
    accounts::{Refusal, list_range},
    bus::{
        history::{HistoryPage, Range},
        tallies,
    },
    metrics::Counted,
    rooms::view::{self, Kind},
    session::{
        Outcome,
        effect::{Authenticated, RegistrationOutcome},
    },
};

/// Bytes of message texts in one page: a page of the longest messages would be megabytes.
const PAGE_BYTES: usize = 256 * 1_024;

impl Connection {
    /// Who this session is to others; `None` while nobody is signed in.
    pub(super) fn membership_facts(&self) -> Option<Membership> {
        let user = self.session.user()?.clone();
        Some(Membership {
            session: self.session.id(),
            user,
        })
    }

    fn seat(&self, user: UserId) -> Seat {
        Seat {
            session: self.session.id(),
            user,
            gateway: self.app.gateway,
        }
    }

    pub(super) async fn register(&mut self, mut authenticated: Authenticated) -> Outcome {
        let user = authenticated.identity.user.clone();
        let mut commands = self.app.commands.clone();
        // Before Redis is told: whatever happens then, the session's end is noted.
        self.departure.registered = true;
        let registered = async {
            let mut steps = pipe();
            let settings = self.app.registry_settings;
            presence::signed_in(
                &mut steps,
                &self.app.keyspace,
                settings,
                self.seat(user.uuid),
            );
            if user.guest {
                self.app.directory.keep_guest(&mut steps, &user);
            }
            let key = &authenticated.identity.access_key;
            let session = self.session.id();
            self.app
                .directory
                .note_session(&mut steps, user.uuid, key, session, &self.client);
            let (noted,): (bool,) = steps.query_async(&mut commands).await?;
            // Looked up behind being entered: a ban comes either before, and is found, or after, and
            // finds the session.
            let standing = self.app.directory.admitted(user.uuid).await;
            RedisResult::Ok((noted, standing))
        };
        let standing = match registered.await {
            Ok((true, standing)) => standing,
            Ok((false, _)) => {
                // Nobody was told of this session, so nobody need be told of its end.
                if self.signed_in.is_none() {
                    self.unregister(user, None).await;
                }
                return Outcome::Registered(Box::new(RegistrationOutcome {
                    authenticated,
                    messages: Err(key_ended()),
                }));
            }
            Err(error) => Err(error.into()),
        };
        let messages = match standing {
            Ok(role) => {
                authenticated.identity.role = role;
                if self.signed_in.is_none() {
                    let door = Door {
                        session: self.session.id(),
                        inbox: self.inbox.clone(),
                    };
                    self.signed_in = Some((
                        Counted::new(&self.app.metrics.signed_in),
                        self.app.connections.reach(user.uuid, door),
                    ));
                }
                Ok(self.app.user_limits.of(user.uuid))
            }
            Err(Refusal::Unavailable) => {
                self.app.metrics.redis_errors.inc();
                Err(ErrorBody::new(
                    ErrorCode::Unavailable,
                    Refusal::Unavailable.to_string(),
                ))
            }
            Err(refusal) => {
                self.unregister(user, None).await;
                Err(match refusal {
                    Refusal::Banned(ban) => ErrorBody::banned("this site", ban.until, &ban.reason),
                    other => ErrorBody::new(ErrorCode::SessionExpired, other.to_string()),
                })
            }
        };
        Outcome::Registered(Box::new(RegistrationOutcome {
            authenticated,
            messages,
        }))
    }

    /// Ends the session of a user who signs out or is replaced: out of all rooms, now.
    pub(super) async fn unregister(&mut self, user: User, revoke: Option<Secret>) {
        self.signed_in = None;
        self.memberships.clear();
        self.still_listed = StillListed::default();
        let mut commands = self.app.commands.clone();
        let seat = self.seat(user.uuid);
        let mut settings = self.app.registry_settings;
        if user.guest && revoke.is_some() {
            // Without the key nobody can come back for the name: it is free at once.
            settings.guest_ttl_seconds = 0;
        }
        if let Some(key) = revoke
            && let Err(error) = self.app.directory.revoke(user.uuid, &key).await
        {
            self.app.metrics.redis_errors.inc();
            warn!(%error, "an access key could not be revoked");
        }
        let who = Membership {
            session: seat.session,
            user,
        };
        match presence::end(&mut commands, settings, seat, &who).await {
            // Nothing is left of the session that would have to be ended later.
            Ok(_) => self.departure.registered = false,
            Err(error) => {
                self.app.metrics.redis_errors.inc();
                warn!(%error, "a session's end could not be noted yet");
            }
        }
    }

    /// Enters the session and its rooms again, after the registry has lost them.
    pub(super) async fn register_again(&mut self) {
        let Some(who) = self.membership_facts() else {
            return;
        };
        let settings = self.app.registry_settings;
        let mut commands = self.app.commands.clone();
        let again = async {
            let mut steps = pipe();
            presence::signed_in(
                &mut steps,
                &self.app.keyspace,
                settings,
                self.seat(who.user.uuid),
            );
            if who.user.guest {
                self.app.directory.keep_guest(&mut steps, &who.user);
            }
            let _: () = steps.query_async(&mut commands).await?;
            for (address, channel) in self.session.rooms() {
                let room = match address {
                    Address::Named(room) => Some(room),
                    _ => None,
                };
                let entering = Entering {
                    channel,
                    who: &who,
                    role: self.session.role(),
                    room,
                    create: true,
                };
                // Who was put out meanwhile hears of it as all who are in the room do.
                let _ = presence::join(&mut commands, settings, entering).await?;
            }
            RedisResult::Ok(())
        };
        if let Err(error) = again.await {
            self.app.metrics.redis_errors.inc();
            warn!(%error, "a session could not be entered again");
        }
    }

    pub(super) async fn users(&self, search: UserSearch) -> Result<ServerFrame, ErrorBody> {
        let users = self.app.directory.search(search).await;
        users
            .map(ServerFrame::Users)
            .map_err(|error| unavailable(&error))
    }

    pub(super) async fn rooms(&self, user: UserId, page: Page) -> Result<ServerFrame, ErrorBody> {
        let rooms = self.app.moderation.list_rooms(user, page).await;
        rooms
            .map(ServerFrame::Rooms)
            .map_err(|error| unavailable(&error))
    }

    pub(super) async fn private_rooms(
        &self,
        user: UserId,
        page: Page,
    ) -> Result<ServerFrame, ErrorBody> {
        let rooms = self.list_private_rooms(user, page).await;
        rooms
            .map(ServerFrame::PrivateRooms)
            .map_err(|error| unavailable(&error))
    }

    async fn list_private_rooms(&self, user: UserId, page: Page) -> RedisResult<PrivateRooms> {
        let (from, to) = list_range(page);
        let (total, peers): (u64, Vec<(String, f64)>) = pipe()
            .zcard(self.app.commands.keyspace().private_rooms(user))
            .zrevrange_withscores(self.app.commands.keyspace().private_rooms(user), from, to)
            .query_async(&mut self.app.commands.clone())
            .await?;
        let last: HashMap<UserId, u64> = peers
            .iter()
            .filter_map(|(peer, ms)| Some((peer.parse().ok()?, *ms as u64)))
            .collect();
        let order: Vec<UserId> = peers
            .iter()
            .filter_map(|(peer, _)| peer.parse().ok())
            .collect();
        let users = self.app.directory.users_with_status(&order).await?;
        let rooms: Vec<PrivateRoom> = users
            .into_iter()
            .map(|user| PrivateRoom {
                recipient_uuid: user.uuid,
                last_message_at: clock::rfc3339(last.get(&user.uuid).copied().unwrap_or_default()),
                user,
            })
            .collect();
        Ok(PrivateRooms {
            total,
            received: rooms.len() as u64,
            rooms,
        })
    }

    pub(super) async fn history(
        &self,
        address: &Address,
        channel: &ChannelId,
        viewer: UserId,
        (before, after): (Option<u64>, Option<u64>),
        count: usize,
    ) -> Result<ServerFrame, ErrorBody> {
        let range = match (before, after) {
            (Some(seq), _) => Range::Before(seq),
            (_, Some(seq)) => Range::After(seq),
            _ => Range::Last,
        };
        let page = self.app.history.messages(channel, range, count).await;
        let page = page.map_err(|error| unavailable(&error))?;
        let page = fit(page, range, PAGE_BYTES);
        let subjects = page.entries.iter().filter_map(Entry::message);
        let subjects = subjects.map(tallies::subject_of);
        let marks = tallies::marks(&self.app.commands, channel, viewer, subjects).await;
        let marks = marks.map_err(|error| unavailable(&error))?;
        let messages = page.entries.into_iter().filter_map(Entry::into_message);
        Ok(ServerFrame::ChannelMessages(History {
            room: RoomRef::from(address),
            messages: seen_by(address, viewer, messages.collect()),
            marks,
            epoch: page.epoch,
            seq: page.seq,
            more: page.more,
        }))
    }
}

/// Messages as a viewer sees them.
pub(super) fn seen_by(address: &Address, viewer: UserId, messages: Vec<Message>) -> Vec<Message> {
    let kind = Kind::new(address, viewer);
    messages
        .into_iter()
        .map(|message| view::message_for(&kind, viewer, message))
        .collect()
}

/// Changes as a viewer sees them.
pub(super) fn changes_seen_by(
    address: &Address,
    viewer: UserId,
    changes: Vec<Changed>,
) -> Vec<MessageChange> {
    let kind = Kind::new(address, viewer);
    let seen = |changed| view::change_for(&kind, viewer, changed);
    changes.into_iter().map(seen).collect()
}

/// Shortens a page to what fits into `bytes`, at the end that the next page goes on from.
pub(super) fn fit(mut page: HistoryPage, range: Range, bytes: usize) -> HistoryPage {
    let whole = page.entries.len();
    let mut left = bytes;
    let mut fits = |entry: &Entry| {
        left = left.saturating_sub(entry.weight());
        left > 0
    };
    match range {
        Range::After(_) => {
            let fitting = page.entries.iter().take_while(|entry| fits(entry));
            let count = fitting.count();
            page.entries.truncate(count.max(1));
        }
        Range::Last | Range::Before(_) => {
            let fitting = page.entries.iter().rev().take_while(|entry| fits(entry));
            let count = fitting.count();
            page.entries.drain(..whole - count.max(1).min(whole));
        }
    }
    page.more |= page.entries.len() < whole;
    page
}
