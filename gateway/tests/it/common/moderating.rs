//! Requests about roles, rooms' settings and moderation, and what comes of them.

use parlor_shared::{
    client::{Client, ClientError},
    id::{Address, UserId},
    protocol::{
        ClientFrame, ErrorBody, ServerFrame,
        moderation::{
            AuditEntry, AuditPage, Removed, Request, RoomBan, RoomDetails, RoomGrade, RoomGrant,
            RoomPage, RoomPatch, RoomTarget, RoomUser, SettingsPatch,
        },
        server::Sys,
        value::RoomRef,
    },
    roles::SiteRole,
};
use parlor_testkit::RedisServer;

use super::keys;

/// Asks, and gives the answer.
pub async fn ask(client: &mut Client, request: Request) -> Result<ServerFrame, ClientError> {
    client
        .request(ClientFrame::Moderation(Box::new(request)))
        .await
}

/// Asks for what is answered by `done`.
pub async fn does(client: &mut Client, request: Request) {
    let kind = request.kind();
    match ask(client, request).await {
        Ok(ServerFrame::Done(_)) => {}
        other => panic!("{kind}: {other:?}"),
    }
}

/// Asks for what is answered by `roomInfo`.
pub async fn info(client: &mut Client, request: Request) -> Result<RoomDetails, ClientError> {
    match ask(client, request).await? {
        ServerFrame::RoomInfo(details) => Ok(*details),
        other => panic!("{other:?}"),
    }
}

pub fn target(room: &Address) -> RoomTarget {
    let room = RoomRef::from(room);
    RoomTarget { room }
}

pub fn patch(room: &Address, settings: SettingsPatch) -> RoomPatch {
    let room = RoomRef::from(room);
    RoomPatch { room, settings }
}

pub fn user(room: &Address, user_uuid: UserId) -> RoomUser {
    let room = RoomRef::from(room);
    RoomUser { room, user_uuid }
}

pub fn grant(room: &Address, user_uuid: UserId, role: RoomGrade) -> RoomGrant {
    let room = RoomRef::from(room);
    RoomGrant {
        room,
        user_uuid,
        role,
    }
}

pub fn ban(room: &Address, user_uuid: UserId, seconds: Option<u64>) -> RoomBan {
    let room = RoomRef::from(room);
    RoomBan {
        room,
        user_uuid,
        seconds,
        reason: Some("spam".into()),
    }
}

pub fn page(room: &Address) -> RoomPage {
    let room = RoomRef::from(room);
    RoomPage {
        room,
        offset: 0,
        limit: None,
    }
}

/// Waits until the client hears that it is out of a room.
pub async fn removed(client: &mut Client) -> Removed {
    let removed = client.expect(|frame| match frame {
        ServerFrame::Sys(Sys::Removed(removed)) => Some(removed.clone()),
        _ => None,
    });
    removed.await.expect("is removed")
}

/// Waits for an error that answers nothing.
pub async fn error(client: &mut Client) -> ErrorBody {
    let error = client.expect(|frame| match frame {
        ServerFrame::Error(body) => Some(body.clone()),
        _ => None,
    });
    error.await.expect("an error")
}

/// The newest entry of the audit log, as a moderator of the site sees it.
pub async fn last_entry(client: &mut Client) -> AuditEntry {
    let page = AuditPage {
        limit: Some(1),
        ..AuditPage::default()
    };
    match ask(client, Request::AuditLog(page)).await.expect("the log") {
        ServerFrame::AuditLog(log) => log.entries.into_iter().next().expect("an entry"),
        other => panic!("{other:?}"),
    }
}

/// Makes somebody who is not signed in yet what the operator would.
pub fn make(redis: &RedisServer, user: UserId, role: SiteRole) {
    let account = keys().user_account(user);
    redis.cli(&["HSET", &account, "Role", role.name()]);
}

/// Whether a message has come that was not taken.
pub fn has_message(client: &Client, text: &str) -> bool {
    client.inbox().any(
        |frame| matches!(frame, ServerFrame::ChannelMessage(message) if message.message == text),
    )
}
