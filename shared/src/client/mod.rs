//! A small client for tests and tools: requests with their answers, and an inbox for all else.

mod changes;
pub mod chat_check;
mod people;

use std::{collections::VecDeque, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{self, Message as WsMessage, protocol::WebSocketConfig},
};

use crate::{
    id::{Address, SessionId, UserId},
    protocol::{
        ClientEnvelope, ClientFrame, ErrorBody, RequestId, ServerEnvelope, ServerFrame,
        client::{
            ChannelJoin, ChannelMessage, ChannelMessages, Credentials, Page, Resume, ResumeRoom,
            Secret, SignIn,
        },
        people::UserSearch,
        server::{Ack, Authorized, ChannelJoined, History, PrivateRooms, Resumed, Rooms, Users},
        value::{Message, RoomRef},
    },
};

/// How long an answer is waited for. Far beyond what a healthy server takes, so that a slow machine
/// doesn't fail a test.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// The read buffer: the library's default would make thousands of clients costly.
const READ_BUFFER_BYTES: usize = 4 * 1_024;

/// Why something did not work.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the connection could not be made: {0}")]
    Connect(#[source] Box<tungstenite::Error>),
    #[error("the connection broke: {0}")]
    Broken(#[source] Box<tungstenite::Error>),
    #[error("the server closed the connection with {code}: {reason}")]
    Closed { code: u16, reason: String },
    #[error("the connection ended without a close frame")]
    Gone,
    #[error("a frame is not of the protocol: {0}")]
    Frame(String),
    #[error("refused with {} ({}): {}", .0.code, .0.reason, .0.error)]
    Refused(ErrorBody),
    #[error("no answer within {ANSWER_TIMEOUT:?}")]
    Timeout,
}

/// A signed-out or signed-in connection.
#[derive(Debug)]
pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: SessionId,
    me: Option<Authorized>,
    next_id: i64,
    inbox: VecDeque<ServerEnvelope>,
}

impl Client {
    /// Connects to `ws://host:port/ws` and waits for `ready`.
    ///
    /// # Errors
    /// When the handshake is refused or `ready` doesn't come.
    pub async fn connect(url: &str) -> Result<Self, ClientError> {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .max_message_size(Some(64 << 20));
        let connect = tokio_tungstenite::connect_async_with_config(url, Some(config), true);
        let (socket, _) = timeout(ANSWER_TIMEOUT, connect)
            .await
            .map_err(|_| ClientError::Timeout)?
            .map_err(|error| ClientError::Connect(Box::new(error)))?;
        let mut client = Self {
            socket,
            session: SessionId::default(),
            me: None,
            next_id: 1,
            inbox: VecDeque::new(),
        };
        client.session = client
            .expect(|frame| match frame {
                ServerFrame::Ready(ready) => Some(ready.session_uuid),
                _ => None,
            })
            .await?;
        Ok(client)
    }

    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Who signed in last.
    ///
    /// # Panics
    /// When nobody has.
    pub fn me(&self) -> &Authorized {
        self.me.as_ref().expect("somebody signed in")
    }

    /// The user who signed in last.
    pub fn user(&self) -> UserId {
        self.me().user_uuid
    }

    /// Sends any text.
    ///
    /// # Errors
    /// When the connection is broken, as for all functions here.
    pub async fn send_text(&mut self, text: impl Into<String>) -> Result<(), ClientError> {
        let text: String = text.into();
        let sent = self.socket.send(WsMessage::text(text)).await;
        sent.map_err(|error| ClientError::Broken(Box::new(error)))
    }

    /// Sends a request without waiting for its answer.
    pub async fn send(&mut self, frame: ClientFrame) -> Result<RequestId, ClientError> {
        let id = RequestId::Number(self.next_id);
        self.next_id += 1;
        let envelope = ClientEnvelope {
            id: Some(id.clone()),
            frame,
        };
        let text = serde_json::to_string(&envelope)
            .map_err(|error| ClientError::Frame(error.to_string()))?;
        self.send_text(text).await?;
        Ok(id)
    }

    /// Sends a request and waits for its answer; what else comes goes to the inbox.
    pub async fn request(&mut self, frame: ClientFrame) -> Result<ServerFrame, ClientError> {
        let id = self.send(frame).await?;
        self.answer(&id).await
    }

    /// Waits for the answer to a request that was sent.
    pub async fn answer(&mut self, id: &RequestId) -> Result<ServerFrame, ClientError> {
        let is_answer = |envelope: &ServerEnvelope| envelope.id.as_ref() == Some(id);
        let envelope = match self.inbox.iter().position(is_answer) {
            Some(at) => self.inbox.remove(at).ok_or(ClientError::Gone)?,
            None => loop {
                let envelope = self.receive().await?;
                if is_answer(&envelope) {
                    break envelope;
                }
                self.inbox.push_back(envelope);
            },
        };
        match envelope.frame {
            ServerFrame::Error(body) => Err(ClientError::Refused(body)),
            frame => Ok(frame),
        }
    }

    /// Waits for the first frame that `pick` takes; earlier ones stay in the inbox.
    pub async fn expect<T>(
        &mut self,
        mut pick: impl FnMut(&ServerFrame) -> Option<T>,
    ) -> Result<T, ClientError> {
        let mut at = 0;
        loop {
            while at < self.inbox.len() {
                if let Some(found) = pick(&self.inbox[at].frame) {
                    self.inbox.remove(at);
                    return Ok(found);
                }
                at += 1;
            }
            let envelope = self.receive().await?;
            self.inbox.push_back(envelope);
        }
    }

    /// The next frame, from the inbox or the socket.
    pub async fn next(&mut self) -> Result<ServerEnvelope, ClientError> {
        match self.inbox.pop_front() {
            Some(envelope) => Ok(envelope),
            None => self.receive().await,
        }
    }

    /// What has come and was not taken.
    pub fn inbox(&self) -> impl Iterator<Item = &ServerFrame> {
        self.inbox.iter().map(|envelope| &envelope.frame)
    }

    /// Sends a `ping` and waits for its `pong`: everything the server sent before is in the inbox.
    pub async fn settle(&mut self) -> Result<(), ClientError> {
        self.request(ClientFrame::Ping).await.map(drop)
    }

    /// Waits for the server to close, and gives its code.
    pub async fn closed(&mut self) -> Result<u16, ClientError> {
        loop {
            match self.receive().await {
                Ok(envelope) => self.inbox.push_back(envelope),
                Err(ClientError::Closed { code, .. }) => return Ok(code),
                Err(error) => return Err(error),
            }
        }
    }

    /// Says goodbye.
    pub async fn close(mut self) {
        // Whether the other side hears it makes no difference any more.
        let _ = self.socket.close(None).await;
    }

    async fn receive(&mut self) -> Result<ServerEnvelope, ClientError> {
        loop {
            let next = timeout(ANSWER_TIMEOUT, self.socket.next());
            match next.await.map_err(|_| ClientError::Timeout)? {
                Some(Ok(WsMessage::Text(text))) => {
                    return serde_json::from_str(&text)
                        .map_err(|error| ClientError::Frame(format!("{error} in {text}")));
                }
                Some(Ok(WsMessage::Close(Some(frame)))) => {
                    let (code, reason) = (frame.code.into(), frame.reason.to_string());
                    return Err(ClientError::Closed { code, reason });
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(ClientError::Broken(Box::new(error))),
                None => return Err(ClientError::Gone),
            }
        }
    }
}

/// Answers of one kind, by the request that asks for them.
impl Client {
    async fn authorize(&mut self, frame: ClientFrame) -> Result<Authorized, ClientError> {
        match self.request(frame).await? {
            ServerFrame::Authorized(authorized) => {
                self.me = Some(authorized.clone());
                Ok(authorized)
            }
            other => Err(unexpected(&other)),
        }
    }

    pub async fn sign_up(&mut self, name: &str, password: &str) -> Result<Authorized, ClientError> {
        let credentials = Credentials {
            username: name.into(),
            password: Secret(password.into()),
        };
        self.authorize(ClientFrame::SignUp(credentials)).await
    }

    pub async fn sign_in(&mut self, name: &str, password: &str) -> Result<Authorized, ClientError> {
        let credentials = Credentials {
            username: name.into(),
            password: Secret(password.into()),
        };
        self.authorize(ClientFrame::SignIn(SignIn::Password(credentials)))
            .await
    }

    pub async fn guest(&mut self, nickname: &str) -> Result<Authorized, ClientError> {
        let nickname = nickname.to_owned();
        self.authorize(ClientFrame::SignIn(SignIn::Guest { nickname }))
            .await
    }

    pub async fn join(&mut self, address: &Address) -> Result<ChannelJoined, ClientError> {
        let room = RoomRef::from(address);
        let block = ChannelJoin {
            room,
            keep_joined: true,
            limit: None,
        };
        self.join_with(block).await
    }

    pub async fn join_with(&mut self, block: ChannelJoin) -> Result<ChannelJoined, ClientError> {
        match self.request(ClientFrame::ChannelJoin(block)).await? {
            ServerFrame::ChannelJoin(joined) => Ok(*joined),
            other => Err(unexpected(&other)),
        }
    }

    pub async fn leave(&mut self, address: &Address) -> Result<(), ClientError> {
        match self
            .request(ClientFrame::ChannelLeave(RoomRef::from(address)))
            .await?
        {
            ServerFrame::ChannelLeave(_) => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Sends a message and waits for its `ack`.
    pub async fn say(&mut self, address: &Address, text: &str) -> Result<Ack, ClientError> {
        self.say_as(address, text, None).await
    }

    /// The same, with the client's own name for the message.
    pub async fn say_as(
        &mut self,
        address: &Address,
        text: &str,
        client_message_id: Option<&str>,
    ) -> Result<Ack, ClientError> {
        let block = ChannelMessage {
            room: RoomRef::from(address),
            message: text.into(),
            client_message_id: client_message_id.map(str::to_owned),
            ..ChannelMessage::default()
        };
        match self.request(ClientFrame::ChannelMessage(block)).await? {
            ServerFrame::Ack(ack) => Ok(ack),
            other => Err(unexpected(&other)),
        }
    }

    /// Waits for the next chat message.
    pub async fn message(&mut self) -> Result<Message, ClientError> {
        self.expect(|frame| match frame {
            ServerFrame::ChannelMessage(message) => Some((**message).clone()),
            _ => None,
        })
        .await
    }

    pub async fn history(&mut self, block: ChannelMessages) -> Result<History, ClientError> {
        match self.request(ClientFrame::ChannelMessages(block)).await? {
            ServerFrame::ChannelMessages(history) => Ok(history),
            other => Err(unexpected(&other)),
        }
    }

    pub async fn users(&mut self, search: impl Into<UserSearch>) -> Result<Users, ClientError> {
        match self.request(ClientFrame::Users(search.into())).await? {
            ServerFrame::Users(users) => Ok(users),
            other => Err(unexpected(&other)),
        }
    }

    pub async fn rooms(&mut self, page: Page) -> Result<Rooms, ClientError> {
        match self.request(ClientFrame::Rooms(page)).await? {
            ServerFrame::Rooms(rooms) => Ok(rooms),
            other => Err(unexpected(&other)),
        }
    }

    pub async fn private_rooms(&mut self, page: Page) -> Result<PrivateRooms, ClientError> {
        match self.request(ClientFrame::PrivateRooms(page)).await? {
            ServerFrame::PrivateRooms(rooms) => Ok(rooms),
            other => Err(unexpected(&other)),
        }
    }

    /// Comes back as `who`, into `rooms`; gives what each room brought, in their order.
    pub async fn resume(
        &mut self,
        who: &Authorized,
        rooms: Vec<ResumeRoom>,
    ) -> Result<(Vec<ChannelJoined>, Resumed), ClientError> {
        let block = Resume {
            user_uuid: who.user_uuid,
            access_key: who.access_key.clone(),
            rooms,
        };
        let id = self.send(ClientFrame::Resume(block)).await?;
        // The same id stands on `authorized` and on the `resume` that ends it all.
        match self.answer(&id).await? {
            ServerFrame::Authorized(authorized) => self.me = Some(authorized),
            other => return Err(unexpected(&other)),
        }
        let resumed = match self.answer(&id).await? {
            ServerFrame::Resume(resumed) => resumed,
            other => return Err(unexpected(&other)),
        };
        let mut joined = Vec::new();
        self.inbox.retain(|envelope| match &envelope.frame {
            ServerFrame::ChannelJoin(block) if block.recovered.is_some() => {
                joined.push((**block).clone());
                false
            }
            _ => true,
        });
        Ok((joined, resumed))
    }
}

fn unexpected(frame: &ServerFrame) -> ClientError {
    ClientError::Frame(format!("unexpected answer {:?}", frame.kind()))
}
