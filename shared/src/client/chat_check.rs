//! Chats once as people would, to tell whether a deployment works: two guests meet in their private
//! room, so no room that others see gets a line, and nothing depends on who may make rooms.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use tokio::time::timeout;
use uuid::Uuid;

use super::{Client, ClientError};
use crate::{
    id::Address,
    protocol::{client::ChannelMessages, value::RoomRef},
};

/// For all of it. Who waits longer for a chat would say that it doesn't work.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Which part of a random UUID makes the guests' names unique; a name has few characters.
const SUFFIX_CHARACTERS: usize = 12;

/// Chats through `ws://host:port/ws`; tells what came of it, and exits with 0 if a message arrived
/// and was found in the history.
pub async fn run(url: &str) -> ExitCode {
    let began = Instant::now();
    let outcome = timeout(TIMEOUT, chat(url)).await;
    let outcome = outcome.unwrap_or_else(|_| Err(format!("it took longer than {TIMEOUT:?}")));
    match outcome {
        Ok(()) => {
            println!("Chatted through {url} in {:?}.", began.elapsed());
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("Could not chat through {url}: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn chat(url: &str) -> Result<(), String> {
    let mut writer = guest(url).await.map_err(step("sign in as a guest"))?;
    let mut reader = guest(url).await.map_err(step("sign in as a guest"))?;
    let to_reader = Address::Private(reader.user());
    let to_writer = Address::Private(writer.user());
    for (client, room) in [(&mut writer, &to_reader), (&mut reader, &to_writer)] {
        client.join(room).await.map_err(step("join a room"))?;
    }

    let text = format!("Does it work? {}", Uuid::new_v4());
    let ack = writer.say(&to_reader, &text).await;
    let ack = ack.map_err(step("send a message"))?;
    let live = reader.message().await.map_err(step("get a message"))?;
    if live.message != text || live.seq != ack.seq {
        return Err("another message arrived than was sent".to_owned());
    }

    let block = ChannelMessages {
        room: RoomRef::from(&to_writer),
        before: None,
        after: None,
        limit: Some(1),
    };
    let history = reader.history(block).await.map_err(step("read history"))?;
    if !history.messages.iter().any(|stored| stored.message == text) {
        return Err("the message is not in the history".to_owned());
    }
    writer.close().await;
    reader.close().await;
    Ok(())
}

async fn guest(url: &str) -> Result<Client, ClientError> {
    let mut client = Client::connect(url).await?;
    let random = Uuid::new_v4().simple().to_string();
    let nickname = format!("check-{}", &random[..SUFFIX_CHARACTERS]);
    client.guest(&nickname).await?;
    Ok(client)
}

/// A sentence for people: what was tried, and what came of it.
fn step(what: &'static str) -> impl Fn(ClientError) -> String {
    move |error| format!("to {what} failed: {error}")
}
