//! The opening handshake (RFC 6455 section 4.2).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, Method, header};
use sha1::{Digest as _, Sha1};

/// What the RFC has every server append to the client's key.
const KEY_GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Why a request is no WebSocket handshake; the text is the answer's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    #[error("a WebSocket handshake is a GET request")]
    Method,
    #[error("the Host header is missing")]
    Host,
    #[error("this is a WebSocket endpoint: send Connection: Upgrade and Upgrade: websocket")]
    Upgrade,
    #[error("only version 13 of the WebSocket protocol is spoken here")]
    Version,
    #[error("Sec-WebSocket-Key is 16 bytes in base64")]
    Key,
}

/// Checks a handshake and gives the value of `Sec-WebSocket-Accept`.
///
/// # Errors
/// The rule that the request breaks.
pub fn check_handshake(method: &Method, headers: &HeaderMap) -> Result<String, HandshakeError> {
    if method != Method::GET {
        return Err(HandshakeError::Method);
    }
    if !headers.contains_key(header::HOST) {
        return Err(HandshakeError::Host);
    }
    if !has_token(headers, &header::CONNECTION, "upgrade")
        || !has_token(headers, &header::UPGRADE, "websocket")
    {
        return Err(HandshakeError::Upgrade);
    }
    if headers
        .get(header::SEC_WEBSOCKET_VERSION)
        .is_none_or(|version| version != "13")
    {
        return Err(HandshakeError::Version);
    }
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .ok_or(HandshakeError::Key)?
        .as_bytes();
    match STANDARD.decode(key) {
        Ok(bytes) if bytes.len() == 16 => Ok(accept_key(key)),
        _ => Err(HandshakeError::Key),
    }
}

/// The answer to a client's key.
pub fn accept_key(key: &[u8]) -> String {
    STANDARD.encode(
        Sha1::new()
            .chain_update(key)
            .chain_update(KEY_GUID)
            .finalize(),
    )
}

fn has_token(headers: &HeaderMap, name: &header::HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rfcs_example_key() {
        assert_eq!(
            accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut headers = HeaderMap::new();
        let check = |headers: &HeaderMap| check_handshake(&Method::GET, headers);
        assert_eq!(check(&headers), Err(HandshakeError::Host));
        headers.insert(header::HOST, "localhost".parse().unwrap());
        assert_eq!(check(&headers), Err(HandshakeError::Upgrade));
        headers.insert(header::CONNECTION, "keep-alive, Upgrade".parse().unwrap());
        headers.insert(header::UPGRADE, "WebSocket".parse().unwrap());
        assert_eq!(check(&headers), Err(HandshakeError::Version));
        headers.insert(header::SEC_WEBSOCKET_VERSION, "13".parse().unwrap());
        headers.insert(header::SEC_WEBSOCKET_KEY, "short".parse().unwrap());
        assert_eq!(check(&headers), Err(HandshakeError::Key));
        headers.insert(
            header::SEC_WEBSOCKET_KEY,
            "dGhlIHNhbXBsZSBub25jZQ==".parse().unwrap(),
        );
        assert!(check(&headers).is_ok());
        assert_eq!(
            check_handshake(&Method::POST, &headers),
            Err(HandshakeError::Method)
        );
    }
}
