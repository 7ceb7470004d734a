//! The WebSocket codec against what it was made to read: messages in fragments, control frames
//! between them, each frame with a mask of its own, and reads that are cut anywhere.

use parlor_gateway::websocket::{Decoder, Frame, Input};
use proptest::{collection::vec, prelude::*};

/// The longest message, in bytes.
const LIMIT: usize = 1 << 20;

/// What a client sends, one after the other.
#[derive(Clone, Debug)]
enum Sent {
    /// A text in one frame or several: where it is cut, and what comes between its fragments.
    Text(String, Vec<(prop::sample::Index, Option<Control>)>),
    Control(Control),
}

#[derive(Clone, Debug)]
enum Control {
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

fn control() -> impl Strategy<Value = Control> {
    let payload = vec(any::<u8>(), 0..=125);
    prop_oneof![
        payload.clone().prop_map(Control::Ping),
        payload.prop_map(Control::Pong)
    ]
}

fn sent() -> impl Strategy<Value = Sent> {
    let cuts = vec(
        (
            any::<prop::sample::Index>(),
            proptest::option::of(control()),
        ),
        0..5,
    );
    // All three ways of writing a length.
    let text = prop_oneof![
        4 => "\\PC{0,40}",
        2 => "\\PC{100,200}",
        1 => (65_400_usize..65_700).prop_map(|length| "é".repeat(length / 2)),
    ];
    prop_oneof![
        3 => (text, cuts).prop_map(|(text, cuts)| Sent::Text(text, cuts)),
        1 => control().prop_map(Sent::Control),
    ]
}

/// Writes frames as a client does.
struct Writer {
    bytes: Vec<u8>,
    masks: Vec<[u8; 4]>,
}

impl Writer {
    fn frame(&mut self, first: u8, payload: &[u8]) {
        let mask = self.masks.pop().unwrap_or([0; 4]);
        self.masks.insert(0, mask);
        self.bytes.push(first);
        match payload.len() {
            length @ 0..=125 => self.bytes.push(0x80 | length as u8),
            length @ 126..=0xFFFF => {
                self.bytes.push(0x80 | 0x7e);
                self.bytes.extend((length as u16).to_be_bytes());
            }
            length => {
                self.bytes.push(0x80 | 0x7f);
                self.bytes.extend((length as u64).to_be_bytes());
            }
        }
        self.bytes.extend(mask);
        let masked = payload.iter().zip(mask.iter().cycle());
        self.bytes.extend(masked.map(|(byte, mask)| byte ^ mask));
    }

    fn control(&mut self, control: &Control) -> Input {
        match control {
            Control::Ping(payload) => {
                self.frame(0x89, payload);
                Input::Ping(payload.clone())
            }
            Control::Pong(payload) => {
                self.frame(0x8A, payload);
                Input::Pong
            }
        }
    }

    /// Writes what is sent and gives what has to be read.
    fn write(&mut self, sent: &Sent) -> Vec<Input> {
        let (text, cuts) = match sent {
            Sent::Control(control) => return vec![self.control(control)],
            Sent::Text(text, cuts) => (text, cuts),
        };
        // Anywhere, also within a character.
        let mut cuts: Vec<_> = cuts
            .iter()
            .map(|(at, between)| (at.index(text.len() + 1), between))
            .collect();
        cuts.sort_by_key(|(at, _)| *at);
        let (mut read, mut from, mut opcode) = (Vec::new(), 0, 0x1);
        for (at, between) in cuts {
            self.frame(opcode, &text.as_bytes()[from..at]);
            read.extend(between.as_ref().map(|control| self.control(control)));
            (from, opcode) = (at, 0x0);
        }
        self.frame(0x80 | opcode, &text.as_bytes()[from..]);
        read.push(Input::Text(text.clone()));
        read
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_the_cuts_what_was_sent_is_read(
        sent in vec(sent(), 1..6),
        masks in vec(any::<[u8; 4]>(), 1..8),
        reads in vec(prop_oneof![1_usize..16, 1_usize..9_000], 1..12),
    ) {
        let mut writer = Writer { bytes: Vec::new(), masks };
        let expected: Vec<Input> = sent.iter().flat_map(|sent| writer.write(sent)).collect();
        let (mut decoder, mut found) = (Decoder::new(LIMIT, false), Vec::new());
        let (mut rest, mut reads) = (writer.bytes.as_slice(), reads.iter().cycle());
        while !rest.is_empty() {
            let count = reads.next().expect("there is one").min(&rest.len()).to_owned();
            let (now, later) = rest.split_at(count);
            prop_assert_eq!(decoder.feed(&mut now.to_vec(), &mut found), Ok(()));
            rest = later;
        }
        prop_assert_eq!(found, expected);
    }

    /// The two halves agree: a frame of ours, with a client's mask, is what a client would send.
    #[test]
    fn a_frame_of_ours_is_read_as_it_was_written(
        text in prop_oneof!["\\PC{0,300}", (65_000_usize..66_000).prop_map(|it| "x".repeat(it))],
    ) {
        let mut frame = Frame::text(&text).plain().to_vec();
        let header = match frame[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        frame[1] |= 0x80;
        frame.splice(header..header, [0; 4]);
        let mut found = Vec::new();
        prop_assert_eq!(Decoder::new(LIMIT, false).feed(&mut frame, &mut found), Ok(()));
        prop_assert_eq!(found, [Input::Text(text)]);
    }
}
