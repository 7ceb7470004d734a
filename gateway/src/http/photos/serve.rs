//! `GET /photos/<id>/full` and `/thumbnail`, and `GET /api/photos/<id>/links`.

use axum::{
    Json,
    body::Body,
    extract::{Path, Query, State as Shared, rejection::QueryRejection},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use parlor_shared::{clock, id::PhotoId};
use serde::{Deserialize, Serialize};

use super::{
    super::{server::State, upgrade::origin_is_allowed},
    admits, answer, photos, who,
};
use crate::photos::{Photos, Record, Refusal, Variant, links};

/// A picture never changes under its name.
const OPEN_CACHING: &str = "public, max-age=31536000, immutable";
/// What the file may do in a browser that is shown it as a page: nothing.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; sandbox";

/// A link's proof.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Proof {
    /// Seconds since 1970.
    expires: Option<u64>,
    signature: Option<String>,
}

/// Links that work until `expiresAt`.
#[derive(Serialize)]
struct Links {
    url: String,
    #[serde(rename = "thumbnailUrl")]
    thumbnail_url: String,
    /// RFC 3339.
    #[serde(rename = "expiresAt")]
    expires_at: String,
}

/// A photo's picture.
pub(super) async fn picture(
    Shared(state): Shared<State>,
    Path((id, variant)): Path<(String, String)>,
    proof: Result<Query<Proof>, QueryRejection>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let proof = proof.map_or_else(|_| Proof::default(), |Query(proof)| proof);
    let response = find_picture(&state, (&id, &variant), &proof, &method, &headers).await;
    let response = response.unwrap_or_else(|refusal| answer::refused(&refusal));
    answer::shared(&state, &headers, response)
}

async fn find_picture(
    state: &State,
    (id, variant): (&str, &str),
    proof: &Proof,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let photos = photos(state)?;
    let id: PhotoId = id.parse().map_err(|_| Refusal::NoSuchPhoto)?;
    let variant = Variant::from_name(variant).ok_or(Refusal::NoSuchPhoto)?;
    let record = photos.find(id).await?;
    let caching = may_see(photos, id, variant, &record, proof).await?;
    let tag = format!("\"{id}-{}\"", variant.name());
    let mut response = if is_known(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let length = match variant {
            Variant::Full => record.bytes,
            Variant::Thumbnail => record.thumbnail_bytes,
        };
        let (length, body) = if method == Method::HEAD {
            (length, Body::empty())
        } else {
            let (length, content) = photos.content(id, variant).await?;
            (length, Body::from_stream(content))
        };
        let mut response = body.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LENGTH, length.into());
        set(headers, header::CONTENT_TYPE, &record.media_type);
        let name = file_name(id, &record.media_type);
        let disposition = format!("inline; filename=\"{name}\"");
        set(headers, header::CONTENT_DISPOSITION, &disposition);
        response
    };
    let headers = response.headers_mut();
    set(headers, header::ETAG, &tag);
    set(headers, header::CACHE_CONTROL, &caching);
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(
        headers,
        header::CONTENT_SECURITY_POLICY,
        CONTENT_SECURITY_POLICY,
    );
    Ok(response)
}

/// Whether whoever has this link may see the picture, and how long it may be kept.
async fn may_see(
    photos: &Photos,
    id: PhotoId,
    variant: Variant,
    record: &Record,
    proof: &Proof,
) -> Result<String, Refusal> {
    if photos.is_open(&record.room()).await? {
        return Ok(OPEN_CACHING.to_owned());
    }
    let (Some(expires), Some(signature)) = (proof.expires, &proof.signature) else {
        return Err(Refusal::Forbidden);
    };
    let key = photos.link_key().await?;
    let now = clock::now_ms() / 1_000;
    let is_signed = links::is_signed(&key, id, variant, expires, signature);
    if !is_signed || expires <= now {
        return Err(Refusal::Forbidden);
    }
    Ok(format!("private, max-age={}", expires - now))
}

/// Whether the browser has the picture (RFC 9110, section 13.1.2).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == "*" || known == tag)
}

fn file_name(id: PhotoId, media_type: &str) -> String {
    let extension = match media_type {
        "image/png" => "png",
        _ => "jpg",
    };
    format!("photo-{id}.{extension}")
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // Made of ids, numbers and fixed texts.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Links for a photo's room's members.
pub(super) async fn links(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let response = match make_links(&state, &id, &headers).await {
        Ok(links) => {
            let caching = [(header::CACHE_CONTROL, "no-store")];
            (caching, Json(links)).into_response()
        }
        Err(refusal) => answer::refused(&refusal),
    };
    answer::shared(&state, &headers, response)
}

async fn make_links(state: &State, id: &str, headers: &HeaderMap) -> Result<Links, Refusal> {
    if !origin_is_allowed(state, headers) {
        return Err(Refusal::Origin);
    }
    let photos = photos(state)?;
    let who = who(state, headers).await?;
    let id: PhotoId = id.parse().map_err(|_| Refusal::NoSuchPhoto)?;
    let record = photos.find(id).await?;
    let may = match record.peer {
        Some(_) => record.concerns(who.0),
        None => admits(state, &record.channel, who).await?,
    };
    if !may {
        return Err(Refusal::Forbidden);
    }
    let key = photos.link_key().await?;
    let expires = clock::now_ms() / 1_000 + photos.config().link_time.as_secs();
    let link = |variant| links::signed(&key, id, variant, expires);
    Ok(Links {
        url: link(Variant::Full),
        thumbnail_url: link(Variant::Thumbnail),
        expires_at: clock::rfc3339(expires * 1_000),
    })
}
