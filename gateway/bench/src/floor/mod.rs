//! The floor under every gateway's cost: one thread that writes a prepared frame to each member's
//! socket with one non-blocking `send`, and does nothing else worth mentioning.

mod bus;

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::fd::OwnedFd,
};

use anyhow::Context as _;
use memchr::{memchr, memmem};
use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, EventData, EventFlags},
    io::Errno,
};

use bus::Bus;

use crate::{
    args::FloorServer,
    heard::Tag,
    websocket::{self, ACCEPT},
};

/// The number of the listening socket in the poll.
const LISTENER: u64 = u64::MAX;
/// Those of the connections to Redis.
const PUBLISHER: u64 = LISTENER - 1;
const SUBSCRIBER: u64 = LISTENER - 2;
const READ_BYTES: usize = 64 * 1_024;
const EVENTS_A_TURN: usize = 64;
/// Digits of a `Seq`, with zeros in front: the frame keeps its length.
const SEQ_DIGITS: usize = 10;

struct Member {
    socket: TcpStream,
    unread: Vec<u8>,
    open: bool,
}

struct Floor {
    poll: OwnedFd,
    listener: TcpListener,
    /// Whoever left has gone with the whole run, so nobody is taken out.
    members: Vec<Member>,
    rooms: Vec<Room>,
    bus: Option<Bus>,
    frame_bytes: usize,
}

#[derive(Default)]
struct Room {
    members: Vec<usize>,
    seq: u64,
    frame: Vec<u8>,
}

/// Serves until it is killed.
pub fn serve(args: &FloorServer) -> anyhow::Result<()> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let listener = TcpListener::bind(args.listen).context("the floor can't listen")?;
    listener.set_nonblocking(true)?;
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(
        &poll,
        &listener,
        EventData::new_u64(LISTENER),
        EventFlags::IN,
    )?;
    let mut floor = Floor {
        poll,
        listener,
        members: Vec::new(),
        rooms: Vec::new(),
        bus: args.redis.map(Bus::connect).transpose()?,
        frame_bytes: args.frame_bytes,
    };
    if let Some(bus) = &floor.bus {
        let watch = |socket, number| {
            epoll::add(
                &floor.poll,
                socket,
                EventData::new_u64(number),
                EventFlags::IN,
            )
        };
        watch(bus.publisher(), PUBLISHER)?;
        watch(bus.subscriber(), SUBSCRIBER)?;
    }
    eprintln!("listening on {}", args.listen);

    let mut events = Vec::with_capacity(EVENTS_A_TURN);
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match epoll::wait(&floor.poll, spare_capacity(&mut events), None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("epoll failed"),
        }
        for event in events.drain(..) {
            match event.data.u64() {
                LISTENER => floor.accept()?,
                PUBLISHER => floor.discard_replies(&mut buffer),
                SUBSCRIBER => floor.receive(&mut buffer),
                number => floor.read(number as usize, &mut buffer)?,
            }
        }
    }
}

impl Floor {
    fn accept(&mut self) -> anyhow::Result<()> {
        while let Ok((socket, _)) = self.listener.accept() {
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
            let number = EventData::new_u64(self.members.len() as u64);
            epoll::add(&self.poll, &socket, number, EventFlags::IN)?;
            self.members.push(Member {
                socket,
                unread: Vec::new(),
                open: false,
            });
        }
        Ok(())
    }

    fn discard_replies(&mut self, buffer: &mut [u8]) {
        if let Some(bus) = &mut self.bus {
            bus.discard_replies(buffer);
        }
    }

    fn receive(&mut self, buffer: &mut [u8]) {
        if let Some(bus) = &mut self.bus {
            bus.receive(buffer, |room, text| {
                if let Some(room) = self.rooms.get_mut(room) {
                    room.deliver(text, self.frame_bytes, &self.members);
                }
            });
        }
    }

    fn read(&mut self, number: usize, buffer: &mut [u8]) -> anyhow::Result<()> {
        let member = &mut self.members[number];
        let Ok(count @ 1..) = member.socket.read(buffer) else {
            let _ = epoll::delete(&self.poll, &member.socket);
            return Ok(());
        };
        member.unread.extend_from_slice(&buffer[..count]);
        if !member.open {
            let Some(end) = memmem::find(&member.unread, b"\r\n\r\n") else {
                return Ok(());
            };
            member.unread.drain(..end + 4);
            member.open = true;
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                 Connection: Upgrade\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
            );
            // A small write to a fresh socket has room.
            let _ = member.socket.write_all(answer.as_bytes());
        }
        let mut unread = std::mem::take(&mut member.unread);
        let mut used = 0;
        while let Some(head) = websocket::head(&unread[used..]) {
            if head.end > unread.len() - used {
                break;
            }
            let payload = &mut unread[used + head.begin..used + head.end];
            if let Some(mask) = head.mask {
                websocket::unmask(payload, mask);
            }
            self.handle(number, payload)?;
            used += head.end;
        }
        unread.drain(..used);
        self.members[number].unread = unread;
        Ok(())
    }

    fn handle(&mut self, number: usize, payload: &[u8]) -> anyhow::Result<()> {
        const TEXT: &[u8] = b"\"message\":\"";
        if let Some(at) = memmem::find(payload, TEXT) {
            let text = &payload[at + TEXT.len()..];
            let text = &text[..memchr(b'"', text).unwrap_or(text.len())];
            if let Some(tag) = Tag::read(text)
                && let Some(room) = self.rooms.get_mut(tag.room)
            {
                match &mut self.bus {
                    Some(bus) => bus.publish(tag.room, text)?,
                    None => room.deliver(text, self.frame_bytes, &self.members),
                }
            }
        } else if let Some(room) = room_number(payload) {
            if self.rooms.len() <= room {
                self.rooms.resize_with(room + 1, Room::default);
            }
            if let Some(bus) = &mut self.bus
                && self.rooms[room].members.is_empty()
            {
                bus.subscribe(room)?;
            }
            self.rooms[room].members.push(number);
            let mut joined = Vec::new();
            websocket::put_text(&mut joined, br#"{"type":"channelJoin","channelJoin":{}}"#);
            let _ = self.members[number].socket.write_all(&joined);
        }
        Ok(())
    }
}

impl Room {
    fn deliver(&mut self, text: &[u8], frame_bytes: usize, members: &[Member]) {
        self.prepare(text, frame_bytes);
        for member in &self.members {
            // What doesn't fit is lost, and the members' books tell.
            let _ = (&members[*member].socket).write(&self.frame);
        }
    }

    /// Makes the frame with the first message, and then only exchanges what differs.
    fn prepare(&mut self, text: &[u8], frame_bytes: usize) {
        const BEGIN: &[u8] = br#"{"type":"channelMessage","channelMessage":{"Message":""#;
        const BETWEEN: &[u8] = br#"","Seq":"#;
        self.seq += 1;
        let seq = format!("{:0SEQ_DIGITS$}", self.seq);
        if self.frame.is_empty() {
            let mut payload = BEGIN.to_vec();
            payload.extend_from_slice(text);
            payload.extend_from_slice(BETWEEN);
            payload.extend_from_slice(seq.as_bytes());
            payload.extend_from_slice(br#","Epoch":""#);
            // The frame's head has 4 bytes, and 2 characters end the text and the block.
            let length = frame_bytes.saturating_sub(4 + 3);
            payload.resize(length.max(payload.len()), b'e');
            payload.extend_from_slice(br#""}}"#);
            websocket::put_text(&mut self.frame, &payload);
            return;
        }
        let begin = memmem::find(&self.frame, BEGIN).unwrap_or(0) + BEGIN.len();
        self.frame[begin..begin + text.len()].copy_from_slice(text);
        let seq_begin = begin + text.len() + BETWEEN.len();
        self.frame[seq_begin..seq_begin + SEQ_DIGITS].copy_from_slice(seq.as_bytes());
    }
}

/// The number at the end of a room's name.
fn room_number(payload: &[u8]) -> Option<usize> {
    const ROOM: &[u8] = b"\"room\":\"";
    let name = &payload[memmem::find(payload, ROOM)? + ROOM.len()..];
    let name = &name[..memchr(b'"', name)?];
    let digits = name.rsplit(|byte| *byte == b'-').next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heard::{Heard, heard};

    #[test]
    fn a_frame_is_prepared_once_and_keeps_its_length() {
        let mut room = Room::default();
        let mut tag = Tag {
            room: 0,
            sender: 1,
            number: 2,
            index: 3,
        };
        room.prepare(tag.text(100).as_bytes(), 480);
        assert_eq!(room.frame.len(), 480);
        assert_eq!(heard(&room.frame[4..]), Heard::Message { seq: 1, tag });
        tag.number += 1;
        room.prepare(tag.text(100).as_bytes(), 480);
        assert_eq!(room.frame.len(), 480);
        assert_eq!(heard(&room.frame[4..]), Heard::Message { seq: 2, tag });
        assert_eq!(websocket::head(&room.frame).expect("whole").end, 480);
    }

    #[test]
    fn rooms_are_known_by_their_number() {
        let join = br#"{"type":"channelJoin","channelJoin":{"room":"bench-3f-000012"}}"#;
        assert_eq!(room_number(join), Some(12));
        assert_eq!(room_number(b"{}"), None);
    }
}
