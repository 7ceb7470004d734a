//! permessage-deflate (RFC 7692), without context in either direction: each message is compressed by
//! itself. So a broadcast is compressed once for all who get it, and a connection holds neither a
//! window nor any other state.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use http::{HeaderMap, header};

/// What a server that takes an offer answers.
pub const ACCEPTED: &str =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// What ends a flushed block, and is left away on the wire (RFC 7692 section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];
/// What the buffer grows by at least while a message of unknown length is unpacked.
const GROWTH: usize = 1_024;

thread_local! {
    // Hundreds of KiB each, hence the thread's and no message's.
    static PACKER: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
    static UNPACKER: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// Why a message can't be unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It is not what a compressor makes.
    Corrupt,
    /// It would be longer than a message may be.
    TooBig,
}

/// Whether a handshake offers permessage-deflate in a form that is taken.
pub fn is_offered(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::SEC_WEBSOCKET_EXTENSIONS)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|offer| {
            let mut parts = offer.split(';').map(str::trim);
            parts.next() == Some("permessage-deflate") && parts.all(is_taken)
        })
}

/// Whether an offer's parameter is one that this server's answer meets.
fn is_taken(parameter: &str) -> bool {
    let (name, value) = match parameter.split_once('=') {
        Some((name, value)) => (name.trim_end(), Some(value.trim().trim_matches('"'))),
        None => (parameter, None),
    };
    match (name, value) {
        ("server_no_context_takeover" | "client_no_context_takeover", None)
        // The client may use a smaller window than the server reads with, and is not told to.
        | ("client_max_window_bits", None) => true,
        ("client_max_window_bits", Some(bits)) => matches!(bits.parse(), Ok(8..=15_u8)),
        // The compressor has the largest window only.
        ("server_max_window_bits", Some(bits)) => bits == "15",
        _ => false,
    }
}

/// A message compressed, without the tail; `None` if that is no shorter.
pub fn pack(payload: &[u8]) -> Option<Vec<u8>> {
    PACKER.with_borrow_mut(|packer| {
        packer.reset();
        // What does not fit is not shorter.
        let mut packed = Vec::with_capacity(payload.len() + TAIL.len());
        packer
            .compress_vec(payload, &mut packed, FlushCompress::Sync)
            .ok()?;
        let whole = packer.total_in() == payload.len() as u64 && packed.ends_with(&TAIL);
        packed.truncate(packed.len().saturating_sub(TAIL.len()));
        (whole && packed.len() < payload.len()).then_some(packed)
    })
}

/// The message that was compressed, of at most `limit` bytes.
///
/// # Errors
/// When it is longer, or what was received is damaged.
pub fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, Damage> {
    UNPACKER.with_borrow_mut(|unpacker| {
        unpacker.reset(false);
        let mut message = Vec::with_capacity(limit.min(packed.len() * 4 + GROWTH));
        for input in [packed, &TAIL] {
            let mut used = 0;
            loop {
                let (read, written) = (unpacker.total_in(), unpacker.total_out());
                let status = unpacker
                    .decompress_vec(&input[used..], &mut message, FlushDecompress::Sync)
                    .map_err(|_| Damage::Corrupt)?;
                used += (unpacker.total_in() - read) as usize;
                if message.len() > limit {
                    return Err(Damage::TooBig);
                }
                if status == Status::StreamEnd {
                    // A final block: a compressor may end a message so.
                    return Ok(message);
                }
                let is_full = message.len() == message.capacity();
                if used == input.len() && !is_full {
                    break;
                }
                if !is_full && unpacker.total_out() == written {
                    return Err(Damage::Corrupt);
                }
                // One byte more than is allowed tells that it is too much.
                let room = (limit + 1).saturating_sub(message.len());
                message.reserve(room.min(message.len().max(GROWTH)).max(1));
            }
        }
        Ok(message)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn offered(offer: &'static str) -> bool {
        let value = http::HeaderValue::from_static(offer);
        is_offered(&HeaderMap::from_iter([(
            header::SEC_WEBSOCKET_EXTENSIONS,
            value,
        )]))
    }

    #[test]
    fn offers_are_taken_where_the_answer_meets_them() {
        assert!(offered("permessage-deflate"));
        assert!(offered("permessage-deflate; client_max_window_bits"));
        assert!(offered(
            "x-other, permessage-deflate; server_max_window_bits=15"
        ));
        assert!(offered(
            "permessage-deflate; server_max_window_bits=10, permessage-deflate"
        ));
        assert!(!offered("permessage-deflate; server_max_window_bits=10"));
        assert!(!offered("permessage-deflate; unheard_of"));
        assert!(!offered("permessage-deflate; client_max_window_bits=99"));
        assert!(!offered("x-webkit-deflate-frame"));
        assert!(!is_offered(&HeaderMap::new()));
    }

    #[test]
    fn the_rfcs_example_is_read() {
        let packed = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(unpack(&packed, 5), Ok(b"Hello".to_vec()));
        assert_eq!(unpack(&packed, 4), Err(Damage::TooBig));
        // Section 7.2.3.3: a block without compression; 7.2.3.4: one marked as the last.
        let stored = [
            0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
        ];
        assert_eq!(unpack(&stored, 5), Ok(b"Hello".to_vec()));
        let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        assert_eq!(unpack(&last, 5), Ok(b"Hello".to_vec()));
    }

    #[test]
    fn little_that_would_be_much_is_refused_without_making_it() {
        let zeros = vec![b' '; 8 * 1_024 * 1_024];
        let bomb = pack(&zeros).expect("it gets shorter");
        assert!(bomb.len() < 64 * 1_024);
        assert_eq!(unpack(&bomb, 65_536), Err(Damage::TooBig));
        assert_eq!(
            unpack(&bomb, zeros.len()).map(|all| all.len()),
            Ok(zeros.len())
        );
        assert_eq!(unpack(&[0xFF; 20], 100), Err(Damage::Corrupt));
    }

    #[test]
    fn what_does_not_get_shorter_is_left_as_it_is() {
        assert_eq!(pack(b"{}"), None);
        let text = r#"{"type":"channelMessage","channelMessage":{"Message":"to be or not to be"}}"#;
        let packed = pack(text.repeat(2).as_bytes()).expect("it gets shorter");
        assert!(packed.len() < text.len());
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(payload in prop::collection::vec(0_u8..8, 0..5_000)) {
            if let Some(packed) = pack(&payload) {
                prop_assert_eq!(unpack(&packed, payload.len()), Ok(payload));
            }
        }

        #[test]
        fn no_bytes_make_it_panic_or_grow(packed in prop::collection::vec(any::<u8>(), 0..500)) {
            if let Ok(message) = unpack(&packed, 1_000) {
                prop_assert!(message.len() <= 1_000);
            }
        }
    }
}
