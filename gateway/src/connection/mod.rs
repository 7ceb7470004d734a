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
mod services;

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    io,
    net::{IpAddr, Shutdown},
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use parlor_shared::{
    id::{ChannelId, SessionId},
    protocol::{CloseCode, client::ConnectQuery},
};
use socket2::SockRef;
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{sleep_until, timeout},
};
use tracing::debug;

use crate::{
    metrics::Counted,
    outbox::Outbox,
    rooms::Membership,
    session::{Effects, Session},
    websocket::{Decoder, Input, ping_frame, pong_frame},
};
use in_flight::InFlight;
use inbox::Inbox;
use leaving::StillListed;
use registrar::Departure;
use registry::Reachable;
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
    memberships: HashMap<ChannelId, Membership>,
    still_listed: StillListed,
    in_flight: InFlight,
    signed_in: Option<(Counted, Reachable)>,
    inbox: Inbox,
    departure: Departure,
    /// Changes when the registry has lost this gateway's sessions.
    registry_lost: watch::Receiver<u64>,
    last_heard: Instant,
    pinged_at: Option<Instant>,
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
    pub fn new(app: Arc<Services>, socket: TcpStream, address: IpAddr, client: Arc<str>) -> Self {
        let id = SessionId::random();
        let now = Instant::now();
        Self {
            outbox: Outbox::new(socket, app.limits.outbox_bytes),
            session: Session::new(id, Arc::clone(&app.rules), now),
            decoder: Decoder::new(app.limits.frame_bytes),
            address,
            client,
            memberships: HashMap::new(),
            still_listed: StillListed::default(),
            in_flight: InFlight::default(),
            signed_in: None,
            inbox: Inbox::default(),
            departure: app.registrar.departure(id),
            registry_lost: app.registrar.lost(),
            last_heard: now,
            pinged_at: None,
            app,
        }
    }

    /// Lives until the client goes or has to. `early` is what the client sent behind its handshake.
    pub async fn run(mut self, query: ConnectQuery, early: Vec<u8>) {
        let app = Arc::clone(&self.app);
        let outbox = self.outbox.clone();
        let listed = app.connections.list(self.session.id(), outbox.clone());
        let _counted = Counted::new(&app.metrics.connections);
        app.metrics.connections_total.inc();
        let mut writer = pin!(outbox.run(app.limits.write_timeout));
        let ended = {
            let mut reader = pin!(self.read(query, early));
            tokio::select! {
                written = &mut writer => {
                    debug!(?written, "the writing side ended first");
                    outbox.closing()
                }
                end = &mut reader => match end {
                    End::Gone => None,
                    End::Close(code) => {
                        outbox.close(code);
                        // What was queued before it still goes out, within the write timeout.
                        let _ = writer.await;
                        outbox.closing()
                    }
                },
            }
        };
        outbox.abandon();
        app.metrics.closed(ended);
        // Out of its rooms and lists; what is left is only to be heard out.
        drop((self, listed));
        linger(outbox.socket()).await;
    }

    async fn read(&mut self, query: ConnectQuery, mut early: Vec<u8>) -> End {
        let effects = self.session.on_connect(query);
        if let Err(end) = Box::pin(self.carry_out(effects)).await {
            return end;
        }
        let mut inputs = VecDeque::new();
        if !early.is_empty()
            && let Err(end) = self.take(&mut early, &mut inputs).await
        {
            return end;
        }
        drop(early);
        let (outbox, inbox) = (self.outbox.clone(), self.inbox.clone());
        let mut timer = pin!(sleep_until(self.next_check().into()));
        loop {
            tokio::select! {
                ready = outbox.socket().readable() => {
                    if ready.is_err() {
                        return End::Gone;
                    }
                    if let Err(end) = self.read_once(&mut inputs).await {
                        return end;
                    }
                    let next = self.next_check().into();
                    if next < timer.deadline() {
                        timer.as_mut().reset(next);
                    }
                }
                () = &mut timer => {
                    if let Err(end) = self.on_timer() {
                        return end;
                    }
                    let granted_until = self.session.granted_until();
                    if granted_until.is_some_and(|until| until <= Instant::now()) {
                        let effects = self.session.on_grant_expired();
                        if let Err(end) = Box::pin(self.carry_out(effects)).await {
                            return end;
                        }
                    }
                    if self.still_listed.next.is_some_and(|at| at <= Instant::now()) {
                        Box::pin(self.leave_again()).await;
                    }
                    timer.as_mut().reset(self.next_check().into());
                }
                orders = inbox.take() => {
                    for order in orders {
                        let effects = self.session.on_order(&order);
                        if let Err(end) = Box::pin(self.carry_out(effects)).await {
                            return end;
                        }
                    }
                }
                lost = self.registry_lost.changed() => {
                    if lost.is_ok() {
                        Box::pin(self.register_again()).await;
                    }
                }
            }
        }
    }

    /// Reads what has arrived and handles it, all of it before the next read.
    async fn read_once(&mut self, inputs: &mut VecDeque<Input>) -> Result<(), End> {
        let (read, violation) = READ_BUFFER.with_borrow_mut(|buffer| {
            let read = self.outbox.socket().try_read(buffer);
            let violation = match read {
                Ok(count) => self.decoder.feed(&mut buffer[..count], inputs).err(),
                Err(_) => None,
            };
            (read, violation)
        });
        match read {
            Ok(0) => return Err(End::Gone),
            Ok(_) => self.last_heard = Instant::now(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(_) => return Err(End::Gone),
        }
        self.handle(inputs).await?;
        self.judge(violation)
    }

    async fn take(&mut self, bytes: &mut [u8], inputs: &mut VecDeque<Input>) -> Result<(), End> {
        let violation = self.decoder.feed(bytes, inputs).err();
        self.handle(inputs).await?;
        self.judge(violation)
    }

    fn judge(&self, violation: Option<crate::websocket::Violation>) -> Result<(), End> {
        match violation {
            None => Ok(()),
            Some(violation) => {
                self.app.metrics.violations.inc();
                debug!(?violation, session = %self.session.id(), "protocol violation");
                Err(End::Close(violation.close_code()))
            }
        }
    }

    async fn handle(&mut self, inputs: &mut VecDeque<Input>) -> Result<(), End> {
        while let Some(input) = inputs.pop_front() {
            let now = Instant::now();
            let effects: Effects = match input {
                Input::Text(text) => {
                    self.app.metrics.frames_in.inc();
                    self.session.on_text(&text, now)
                }
                Input::Ping(payload) => {
                    self.outbox.send(pong_frame(&payload));
                    self.session.on_control_frame(now)
                }
                Input::Pong => {
                    self.pinged_at = None;
                    self.session.on_control_frame(now)
                }
                Input::Close => return Err(End::Close(CloseCode::Normal)),
            };
            // On the heap, and only while something is done: an idle connection stays small.
            Box::pin(self.carry_out(effects)).await?;
        }
        Ok(())
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

    fn on_timer(&mut self) -> Result<(), End> {
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
                self.outbox.send(ping_frame());
                self.pinged_at = Some(now);
            }
            Some(_) | None => {}
        }
        Ok(())
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
            match READ_BUFFER.with_borrow_mut(|buffer| socket.try_read(buffer)) {
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
