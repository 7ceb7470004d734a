//! What waits for one connection's socket: a bounded queue of shared frames.
//!
//! Whoever has frames for a connection pushes them, without waiting, and flushes once per batch:
//! the flush writes to the socket directly, all that waits in one vectored write. Only when the
//! socket takes no more is the connection's own task woken, which waits until it does. So a
//! delivery costs one system call and no task switch, several under way cost one together, and a
//! slow reader slows nobody.
//!
//! The connection's own task waits here too, for its socket and for what others want of it
//! ([`Outbox::wait`]), with nothing but a pointer: an idle connection is little more than its socket.

mod alarms;
mod queue;
mod signals;

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::Bytes;
use parlor_shared::protocol::CloseCode;
use tokio::net::TcpStream;

use crate::websocket::Frame;
pub use alarms::Alarms;
use queue::Queue;
use signals::Bell;
pub use signals::{Signal, Signals};

/// Frames in one vectored write: what the kernel takes at once is far more, but the array lies on
/// the stack.
const WRITE_SLICES: usize = 64;

/// What all outboxes go by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What a socket has not taken is at most this.
    pub limit_bytes: usize,
    /// How long a reader may stand still.
    pub write_timeout: Duration,
    pub alarms: Alarms,
}

/// A cheap handle to one connection's outbox.
#[derive(Clone, Debug)]
pub struct Outbox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    socket: TcpStream,
    /// Whether texts are compressed.
    deflates: bool,
    state: Mutex<State>,
    bell: Bell,
    rules: Arc<Rules>,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    queued_bytes: usize,
    /// The socket took no more; the connection's task writes from here on. When it last took some.
    blocked: Option<Instant>,
    /// Somebody has pushed and will flush.
    dirty: bool,
    /// The connection's task waits for the queue to shrink.
    awaited: bool,
    /// The socket is gone: frames are dropped.
    dead: bool,
    /// No more frames are taken; the last one in the queue is the close frame.
    closing: Option<CloseCode>,
    /// System calls that wrote something, for the tests.
    #[cfg(test)]
    writes: u64,
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It is out.
    Written,
    /// Queued; nobody else flushes, so the caller has to.
    Flush,
    /// Queued; it will be written with what was queued before.
    Queued,
    /// The connection is ending.
    Refused,
    /// The reader is too slow: the queue is full, and the connection ends.
    Overflow,
}

/// What the connection's task has waited for.
#[derive(Debug)]
pub enum Wake {
    /// There may be something to read.
    Readable,
    Signals(Signals),
    /// Everything is written and the connection is closing, or the socket is gone.
    Written(io::Result<()>),
}

impl Outbox {
    /// `deflates`: permessage-deflate was agreed on.
    pub fn new(socket: TcpStream, deflates: bool, rules: Arc<Rules>) -> Self {
        let inner = Inner {
            socket,
            deflates,
            state: Mutex::default(),
            bell: Bell::new(),
            rules,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The socket, for reading.
    pub fn socket(&self) -> &TcpStream {
        &self.inner.socket
    }

    /// Has the connection's task look at something.
    pub fn signal(&self, signal: Signal) {
        self.inner.bell.raise(signal);
    }

    /// Has [`Signal::Alarm`] raised at `at` or soon after, if it is not before.
    pub fn ring_at(&self, at: Instant) {
        self.inner.rules.alarms.ring_at(&self.inner, at);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held can't leave the queue half-changed.
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a frame. Never waits.
    pub fn push(&self, frame: &Frame) -> Pushed {
        // Before the lock: the first to want it so compresses.
        let frame = frame.form(self.inner.deflates);
        self.queue(&mut self.state(), frame)
    }

    fn queue(&self, state: &mut State, frame: &Bytes) -> Pushed {
        if state.closing.is_some() || state.dead {
            return Pushed::Refused;
        }
        if state.queued_bytes + frame.len() > self.inner.rules.limit_bytes
            && !state.queue.is_empty()
        {
            state.overflow();
            self.inner.bell.wake();
            return Pushed::Overflow;
        }
        state.queued_bytes += frame.len();
        state.queue.push(frame.clone());
        if state.blocked.is_some() || std::mem::replace(&mut state.dirty, true) {
            Pushed::Queued
        } else {
            Pushed::Flush
        }
    }

    /// Writes a frame behind what is queued, as far as the socket takes it; the connection's task
    /// does the rest. Mostly nothing is queued, and the frame goes straight from where all share it.
    pub fn send(&self, frame: &Frame) -> Pushed {
        let frame = frame.form(self.inner.deflates);
        let mut state = self.state();
        let is_free = state.queue.is_empty() && state.blocked.is_none();
        if is_free && state.closing.is_none() && !state.dead {
            #[cfg(test)]
            {
                state.writes += 1;
            }
            // An error shows again when the rest is tried.
            let written = self.inner.socket.try_write(frame).unwrap_or_default();
            if written == frame.len() {
                return Pushed::Written;
            }
            let rest = frame.slice(written..);
            return self.queue_and_flush(&mut state, &rest);
        }
        self.queue_and_flush(&mut state, frame)
    }

    fn queue_and_flush(&self, state: &mut State, frame: &Bytes) -> Pushed {
        let pushed = self.queue(state, frame);
        if pushed == Pushed::Flush {
            self.flush_locked(state);
            return Pushed::Queued;
        }
        pushed
    }

    /// Writes what the socket takes now; the connection's task does the rest.
    pub fn flush(&self) {
        self.flush_locked(&mut self.state());
    }

    fn flush_locked(&self, state: &mut State) {
        state.dirty = false;
        if state.blocked.is_none() {
            self.write(state);
            if state.blocked.is_some() || state.dead {
                self.inner.bell.wake();
            }
        }
    }

    /// Ends the connection once what is queued has been written.
    pub fn close(&self, code: CloseCode) {
        let mut state = self.state();
        if state.closing.is_none() {
            state.end(code);
        }
        self.inner.bell.wake();
    }

    /// Drops everything: the socket is gone.
    pub fn abandon(&self) {
        self.state().give_up();
        self.inner.bell.wake();
    }

    /// Why the connection is ending, if it is.
    pub fn closing(&self) -> Option<CloseCode> {
        self.state().closing
    }

    /// Waits until a frame of `bytes` fits in beside what is queued, with half of the limit left
    /// for live frames. So answers to a client's own requests never overflow its outbox: a client
    /// that reads slowly asks slowly. A frame larger than that waits until nothing is queued.
    ///
    /// For the connection's own task, within [`Self::while_writing`].
    pub async fn room_for(&self, bytes: usize) {
        poll_fn(|_| {
            let mut state = self.state();
            let fits = state.queued_bytes + bytes <= self.inner.rules.limit_bytes / 2;
            state.awaited =
                !(state.dead || state.closing.is_some() || fits || state.queue.is_empty());
            if state.awaited {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }

    /// Waits for something to do, writing meanwhile. For the connection's own task alone, as are the
    /// two below.
    pub async fn wait(&self) -> Wake {
        poll_fn(|context| {
            self.inner.bell.listen(context.waker());
            if let Poll::Ready(written) = self.poll_write(context) {
                return Poll::Ready(Wake::Written(written));
            }
            let signals = self.inner.bell.take();
            if !signals.is_empty() {
                return Poll::Ready(Wake::Signals(signals));
            }
            // An error shows when it is read.
            let _ = ready!(self.inner.socket.poll_read_ready(context));
            Poll::Ready(Wake::Readable)
        })
        .await
    }

    /// Does `work`, and after each step of it writes what that and others have queued: all that one
    /// step says leaves in one write.
    ///
    /// # Errors
    /// [`Wake::Written`]'s outcome, if writing ended before the work was done.
    pub async fn while_writing<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, io::Result<()>> {
        let mut work = pin!(work);
        poll_fn(|context| {
            self.inner.bell.listen(context.waker());
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Ok(done));
            }
            self.poll_write(context).map(Err)
        })
        .await
    }

    /// Writes until everything is out after [`Self::close`].
    ///
    /// # Errors
    /// When the socket broke or its reader stood still for too long.
    pub async fn finish(&self) -> io::Result<()> {
        poll_fn(|context| {
            self.inner.bell.listen(context.waker());
            self.poll_write(context)
        })
        .await
    }

    /// Writes, and waits for the socket whenever it takes no more. Ready when the connection has to
    /// end: closed, broken, or no progress within the write timeout.
    fn poll_write(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let deadline = {
                let mut state = self.state();
                state.dirty = false;
                if state.blocked.is_none() {
                    self.write(&mut state);
                }
                if state.dead {
                    return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
                }
                if state.closing.is_some() && state.queue.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                let Some(since) = state.blocked else {
                    return Poll::Pending;
                };
                let (now, timeout) = (Instant::now(), self.inner.rules.write_timeout);
                if now >= since + timeout {
                    if state.closing.is_some() {
                        return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                    }
                    // The reader has stood still: its queue is of no use to it any more.
                    state.overflow();
                    state.blocked = Some(now);
                    now + timeout
                } else {
                    since + timeout
                }
            };
            if let Poll::Ready(ready) = self.inner.socket.poll_write_ready(context) {
                ready?;
                let mut state = self.state();
                let since = state.blocked.take();
                let before = state.queued_bytes;
                self.write(&mut state);
                if state.blocked.is_some() && state.queued_bytes == before {
                    // It took nothing, whatever it said.
                    state.blocked = since;
                }
                continue;
            }
            self.ring_at(deadline);
            return Poll::Pending;
        }
    }

    fn write(&self, state: &mut State) {
        while !state.queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); WRITE_SLICES];
            let count = state.queue.slices(&mut slices);
            let socket = &self.inner.socket;
            let written = match &slices[..count] {
                // Cheaper for the kernel than one of one.
                [single] => socket.try_write(single),
                several => socket.try_write_vectored(several),
            };
            match written {
                Ok(written) => {
                    #[cfg(test)]
                    {
                        state.writes += 1;
                    }
                    state.queued_bytes -= written;
                    state.queue.advance(written);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    state.blocked = Some(Instant::now());
                    break;
                }
                Err(_) => state.give_up(),
            }
        }
        if std::mem::take(&mut state.awaited) {
            // It looks again whether its frame fits.
            self.inner.bell.wake();
        }
    }
}

impl State {
    fn end(&mut self, code: CloseCode) {
        let frame = Frame::close(code);
        self.queued_bytes += frame.plain().len();
        self.queue.push(frame.plain().clone());
        self.closing = Some(code);
    }

    fn give_up(&mut self) {
        self.dead = true;
        self.queue = Queue::default();
        self.queued_bytes = 0;
    }

    /// Gives up what is queued. A frame that is partly written can't be completed, so the close
    /// frame is only of use when none is; either way the connection ends.
    fn overflow(&mut self) {
        if self.closing.is_none() {
            self.queue.keep_first();
            self.queued_bytes = self.queue.first_bytes();
            self.end(CloseCode::SlowConsumer);
        }
    }
}

#[cfg(test)]
mod tests;
