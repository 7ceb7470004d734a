//! What is done to one user in one room.

use parlor_shared::{
    clock,
    id::UserId,
    limits,
    notice::{Notice, Order, Sessions},
    protocol::{
        moderation::{
            BannedUser, MessageReport, RoomBans, RoomGrade, RoomMember, RoomMembers, RoomPage,
        },
        value::{RoomRef, User},
    },
    redis::{
        moderation::{self, Action},
        webhooks,
    },
    roles::{Rights, RoomRole},
};
use serde_json::json;
use tracing::warn;

use super::{Actor, Answer, Moderation, Room, away, end, forbidden, refused, until};
use crate::bus::notices;

/// How the audit log tells how long something lasts, and why it is.
pub(super) fn describe(until_ms: u64, reason: &str) -> String {
    let how_long = end(until_ms).map_or_else(|| "for ever".into(), |end| format!("until {end}"));
    if reason.is_empty() {
        how_long
    } else {
        format!("{how_long}: {reason}")
    }
}

impl Moderation {
    /// Makes a user a member of a room.
    ///
    /// # Errors
    /// What the asker is told, as for all functions here.
    pub async fn invite(&self, actor: &Actor, room: &RoomRef, user: UserId) -> Answer<()> {
        let (name, detail) = ("roomInvite", String::new());
        self.act(actor, name, room, user, Action::Invite, detail)
            .await
    }

    /// Gives a user a role in a room, or takes it.
    pub async fn set_room_role(
        &self,
        actor: &Actor,
        room: &RoomRef,
        user: UserId,
        grade: RoomGrade,
    ) -> Answer<()> {
        let role = grade.role();
        let detail = role.map_or("none", RoomRole::name).to_owned();
        let action = Action::Role(role);
        self.act(actor, "roomRole", room, user, action, detail)
            .await
    }

    /// Puts a user out of a room.
    pub async fn kick(
        &self,
        actor: &Actor,
        room: &RoomRef,
        user: UserId,
        reason: Option<&str>,
    ) -> Answer<()> {
        let reason = reason.unwrap_or_default().to_owned();
        let detail = reason.clone();
        let action = Action::Kick { reason };
        self.act(actor, "roomKick", room, user, action, detail)
            .await
    }

    /// Puts a user out of a room and keeps them out.
    pub async fn ban(
        &self,
        actor: &Actor,
        room: &RoomRef,
        user: UserId,
        seconds: Option<u64>,
        reason: Option<&str>,
    ) -> Answer<()> {
        let until = until(seconds)?;
        let reason = reason.unwrap_or_default().to_owned();
        let detail = describe(until, &reason);
        let action = Action::Ban { until, reason };
        self.act(actor, "roomBan", room, user, action, detail).await
    }

    /// Lets a banned user in again.
    pub async fn unban(&self, actor: &Actor, room: &RoomRef, user: UserId) -> Answer<()> {
        let (name, detail) = ("roomUnban", String::new());
        self.act(actor, name, room, user, Action::Unban, detail)
            .await
    }

    /// Keeps a user from writing in a room.
    pub async fn mute(
        &self,
        actor: &Actor,
        room: &RoomRef,
        user: UserId,
        seconds: Option<u64>,
        reason: Option<&str>,
    ) -> Answer<()> {
        let until = until(seconds)?;
        let detail = describe(until, reason.unwrap_or_default());
        let action = Action::Mute { until };
        self.act(actor, "roomMute", room, user, action, detail)
            .await
    }

    /// Lets a muted user write again.
    pub async fn unmute(&self, actor: &Actor, room: &RoomRef, user: UserId) -> Answer<()> {
        let (name, detail) = ("roomUnmute", String::new());
        self.act(actor, name, room, user, Action::Unmute, detail)
            .await
    }

    async fn act(
        &self,
        actor: &Actor,
        name: &str,
        room: &RoomRef,
        user: UserId,
        action: Action,
        detail: String,
    ) -> Answer<()> {
        let room = self.room(room)?;
        let gives_role = matches!(action, Action::Invite | Action::Role(_));
        if gives_role && room.name.is_none() {
            return Err(forbidden("General has no roles of its own"));
        }
        let account = self.account(user).await?;
        let mut commands = self.commands.clone();
        let target = (&account.user, account.role);
        let limit = self.names_limit;
        let done = moderation::moderate(
            &mut commands,
            room.place(),
            actor.by(),
            target,
            &action,
            limit,
        );
        let role = done.await.map_err(away)?.map_err(refused)?;
        self.note(actor, name, Some(&room.block), Some(&account.user), detail)
            .await;
        if gives_role {
            self.tell_role(&room, user, role).await;
        }
        Ok(())
    }

    /// Tells a user who is elsewhere; those in the room hear it from the room.
    async fn tell_role(&self, room: &Room, user: UserId, role: Option<RoomRole>) {
        let Some(name) = room.name.clone() else {
            return;
        };
        let channel = room.channel.as_str().to_owned();
        let order = Order::RoomRole {
            room: name,
            channel,
            role,
        };
        let notice = Notice::order(user, Sessions::All, order, None);
        if let Err(error) = notices::tell(&mut self.commands.clone(), &[notice]).await {
            warn!(%error, "a user could not be told of a role");
        }
    }

    /// Notes what somebody thinks is wrong with a message.
    pub async fn report(&self, actor: &Actor, report: &MessageReport) -> Answer<()> {
        // Private rooms too: who reports was in it.
        let detail = format!(
            "message {} at {}: {}",
            report.uuid, report.seq, report.reason
        );
        let room = Some(&report.room);
        self.note(actor, "messageReport", room, None, detail).await;
        // What happens in private rooms stays there.
        if let Ok(room) = self.room(&report.room) {
            let body = json!({
                "uuid": report.uuid, "seq": report.seq, "reason": report.reason,
                "byUUID": actor.user, "by": actor.name,
            });
            let mut commands = self.commands.clone();
            webhooks::report(&mut commands, &room.channel, &body.to_string())
                .await
                .map_err(away)?;
        }
        Ok(())
    }

    /// What the actor is in a room; refused for who may not know of it.
    pub(super) async fn insider(
        &self,
        actor: &Actor,
        room: &Room,
    ) -> Answer<(moderation::Facts, moderation::Standing)> {
        let mut commands = self.commands.clone();
        let facts = moderation::facts(&mut commands, &room.channel)
            .await
            .map_err(away)?;
        if room.name.is_some() && !facts.named {
            return Err(refused(moderation::Refused::NoRoom));
        }
        let own = match actor.user {
            Some(user) => {
                let users = [user];
                let found =
                    moderation::standings(&mut commands, &room.channel, facts.owner, &users);
                found.await.map_err(away)?.pop().unwrap_or_default()
            }
            None => moderation::Standing::default(),
        };
        Ok((facts, own))
    }

    /// Those who have a role in a room, and those who are muted there.
    pub async fn members(&self, actor: &Actor, page: &RoomPage) -> Answer<RoomMembers> {
        let room = self.room(&page.room)?;
        let (facts, own) = self.admitted(actor, &room).await?;
        let mut commands = self.commands.clone();
        let roles = moderation::roles(&mut commands, &room.channel)
            .await
            .map_err(away)?;
        let mutes = moderation::mutes(&mut commands, &room.channel)
            .await
            .map_err(away)?;
        let mut members: Vec<(UserId, Option<RoomRole>, Option<u64>)> = roles
            .into_iter()
            .map(|(user, role)| (user, Some(role), None))
            .collect();
        if let Some(owner) = facts.owner
            && !members.iter().any(|(user, ..)| *user == owner)
        {
            members.push((owner, Some(RoomRole::Owner), None));
        }
        members.sort_unstable_by_key(|(user, ..)| *user);
        // Who is muted is for those who can do something about it.
        if rights(actor, &own).may_moderate() {
            for (user, until) in mutes {
                match members.binary_search_by_key(&user, |(user, ..)| *user) {
                    Ok(at) => members[at].2 = Some(until),
                    Err(at) => members.insert(at, (user, None, Some(until))),
                }
            }
        }
        members.sort_by_key(|(user, role, _)| (std::cmp::Reverse(*role), *user));
        let total = members.len() as u64;
        let shown = self.page(members, page, |(user, ..)| *user).await?;
        let members: Vec<RoomMember> = shown
            .into_iter()
            .map(|((_, role, muted), user)| RoomMember {
                user,
                role,
                muted_until: muted.map(forever_or),
            })
            .collect();
        Ok(RoomMembers {
            room: room.block,
            total,
            received: members.len() as u64,
            members,
        })
    }

    /// Those who are banned from a room, the latest first.
    pub async fn bans(&self, actor: &Actor, page: &RoomPage) -> Answer<RoomBans> {
        let room = self.room(&page.room)?;
        let (_, own) = self.insider(actor, &room).await?;
        if !rights(actor, &own).may_moderate() {
            return Err(refused(moderation::Refused::Forbidden));
        }
        let mut commands = self.commands.clone();
        let mut bans = moderation::bans(&mut commands, &room.channel)
            .await
            .map_err(away)?;
        bans.sort_by_key(|(user, ban)| (std::cmp::Reverse(ban.at), *user));
        let total = bans.len() as u64;
        let shown = self.page(bans, page, |(user, _)| *user).await?;
        let bans: Vec<BannedUser> = shown
            .into_iter()
            .map(|((_, ban), user)| BannedUser {
                user,
                until: end(ban.until),
                reason: Some(ban.reason).filter(|reason| !reason.is_empty()),
                by_uuid: ban.by,
                at: clock::rfc3339(ban.at),
            })
            .collect();
        Ok(RoomBans {
            room: room.block,
            total,
            received: bans.len() as u64,
            bans,
        })
    }

    /// A page of a list with the users of its entries; who is there no more is left out.
    async fn page<T>(
        &self,
        entries: Vec<T>,
        page: &RoomPage,
        user: impl Fn(&T) -> UserId,
    ) -> Answer<Vec<(T, User)>> {
        let most = limits::LIST_PAGE_ENTRIES;
        let count = page.limit.map_or(most, |limit| limit as usize).min(most);
        let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
        let entries: Vec<T> = entries.into_iter().skip(offset).take(count).collect();
        let ids: Vec<UserId> = entries.iter().map(&user).collect();
        let found = self.directory.users_with_status(&ids).await.map_err(away)?;
        Ok(entries
            .into_iter()
            .filter_map(|entry| {
                let id = user(&entry);
                let known = found.iter().find(|it| it.uuid == id)?.clone();
                Some((entry, known))
            })
            .collect())
    }
}

/// What an actor is in a room.
pub(super) fn rights(actor: &Actor, own: &moderation::Standing) -> Rights {
    Rights {
        site: actor.role,
        room: own.role,
    }
}

/// RFC 3339, or `forever`.
pub(super) fn forever_or(until_ms: u64) -> String {
    end(until_ms).unwrap_or_else(|| "forever".to_owned())
}
