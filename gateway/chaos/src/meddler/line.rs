//! A connection that is made anew until what was asked is answered for good.

use std::time::Duration;

use parlor_shared::{
    client::{Client, ClientError},
    id::Address,
    protocol::{ClientFrame, ErrorCode, ServerFrame},
};
use tokio::time::{sleep, timeout};

/// For an answer; a connection that takes longer is given up.
const ANSWER: Duration = Duration::from_secs(5);
const BETWEEN_TRIES: Duration = Duration::from_millis(200);

/// What came of a request in the end.
#[derive(Debug)]
pub(super) enum Answer {
    Taken(ServerFrame),
    /// The message it is about is deleted.
    Gone,
}

#[derive(Debug)]
pub(super) struct Line {
    urls: Vec<String>,
    name: String,
    rooms: Vec<Address>,
    next: usize,
    client: Option<Client>,
}

impl Line {
    pub fn new(urls: Vec<String>, name: String, rooms: Vec<Address>, next: usize) -> Self {
        Self {
            urls,
            name,
            rooms,
            next,
            client: None,
        }
    }

    /// Asks until there is an answer that asking again would not change.
    pub async fn ask(&mut self, frame: ClientFrame) -> Answer {
        loop {
            if self.client.is_none() {
                self.connect().await;
            }
            let Some(client) = &mut self.client else {
                sleep(BETWEEN_TRIES).await;
                continue;
            };
            match timeout(ANSWER, client.request(frame.clone())).await {
                Ok(Ok(frame)) => return Answer::Taken(frame),
                Ok(Err(ClientError::Refused(body))) => {
                    if body.code == ErrorCode::NoSuchMessage.number() {
                        return Answer::Gone;
                    }
                    // Anything that waiting does not mend is answered by starting over, as for a
                    // room that is not joined any more.
                    if !body.retryable {
                        self.client = None;
                    }
                    sleep(BETWEEN_TRIES).await;
                }
                Ok(Err(_)) | Err(_) => self.client = None,
            }
        }
    }

    async fn connect(&mut self) {
        self.next += 1;
        let url = self.urls[self.next % self.urls.len()].clone();
        let connected = timeout(ANSWER, async {
            let mut client = Client::connect(&url).await?;
            // The first time makes the account.
            client.sign_in(&self.name, "the meddler's password").await?;
            for room in &self.rooms {
                client.join(room).await?;
            }
            Ok::<_, ClientError>(client)
        });
        self.client = connected.await.ok().and_then(Result::ok);
    }

    /// Out of all rooms.
    pub async fn leave(&mut self) {
        self.ask(ClientFrame::SignOut).await;
        if let Some(client) = self.client.take() {
            client.close().await;
        }
    }
}
