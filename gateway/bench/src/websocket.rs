//! As much of RFC 6455 as a client that measures needs.

use std::cell::RefCell;

use flate2::{Decompress, FlushDecompress};

/// The handshake's key is the RFC's example: it proves nothing, and so its answer is known.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// The answer to [`KEY`].
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Masking protects caches between browsers and servers; here any mask will do.
const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// More than any answer to a handshake needs, in bytes.
const RESPONSE_LIMIT_BYTES: usize = 8 * 1_024;

/// In place of a length: it follows in 2 or in 8 bytes.
const LENGTH_OF_2_BYTES: u8 = 0x7E;
const LENGTH_OF_8_BYTES: u8 = 0x7F;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    Text,
    Close,
    Ping,
    Pong,
    /// A kind of frame that Parlor doesn't send.
    Other,
}

impl Opcode {
    const fn bits(self) -> u8 {
        match self {
            Self::Text | Self::Other => 0x1,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }
}

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub opcode: Opcode,
    /// Whether a message is compressed.
    pub packed: bool,
    pub mask: Option<[u8; 4]>,
    /// Where the payload begins.
    pub begin: usize,
    /// Where the frame ends; perhaps beyond the bytes there are.
    pub end: usize,
}

/// Reads the head of the frame that the bytes begin with; nothing when it is not all there.
pub fn head(bytes: &[u8]) -> Option<Head> {
    let [first, second, ..] = *bytes else {
        return None;
    };
    let (length, mut begin) = match second & 0x7F {
        LENGTH_OF_2_BYTES => (u64::from(u16::from_be_bytes(*array(bytes, 2)?)), 4),
        LENGTH_OF_8_BYTES => (u64::from_be_bytes(*array(bytes, 2)?), 10),
        length => (u64::from(length), 2),
    };
    let mask = if second & 0x80 == 0 {
        None
    } else {
        let mask = *array(bytes, begin)?;
        begin += mask.len();
        Some(mask)
    };
    let opcode = match first & 0x0F {
        0x1 => Opcode::Text,
        0x8 => Opcode::Close,
        0x9 => Opcode::Ping,
        0xA => Opcode::Pong,
        _ => Opcode::Other,
    };
    let end = begin.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
    Some(Head {
        opcode,
        packed: first & 0x40 != 0,
        mask,
        begin,
        end,
    })
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    bytes.get(at..)?.first_chunk()
}

/// Takes the mask off a client's payload.
pub fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    for (at, byte) in payload.iter_mut().enumerate() {
        *byte ^= mask[at % mask.len()];
    }
}

/// Appends a client's frame.
pub fn put_masked(frame: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    put_head(frame, opcode, payload.len(), 0x80);
    frame.extend_from_slice(&MASK);
    let begin = frame.len();
    frame.extend_from_slice(payload);
    unmask(&mut frame[begin..], MASK);
}

/// Appends a server's text frame.
pub fn put_text(frame: &mut Vec<u8>, payload: &[u8]) {
    put_head(frame, Opcode::Text, payload.len(), 0);
    frame.extend_from_slice(payload);
}

fn put_head(frame: &mut Vec<u8>, opcode: Opcode, length: usize, mask_bit: u8) {
    frame.push(0x80 | opcode.bits());
    match length {
        0..=125 => frame.push(mask_bit | length as u8),
        126..=0xFFFF => {
            frame.push(mask_bit | LENGTH_OF_2_BYTES);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            frame.push(mask_bit | LENGTH_OF_8_BYTES);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// The request that opens a connection.
pub fn request(authority: &str, path: &str, deflate: bool) -> Vec<u8> {
    let offer = if deflate {
        "Sec-WebSocket-Extensions: permessage-deflate\r\n"
    } else {
        ""
    };
    format!(
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{offer}\r\n"
    )
    .into_bytes()
}

/// A message of permessage-deflate, of a server that takes no context over from one to the next.
pub fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    /// What RFC 7692 has a sender leave away.
    const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];
    thread_local! {
        static UNPACKER: RefCell<Decompress> = RefCell::new(Decompress::new(false));
    }
    UNPACKER.with_borrow_mut(|unpacker| {
        unpacker.reset(false);
        let mut text = Vec::with_capacity(4 * packed.len() + 1_024);
        for input in [packed, &TAIL] {
            let end = unpacker.total_in() + input.len() as u64;
            while unpacker.total_in() < end {
                let rest = &input[input.len() - (end - unpacker.total_in()) as usize..];
                text.reserve(1_024);
                let before = (unpacker.total_in(), unpacker.total_out());
                unpacker
                    .decompress_vec(rest, &mut text, FlushDecompress::Sync)
                    .ok()?;
                if before == (unpacker.total_in(), unpacker.total_out()) {
                    return None;
                }
            }
        }
        Some(text)
    })
}

/// Where the answer to the request ends; nothing when it is not all there. Fails with the answer's
/// first line when the server doesn't open the connection.
pub fn response_end(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
        return if bytes.len() > RESPONSE_LIMIT_BYTES {
            Err("an endless answer to the handshake".to_owned())
        } else {
            Ok(None)
        };
    };
    let answer = &bytes[..end];
    if answer.starts_with(b"HTTP/1.1 101 ")
        && memchr::memmem::find(answer, ACCEPT.as_bytes()).is_some()
    {
        return Ok(Some(end + 4));
    }
    let line = answer
        .split(|byte| *byte == b'\r')
        .next()
        .unwrap_or_default();
    Err(format!(
        "the handshake was answered with {}",
        String::from_utf8_lossy(line)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_read_again() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let mut frame = Vec::new();
            put_masked(&mut frame, Opcode::Text, &payload);
            let read = head(&frame).expect("complete");
            assert_eq!((read.opcode, read.end), (Opcode::Text, frame.len()));
            unmask(&mut frame[read.begin..], read.mask.expect("masked"));
            assert!(frame[read.begin..] == payload);
        }
    }

    #[test]
    fn a_head_that_is_cut_is_waited_for() {
        let mut frame = Vec::new();
        put_text(&mut frame, &[b'x'; 300]);
        assert_eq!(head(&frame[..0]), None);
        assert_eq!(head(&frame[..1]), None);
        assert_eq!(head(&frame[..3]), None);
        assert_eq!(head(&frame[..4]).expect("complete").end, 304);
    }

    #[test]
    fn refusals_are_told() {
        let opened = format!("HTTP/1.1 101 Ok\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n");
        assert_eq!(response_end(opened.as_bytes()), Ok(Some(opened.len())));
        assert_eq!(response_end(&opened.as_bytes()[..40]), Ok(None));
        let refused = response_end(b"HTTP/1.1 503 Full\r\nRetry-After: 1\r\n\r\n");
        assert!(refused.expect_err("no 101").ends_with("HTTP/1.1 503 Full"));
    }
}
