//! One connection of a member's, and what is known of it.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parlor_shared::{
    client::{Client, ClientError},
    protocol::{ClientFrame, RequestId},
};
use tokio::time::timeout;

/// Browsers can't see WebSocket pings, so the web client sends its own.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// Silence after a ping that means that the connection is dead.
const PONG_TIMEOUT: Duration = Duration::from_secs(10);
/// A socket that takes nothing for so long is dead.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// What was asked, by the id of the request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Request {
    SignUp,
    SignIn,
    Resume,
    Join,
    /// By the room's place.
    Say(usize),
    Ping,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// Without a word, or with a close code.
    Lost(Option<u16>),
    /// The gateway is going away and says when to come back.
    Draining(Duration),
    /// The member was asked to go.
    Offline,
    Stop,
}

#[derive(Debug)]
pub(super) struct Link {
    pub client: Client,
    requests: HashMap<RequestId, Request>,
    /// The gateway has said that sending is paused.
    pub paused: bool,
    /// A refusal said to wait until then.
    pub hold: Option<Instant>,
    /// When what was refused is asked for again.
    pub retry: Option<Instant>,
    pub signed_in: bool,
    pub ready_since: Option<Instant>,
    pub last_heard: Instant,
    pinged: Option<Instant>,
}

impl Link {
    pub fn new(client: Client) -> Self {
        Self {
            client,
            requests: HashMap::new(),
            paused: false,
            hold: None,
            retry: None,
            signed_in: false,
            ready_since: None,
            last_heard: Instant::now(),
            pinged: None,
        }
    }

    pub async fn ask(&mut self, request: Request, frame: ClientFrame) -> Result<(), End> {
        match timeout(WRITE_TIMEOUT, self.client.send(frame)).await {
            Ok(Ok(id)) => {
                self.requests.insert(id, request);
                Ok(())
            }
            Ok(Err(ClientError::Closed { code, .. })) => Err(End::Lost(Some(code))),
            Ok(Err(_)) | Err(_) => Err(End::Lost(None)),
        }
    }

    /// The request that a frame answers. A `resume` is answered by several frames.
    pub fn answered(&mut self, id: Option<&RequestId>, is_last: bool) -> Option<Request> {
        let id = id?;
        match self.requests.get(id) {
            Some(Request::Resume) if !is_last => Some(Request::Resume),
            _ => self.requests.remove(id),
        }
    }

    pub fn heard(&mut self) {
        self.last_heard = Instant::now();
        self.pinged = None;
    }

    /// Asks a silent gateway whether it lives.
    pub async fn keep_alive(&mut self) -> Result<(), End> {
        match self.pinged {
            Some(pinged) if pinged.elapsed() >= PONG_TIMEOUT => Err(End::Lost(None)),
            None if self.last_heard.elapsed() >= PING_INTERVAL => {
                self.pinged = Some(Instant::now());
                self.ask(Request::Ping, ClientFrame::Ping).await
            }
            _ => Ok(()),
        }
    }
}
