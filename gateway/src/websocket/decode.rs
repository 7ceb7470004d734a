//! Frames from a client: masked, perhaps fragmented, perhaps hostile.

use parlor_shared::protocol::CloseCode;

use super::deflate::{self, Damage};

/// Fragments of one message. Text of one frame's limit needs few; a flood of empty ones is none.
const MESSAGE_FRAGMENTS: u32 = 1_024;
/// The longest payload of a control frame (RFC 6455 section 5.5).
const CONTROL_BYTES: usize = 125;

/// What a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Text(String),
    /// To be answered by a pong with the same payload.
    Ping(Vec<u8>),
    Pong,
    Close,
}

/// Why the connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Unmasked, reserved bits, an unknown opcode, fragments out of place, a bad control frame.
    Protocol,
    Binary,
    NotUtf8,
    TooBig,
    Fragments,
}

impl Violation {
    /// How the connection is closed for it.
    pub fn close_code(self) -> CloseCode {
        match self {
            Self::Protocol => CloseCode::Protocol,
            Self::Binary => CloseCode::Unsupported,
            Self::NotUtf8 => CloseCode::InvalidUtf8,
            Self::TooBig | Self::Fragments => CloseCode::TooBig,
        }
    }
}

/// Turns a stream of bytes into messages. Between messages it holds no memory.
#[derive(Debug)]
pub struct Decoder {
    /// The beginning of a frame whose end has not arrived.
    partial: Vec<u8>,
    /// The fragments of a message so far.
    message: Vec<u8>,
    /// How many there were; zero between messages.
    fragments: u32,
    /// Whether those fragments are of a compressed message.
    packed: bool,
    /// Whether compression was agreed on.
    deflates: bool,
    message_bytes: usize,
}

/// A frame's header.
struct Header {
    fin: bool,
    opcode: u8,
    packed: bool,
    mask: [u8; 4],
    own_bytes: usize,
    payload_bytes: usize,
}

impl Decoder {
    /// A decoder for messages of at most `message_bytes`, perhaps compressed.
    pub fn new(message_bytes: usize, deflates: bool) -> Self {
        Self {
            partial: Vec::new(),
            message: Vec::new(),
            fragments: 0,
            packed: false,
            deflates,
            message_bytes,
        }
    }

    /// Takes what was read, unmasking it in place, and appends what is complete to `inputs`.
    ///
    /// # Errors
    /// The connection has to end; what came before the violation is in `inputs`.
    pub fn feed(
        &mut self,
        read: &mut [u8],
        inputs: &mut impl Extend<Input>,
    ) -> Result<(), Violation> {
        if self.partial.is_empty() {
            let used = self.take_frames(read, inputs)?;
            self.partial.extend_from_slice(&read[used..]);
            return Ok(());
        }
        let mut joined = std::mem::take(&mut self.partial);
        joined.extend_from_slice(read);
        let used = self.take_frames(&mut joined, inputs)?;
        if used < joined.len() {
            joined.drain(..used);
            self.partial = joined;
        }
        Ok(())
    }

    /// Takes whole frames from the front and tells how many bytes they were.
    fn take_frames(
        &mut self,
        buffer: &mut [u8],
        inputs: &mut impl Extend<Input>,
    ) -> Result<usize, Violation> {
        let mut used = 0;
        while let Some(header) = self.header(&buffer[used..])? {
            let start = used + header.own_bytes;
            let end = start + header.payload_bytes;
            if buffer.len() < end {
                break;
            }
            let payload = &mut buffer[start..end];
            unmask(payload, header.mask);
            inputs.extend(self.frame(&header, payload)?);
            used = end;
        }
        Ok(used)
    }

    /// Reads a header, refusing what no payload could make right. `None` if it is not all there.
    fn header(&self, buffer: &[u8]) -> Result<Option<Header>, Violation> {
        let [first, second, rest @ ..] = buffer else {
            return Ok(None);
        };
        let (fin, opcode) = (first & 0x80 != 0, first & 0x0F);
        let masked = second & 0x80 != 0;
        // Reserved bits belong to extensions. The one that may be agreed on marks the first frame of
        // a message.
        let packed = first & 0x40 != 0;
        if first & 0x30 != 0 || !masked || packed && !(self.deflates && opcode == 0x1) {
            return Err(Violation::Protocol);
        }
        let control = opcode & 0x8 != 0;
        let (payload_bytes, length_bytes) = match second & 0x7F {
            126 if rest.len() < 2 => return Ok(None),
            126 => (u64::from(u16::from_be_bytes([rest[0], rest[1]])), 2),
            127 if rest.len() < 8 => return Ok(None),
            127 => {
                let mut length = [0; 8];
                length.copy_from_slice(&rest[..8]);
                (u64::from_be_bytes(length), 8)
            }
            length => (u64::from(length), 0),
        };
        match opcode {
            0x0 if self.fragments == 0 => return Err(Violation::Protocol),
            0x1 if self.fragments > 0 => return Err(Violation::Protocol),
            0x2 => return Err(Violation::Binary),
            0x8..=0xA if !fin || payload_bytes > CONTROL_BYTES as u64 => {
                return Err(Violation::Protocol);
            }
            0x0 | 0x1 | 0x8..=0xA => {}
            _ => return Err(Violation::Protocol),
        }
        let room = self.message_bytes - self.message.len().min(self.message_bytes);
        if !control && payload_bytes > room as u64 {
            return Err(Violation::TooBig);
        }
        let Some(mask) = rest.get(length_bytes..length_bytes + 4) else {
            return Ok(None);
        };
        let mask = [mask[0], mask[1], mask[2], mask[3]];
        Ok(Some(Header {
            fin,
            opcode,
            packed,
            mask,
            own_bytes: 2 + length_bytes + 4,
            payload_bytes: payload_bytes as usize,
        }))
    }

    fn frame(&mut self, header: &Header, payload: &[u8]) -> Result<Option<Input>, Violation> {
        match header.opcode {
            0x8 => Ok(Some(Input::Close)),
            0x9 => Ok(Some(Input::Ping(payload.to_vec()))),
            0xA => Ok(Some(Input::Pong)),
            _ if header.fin && self.fragments == 0 && !header.packed => text(payload).map(Some),
            _ => {
                if self.fragments == 0 {
                    self.packed = header.packed;
                }
                self.fragments += 1;
                if self.fragments > MESSAGE_FRAGMENTS {
                    return Err(Violation::Fragments);
                }
                self.message.extend_from_slice(payload);
                if !header.fin {
                    return Ok(None);
                }
                self.fragments = 0;
                let message = std::mem::take(&mut self.message);
                if !self.packed {
                    return text(&message).map(Some);
                }
                match deflate::unpack(&message, self.message_bytes) {
                    Ok(message) => text(&message).map(Some),
                    Err(Damage::Corrupt) => Err(Violation::Protocol),
                    Err(Damage::TooBig) => Err(Violation::TooBig),
                }
            }
        }
    }
}

fn text(payload: &[u8]) -> Result<Input, Violation> {
    let text = std::str::from_utf8(payload).map_err(|_| Violation::NotUtf8)?;
    Ok(Input::Text(text.to_owned()))
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    // Whole words first: the compiler turns this into vector instructions.
    let (chunks, rest) = payload.as_chunks_mut::<4>();
    for chunk in chunks {
        for (byte, mask) in chunk.iter_mut().zip(mask) {
            *byte ^= mask;
        }
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 65_536;

    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0x12, 0x34, 0x56, 0x78];
        let mut frame = vec![first];
        match payload.len() {
            length @ 0..=125 => frame.push(0x80 | length as u8),
            length @ 126..=0xFFFF => {
                frame.push(0xFE);
                frame.extend((length as u16).to_be_bytes());
            }
            length => {
                frame.push(0xFF);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend(mask);
        frame.extend(
            payload
                .iter()
                .enumerate()
                .map(|(at, byte)| byte ^ mask[at % 4]),
        );
        frame
    }

    fn decode(bytes: &[u8]) -> Result<Vec<Input>, Violation> {
        let mut inputs = Vec::new();
        Decoder::new(LIMIT, false)
            .feed(&mut bytes.to_vec(), &mut inputs)
            .map(|()| inputs)
    }

    #[test]
    fn what_is_whole_is_read() {
        assert_eq!(
            decode(&masked(0x81, b"hi")),
            Ok(vec![Input::Text("hi".into())])
        );
        assert_eq!(
            decode(&masked(0x89, b"p")),
            Ok(vec![Input::Ping(b"p".to_vec())])
        );
        assert_eq!(decode(&masked(0x8A, b"")), Ok(vec![Input::Pong]));
        assert_eq!(
            decode(&masked(0x88, &1000_u16.to_be_bytes())),
            Ok(vec![Input::Close])
        );
        let largest = "x".repeat(LIMIT);
        assert_eq!(
            decode(&masked(0x81, largest.as_bytes())),
            Ok(vec![Input::Text(largest)])
        );
    }

    #[test]
    fn fragments_are_joined_and_control_frames_come_between() {
        let frames = [masked(0x01, b"he"), masked(0x89, b""), masked(0x80, b"llo")].concat();
        let expected = vec![Input::Ping(vec![]), Input::Text("hello".into())];
        assert_eq!(decode(&frames), Ok(expected));
    }

    #[test]
    fn what_breaks_the_rules_is_told_by_the_header_alone() {
        assert_eq!(decode(b"\x81\x02hi"), Err(Violation::Protocol), "unmasked");
        assert_eq!(
            decode(&masked(0xC1, b"hi")),
            Err(Violation::Protocol),
            "reserved bit"
        );
        assert_eq!(
            decode(&masked(0x83, b"")),
            Err(Violation::Protocol),
            "reserved opcode"
        );
        assert_eq!(
            decode(&masked(0x80, b"")),
            Err(Violation::Protocol),
            "nothing to continue"
        );
        assert_eq!(
            decode(&masked(0x09, b"")),
            Err(Violation::Protocol),
            "fragmented ping"
        );
        assert_eq!(
            decode(&masked(0x89, &[0; 126])),
            Err(Violation::Protocol),
            "long ping"
        );
        assert_eq!(decode(&masked(0x82, b"")), Err(Violation::Binary));
        assert_eq!(decode(&masked(0x81, &[0xFF])), Err(Violation::NotUtf8));
        let announced = [b"\x81\xFF".as_slice(), &(LIMIT as u64 + 1).to_be_bytes()].concat();
        assert_eq!(
            decode(&announced),
            Err(Violation::TooBig),
            "before the payload arrives"
        );
        let huge = [b"\x81\xFF".as_slice(), &u64::MAX.to_be_bytes()].concat();
        assert_eq!(decode(&huge), Err(Violation::TooBig));
        let interleaved = [masked(0x01, b"a"), masked(0x81, b"b")].concat();
        assert_eq!(decode(&interleaved), Err(Violation::Protocol));
    }

    #[test]
    fn fragments_are_bounded_in_number_and_in_sum() {
        let mut flood = masked(0x01, b"");
        for _ in 0..MESSAGE_FRAGMENTS {
            flood.extend(masked(0x00, b""));
        }
        assert_eq!(decode(&flood), Err(Violation::Fragments));
        let half = vec![b'x'; LIMIT / 2 + 1];
        let sum = [masked(0x01, &half), masked(0x80, &half)].concat();
        assert_eq!(decode(&sum), Err(Violation::TooBig));
    }

    #[test]
    fn a_compressed_message_is_read_where_that_was_agreed_on() {
        let text = "over and over, ".repeat(20);
        let packed = deflate::pack(text.as_bytes()).expect("it gets shorter");
        let frame = masked(0xC1, &packed);
        assert_eq!(decode(&frame), Err(Violation::Protocol));
        let decode = |bytes: &[u8]| {
            let mut inputs = Vec::new();
            let mut decoder = Decoder::new(LIMIT, true);
            let fed = decoder.feed(&mut bytes.to_vec(), &mut inputs);
            fed.map(|()| inputs)
        };
        let (begin, end) = packed.split_at(packed.len() / 2);
        let frames = [
            frame,
            masked(0x81, b"plain"),
            masked(0x41, begin),
            masked(0x89, b""),
            masked(0x80, end),
        ];
        let expected = [
            Input::Text(text.clone()),
            Input::Text("plain".into()),
            Input::Ping(vec![]),
            Input::Text(text),
        ];
        assert_eq!(decode(&frames.concat()), Ok(expected.to_vec()));
        let bomb = deflate::pack(&vec![b'x'; LIMIT + 1]).expect("it gets shorter");
        assert_eq!(decode(&masked(0xC1, &bomb)), Err(Violation::TooBig));
        assert_eq!(decode(&masked(0xC1, &[0xFF; 9])), Err(Violation::Protocol));
        assert_eq!(
            decode(&masked(0xC9, b"")),
            Err(Violation::Protocol),
            "a ping"
        );
        let again = [masked(0x41, begin), masked(0xC0, end)].concat();
        assert_eq!(decode(&again), Err(Violation::Protocol), "a fragment");
        assert_eq!(decode(&masked(0xA1, b"")), Err(Violation::Protocol), "RSV2");
    }

    proptest! {
        #[test]
        fn where_reads_are_cut_does_not_matter(
            texts in prop::collection::vec(".{0,300}", 1..6),
            cuts in prop::collection::vec(1_usize..64, 1..40),
        ) {
            let bytes: Vec<u8> =
                texts.iter().flat_map(|text| masked(0x81, text.as_bytes())).collect();
            let mut decoder = Decoder::new(LIMIT, false);
            let mut inputs = Vec::new();
            let (mut rest, mut cuts) = (bytes.as_slice(), cuts.iter().cycle());
            while !rest.is_empty() {
                let (now, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                decoder.feed(&mut now.to_vec(), &mut inputs).unwrap();
                rest = later;
            }
            let expected: Vec<Input> = texts.into_iter().map(Input::Text).collect();
            prop_assert_eq!(inputs, expected);
            prop_assert!(decoder.partial.is_empty() && decoder.message.is_empty());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
            let _ = decode(&bytes);
        }
    }
}
