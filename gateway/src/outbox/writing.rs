//! Writing to the socket, and waiting where it takes no more.

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    pin::pin,
    task::{Context, Poll},
    time::Instant,
};

use super::{Outbox, State};

/// Frames in one vectored write: what the kernel takes at once is far more, but the array lies on
/// the stack.
const WRITE_SLICES: usize = 64;

impl Outbox {
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
    pub(super) fn poll_write(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
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

    pub(super) fn write(&self, state: &mut State) {
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
