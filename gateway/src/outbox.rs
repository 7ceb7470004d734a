//! What waits for one connection's socket: a bounded queue of shared frames.
//!
//! Whoever has frames for a connection pushes them, without waiting, and flushes once per batch:
//! the flush writes to the socket directly, all that waits in one vectored write. Only when the
//! socket takes no more is the connection's own task woken, which waits until it does. So a
//! delivery costs one system call and no task switch, several under way cost one together, and a
//! slow reader slows nobody.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Buf as _, Bytes};
use parlor_shared::protocol::CloseCode;
use tokio::{net::TcpStream, sync::Notify, time::timeout};

use crate::websocket::close_frame;

/// Frames in one vectored write: what the kernel takes at once is far more, but the array lies on
/// the stack.
const WRITE_SLICES: usize = 64;
/// A queue that grew beyond this many frames gives its memory back once it is empty.
const KEEP_CAPACITY_FRAMES: usize = 8;

/// A cheap handle to one connection's outbox.
#[derive(Clone, Debug)]
pub struct Outbox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    socket: TcpStream,
    state: Mutex<State>,
    /// Wakes the connection's task: the socket takes no more, or the connection is to end.
    wake: Notify,
    /// Wakes who waits for the queue to shrink.
    shrunk: Notify,
    limit_bytes: usize,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Bytes>,
    queued_bytes: usize,
    /// The socket took no more; the connection's task writes from here on.
    blocked: bool,
    /// Somebody has pushed and will flush.
    dirty: bool,
    /// No more frames are taken; the last one in the queue is the close frame.
    closing: Option<CloseCode>,
    /// The socket is gone: frames are dropped.
    dead: bool,
    written_bytes: u64,
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// Queued; nobody else flushes, so the caller has to.
    Flush,
    /// Queued; it will be written with what was queued before.
    Queued,
    /// The connection is ending.
    Refused,
    /// The reader is too slow: the queue is full, and the connection ends.
    Overflow,
}

impl Outbox {
    /// An outbox for a socket, holding at most `limit_bytes` that the socket has not taken.
    pub fn new(socket: TcpStream, limit_bytes: usize) -> Self {
        let inner = Inner {
            socket,
            state: Mutex::default(),
            wake: Notify::new(),
            shrunk: Notify::new(),
            limit_bytes,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The socket, for reading.
    pub fn socket(&self) -> &TcpStream {
        &self.inner.socket
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held can't leave the queue half-changed.
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a frame. Never waits.
    pub fn push(&self, frame: Bytes) -> Pushed {
        let mut state = self.state();
        if state.closing.is_some() || state.dead {
            return Pushed::Refused;
        }
        if state.queued_bytes + frame.len() > self.inner.limit_bytes && !state.queue.is_empty() {
            state.overflow();
            self.inner.wake.notify_one();
            return Pushed::Overflow;
        }
        state.queued_bytes += frame.len();
        state.queue.push_back(frame);
        if state.blocked || std::mem::replace(&mut state.dirty, true) {
            Pushed::Queued
        } else {
            Pushed::Flush
        }
    }

    /// Queues a frame and writes what the socket takes.
    pub fn send(&self, frame: Bytes) {
        if self.push(frame) == Pushed::Flush {
            self.flush();
        }
    }

    /// Writes what the socket takes now; the connection's task does the rest.
    pub fn flush(&self) {
        let mut state = self.state();
        state.dirty = false;
        if !state.blocked {
            self.write(&mut state);
            if state.blocked || state.dead {
                self.inner.wake.notify_one();
            }
        }
    }

    /// Ends the connection once what is queued has been written.
    pub fn close(&self, code: CloseCode) {
        let mut state = self.state();
        if state.closing.is_none() {
            state.end(code);
        }
        self.inner.wake.notify_one();
    }

    /// Drops everything: the socket is gone.
    pub fn abandon(&self) {
        let mut state = self.state();
        state.dead = true;
        state.queue = VecDeque::new();
        state.queued_bytes = 0;
        self.inner.wake.notify_one();
        self.inner.shrunk.notify_waiters();
    }

    /// Why the connection is ending, if it is.
    pub fn closing(&self) -> Option<CloseCode> {
        self.state().closing
    }

    /// Waits until a frame of `bytes` fits in beside what is queued, with half of the limit left
    /// for live frames. So answers to a client's own requests never overflow its outbox: a client
    /// that reads slowly asks slowly. A frame larger than that waits until nothing is queued.
    pub async fn room_for(&self, bytes: usize) {
        loop {
            let mut shrunk = pin!(self.inner.shrunk.notified());
            // From here on no notification is missed.
            shrunk.as_mut().enable();
            {
                let state = self.state();
                let fits = state.queued_bytes + bytes <= self.inner.limit_bytes / 2;
                if state.dead || state.closing.is_some() || fits || state.queue.is_empty() {
                    return;
                }
            }
            shrunk.await;
        }
    }

    /// The writing side of the connection's task: waits for the socket whenever it takes no more.
    /// Ends when the connection has to: closed, broken, or no progress within `write_timeout`.
    pub async fn run(&self, write_timeout: Duration) -> io::Result<()> {
        loop {
            let (blocked, ending, written) = {
                let mut state = self.state();
                if !state.blocked {
                    self.write(&mut state);
                }
                if state.dead {
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                if state.closing.is_some() && state.queue.is_empty() {
                    return Ok(());
                }
                (state.blocked, state.closing.is_some(), state.written_bytes)
            };
            if !blocked {
                self.inner.wake.notified().await;
                continue;
            }
            let writable = timeout(write_timeout, self.inner.socket.writable()).await;
            match writable {
                Ok(ready) => ready?,
                Err(_) if self.state().written_bytes == written => {
                    if ending {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    // The reader has stood still: its queue is of no use to it any more.
                    self.state().overflow();
                }
                Err(_) => {}
            }
            self.state().blocked = false;
        }
    }

    fn write(&self, state: &mut State) {
        while !state.queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); WRITE_SLICES];
            let mut count = 0;
            for (slice, frame) in slices.iter_mut().zip(&state.queue) {
                *slice = IoSlice::new(frame);
                count += 1;
            }
            match self.inner.socket.try_write_vectored(&slices[..count]) {
                Ok(written) => state.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    state.blocked = true;
                    break;
                }
                Err(_) => {
                    state.dead = true;
                    state.queue = VecDeque::new();
                    state.queued_bytes = 0;
                }
            }
        }
        if state.queue.is_empty() && state.queue.capacity() > KEEP_CAPACITY_FRAMES {
            state.queue = VecDeque::new();
        }
        self.inner.shrunk.notify_waiters();
    }
}

impl State {
    fn advance(&mut self, mut written: usize) {
        self.written_bytes += written as u64;
        self.queued_bytes -= written;
        while let Some(first) = self.queue.front_mut() {
            if first.len() > written {
                first.advance(written);
                return;
            }
            written -= first.len();
            self.queue.pop_front();
        }
    }

    fn end(&mut self, code: CloseCode) {
        let frame = close_frame(code);
        self.queued_bytes += frame.len();
        self.queue.push_back(frame);
        self.closing = Some(code);
    }

    /// Gives up what is queued. A frame that is partly written can't be completed, so the close
    /// frame is only of use when none is; either way the connection ends.
    fn overflow(&mut self) {
        if self.closing.is_none() {
            let torn = self.queue.pop_front();
            self.queue.clear();
            self.queued_bytes = 0;
            if let Some(torn) = torn {
                self.queued_bytes = torn.len();
                self.queue.push_back(torn);
            }
            self.end(CloseCode::SlowConsumer);
        }
    }
}
