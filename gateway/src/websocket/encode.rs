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
        assert_eq!(
            &close_frame(CloseCode::SlowConsumer)[2..4],
            4008_u16.to_be_bytes()
        );
    }
}
