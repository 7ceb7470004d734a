//! `GET /ws`: who may upgrade, and the hand-over of the socket.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension,
    body::Body,
    extract::{Query, Request, State as Shared, rejection::QueryRejection},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use parlor_shared::protocol::client::ConnectQuery;
use tokio::net::TcpStream;
use tracing::debug;

use super::{
    admission::{Place, Refused},
    server::{Peer, State},
};
use crate::{
    connection::{Connection, Opening},
    websocket::{HandshakeError, check_handshake, deflate},
};

/// Seconds after which one who was refused for load had better come back.
const RETRY_AFTER_SECONDS: u64 = 5;

/// Answers a handshake and starts the connection.
pub(super) async fn upgrade(
    Shared(state): Shared<State>,
    Extension(Peer(peer)): Extension<Peer>,
    query: Result<Query<ConnectQuery>, QueryRejection>,
    mut request: Request,
) -> Response {
    let headers = request.headers();
    let accept = match check_handshake(request.method(), headers) {
        Ok(accept) => accept,
        Err(error) => return refuse(&state, handshake_status(error), error.to_string()),
    };
    let Ok(Query(query)) = query else {
        let text = "the query is not of the form ?nickname=…&room=…";
        return refuse(&state, StatusCode::BAD_REQUEST, text);
    };
    if !origin_is_allowed(&state, headers) {
        let text = "pages of this origin may not connect here: see the setting allowed_origins";
        return refuse(&state, StatusCode::FORBIDDEN, text);
    }
    if state.draining.is_cancelled() {
        return busy(&state, "the server is going away: connect again", 1);
    }
    let address = client_address(&state, peer.ip(), headers);
    let place = match state.admission.admit(address).await {
        Ok(place) => place,
        Err(Refused::Address) => {
            let text = "too many connections from this address";
            return refuse(&state, StatusCode::TOO_MANY_REQUESTS, text);
        }
        Err(Refused::Full) => return busy(&state, "the server is full", RETRY_AFTER_SECONDS),
        Err(Refused::Later(wait)) => {
            return busy(&state, "too many connect at once", wait.as_secs().max(1));
        }
    };
    let deflates = state.compression && deflate::is_offered(headers);
    let upgraded = hyper::upgrade::on(&mut request);
    let user_agent = request.headers().get(header::USER_AGENT);
    let user_agent = user_agent.and_then(|value| value.to_str().ok());
    let client = state.app.client_hints.of(user_agent.unwrap_or_default());
    let tracker = state.connections.clone();
    tracker.spawn(async move {
        match upgraded.await {
            Ok(upgraded) => {
                let peer = (address, client, deflates);
                start(&state, upgraded, peer, query, place);
            }
            Err(error) => debug!(%error, "the upgrade failed"),
        }
    });
    switching(&accept, deflates)
}

/// Starts the connection as a task of its own: what the upgrade needed ends with the upgrade's.
fn start(
    state: &State,
    upgraded: Upgraded,
    (address, client, deflates): (IpAddr, Arc<str>, bool),
    query: ConnectQuery,
    place: Place,
) {
    let Some((socket, early)) = socket_of(upgraded) else {
        // The server wraps every socket that way.
        tracing::error!("an upgraded connection is not the socket it was");
        return;
    };
    let connection = Connection::new(state.app.clone(), socket, address, client, deflates);
    let opening = Box::new(Opening { query, early });
    state.connections.spawn(async move {
        connection.run(opening).await;
        drop(place);
    });
}

/// The socket, and what the client sent behind its handshake. The server's read buffer, 8 KiB, ends
/// here: what a connection's task holds it holds for the connection's life.
fn socket_of(upgraded: Upgraded) -> Option<(TcpStream, Vec<u8>)> {
    let parts = upgraded.downcast::<TokioIo<TcpStream>>().ok()?;
    Some((parts.io.into_inner(), parts.read_buf.to_vec()))
}

fn switching(accept: &str, deflates: bool) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if deflates {
        headers.insert(
            header::SEC_WEBSOCKET_EXTENSIONS,
            HeaderValue::from_static(deflate::ACCEPTED),
        );
    }
    response
}

fn handshake_status(error: HandshakeError) -> StatusCode {
    match error {
        HandshakeError::Method => StatusCode::METHOD_NOT_ALLOWED,
        HandshakeError::Upgrade | HandshakeError::Version => StatusCode::UPGRADE_REQUIRED,
        HandshakeError::Host | HandshakeError::Key => StatusCode::BAD_REQUEST,
    }
}

fn refuse(state: &State, status: StatusCode, text: impl Into<String>) -> Response {
    state.app.metrics.handshakes_refused.inc();
    let mut response = (status, text.into() + "\n").into_response();
    if status == StatusCode::UPGRADE_REQUIRED {
        let headers = response.headers_mut();
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(
            header::SEC_WEBSOCKET_VERSION,
            HeaderValue::from_static("13"),
        );
    }
    response
}

fn busy(state: &State, text: &str, retry_after_seconds: u64) -> Response {
    let mut response = refuse(state, StatusCode::SERVICE_UNAVAILABLE, text);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, retry_after_seconds.into());
    response
}

/// A page may connect if it came from here or from an origin on the list. Programs that are no
/// browsers send no origin; they could send any.
pub(super) fn origin_is_allowed(state: &State, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    if state.allowed_origins.allows(origin) {
        return true;
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let origin_host = origin.split_once("://").map(|(_, host)| host);
    matches!((origin_host, host), (Some(origin), Some(host)) if origin.eq_ignore_ascii_case(host))
}

/// Who connects: the peer, or the last address before the proxies that are trusted.
fn client_address(state: &State, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let peer = peer.to_canonical();
    if !state.trusted_proxies.contains(peer) {
        return peer;
    }
    let forwarded: Vec<IpAddr> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|address| address.trim().parse().ok())
        .collect();
    // From the nearest to the farthest: the first that is no proxy of ours is the client.
    forwarded
        .iter()
        .rev()
        .map(IpAddr::to_canonical)
        .find(|address| !state.trusted_proxies.contains(*address))
        .or(forwarded.first().copied())
        .unwrap_or(peer)
}
