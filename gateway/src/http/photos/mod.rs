//! Photos over HTTP: uploading them, links to those of closed rooms, and the pictures.

mod answer;
mod serve;
mod upload;

use axum::{
    Router,
    routing::{get, post},
};
use http::{HeaderMap, header};
use parlor_shared::{
    clock,
    id::{ChannelId, UserId},
    protocol::client::Secret,
    roles::{Rights, SiteRole},
};

use super::server::State;
use crate::photos::{Photos, Refusal};

/// The routes. They answer in JSON that photos are switched off where they are.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route(
            "/api/photos",
            post(upload::upload).options(answer::preflight),
        )
        .route(
            "/api/photos/{id}/links",
            get(serve::links).options(answer::preflight),
        )
        .route(
            "/photos/{id}/{variant}",
            get(serve::picture).options(answer::preflight),
        )
}

fn photos(state: &State) -> Result<&Photos, Refusal> {
    state.app.photos.as_ref().ok_or(Refusal::Off)
}

/// Who asks: `Authorization: Bearer <userUUID>.<accessKey>`.
async fn who(state: &State, headers: &HeaderMap) -> Result<(UserId, SiteRole), Refusal> {
    let (user, key) = credentials(headers).ok_or(Refusal::NotSignedIn)?;
    let role = state.app.directory.holder_of(user, &key).await?;
    Ok((user, role.ok_or(Refusal::UnknownKey)?))
}

/// Whether somebody may be in a room that is not private, as a join decides it.
async fn admits(
    state: &State,
    channel: &ChannelId,
    (user, site): (UserId, SiteRole),
) -> Result<bool, Refusal> {
    let (facts, standings) = state.app.history.standings(channel, &[user]).await?;
    let own = standings.into_iter().next().unwrap_or_default();
    let rights = Rights {
        site,
        room: own.role,
    };
    Ok(own.ban(clock::now_ms()).is_none() && facts.settings.admits(rights).is_ok())
}

fn credentials(headers: &HeaderMap) -> Option<(UserId, Secret)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let (user, key) = token.trim().split_once('.')?;
    Some((user.parse().ok()?, Secret(key.to_owned())))
}
