//! Frames from the server: unmasked, never fragmented.

use bytes::{BufMut as _, Bytes, BytesMut};
use parlor_shared::protocol::CloseCode;

const FIN: u8 = 0x80;
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

/// The longest header of an unmasked frame, in bytes.
const HEADER_BYTES: usize = 10;

/// A text frame.
pub fn text_frame(text: &str) -> Bytes {
    frame(TEXT, text.as_bytes())
}

/// A ping without payload.
pub fn ping_frame() -> Bytes {
    Bytes::from_static(&[FIN | PING, 0])
}

/// The answer to a ping, with its payload of at most 125 bytes.
pub fn pong_frame(payload: &[u8]) -> Bytes {
    frame(PONG, payload)
}

/// A close frame with code and reason.
pub fn close_frame(code: CloseCode) -> Bytes {
    let mut payload = code.code().to_be_bytes().to_vec();
    payload.extend_from_slice(code.reason().as_bytes());
    frame(CLOSE, &payload)
}

fn frame(opcode: u8, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(HEADER_BYTES + payload.len());
    frame.put_u8(FIN | opcode);
    match payload.len() {
        length @ 0..=125 => frame.put_u8(length as u8),
        length @ 126..=0xFFFF => {
            frame.put_u8(126);
            frame.put_u16(length as u16);
        }
        length => {
            frame.put_u8(127);
            frame.put_u64(length as u64);
        }
    }
    frame.put_slice(payload);
    frame.freeze()
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
    use super::*;

    #[test]
    fn lengths_are_written_in_their_shortest_form() {
        assert_eq!(&text_frame("hi")[..], b"\x81\x02hi");
        assert_eq!(&text_frame(&"x".repeat(126))[..4], b"\x81\x7e\x00\x7e");
        assert_eq!(
            &text_frame(&"x".repeat(65_536))[..10],
            b"\x81\x7f\0\0\0\0\0\x01\0\0"
        );
        let texts = ["hi".to_owned(), "x".repeat(126), "x".repeat(65_536)];
        let row = texts
            .iter()
            .map(|text| text_frame(text))
            .collect::<Vec<_>>();
        assert!(payloads(&row.concat()).eq(texts.iter().map(String::as_bytes)));
        assert_eq!(payloads(&row[1][..100]).count(), 0);
        assert_eq!(
            &close_frame(CloseCode::SlowConsumer)[2..4],
            4008_u16.to_be_bytes()
        );
    }
}
