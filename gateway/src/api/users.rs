//! Users: those of another system, made known before they come, and how anybody is.

use axum::{
    Json,
    extract::{Path, State},
};
use http::StatusCode;
use parlor_shared::{
    id::{UserId, Username},
    protocol::{ErrorCode, people::Profile, value::User},
};
use serde::{Deserialize, Serialize};

use super::{Api, answer::Refused};
use crate::{accounts::External, tokens::account_role};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct NewUser {
    /// As tokens name the user: `sub`.
    external_id: String,
    /// As tokens name it: `iss`. That of the settings if not given.
    issuer: Option<String>,
    name: Option<String>,
    role: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    #[serde(flatten)]
    user: User,
    role: String,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
}

async fn look(api: &Api, user: UserId) -> Result<Account, Refused> {
    let profile = api.app.directory.profile(user).await?;
    let Profile {
        user,
        created_at,
        role,
        ..
    } = profile.ok_or_else(Refused::no_such_user)?;
    let (external_id, issuer) = redis::cmd("HMGET")
        .arg(api.app.keyspace.user_account(user.uuid))
        .arg(&["Subject", "Issuer"])
        .query_async(&mut api.app.commands.clone())
        .await?;
    Ok(Account {
        user,
        role,
        created_at,
        external_id,
        issuer,
    })
}

/// `POST /users`: safe to repeat.
pub(super) async fn upsert(
    State(api): State<Api>,
    Json(new): Json<NewUser>,
) -> Result<(StatusCode, Json<Account>), Refused> {
    let bad = |text| Refused::bad(ErrorCode::Malformed, text);
    if !(1..=255).contains(&new.external_id.len()) {
        return Err(bad("an externalId has 1 to 255 bytes"));
    }
    let role = match &new.role {
        None => None,
        Some(role) => {
            let role = account_role(role);
            Some(role.ok_or_else(|| bad("a role is admin, moderator or member"))?)
        }
    };
    let user = External {
        issuer: new.issuer.as_deref().unwrap_or(&api.issuer),
        subject: &new.external_id,
        name: new.name.as_deref(),
        numbered: true,
        role,
    };
    let (user, made) = api.app.directory.external(&user).await?;
    let status = if made {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(look(&api, user.uuid).await?)))
}

/// `GET /users/{id}`: by UUID or by name.
pub(super) async fn get(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<Account>, Refused> {
    let user = if let Ok(uuid) = id.parse() {
        Some(uuid)
    } else {
        let name = Username::new(&id)?;
        api.app.directory.account_id(&name).await?
    };
    let user = user.ok_or_else(Refused::no_such_user)?;
    look(&api, user).await.map(Json)
}
