//! The floor with Redis: each message goes through one PUBLISH and one SUBSCRIBE.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use anyhow::Context as _;
use memchr::memmem;

#[derive(Debug)]
pub struct Bus {
    publisher: TcpStream,
    subscriber: TcpStream,
    unread: Vec<u8>,
}

impl Bus {
    pub fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let connect = || -> io::Result<_> {
            let socket = TcpStream::connect(address)?;
            socket.set_nodelay(true)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        let context = || format!("the floor can't connect to Redis at {address}");
        Ok(Self {
            publisher: connect().with_context(context)?,
            subscriber: connect().with_context(context)?,
            unread: Vec::new(),
        })
    }

    pub fn publisher(&self) -> &TcpStream {
        &self.publisher
    }

    pub fn subscriber(&self) -> &TcpStream {
        &self.subscriber
    }

    pub fn subscribe(&mut self, room: usize) -> io::Result<()> {
        let command = command(&[b"SUBSCRIBE", channel(room).as_bytes()]);
        self.subscriber.write_all(&command)
    }

    pub fn publish(&mut self, room: usize, text: &[u8]) -> io::Result<()> {
        let command = command(&[b"PUBLISH", channel(room).as_bytes(), text]);
        self.publisher.write_all(&command)
    }

    /// Takes the replies to what was published, which nobody needs.
    pub fn discard_replies(&mut self, buffer: &mut [u8]) {
        let _ = self.publisher.read(buffer);
    }

    /// Reads what has arrived, and gives the room and the text of each message.
    pub fn receive(&mut self, buffer: &mut [u8], mut on_message: impl FnMut(usize, &[u8])) {
        let Ok(count) = self.subscriber.read(buffer) else {
            return;
        };
        self.unread.extend_from_slice(&buffer[..count]);
        let mut used = 0;
        while let Some((push, length)) = push(&self.unread[used..]) {
            used += length;
            if let Some(text) = push.text
                && let Ok(room) = push.channel.parse()
            {
                on_message(room, text);
            }
        }
        self.unread.drain(..used);
    }
}

fn channel(room: usize) -> String {
    format!("floor:{room}")
}

fn command(arguments: &[&[u8]]) -> Vec<u8> {
    let mut command = format!("*{}\r\n", arguments.len()).into_bytes();
    for argument in arguments {
        command.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        command.extend_from_slice(argument);
        command.extend_from_slice(b"\r\n");
    }
    command
}

/// What a subscriber is sent: an array of three, of which the last is a text or a count.
struct Push<'a> {
    /// The room's number.
    channel: &'a str,
    text: Option<&'a [u8]>,
}

fn push(bytes: &[u8]) -> Option<(Push<'_>, usize)> {
    let mut at = line(bytes, 0)?.1;
    let (_kind, next) = bulk(bytes, at)?;
    let (channel, next) = bulk(bytes, next)?;
    at = next;
    let (text, end) = match bytes.get(at)? {
        b'$' => {
            let (text, end) = bulk(bytes, at)?;
            (Some(text), end)
        }
        _ => (None, line(bytes, at)?.1),
    };
    let channel = std::str::from_utf8(channel).unwrap_or_default();
    let channel = channel.strip_prefix("floor:").unwrap_or_default();
    Some((Push { channel, text }, end))
}

fn line(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = bytes.get(at..)?;
    let length = memmem::find(rest, b"\r\n")?;
    Some((&rest[..length], at + length + 2))
}

fn bulk(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let (head, begin) = line(bytes, at)?;
    let length: usize = std::str::from_utf8(head.get(1..)?).ok()?.parse().ok()?;
    Some((bytes.get(begin..begin + length)?, begin + length + 2))
        .filter(|(_, end)| *end <= bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushes_are_read_and_waited_for() {
        let mut bytes = command(&[b"message", b"floor:7", b"a text"]);
        let (read, length) = push(&bytes).expect("whole");
        assert_eq!((read.channel, read.text), ("7", Some(&b"a text"[..])));
        assert_eq!(length, bytes.len());
        assert!((0..bytes.len()).all(|cut| push(&bytes[..cut]).is_none()));
        bytes = b"*3\r\n$9\r\nsubscribe\r\n$7\r\nfloor:7\r\n:1\r\n".to_vec();
        let (read, length) = push(&bytes).expect("whole");
        assert_eq!((read.channel, read.text, length), ("7", None, bytes.len()));
    }
}
