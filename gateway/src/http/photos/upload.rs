//! `POST /api/photos?room=…` or `?recipientUUID=…`: the body is the file.

use std::time::Duration;

use axum::{
    Json,
    body::BodyDataStream,
    extract::{Query, Request, State as Shared, rejection::QueryRejection},
    response::{IntoResponse as _, Response},
};
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use parlor_shared::{
    id::{Address, PhotoId, UserId},
    protocol::value::RoomRef,
    roles::SiteRole,
};
use serde::Serialize;
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    super::{server::State, upgrade::origin_is_allowed},
    admits, answer, photos, who,
};
use crate::photos::{Photos, Record, Refusal, Room, Variant, links};

/// How long a refused body is read on: a client that is still sending would take a closed connection
/// for the answer and never read the reason.
const HEAR_OUT: Duration = Duration::from_secs(2);

/// What is set aside for a body at once: what is announced need not come.
const TRUSTED_BYTES: u64 = 64 * 1_024;

/// What an upload is answered.
#[derive(Serialize)]
struct Uploaded {
    id: PhotoId,
    width: u32,
    height: u32,
    bytes: u64,
    #[serde(rename = "type")]
    media_type: String,
    /// Left out where only members may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(rename = "thumbnailUrl", skip_serializing_if = "Option::is_none")]
    thumbnail_url: Option<String>,
}

pub(super) async fn upload(
    Shared(state): Shared<State>,
    query: Result<Query<RoomRef>, QueryRejection>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let mut body = body.into_data_stream();
    let outcome = match photos(&state) {
        Ok(photos) => {
            let room = query.map(|Query(room)| room);
            let taken = take(&state, photos, room, &head.headers, &mut body).await;
            taken.inspect_err(|refusal| photos.metrics.refused(refusal))
        }
        Err(off) => Err(off),
    };
    let response = match outcome {
        Ok(uploaded) => (StatusCode::CREATED, Json(uploaded)).into_response(),
        Err(refusal) => {
            if !head.headers.contains_key(header::EXPECT) {
                hear_out(&state, body).await;
            }
            let mut response = answer::refused(&refusal);
            // What is left of the body is nobody's next request.
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
            response
        }
    };
    answer::shared(&state, &head.headers, response)
}

/// From who it is and whether they may, to what costs.
async fn take(
    state: &State,
    photos: &Photos,
    room: Result<RoomRef, QueryRejection>,
    headers: &HeaderMap,
    body: &mut BodyDataStream,
) -> Result<Uploaded, Refusal> {
    if !origin_is_allowed(state, headers) {
        return Err(Refusal::Origin);
    }
    if state.draining.is_cancelled() {
        return Err(Refusal::Busy);
    }
    let room = room.map_err(|_| Refusal::BadRoom(WHERE.to_owned()))?;
    let most = photos.config().bytes;
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(Refusal::TooManyBytes(most));
    }
    let who = who(state, headers).await?;
    let room = find_room(state, photos, who, &room).await?;
    let upload = photos.begin(who.0)?;
    let bytes = receive(photos, body, announced).await?;
    let taken = photos.take(upload, room.clone(), bytes);
    // A gateway that goes waits for it.
    let (id, record) = state.connections.track_future(taken).await?;
    let is_open = photos.is_open(&room).await?;
    Ok(uploaded(id, record, is_open))
}

const WHERE: &str = "say which room the photo is for: ?room=<name>, or ?recipientUUID=<UUID>, which is \
                     empty for General";

fn uploaded(id: PhotoId, record: Record, is_open: bool) -> Uploaded {
    let link = |variant| is_open.then(|| links::path(id, variant));
    Uploaded {
        id,
        width: record.width,
        height: record.height,
        bytes: record.bytes,
        media_type: record.media_type,
        url: link(Variant::Full),
        thumbnail_url: link(Variant::Thumbnail),
    }
}

/// The room, if the user may be in it.
async fn find_room(
    state: &State,
    photos: &Photos,
    who: (UserId, SiteRole),
    room: &RoomRef,
) -> Result<Room, Refusal> {
    if room.room.is_none() && room.recipient_uuid.is_none() {
        return Err(Refusal::BadRoom(WHERE.to_owned()));
    }
    let address = room.address();
    let address = address.map_err(|error| Refusal::BadRoom(error.to_string()))?;
    if let Address::Private(other) = address {
        return photos.private_room(who.0, other).await;
    }
    let channel = state.app.keyspace.fixed_channel(&address);
    let channel = channel.ok_or(Refusal::Forbidden)?;
    if !admits(state, &channel, who).await? {
        return Err(Refusal::Forbidden);
    }
    Ok(Room {
        channel,
        peer: None,
    })
}

/// The whole body, within its limits of bytes and time.
async fn receive(
    photos: &Photos,
    body: &mut BodyDataStream,
    announced: Option<u64>,
) -> Result<Vec<u8>, Refusal> {
    let most = photos.config().bytes;
    let time = photos.config().upload_timeout;
    let deadline = Instant::now() + time;
    let mut bytes = Vec::with_capacity(announced.unwrap_or(0).min(TRUSTED_BYTES) as usize);
    loop {
        match timeout_at(deadline, body.next()).await {
            Err(_) => return Err(Refusal::Slow(time)),
            Ok(None) => return Ok(bytes),
            Ok(Some(Err(_))) => return Err(Refusal::Cut),
            Ok(Some(Ok(chunk))) => {
                photos.metrics.bytes_in.inc_by(chunk.len() as u64);
                if bytes.len() + chunk.len() > most {
                    return Err(Refusal::TooManyBytes(most));
                }
                bytes.extend_from_slice(&chunk);
            }
        }
    }
}

/// Reads some of what is left of a refused body, and forgets it.
async fn hear_out(state: &State, mut body: BodyDataStream) {
    let most = photos(state).map_or(0, |photos| photos.config().bytes);
    let heard = async {
        let mut bytes = 0;
        while bytes <= most {
            match body.next().await {
                Some(Ok(chunk)) => bytes += chunk.len(),
                Some(Err(_)) | None => return,
            }
        }
    };
    let _ = timeout(HEAR_OUT, heard).await;
}
