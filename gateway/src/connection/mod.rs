//! The task that owns a connection: reads frames, lets the session decide, has the effects carried
//! out, and notices when the other side is gone.

mod alter;
mod choose;
pub mod client_hint;
mod compose;
mod directory_work;
mod effects;
mod in_flight;
pub mod inbox;
mod join;
mod leaving;
mod moderation_work;
pub mod named;
pub mod pages;
mod people;
mod photo_work;
mod refusals;
pub mod registrar;
pub mod registry;
pub mod rosters;
mod services;

use std::{
    cell::RefCell,
    collections::VecDeque,
    io::{self, Read as _},
    net::{IpAddr, Shutdown},
    sync::Arc,
    time::{Duration, Instant},
};

use parlor_shared::{
    id::SessionId,
    protocol::{CloseCode, client::ConnectQuery},
};
use socket2::SockRef;
use tokio::{io::Interest, net::TcpStream, time::timeout};
use tracing::debug;

use crate::{
    metrics::Counted,
    outbox::{Outbox, Signal, Signals, Wake},
    rooms::Memberships,
    session::{Effects, Session},
    websocket::{Decoder, Frame, Input, Violation},
};
use in_flight::InFlight;
use inbox::Inbox;
use leaving::StillListed;
use registrar::Departure;
use registry::{Listed, Reachable};
pub use services::Services;

/// What one read takes. The buffer is the thread's, not the connection's: an idle connection has
/// none.
const READ_BYTES: usize = 16 * 1_024;

/// How long a connection that was closed is still read from: some round trips, until the other side
/// has seen the end.
const LINGER: Duration = Duration::from_secs(1);
/// The same in bytes: what was under way when the end was told, and not what a flood brings.
const LINGER_BYTES: usize = 4 * 1_024 * 1_024;

thread_local! {
    static READ_BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

/// One connection.
pub struct Connection {
    app: Arc<Services>,
    outbox: Outbox,
    session: Session,
    decoder: Decoder,
    address: IpAddr,
    /// What the client calls itself.
    client: Arc<str>,
    memberships: Memberships,
    still_listed: StillListed,
    in_flight: InFlight,
    signed_in: Option<(Counted, Reachable)>,
    inbox: Inbox,
    departure: Departure,
    last_heard: Instant,
    pinged_at: Option<Instant>,
    _listed: Listed,
    _counted: Counted,
}

/// What a client said before there was a connection.
#[derive(Debug)]
pub struct Opening {
    /// In the address.
    pub query: ConnectQuery,
    /// Behind its handshake.
    pub early: Vec<u8>,
}

/// What one read gave.
#[derive(Debug, Default)]
struct Read {
    inputs: VecDeque<Input>,
    violation: Option<Violation>,
}

impl Read {
    fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.violation.is_none()
    }
}

/// Why the reading side is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The client is gone; nothing can be written.
    Gone,
    /// To be told with a close frame.
    Close(CloseCode),
}

impl Connection {
    /// `deflates`: permessage-deflate was agreed on.
    pub fn new(
        app: Arc<Services>,
        socket: TcpStream,
        address: IpAddr,
        client: Arc<str>,
        deflates: bool,
    ) -> Box<Self> {
        let id = SessionId::random();
        let now = Instant::now();
        let outbox = Outbox::new(socket, deflates, Arc::clone(&app.outboxes));
        app.metrics.connections_total.inc();
        Box::new(Self {
            session: Session::new(id, Arc::clone(&app.rules), now),
            decoder: Decoder::new(app.limits.frame_bytes, deflates),
            address,
            client,
            memberships: Memberships::default(),
            still_listed: StillListed::default(),
            in_flight: InFlight::default(),
            signed_in: None,
            inbox: Inbox::new(outbox.clone()),
            departure: app.registrar.departure(id),
            last_heard: now,
            pinged_at: None,
            _listed: app.connections.list(id, outbox.clone()),
            _counted: Counted::new(&app.metrics.connections),
            outbox,
            app,
        })
    }

    /// Lives until the client goes or has to.
    ///
    /// What is done is on the heap, and only while it is done: of an idle connection the task holds
    /// little more than the pointer to it.
    pub async fn run(mut self: Box<Self>, opening: Box<Opening>) {
        let outbox = self.outbox.clone();
        let mut ended = outbox.while_writing(Box::pin(self.open(opening))).await;
        while matches!(ended, Ok(Ok(()))) {
            outbox.ring_at(self.next_check());
            ended = match outbox.wait().await {
                Wake::Written(written) => Err(written),
                Wake::Readable => match self.read() {
                    Ok(read) if read.is_empty() => Ok(Ok(())),
                    Ok(read) => outbox.while_writing(Box::pin(self.handle(read))).await,
                    Err(end) => Ok(Err(end)),
                },
                Wake::Signals(signals) => outbox.while_writing(Box::pin(self.heed(signals))).await,
            };
        }
        let told = match ended {
            Err(written) => {
                debug!(?written, "the writing side ended first");
                outbox.closing()
            }
            Ok(Err(End::Close(code))) => {
                outbox.close(code);
                // What was queued before it still goes out, within the write timeout.
                let _ = outbox.finish().await;
                outbox.closing()
            }
            Ok(Err(End::Gone) | Ok(())) => None,
        };
        outbox.abandon();
        self.app.metrics.closed(told);
        // Out of its rooms and lists; what is left is only to be heard out.
        drop(self);
        Box::pin(linger(outbox.socket())).await;
    }

    async fn open(&mut self, opening: Box<Opening>) -> Result<(), End> {
        let Opening { query, mut early } = *opening;
        let effects = self.session.on_connect(query);
        self.carry_out(effects).await?;
        let mut read = Read::default();
        read.violation = self.decoder.feed(&mut early, &mut read.inputs).err();
        self.handle(read).await
    }

    /// Does what others want done, and what is due.
    async fn heed(&mut self, signals: Signals) -> Result<(), End> {
        if signals.has(Signal::Alarm) {
            self.on_alarm().await?;
        }
        if signals.has(Signal::Orders) {
            for order in self.inbox.take() {
                let effects = self.session.on_order(&order);
                self.carry_out(effects).await?;
            }
        }
        if signals.has(Signal::RegistryLost) {
            self.register_again().await;
        }
        Ok(())
    }

    /// Reads what has arrived.
    fn read(&mut self) -> Result<Read, End> {
        let mut inputs = VecDeque::new();
        let (read, violation) = READ_BUFFER.with_borrow_mut(|buffer| {
            let read = read_into(self.outbox.socket(), buffer);
            let violation = match read {
                Ok(count) => self.decoder.feed(&mut buffer[..count], &mut inputs).err(),
                Err(_) => None,
            };
            (read, violation)
        });
        match read {
            Ok(0) => return Err(End::Gone),
            Ok(_) => self.last_heard = Instant::now(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return Err(End::Gone),
        }
        Ok(Read { inputs, violation })
    }

    /// Handles what was read, all of it before the next read.
    async fn handle(&mut self, read: Read) -> Result<(), End> {
        for input in read.inputs {
            let now = Instant::now();
            let effects: Effects = match input {
                Input::Text(text) => {
                    self.app.metrics.frames_in.inc();
                    self.session.on_text(&text, now)
                }
                Input::Ping(payload) => {
                    self.outbox.push(&Frame::pong(&payload));
                    self.session.on_control_frame(now)
                }
                Input::Pong => {
                    self.pinged_at = None;
                    self.session.on_control_frame(now)
                }
                Input::Close => return Err(End::Close(CloseCode::Normal)),
            };
            self.carry_out(effects).await?;
        }
        match read.violation {
            None => Ok(()),
            Some(violation) => {
                self.app.metrics.violations.inc();
                debug!(?violation, session = %self.session.id(), "protocol violation");
                Err(End::Close(violation.close_code()))
            }
        }
    }

    /// When something may have to be done without the client.
    fn next_check(&self) -> Instant {
        let limits = &self.app.limits;
        let heartbeat = match self.pinged_at {
            Some(at) => at + limits.pong_timeout,
            None => self.last_heard + limits.ping_interval,
        };
        let others = [
            self.session.sign_in_deadline(),
            self.still_listed.next,
            self.session.granted_until(),
        ];
        let others = others.into_iter().flatten();
        others.fold(heartbeat, Instant::min)
    }

    async fn on_alarm(&mut self) -> Result<(), End> {
        self.check_heartbeat()?;
        let now = Instant::now();
        let granted_until = self.session.granted_until();
        if granted_until.is_some_and(|until| until <= now) {
            let effects = self.session.on_grant_expired();
            self.carry_out(effects).await?;
        }
        if self.still_listed.next.is_some_and(|at| at <= now) {
            self.leave_again().await;
        }
        Ok(())
    }

    fn check_heartbeat(&mut self) -> Result<(), End> {
        let now = Instant::now();
        let limits = &self.app.limits;
        if self
            .session
            .sign_in_deadline()
            .is_some_and(|deadline| deadline <= now)
        {
            return Err(End::Close(CloseCode::SignInTimeout));
        }
        match self.pinged_at {
            // Anything heard since is as good as a pong.
            Some(at) if self.last_heard > at => self.pinged_at = None,
            Some(at) if now >= at + limits.pong_timeout => {
                return Err(End::Close(CloseCode::PongTimeout));
            }
            None if now >= self.last_heard + limits.ping_interval => {
                self.outbox.push(&Frame::ping());
                self.pinged_at = Some(now);
            }
            Some(_) | None => {}
        }
        Ok(())
    }
}

/// Reads once. A read that does not fill the buffer has emptied the socket, so it is not tried again
/// before the kernel says that more has come: a system call saved for each frame.
fn read_into(socket: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    let read = socket.try_io(Interest::READABLE, || {
        filled = (&*SockRef::from(socket)).read(buffer)?;
        if filled == 0 || filled == buffer.len() {
            Ok(filled)
        } else {
            // What tokio takes for "wait until the next event"; one that has come meanwhile counts.
            Err(io::ErrorKind::WouldBlock.into())
        }
    });
    match read {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock && filled > 0 => Ok(filled),
        read => read,
    }
}

/// Says that nothing more will come, then reads on for a moment and forgets what it reads: closing
/// a socket with unread bytes resets the connection, and the other side may lose the close frame
/// with it (RFC 9112 section 9.6 tells the same of HTTP).
async fn linger(socket: &TcpStream) {
    if SockRef::from(socket).shutdown(Shutdown::Write).is_err() {
        return;
    }
    let heard_out = async {
        let mut bytes = 0;
        while bytes < LINGER_BYTES && socket.readable().await.is_ok() {
            match READ_BUFFER.with_borrow_mut(|buffer| read_into(socket, buffer)) {
                Ok(0) => return,
                Ok(read) => bytes += read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    };
    let _ = timeout(LINGER, heard_out).await;
}

/// How long a room's subscription may take before a join is refused.
pub(crate) const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn future_bytes<C, O, F>(_: impl Fn(C, O) -> F) -> usize {
        size_of::<F>()
    }

    /// What every idle connection costs, beside its socket.
    #[test]
    fn an_idle_connection_is_small() {
        let task = future_bytes(Connection::run);
        assert!(task <= 176, "the task's future has {task} bytes");
        let connection = size_of::<Connection>();
        assert!(connection <= 640, "a connection has {connection} bytes");
    }
}
