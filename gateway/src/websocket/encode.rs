//! Frames from the server: unmasked, never fragmented.

use std::sync::{Arc, OnceLock};

use bytes::{BufMut as _, Bytes, BytesMut};
use parlor_shared::protocol::{CloseCode, ServerEnvelope};

use super::deflate;

const FIN: u8 = 0x80;
/// RSV1: the message is compressed (RFC 7692 section 6).
const DEFLATED: u8 = 0x40;
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

/// The longest header of an unmasked frame, in bytes.
const HEADER_BYTES: usize = 10;

/// Shorter messages are not compressed: little would be won.
const DEFLATE_BYTES: usize = 128;

/// One frame, or several in a row, as they are written to sockets: encoded once and shared.
#[derive(Clone, Debug)]
pub struct Frame {
    plain: Bytes,
    /// Of texts: compressed when the first connection wants it so.
    deflated: Option<Arc<OnceLock<Bytes>>>,
}

impl Frame {
    /// A text message.
    pub fn text(text: &str) -> Self {
        Self {
            plain: encoded(FIN | TEXT, text.as_bytes()),
            deflated: Some(Arc::default()),
        }
    }

    /// A text message of a value's JSON.
    pub fn json(value: &ServerEnvelope) -> Self {
        let mut frame = vec![0; HEADER_BYTES];
        value.encode_to(&mut frame);
        let length = frame.len() - HEADER_BYTES;
        let mut header = BytesMut::with_capacity(HEADER_BYTES);
        put_header(&mut header, FIN | TEXT, length);
        // The shortest header stands right before the payload.
        let begin = HEADER_BYTES - header.len();
        frame[begin..HEADER_BYTES].copy_from_slice(&header);
        Self {
            plain: Bytes::from(frame).slice(begin..),
            deflated: Some(Arc::default()),
        }
    }

    /// A ping without payload.
    pub fn ping() -> Self {
        Self::control(Bytes::from_static(&[FIN | PING, 0]))
    }

    /// The answer to a ping, with its payload of at most 125 bytes.
    pub fn pong(payload: &[u8]) -> Self {
        Self::control(encoded(FIN | PONG, payload))
    }

    /// A close frame with code and reason.
    pub fn close(code: CloseCode) -> Self {
        let mut payload = code.code().to_be_bytes().to_vec();
        payload.extend_from_slice(code.reason().as_bytes());
        Self::control(encoded(FIN | CLOSE, &payload))
    }

    fn control(plain: Bytes) -> Self {
        Self {
            plain,
            deflated: None,
        }
    }

    /// Text messages in a row; `None` for none.
    pub fn row<'a>(frames: impl Iterator<Item = &'a Self> + Clone) -> Option<Self> {
        let mut rest = frames.clone();
        let first = rest.next()?;
        if rest.next().is_none() {
            return Some(first.clone());
        }
        let bytes = frames.clone().map(|frame| frame.plain.len()).sum();
        let mut row = BytesMut::with_capacity(bytes);
        frames.for_each(|frame| row.extend_from_slice(&frame.plain));
        Some(Self {
            plain: row.freeze(),
            deflated: Some(Arc::default()),
        })
    }

    /// As it is for a connection without compression.
    pub fn plain(&self) -> &Bytes {
        &self.plain
    }

    /// As it is for a connection that has agreed on permessage-deflate, or has not.
    pub fn form(&self, deflated: bool) -> &Bytes {
        match &self.deflated {
            Some(cell) if deflated => cell.get_or_init(|| deflated_row(&self.plain)),
            _ => &self.plain,
        }
    }
}

/// Each text message of a row compressed, where that makes it shorter.
fn deflated_row(plain: &[u8]) -> Bytes {
    let mut row = BytesMut::with_capacity(plain.len());
    for payload in payloads(plain) {
        let packed = (payload.len() >= DEFLATE_BYTES).then(|| deflate::pack(payload));
        match packed.flatten() {
            Some(packed) => put(&mut row, FIN | DEFLATED | TEXT, &packed),
            None => put(&mut row, FIN | TEXT, payload),
        }
    }
    row.freeze()
}

fn encoded(first: u8, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(HEADER_BYTES + payload.len());
    put(&mut frame, first, payload);
    frame.freeze()
}

fn put(row: &mut BytesMut, first: u8, payload: &[u8]) {
    put_header(row, first, payload.len());
    row.put_slice(payload);
}

fn put_header(row: &mut BytesMut, first: u8, length: usize) {
    row.put_u8(first);
    match length {
        length @ 0..=125 => row.put_u8(length as u8),
        length @ 126..=0xFFFF => {
            row.put_u8(126);
            row.put_u16(length as u16);
        }
        length => {
            row.put_u8(127);
            row.put_u64(length as u64);
        }
    }
}

/// Each frame of a row of them, without its header: what a client makes of what it was written.
/// Ends where no whole frame follows.
pub fn payloads(mut frames: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let [_, length, rest @ ..] = frames else {
            return None;
        };
        let (length, rest) = match length {
            126 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u16::from_be_bytes(*length).into(), rest)
            }
            127 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from_be_bytes(*length) as usize, rest)
            }
            length => (usize::from(*length), rest),
        };
        let (payload, behind) = rest.split_at_checked(length)?;
        frames = behind;
        Some(payload)
    })
}

#[cfg(test)]
mod tests {
    use parlor_shared::protocol::{ErrorBody, ErrorCode, ServerFrame};

    use super::*;

    fn text(text: &str) -> Bytes {
        Frame::text(text).plain().clone()
    }

    #[test]
    fn lengths_are_written_in_their_shortest_form() {
        assert_eq!(&text("hi")[..], b"\x81\x02hi");
        assert_eq!(&text(&"x".repeat(126))[..4], b"\x81\x7e\x00\x7e");
        assert_eq!(
            &text(&"x".repeat(65_536))[..10],
            b"\x81\x7f\0\0\0\0\0\x01\0\0"
        );
        let texts = ["hi".to_owned(), "x".repeat(126), "x".repeat(65_536)];
        let row = texts.iter().map(|each| text(each)).collect::<Vec<_>>();
        assert!(payloads(&row.concat()).eq(texts.iter().map(String::as_bytes)));
        assert_eq!(payloads(&row[1][..100]).count(), 0);
        assert_eq!(
            &Frame::close(CloseCode::SlowConsumer).plain()[2..4],
            4008_u16.to_be_bytes()
        );
    }

    #[test]
    fn json_is_written_as_its_text_would_be() {
        for length in [0, 60, 70, 65_480, 65_530] {
            let body = ErrorBody::new(ErrorCode::Malformed, "x".repeat(length));
            let envelope = ServerEnvelope::from(ServerFrame::Error(body));
            let json = Frame::json(&envelope);
            assert_eq!(json.plain(), Frame::text(&envelope.encode()).plain());
        }
    }

    #[test]
    fn a_row_is_compressed_message_by_message_where_that_helps() {
        let long = "compressed, ".repeat(40);
        let frames = [Frame::text("hi"), Frame::text(&long), Frame::text(&long)];
        let row = Frame::row(frames.iter()).expect("three");
        assert_eq!(payloads(row.plain()).count(), 3);
        let deflated = row.form(true);
        let payloads: Vec<&[u8]> = payloads(deflated).collect();
        assert_eq!(&deflated[..4], b"\x81\x02hi");
        assert_eq!(deflated[4], FIN | DEFLATED | TEXT);
        assert_eq!(
            deflate::unpack(payloads[2], long.len()),
            Ok(long.into_bytes())
        );
        assert_eq!(row.form(false), row.plain());
        let pong = Frame::pong(&[7; 125]);
        assert_eq!(pong.form(true), pong.plain(), "control frames are not");
    }
}
