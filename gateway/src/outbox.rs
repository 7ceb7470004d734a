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
    /// System calls that wrote something, for the tests.
    #[cfg(test)]
    writes: u64,
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
        #[cfg(test)]
        {
            self.writes += 1;
        }
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

#[cfg(test)]
mod tests {
    use tokio::{
        io::AsyncReadExt as _,
        net::{TcpListener, TcpStream},
    };

    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(300);

    /// An outbox, and the other end of its socket.
    async fn pair(limit_bytes: usize) -> (Outbox, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connect = TcpStream::connect(listener.local_addr().unwrap());
        let (accepted, connected) = tokio::join!(listener.accept(), connect);
        let socket = accepted.unwrap().0;
        socket.writable().await.unwrap();
        (Outbox::new(socket, limit_bytes), connected.unwrap())
    }

    fn frame(number: usize) -> Bytes {
        Bytes::from(format!("frame {number:04}"))
    }

    #[tokio::test]
    async fn what_waits_leaves_in_one_write() {
        let (outbox, mut peer) = pair(1 << 20).await;
        assert_eq!(outbox.push(frame(0)), Pushed::Flush);
        for number in 1..50 {
            assert_eq!(outbox.push(frame(number)), Pushed::Queued);
        }
        outbox.flush();
        assert_eq!(outbox.state().writes, 1);
        let mut read = vec![0; 50 * frame(0).len()];
        peer.read_exact(&mut read).await.unwrap();
        let expected: Vec<u8> = (0..50).flat_map(|number| frame(number).to_vec()).collect();
        assert_eq!(read, expected);
    }

    #[tokio::test]
    async fn a_reader_that_stops_and_goes_on_gets_everything_in_order() {
        let (outbox, mut peer) = pair(64 << 20).await;
        let large: Vec<Bytes> = (0..200_u8)
            .map(|number| Bytes::from(vec![number; 100_000]))
            .collect();
        for frame in &large {
            outbox.send(frame.clone());
        }
        assert!(
            outbox.state().blocked,
            "20 MB do not fit into the kernel's buffers"
        );
        outbox.close(CloseCode::Normal);
        let writer = {
            let outbox = outbox.clone();
            tokio::spawn(async move { outbox.run(Duration::from_secs(20)).await })
        };
        let mut read = vec![0; 200 * 100_000];
        peer.read_exact(&mut read).await.unwrap();
        assert!(
            read.chunks(100_000)
                .zip(&large)
                .all(|(read, sent)| read == sent)
        );
        assert!(
            writer.await.unwrap().is_ok(),
            "it ends once the close frame is out"
        );
        let mut close = [0; 4];
        peer.read_exact(&mut close).await.unwrap();
        assert_eq!(close[2..], 1000_u16.to_be_bytes());
    }

    #[tokio::test]
    async fn a_full_outbox_ends_the_connection_and_takes_no_more() {
        let (outbox, _peer) = pair(1_000_000).await;
        let mut pushed = Pushed::Queued;
        for _ in 0..1_000 {
            pushed = outbox.push(Bytes::from(vec![0; 100_000]));
            outbox.flush();
            if pushed == Pushed::Overflow {
                break;
            }
        }
        assert_eq!(pushed, Pushed::Overflow);
        assert_eq!(outbox.closing(), Some(CloseCode::SlowConsumer));
        assert!(
            outbox.state().queued_bytes <= 200_000,
            "what waited is given up"
        );
        assert_eq!(outbox.push(frame(0)), Pushed::Refused);
        assert!(outbox.run(TIMEOUT).await.is_err(), "the reader never reads");
    }

    #[tokio::test]
    async fn answers_wait_for_room() {
        let (outbox, mut peer) = pair(1_000_000).await;
        while !outbox.state().blocked {
            outbox.send(Bytes::from(vec![0; 100_000]));
        }
        while outbox.state().queued_bytes <= 600_000 {
            outbox.push(Bytes::from(vec![0; 100_000]));
        }
        let waiting = timeout(TIMEOUT, outbox.room_for(1_000)).await;
        assert!(waiting.is_err(), "more than half is queued");
        let writer = {
            let outbox = outbox.clone();
            tokio::spawn(async move { outbox.run(Duration::from_secs(20)).await })
        };
        let reader = tokio::spawn(async move { peer.read_to_end(&mut Vec::new()).await });
        outbox.room_for(1_000).await;
        outbox.close(CloseCode::Normal);
        assert!(writer.await.unwrap().is_ok());
        drop(outbox);
        assert!(reader.await.unwrap().is_ok());
    }
}
