//! A page as the wire sees it: literal texts out, JSON in. It knows none of Parlor's types, so that
//! a mistake in those can't hide from the tests that use it.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message as WsMessage,
};

use super::{PATIENCE, TestGateway};

/// One open page.
pub struct Page {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Page {
    /// Connects; the first frame has not been read.
    pub async fn open(gateway: &TestGateway) -> Self {
        Self::open_at(&gateway.url()).await
    }

    pub async fn open_at(url: &str) -> Self {
        let (socket, _) = connect_async(url).await.expect("connects");
        Self { socket }
    }

    pub async fn send(&mut self, text: impl Into<String>) {
        self.send_all(&[&text.into()]).await;
    }

    /// Sends frames back to back, in one write.
    pub async fn send_all(&mut self, texts: &[&str]) {
        for text in texts {
            let frame = WsMessage::text(*text);
            self.socket.feed(frame).await.expect("is taken");
        }
        self.socket.flush().await.expect("is sent");
    }

    /// The next frame.
    pub async fn next(&mut self) -> Value {
        match self.receive().await {
            Ok(frame) => frame,
            Err(end) => panic!("the connection ended with {end:?} in place of a frame"),
        }
    }

    /// The next frame, which is of this type.
    pub async fn next_is(&mut self, kind: &str) -> Value {
        let frame = self.next().await;
        assert_eq!(frame["type"], kind, "{frame}");
        frame
    }

    /// All frames up to the first that satisfies the condition, which is the last of them.
    pub async fn until(&mut self, mut condition: impl FnMut(&Value) -> bool) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            frames.push(self.next().await);
            if frames.last().is_some_and(&mut condition) {
                return frames;
            }
        }
    }

    /// The first frame of this type; what comes before is dropped.
    pub async fn first(&mut self, kind: &str) -> Value {
        let frames = self.until(|frame| frame["type"] == kind).await;
        frames.last().cloned().unwrap_or_default()
    }

    /// The first chat message with this text.
    pub async fn message(&mut self, text: &str) -> Value {
        let frames = self.until(|frame| is_message(frame, text)).await;
        frames.last().cloned().unwrap_or_default()
    }

    /// Everything that the server sent before it answered a `ping` of now.
    pub async fn settle(&mut self) -> Vec<Value> {
        self.send(r#"{"id":"settled","type":"ping"}"#).await;
        let mut frames = self.until(|frame| frame["id"] == "settled").await;
        frames.pop();
        frames
    }

    /// Waits for the end of the connection and gives the close code, if one was told.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Err(end) = self.receive().await {
                return end;
            }
        }
    }

    /// The next frame, or the code with which the connection ended.
    async fn receive(&mut self) -> Result<Value, Option<u16>> {
        loop {
            let next = timeout(PATIENCE, self.socket.next()).await;
            match next.expect("a frame comes in time") {
                Some(Ok(WsMessage::Text(text))) => {
                    return Ok(serde_json::from_str(&text).expect("text frames are JSON"));
                }
                Some(Ok(WsMessage::Close(frame))) => {
                    return Err(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(WsMessage::Binary(_))) => panic!("binary frames are never sent"),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }
}

/// Whether a frame is the chat message with this text.
pub fn is_message(frame: &Value, text: &str) -> bool {
    frame["type"] == "channelMessage" && frame["channelMessage"]["Message"] == text
}

/// The names of an object's fields, sorted.
pub fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object();
    let object = object.unwrap_or_else(|| panic!("{value} is no object"));
    let mut keys: Vec<&str> = object.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// A field's text.
pub fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

/// How long a refusal tells to wait.
pub fn retry_after(error: &Value) -> Duration {
    let wait = error["error"]["retryAfterMs"].as_u64();
    Duration::from_millis(wait.unwrap_or_else(|| panic!("{error} tells no wait")))
}
