//! Requests about roles, rooms' settings and moderation.

use parlor_shared::protocol::{ErrorBody, ServerFrame, moderation::Request, people::Done};

use super::Connection;
use crate::{
    moderation::Actor,
    session::{Outcome, effect::Moderate},
};

impl Connection {
    pub(super) async fn moderate(&self, work: Moderate) -> Outcome {
        let Moderate {
            id,
            user,
            role,
            request,
        } = work;
        let actor = Actor::user(&user, role);
        let answer = self.answer_moderation(&actor, request).await;
        Outcome::Answer { id, answer }
    }

    async fn answer_moderation(
        &self,
        actor: &Actor,
        request: Request,
    ) -> Result<ServerFrame, ErrorBody> {
        let moderation = &self.app.moderation;
        let info = |details| ServerFrame::RoomInfo(Box::new(details));
        match request {
            Request::RoomInfo(it) => return moderation.room_info(actor, &it.room).await.map(info),
            Request::RoomCreate(it) => return moderation.create_room(actor, &it).await.map(info),
            Request::RoomUpdate(it) => return moderation.update_room(actor, &it).await.map(info),
            Request::RoomMembers(it) => {
                let members = moderation.members(actor, &it).await;
                return members.map(ServerFrame::RoomMembers);
            }
            Request::RoomBans(it) => {
                return moderation.bans(actor, &it).await.map(ServerFrame::RoomBans);
            }
            Request::AuditLog(it) => {
                let log = moderation.audit_log(actor, &it).await;
                return log.map(ServerFrame::AuditLog);
            }
            Request::RoomInvite(it) => moderation.invite(actor, &it.room, it.user_uuid).await?,
            Request::RoomRole(it) => {
                let changed = moderation.set_room_role(actor, &it.room, it.user_uuid, it.role);
                changed.await?;
            }
            Request::RoomKick(it) => {
                let reason = it.reason.as_deref();
                let kicked = moderation.kick(actor, &it.room, it.user_uuid, reason);
                kicked.await?;
            }
            Request::RoomBan(it) => {
                let reason = it.reason.as_deref();
                let banned = moderation.ban(actor, &it.room, it.user_uuid, it.seconds, reason);
                banned.await?;
            }
            Request::RoomUnban(it) => moderation.unban(actor, &it.room, it.user_uuid).await?,
            Request::RoomMute(it) => {
                let reason = it.reason.as_deref();
                let muted = moderation.mute(actor, &it.room, it.user_uuid, it.seconds, reason);
                muted.await?;
            }
            Request::RoomUnmute(it) => moderation.unmute(actor, &it.room, it.user_uuid).await?,
            Request::RoomClose(it) => moderation.close_room(actor, &it.room, true).await?,
            Request::RoomReopen(it) => moderation.close_room(actor, &it.room, false).await?,
            Request::UserRole(it) => {
                let changed = moderation.set_site_role(actor, it.user_uuid, it.role);
                changed.await?;
            }
            Request::UserBan(it) => {
                let reason = it.reason.as_deref();
                let banned = moderation.ban_from_site(actor, it.user_uuid, it.seconds, reason);
                banned.await?;
            }
            Request::UserUnban(it) => moderation.unban_from_site(actor, it.user_uuid).await?,
            Request::UserDelete(it) => {
                let deleted = moderation.delete_account(actor, it.user_uuid, it.password);
                deleted.await?;
            }
            Request::MessageReport(it) => moderation.report(actor, &it).await?,
        }
        Ok(ServerFrame::Done(Done {}))
    }
}
