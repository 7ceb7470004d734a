//! Who is kept out of a room.

use axum::{
    Json,
    extract::{Path, State},
};
use http::StatusCode;
use parlor_shared::{id::UserId, protocol::value::RoomRef};
use serde::Deserialize;

use super::{Api, answer::Refused, rooms::find};
use crate::moderation::Actor;

/// As the audit log names whoever acts by an API key.
const ACTOR: &str = "API";
/// Longest reason, in characters.
const REASON_CHARACTERS: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBan {
    #[serde(rename = "userUUID")]
    user_uuid: UserId,
    /// For ever if not given.
    seconds: Option<u64>,
    reason: Option<String>,
}

/// The room, as moderation names it.
async fn room(api: &Api, name: &str) -> Result<RoomRef, Refused> {
    let (name, _) = find(api, name).await?;
    Ok(RoomRef {
        recipient_uuid: None,
        room: Some(name.to_string()),
    })
}

/// `POST /rooms/{room}/bans`: out of the room, on every gateway, and not in again.
pub(super) async fn ban(
    State(api): State<Api>,
    Path(name): Path<String>,
    Json(new): Json<NewBan>,
) -> Result<StatusCode, Refused> {
    let too_long = |reason: &String| reason.chars().count() > REASON_CHARACTERS;
    if new.reason.as_ref().is_some_and(too_long) {
        let text = format!("a reason has at most {REASON_CHARACTERS} characters");
        return Err(Refused::bad(
            parlor_shared::protocol::ErrorCode::Malformed,
            text,
        ));
    }
    let room = room(&api, &name).await?;
    let actor = Actor::operator(ACTOR);
    api.app
        .moderation
        .ban(
            &actor,
            &room,
            new.user_uuid,
            new.seconds,
            new.reason.as_deref(),
        )
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /rooms/{room}/bans/{user}`: may come in again. Safe to repeat.
pub(super) async fn unban(
    State(api): State<Api>,
    Path((name, user)): Path<(String, UserId)>,
) -> Result<StatusCode, Refused> {
    let room = room(&api, &name).await?;
    let actor = Actor::operator(ACTOR);
    api.app.moderation.unban(&actor, &room, user).await?;
    Ok(StatusCode::NO_CONTENT)
}
