//! The bytes themselves: handshakes and frames that no well-meaning client would send.

use std::{io, net::SocketAddr};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use super::PATIENCE;

/// The key of RFC 6455's example.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub const CONTINUATION: u8 = 0x0;
pub const TEXT: u8 = 0x1;
pub const BINARY: u8 = 0x2;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xA;
/// The bit that marks a message's last fragment.
pub const FIN: u8 = 0x80;

/// A TCP connection to a gateway.
pub struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
    /// Whether the other side has ended the connection with a reset.
    reset: bool,
}

/// What a gateway sends: an opcode and its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub opcode: u8,
    /// Whether the first reserved bit is set.
    pub packed: bool,
    pub payload: Vec<u8>,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// Status line and headers.
    pub head: String,
}

/// A handshake with further header lines.
pub fn handshake(address: SocketAddr, more: &[&str]) -> String {
    let host = format!("Host: {address}");
    let key = format!("Sec-WebSocket-Key: {KEY}");
    let usual = [
        host.as_str(),
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        key.as_str(),
    ];
    request("GET /ws HTTP/1.1", &[usual.as_slice(), more].concat())
}

/// A request without a body.
pub fn request(line: &str, headers: &[&str]) -> String {
    let mut text = format!("{line}\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    text
}

/// A frame of a client, masked. `first` is the opcode with [`FIN`] and whatever else.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(first, payload.len() as u64, 0x80);
    bytes.extend(MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    bytes.extend(masked.map(|(byte, mask)| byte ^ mask));
    bytes
}

/// The same, unmasked, as only servers may send.
pub fn unmasked_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(first, payload.len() as u64, 0);
    bytes.extend(payload);
    bytes
}

/// The beginning of a frame, up to its length.
pub fn header(first: u8, length: u64, mask_bit: u8) -> Vec<u8> {
    let mut bytes = vec![first];
    if let (Ok(short), true) = (u8::try_from(length), length < 126) {
        bytes.push(mask_bit + short);
    } else if let Ok(medium) = u16::try_from(length) {
        bytes.push(mask_bit + 126);
        bytes.extend(medium.to_be_bytes());
    } else {
        bytes.push(mask_bit + 127);
        bytes.extend(length.to_be_bytes());
    }
    bytes
}

impl Wire {
    /// A TCP connection, nothing more.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("connects");
        Self::over(stream)
    }

    /// The same with a receive buffer of the kernel's smallest size, so that a client that does not
    /// read is felt soon.
    pub async fn connect_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(1).expect("a small buffer");
        Self::over(socket.connect(address).await.expect("connects"))
    }

    fn over(stream: TcpStream) -> Self {
        Self {
            stream,
            read: Vec::new(),
            reset: false,
        }
    }

    /// Connected, upgraded, and past `ready`.
    pub async fn open(address: SocketAddr) -> Self {
        Self::connect(address).await.upgrade(address).await
    }

    /// Upgrades, and waits for `ready`.
    pub async fn upgrade(mut self, address: SocketAddr) -> Self {
        self.send(handshake(address, &[]).as_bytes()).await;
        let answer = self.answer().await;
        assert_eq!(answer.status, 101, "{}", answer.head);
        assert_eq!(self.json().await["type"], "ready");
        self
    }

    /// Sends a request on a connection of its own and gives the answer.
    pub async fn ask(address: SocketAddr, request: &str) -> Answer {
        let mut wire = Self::connect(address).await;
        wire.send(request.as_bytes()).await;
        wire.answer().await
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).await.expect("is sent");
    }

    /// Sends, whether or not the other side still reads.
    pub async fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = timeout(PATIENCE, self.stream.write_all(bytes)).await;
        sent.expect("the other side takes it in time")
    }

    pub async fn send_text(&mut self, text: &str) {
        self.send(&frame(FIN | TEXT, text.as_bytes())).await;
    }

    /// The head of the answer to a request.
    pub async fn answer(&mut self) -> Answer {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|it| it == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.fill().await, "the connection ended without an answer");
        };
        let head: Vec<u8> = self.read.drain(..end).collect();
        let head = String::from_utf8(head).expect("a head is text");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Answer {
            status: status.expect("a status"),
            head,
        }
    }

    /// The next frame; nothing when the connection ended.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, used)) = parse(&self.read) {
                self.read.drain(..used);
                return Some(frame);
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    /// The next text frame's JSON.
    pub async fn json(&mut self) -> Value {
        loop {
            let frame = self.next().await.expect("a frame");
            match frame.opcode {
                TEXT => return serde_json::from_slice(&frame.payload).expect("JSON"),
                PING | PONG => {}
                _ => panic!("{frame:?} in place of a text"),
            }
        }
    }

    /// The first text frame of this type.
    pub async fn first(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.json().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Reads to the end: the close code, if one was told, and whether the end was no reset.
    pub async fn end(&mut self) -> (Option<u16>, bool) {
        let mut code = None;
        while let Some(frame) = self.next().await {
            if let (CLOSE, [high, low, ..]) = (frame.opcode, frame.payload.as_slice()) {
                code = Some(u16::from_be_bytes([*high, *low]));
            }
        }
        (code, !self.reset)
    }

    /// Whatever comes until the end.
    pub async fn rest(&mut self) -> Vec<u8> {
        while self.fill().await {}
        std::mem::take(&mut self.read)
    }

    /// The code with which the gateway closes.
    pub async fn closed(&mut self) -> Option<u16> {
        self.end().await.0
    }

    /// Reads some more; `false` at the end.
    async fn fill(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await;
        let read = read.expect("something comes in time");
        self.reset |= read.is_err();
        matches!(read, Ok(1..))
    }
}

/// A whole frame of a server and its length in bytes.
fn parse(bytes: &[u8]) -> Option<(Frame, usize)> {
    let [first, second, rest @ ..] = bytes else {
        return None;
    };
    assert_eq!(second & 0x80, 0, "servers don't mask");
    assert_eq!(first & FIN, FIN, "Parlor does not fragment");
    let (length, own) = match second & 0x7F {
        126 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
        127 => (u64::from_be_bytes(*rest.first_chunk()?) as usize, 10),
        short => (usize::from(short), 2),
    };
    let payload = bytes.get(own..own + length)?.to_vec();
    let frame = Frame {
        opcode: first & 0x0F,
        packed: first & 0x40 != 0,
        payload,
    };
    Some((frame, own + length))
}
