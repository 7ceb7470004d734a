//! One client connection: connecting, shaking hands, open.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
};

use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use super::{Target, would_block};
use crate::websocket::{self, Opcode};

#[derive(Debug)]
enum State {
    /// With what is to be sent once the handshake is done.
    Connecting {
        greeting: Vec<u8>,
    },
    ShakingHands {
        greeting: Vec<u8>,
    },
    Open,
}

#[derive(Debug)]
pub enum Step {
    Stands,
    Ended(String),
}

#[derive(Debug)]
pub struct Connection {
    socket: TcpStream,
    state: State,
    /// The beginning of a frame whose end has not arrived.
    unread: Vec<u8>,
    /// What the socket had no room for.
    unsent: Vec<u8>,
}

impl Connection {
    /// Begins to connect, without waiting for it.
    pub fn open(
        target: &Target,
        source: Option<Ipv4Addr>,
        query: &str,
        greeting: &[u8],
    ) -> io::Result<Self> {
        let domain = Domain::for_address(target.address);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Some(source) = source {
            socket.bind(&SocketAddr::from((source, 0)).into())?;
        }
        match socket.connect(&target.address.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error()) => {}
            Err(error) => return Err(error),
        }
        let path = format!("{}{query}", target.path);
        Ok(Self {
            socket: socket.into(),
            state: State::Connecting {
                greeting: greeting.to_vec(),
            },
            unread: Vec::new(),
            unsent: websocket::request(&target.authority, &path, target.deflate),
        })
    }

    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Whether it waits for the socket to have room.
    pub fn is_blocked(&self) -> bool {
        !self.unsent.is_empty()
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.is_blocked() {
            self.unsent.extend_from_slice(bytes);
            return Ok(());
        }
        let sent = match self.socket.write(bytes) {
            Ok(sent) => sent,
            Err(error) if would_block(&error) => 0,
            Err(error) => return Err(error),
        };
        self.unsent.extend_from_slice(&bytes[sent..]);
        Ok(())
    }

    /// Does what the socket is ready for.
    pub fn advance(
        &mut self,
        writable: bool,
        buffer: &mut [u8],
        received_bytes: &mut u64,
        on_text: impl FnMut(&[u8]),
    ) -> Step {
        let outcome = if writable { self.flush() } else { Ok(()) };
        let outcome = outcome.and_then(|()| match self.socket.read(buffer) {
            Ok(0) => Ok(Step::Ended("the server hung up".to_owned())),
            Ok(count) => {
                *received_bytes += count as u64;
                self.take(&mut buffer[..count], on_text)
            }
            Err(error) if would_block(&error) => Ok(Step::Stands),
            Err(error) => Err(error),
        });
        outcome.unwrap_or_else(|error| Step::Ended(error.to_string()))
    }

    fn flush(&mut self) -> io::Result<()> {
        if let State::Connecting { greeting } = &mut self.state {
            if let Some(error) = self.socket.take_error()? {
                return Err(error);
            }
            let greeting = std::mem::take(greeting);
            self.state = State::ShakingHands { greeting };
        }
        let unsent = std::mem::take(&mut self.unsent);
        if unsent.is_empty() {
            return Ok(());
        }
        self.send(&unsent)
    }

    fn take(&mut self, bytes: &mut [u8], on_text: impl FnMut(&[u8])) -> io::Result<Step> {
        // Mostly whole frames arrive, and nothing is copied.
        if self.unread.is_empty() {
            let (used, step) = self.consume(bytes, on_text)?;
            self.unread.extend_from_slice(&bytes[used..]);
            return Ok(step);
        }
        let mut all = std::mem::take(&mut self.unread);
        all.extend_from_slice(bytes);
        let (used, step) = self.consume(&mut all, on_text)?;
        if used < all.len() {
            all.drain(..used);
            self.unread = all;
        }
        Ok(step)
    }

    /// Handles the whole frames that the bytes begin with; tells how many bytes they were.
    fn consume(
        &mut self,
        bytes: &mut [u8],
        mut on_text: impl FnMut(&[u8]),
    ) -> io::Result<(usize, Step)> {
        let mut used = 0;
        if let State::ShakingHands { greeting } = &mut self.state {
            match websocket::response_end(bytes) {
                Err(refused) => return Ok((bytes.len(), Step::Ended(refused))),
                Ok(None) => return Ok((0, Step::Stands)),
                Ok(Some(end)) => used = end,
            }
            let greeting = std::mem::take(greeting);
            self.state = State::Open;
            self.send(&greeting)?;
        }
        while let Some(head) = websocket::head(&bytes[used..]) {
            if head.end > bytes.len() - used {
                break;
            }
            let payload = &bytes[used + head.begin..used + head.end];
            match head.opcode {
                Opcode::Text if head.packed => match websocket::unpacked(payload) {
                    Some(text) => on_text(&text),
                    None => {
                        let why = "the server sent what can't be unpacked".to_owned();
                        return Ok((bytes.len(), Step::Ended(why)));
                    }
                },
                Opcode::Text => on_text(payload),
                Opcode::Ping => {
                    let mut pong = Vec::new();
                    websocket::put_masked(&mut pong, Opcode::Pong, payload);
                    self.send(&pong)?;
                }
                Opcode::Pong => {}
                Opcode::Close => return Ok((bytes.len(), Step::Ended(farewell(payload)))),
                Opcode::Other => {
                    let why = "the server sent a frame of an unknown kind".to_owned();
                    return Ok((bytes.len(), Step::Ended(why)));
                }
            }
            used += head.end;
        }
        Ok((used, Step::Stands))
    }
}

fn farewell(payload: &[u8]) -> String {
    match payload.split_first_chunk() {
        Some((code, reason)) => format!(
            "the server closed with {} {}",
            u16::from_be_bytes(*code),
            String::from_utf8_lossy(reason)
        ),
        None => "the server closed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn pair() -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
        let target = Target {
            address: listener.local_addr().expect("bound"),
            authority: "bench".to_owned(),
            path: "/ws".to_owned(),
            deflate: false,
        };
        let connection = Connection::open(&target, None, "?a=b", b"greeting").expect("connects");
        (connection, listener.accept().expect("accepts").0)
    }

    #[test]
    fn shakes_hands_greets_and_reads_frames_in_pieces() {
        let (mut connection, mut server) = pair();
        let mut heard = Vec::new();
        let mut bytes = 0;
        let mut advance = |connection: &mut Connection, writable| {
            connection.advance(writable, &mut [0; 7], &mut bytes, |text| {
                heard.push(String::from_utf8_lossy(text).into_owned());
            })
        };
        assert!(connection.is_blocked());
        assert!(matches!(advance(&mut connection, true), Step::Stands));
        assert!(!connection.is_blocked());
        let mut request = [0; 1_024];
        let count = server.read(&mut request).expect("reads");
        assert!(request[..count].starts_with(b"GET /ws?a=b HTTP/1.1\r\nHost: bench\r\n"));

        let mut answer = format!(
            "HTTP/1.1 101 Go\r\nSec-WebSocket-Accept: {}\r\n\r\n",
            websocket::ACCEPT
        )
        .into_bytes();
        websocket::put_text(&mut answer, b"hello");
        answer.extend_from_slice(b"\x89\x01p");
        websocket::put_text(&mut answer, b"world");
        answer.extend_from_slice(&[0x88, 4, 0x0F, 0xA8]);
        answer.extend_from_slice(b"no");
        server.write_all(&answer).expect("writes");
        let why = loop {
            if let Step::Ended(why) = advance(&mut connection, false) {
                break why;
            }
        };
        assert_eq!(why, "the server closed with 4008 no");
        assert_eq!(heard, ["hello", "world"]);
        assert_eq!(bytes, answer.len() as u64);
        let mut said = [0; 64];
        let count = server.read(&mut said).expect("reads");
        assert!(said[..count].starts_with(b"greeting\x8A\x81"), "{said:?}");
    }

    #[test]
    fn a_server_that_hangs_up_is_noticed() {
        let (mut connection, server) = pair();
        drop(server);
        let step = loop {
            match connection.advance(true, &mut [0; 64], &mut 0, |_| {}) {
                Step::Stands => {}
                step @ Step::Ended(_) => break step,
            }
        };
        assert!(matches!(step, Step::Ended(_)));
    }
}
