//! All client connections, driven by one thread: one `epoll`, one read buffer, and for each
//! connection no more than its socket and what of a frame has not yet arrived.

mod connection;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rustix::{
    buffer::spare_capacity,
    event::{Timespec, epoll},
    io::Errno,
};

use connection::{Connection, Step};

/// Shared by all connections; holds many frames, so that a backlog is read in few calls.
const READ_BYTES: usize = 256 * 1_024;

/// Few, so that between two turns no message's time to be sent passes by unnoticed.
const EVENTS_A_TURN: usize = 64;

/// Connections from one source address: fewer than the ports that Linux has for them.
const CONNECTIONS_A_SOURCE: usize = 25_000;

/// Where a gateway is.
#[derive(Clone, Debug)]
pub struct Target {
    pub address: SocketAddr,
    /// Host and port as the `Host` header has them.
    pub authority: String,
    pub path: String,
    /// Whether compression is offered.
    pub deflate: bool,
}

/// What happened on a connection.
#[derive(Debug)]
pub enum Happening<'a> {
    /// A text frame's payload arrived.
    Text(&'a [u8]),
    /// The connection is gone, and why.
    Ended(String),
}

/// Drives connections, each known by its number in the order of opening.
pub struct Driver {
    poll: OwnedFd,
    connections: Vec<Option<Connection>>,
    buffer: Box<[u8]>,
    events: Vec<epoll::Event>,
    /// Bytes received so far.
    pub received_bytes: u64,
}

impl Driver {
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            poll: epoll::create(epoll::CreateFlags::CLOEXEC).context("epoll can't be had")?,
            connections: Vec::new(),
            buffer: vec![0; READ_BYTES].into(),
            events: Vec::with_capacity(EVENTS_A_TURN),
            received_bytes: 0,
        })
    }

    /// Opens a connection; when it stands, the greeting is sent: frames of the client.
    pub fn open(&mut self, target: &Target, query: &str, greeting: &[u8]) -> anyhow::Result<usize> {
        let number = self.connections.len();
        let source = source(target.address, number);
        let connection = Connection::open(target, source, query, greeting)
            .with_context(|| format!("connection {number} to {} can't be made", target.address))?;
        epoll::add(
            &self.poll,
            connection.socket(),
            epoll::EventData::new_u64(number as u64),
            epoll::EventFlags::IN | epoll::EventFlags::OUT,
        )?;
        self.connections.push(Some(connection));
        Ok(number)
    }

    /// Sends frames, which the caller has encoded, on a connection that stands; false when it is
    /// gone.
    pub fn send(&mut self, number: usize, frames: &[u8]) -> bool {
        let Some(Some(connection)) = self.connections.get_mut(number) else {
            return false;
        };
        let blocked_before = connection.is_blocked();
        let sent = connection.send(frames);
        if connection.is_blocked() != blocked_before {
            watch(&self.poll, connection, number);
        }
        sent.is_ok()
    }

    /// Tells all that has happened, without waiting.
    pub fn take_all(
        &mut self,
        mut happened: impl FnMut(usize, Happening<'_>),
    ) -> anyhow::Result<()> {
        // Each is read once: what arrives meanwhile is for the next time.
        let turns = self.connections.len().div_ceil(EVENTS_A_TURN);
        for _ in 0..turns {
            if self.turn(Instant::now(), &mut happened)? < EVENTS_A_TURN {
                break;
            }
        }
        Ok(())
    }

    /// Waits for something to happen, at most until then, and tells it; gives on how many
    /// connections it was.
    pub fn turn(
        &mut self,
        until: Instant,
        mut happened: impl FnMut(usize, Happening<'_>),
    ) -> anyhow::Result<usize> {
        let timeout = until.saturating_duration_since(Instant::now());
        match epoll::wait(
            &self.poll,
            spare_capacity(&mut self.events),
            Some(&timespec(timeout)),
        ) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("epoll failed"),
        }
        let count = self.events.len();
        for event in self.events.drain(..) {
            // The kernel packs its events: fields are copied before they are used.
            let (flags, data) = (event.flags, event.data);
            let number = data.u64() as usize;
            let place = &mut self.connections[number];
            let Some(connection) = place else { continue };
            let blocked_before = connection.is_blocked();
            let step = connection.advance(
                flags.contains(epoll::EventFlags::OUT),
                &mut self.buffer,
                &mut self.received_bytes,
                |payload| happened(number, Happening::Text(payload)),
            );
            match step {
                Step::Stands => {
                    if connection.is_blocked() != blocked_before {
                        watch(&self.poll, connection, number);
                    }
                }
                Step::Ended(why) => {
                    // Closing the socket takes it out of the poll.
                    *place = None;
                    happened(number, Happening::Ended(why));
                }
            }
        }
        Ok(count)
    }
}

/// Sockets are watched for room to write only while something waits for it.
fn watch(poll: &OwnedFd, connection: &Connection, number: usize) {
    let mut flags = epoll::EventFlags::IN;
    flags.set(epoll::EventFlags::OUT, connection.is_blocked());
    let data = epoll::EventData::new_u64(number as u64);
    epoll::modify(poll, connection.socket(), data, flags).expect("an open socket can be watched");
}

/// A source has ports for some 28,000 connections to a target; loopback has many sources.
fn source(target: SocketAddr, number: usize) -> Option<Ipv4Addr> {
    let block = number / CONNECTIONS_A_SOURCE;
    match target.ip() {
        IpAddr::V4(address) if address.is_loopback() && (1..254).contains(&block) => {
            Some(Ipv4Addr::new(127, 0, 0, block as u8 + 1))
        }
        _ => None,
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: duration.as_secs() as i64,
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}

fn would_block(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_change_before_their_ports_run_out() {
        let target = "127.0.0.1:5555".parse().expect("an address");
        assert_eq!(source(target, 24_999), None);
        assert_eq!(source(target, 25_000), Some(Ipv4Addr::new(127, 0, 0, 2)));
        assert_eq!(source(target, 60_000), Some(Ipv4Addr::new(127, 0, 0, 3)));
        let elsewhere = "192.0.2.1:5555".parse().expect("an address");
        assert_eq!(source(elsewhere, 25_000), None);
    }
}
