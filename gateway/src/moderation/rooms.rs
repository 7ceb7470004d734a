//! Rooms as such: their settings, and which of them are listed.

use parlor_shared::{
    clock,
    id::{RoomName, UserId},
    limits,
    protocol::{
        ErrorBody, ErrorCode,
        client::Page,
        moderation::{RoomDetails, RoomPatch, SettingsPatch},
        server::{RoomInfo, Rooms},
        value::RoomRef,
    },
    redis::moderation::{self, Change},
    roles::{self, Access, RoomRole, Shut, SiteRole},
};
use redis::{RedisResult, pipe};

use super::{
    Actor, Answer, Moderation, Room, away, forbidden, malformed,
    people::{forever_or, rights},
    refused,
};
use crate::accounts::list_range;

/// Rooms that are not public and are listed to one user.
const OWN_ROOMS: usize = 1_000;

impl Moderation {
    /// What a room is set to, and what the actor is there.
    ///
    /// # Errors
    /// What the asker is told, as for all functions here.
    pub async fn room_info(&self, actor: &Actor, room: &RoomRef) -> Answer<RoomDetails> {
        let room = self.room(room)?;
        let (facts, own) = self.admitted(actor, &room).await?;
        let muted = own
            .muted
            .filter(|until| roles::holds(*until, clock::now_ms()));
        Ok(RoomDetails {
            room: room.block,
            settings: facts.settings,
            owner_uuid: facts.owner,
            role: own.role,
            muted_until: muted.map(forever_or),
            members: facts.members,
            users_total: facts.users,
        })
    }

    /// Refuses who may not know of a room: who is banned, or has to be invited. That a room is
    /// closed is told.
    pub(super) async fn admitted(
        &self,
        actor: &Actor,
        room: &Room,
    ) -> Answer<(moderation::Facts, moderation::Standing)> {
        let (facts, own) = self.insider(actor, room).await?;
        if let Some(removal) = own.ban(clock::now_ms()) {
            let reason = &removal.reason;
            return Err(ErrorBody::banned("this room", removal.until, reason));
        }
        if facts.settings.admits(rights(actor, &own)) == Err(Shut::InvitedOnly) {
            let text = "the room is for those who are invited: ask a moderator of it";
            return Err(ErrorBody::new(ErrorCode::InvitedOnly, text));
        }
        Ok((facts, own))
    }

    /// Makes a named room.
    pub async fn create_room(&self, actor: &Actor, patch: &RoomPatch) -> Answer<RoomDetails> {
        let room = self.room(&patch.room)?;
        let Some(name) = &room.name else {
            return Err(malformed("a room that is made has a name"));
        };
        if !self.create_rooms && actor.role < SiteRole::Moderator {
            return Err(forbidden("new rooms are not made here"));
        }
        let fields = fields(&patch.settings)?;
        self.set(actor, &room, Change::Create(name), &fields)
            .await?;
        self.note_settings(actor, "roomCreate", &room, &fields)
            .await;
        self.room_info(actor, &room.block).await
    }

    /// Changes a room's settings.
    pub async fn update_room(&self, actor: &Actor, patch: &RoomPatch) -> Answer<RoomDetails> {
        let room = self.room(&patch.room)?;
        let settings = &patch.settings;
        if room.name.is_none() && settings.access.is_some() {
            return Err(forbidden("General is open to everybody"));
        }
        let fields = fields(settings)?;
        // What keeps a conversation going is a moderator's; who it is for, and what is kept of it,
        // the owner's.
        let by_moderator = ["topic", "slowSeconds"];
        let rank = if fields.iter().all(|(field, _)| by_moderator.contains(field)) {
            RoomRole::Moderator.rank()
        } else {
            RoomRole::Owner.rank()
        };
        self.set(actor, &room, Change::Update { rank }, &fields)
            .await?;
        self.note_settings(actor, "roomUpdate", &room, &fields)
            .await;
        self.room_info(actor, &room.block).await
    }

    /// Closes a room, or opens it again.
    pub async fn close_room(&self, actor: &Actor, room: &RoomRef, closed: bool) -> Answer<()> {
        let room = self.room(room)?;
        if room.name.is_none() {
            return Err(forbidden("General is open to everybody"));
        }
        let rank = RoomRole::Owner.rank();
        let value = if closed { "1" } else { "0" };
        let fields = [("closed", value.to_owned())];
        self.set(actor, &room, Change::Update { rank }, &fields)
            .await?;
        let action = if closed { "roomClose" } else { "roomReopen" };
        self.note_settings(actor, action, &room, &[]).await;
        Ok(())
    }

    async fn set(
        &self,
        actor: &Actor,
        room: &Room,
        change: Change<'_>,
        fields: &[(&str, String)],
    ) -> Answer<()> {
        let mut commands = self.commands.clone();
        let set = moderation::set(&mut commands, room.place(), actor.by(), change, fields);
        set.await.map_err(away)?.map_err(refused)
    }

    async fn note_settings(
        &self,
        actor: &Actor,
        action: &str,
        room: &Room,
        fields: &[(&str, String)],
    ) {
        let fields: Vec<String> = fields
            .iter()
            .map(|(field, value)| format!("{field}: {value}"))
            .collect();
        let room = Some(&room.block);
        self.note(actor, action, room, None, fields.join(", "))
            .await;
    }

    /// A page of the rooms that a user may know of: first those that are not public and have a role
    /// for them, then the public ones.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn list_rooms(&self, user: UserId, page: Page) -> RedisResult<Rooms> {
        let mut commands = self.commands.clone();
        let own = moderation::rooms_of(&mut commands, user, OWN_ROOMS).await?;
        let own = self.looked_up(own).await?;
        let hidden: Vec<RoomInfo> = own
            .into_iter()
            .filter(|room| room.access.is_some())
            .collect();
        let before = hidden.len() as u64;
        let mut rooms: Vec<RoomInfo> = hidden
            .into_iter()
            .skip(usize::try_from(page.offset).unwrap_or(usize::MAX))
            .take(page.limit())
            .collect();
        let rest = Page {
            offset: page.offset.saturating_sub(before),
            limit: Some((page.limit() - rooms.len()) as u32),
        };
        let (from, to) = list_range(rest);
        let (public, names): (u64, Vec<String>) = pipe()
            .zcard(commands.keyspace().rooms())
            .zrange(commands.keyspace().rooms(), from, to)
            .query_async(&mut commands)
            .await?;
        let names = names.iter().filter_map(|name| RoomName::new(name).ok());
        let found = self.looked_up(names.collect()).await?;
        // The list lies apart from the rooms and may be behind: what it should not have is not told.
        rooms.extend(found.into_iter().filter(|room| room.access.is_none()));
        Ok(Rooms {
            total: before + public,
            received: rooms.len() as u64,
            rooms,
        })
    }

    /// Rooms with how many are in them, and their access if it is not public.
    async fn looked_up(&self, names: Vec<RoomName>) -> RedisResult<Vec<RoomInfo>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut lookup = pipe();
        for name in &names {
            let channel = self.keyspace.named_room(name);
            lookup.hlen(self.commands.keyspace().channel_users(&channel));
            lookup.hget(self.commands.keyspace().channel_meta(&channel), "access");
        }
        let found: Vec<redis::Value> = lookup.query_async(&mut self.commands.clone()).await?;
        let rooms = names.into_iter().zip(found.chunks_exact(2));
        rooms
            .map(|(name, found)| {
                let users = redis::from_redis_value(found[0].clone())?;
                let access: Option<String> = redis::from_redis_value(found[1].clone())?;
                let access = access.as_deref().and_then(Access::read);
                Ok(RoomInfo {
                    room: name.to_string(),
                    users,
                    access: access.filter(|access| *access != Access::Public),
                })
            })
            .collect()
    }
}

/// The fields of `channelMeta` that settings come to.
fn fields(patch: &SettingsPatch) -> Answer<Vec<(&'static str, String)>> {
    let mut fields = Vec::new();
    if let Some(access) = patch.access {
        fields.push(("access", access.name().to_owned()));
    }
    if let Some(write) = patch.write {
        fields.push(("write", write.name().to_owned()));
    }
    let numbers = [
        ("slowSeconds", patch.slow_seconds, limits::SLOW_SECONDS),
        (
            "historyMessages",
            patch.history_messages,
            limits::HISTORY_MESSAGES,
        ),
        (
            "historySeconds",
            patch.history_seconds,
            limits::LONGEST_SECONDS,
        ),
    ];
    for (field, value, most) in numbers {
        match value {
            Some(value) if value > most => {
                return Err(malformed(format!("{field} is at most {most}")));
            }
            Some(value) => fields.push((field, value.to_string())),
            None => {}
        }
    }
    if let Some(topic) = &patch.topic {
        if topic.chars().count() > limits::TOPIC_CHARACTERS || topic.chars().any(char::is_control) {
            return Err(malformed(format!(
                "a topic is a line of at most {} characters",
                limits::TOPIC_CHARACTERS
            )));
        }
        fields.push(("topic", topic.clone()));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked() {
        let ok = SettingsPatch {
            access: Some(Access::Invite),
            slow_seconds: Some(5),
            topic: Some("Welcome".into()),
            ..SettingsPatch::default()
        };
        let written = fields(&ok).unwrap();
        let expected = [
            ("access", "invite".to_owned()),
            ("slowSeconds", "5".to_owned()),
            ("topic", "Welcome".to_owned()),
        ];
        assert_eq!(written, expected);
        for bad in [
            SettingsPatch {
                slow_seconds: Some(limits::SLOW_SECONDS + 1),
                ..SettingsPatch::default()
            },
            SettingsPatch {
                topic: Some("x".repeat(limits::TOPIC_CHARACTERS + 1)),
                ..SettingsPatch::default()
            },
            SettingsPatch {
                topic: Some("two\nlines".into()),
                ..SettingsPatch::default()
            },
            SettingsPatch {
                history_messages: Some(u64::MAX),
                ..SettingsPatch::default()
            },
        ] {
            assert_eq!(fields(&bad).unwrap_err().code, 1, "{bad:?}");
        }
    }
}
