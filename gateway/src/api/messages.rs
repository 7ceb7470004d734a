//! A room's history, and messages into it.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use http::StatusCode;
use parlor_shared::{
    clock,
    entry::Entry,
    id::{Address, ChannelId, MessageId, RoomName, UserId, Username},
    limits,
    protocol::{
        ErrorCode,
        value::{Message, User},
    },
};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::{Api, answer::Refused, rooms::find};
use crate::{
    accounts::External,
    bus::{
        history::Range,
        publisher::{Act, Done, Publish, PublishError},
    },
    connection::named::mention,
};

/// The issuer of users that messages are sent by in the name of a program.
const BOTS: &str = "parlor:bot";

#[derive(Deserialize)]
pub(super) struct Place {
    before: Option<u64>,
    after: Option<u64>,
    limit: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct History {
    /// Oldest first.
    messages: Vec<Message>,
    epoch: String,
    /// The room's last message.
    seq: u64,
    /// Whether there is more in the direction asked for.
    more: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct NewMessage {
    /// A user's UUID or name.
    r#as: Option<String>,
    /// The name of a program, whose user is made with its first message.
    sender: Option<String>,
    message: String,
    client_message_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Sent {
    #[serde(rename = "UUID")]
    uuid: MessageId,
    room: String,
    #[serde(rename = "SenderUUID")]
    sender_uuid: UserId,
    seq: u64,
    epoch: String,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_message_id: Option<String>,
}

/// `GET /rooms/{room}/messages`
pub(super) async fn list(
    State(api): State<Api>,
    Path(name): Path<String>,
    Query(place): Query<Place>,
) -> Result<Json<History>, Refused> {
    let (_, channel) = find(&api, &name).await?;
    let range = match (place.before, place.after) {
        (Some(seq), None) => Range::Before(seq),
        (None, Some(seq)) => Range::After(seq),
        (None, None) => Range::Last,
        (Some(_), Some(_)) => {
            return Err(Refused::bad(
                ErrorCode::Malformed,
                "before and after exclude each other",
            ));
        }
    };
    let most = api.app.limits.history_page;
    let count = place.limit.unwrap_or(most).min(most);
    let page = api.app.history.messages(&channel, range, count).await?;
    let messages = page.entries.into_iter().filter_map(Entry::into_message);
    Ok(Json(History {
        messages: messages.collect(),
        epoch: page.epoch,
        seq: page.seq,
        more: page.more,
    }))
}

/// `POST /rooms/{room}/messages`
pub(super) async fn send(
    State(api): State<Api>,
    Path(name): Path<String>,
    Json(new): Json<NewMessage>,
) -> Result<(StatusCode, Json<Sent>), Refused> {
    check(&api, &new)?;
    let (room, channel) = find(&api, &name).await?;
    let sender = sender(&api, &new).await?;
    let uuid = MessageId::random();
    let sender_uuid = sender.uuid;
    let mut message = Message {
        uuid,
        room: Some(room.clone()),
        client_message_id: new.client_message_id,
        ..Message::new(sender.clone(), new.message)
    };
    let address = Address::Named(room.clone());
    let named = api.app.named(&address, &channel, &message).await;
    message.mentions.clone_from(&named);
    let client_message_id = message.client_message_id.clone();
    let published = publish(&api, channel.clone(), message).await?;
    // Of one seen before everybody was told then.
    let status = if published.message == uuid {
        if !named.is_empty() {
            let mention = mention(&address, &channel, (named, &sender), &published);
            api.app.notifier.mention(mention);
        }
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((
        status,
        Json(told(&room, sender_uuid, published, client_message_id)),
    ))
}

fn told(
    room: &RoomName,
    sender_uuid: UserId,
    published: crate::bus::publisher::Published,
    client_message_id: Option<String>,
) -> Sent {
    Sent {
        uuid: published.message,
        room: room.to_string(),
        sender_uuid,
        seq: published.position.seq,
        epoch: published.position.epoch.into(),
        created_at: clock::rfc3339(published.position.ms),
        client_message_id,
    }
}

fn check(api: &Api, new: &NewMessage) -> Result<(), Refused> {
    let most = api.app.limits.message_characters;
    if new.message.trim().is_empty() {
        let text = "a message must not be empty";
        return Err(Refused::bad(ErrorCode::Message, text));
    }
    if new.message.chars().count() > most {
        let text = format!("a message has at most {most} characters");
        return Err(Refused::bad(ErrorCode::Message, text));
    }
    let fits = |id: &String| (1..=limits::CLIENT_ID_BYTES).contains(&id.len());
    if !new.client_message_id.as_ref().is_none_or(fits) {
        let text = "a clientMessageId has 1 to 64 bytes";
        return Err(Refused::bad(ErrorCode::Malformed, text));
    }
    Ok(())
}

async fn sender(api: &Api, new: &NewMessage) -> Result<User, Refused> {
    let directory = &api.app.directory;
    match (&new.r#as, &new.sender) {
        (Some(user), None) => {
            let user = match user.parse() {
                Ok(uuid) => Some(uuid),
                Err(_) => directory.account_id(&Username::new(user)?).await?,
            };
            let user = user.ok_or_else(Refused::no_such_user)?;
            let user = directory.user(user).await?;
            user.ok_or_else(Refused::no_such_user)
        }
        (None, Some(name)) => {
            let name = Username::new(name)?;
            let bot = External {
                issuer: BOTS,
                subject: name.as_str(),
                name: Some(name.as_str()),
                numbered: false,
                role: None,
            };
            Ok(directory.external(&bot).await?.0)
        }
        _ => Err(Refused::bad(
            ErrorCode::Malformed,
            "a message is sent either as a user or by a sender: give one of the two",
        )),
    }
}

async fn publish(
    api: &Api,
    channel: ChannelId,
    message: Message,
) -> Result<crate::bus::publisher::Published, PublishError> {
    let seen_key = message.client_message_id.as_ref().map(|id| {
        api.app
            .keyspace
            .message_seen(&channel, message.sender_uuid, id)
    });
    // Ids, names and texts: nothing in it that JSON can't hold.
    let body = serde_json::to_string(&message).expect("a message is JSON");
    let (answer, answered) = oneshot::channel();
    api.app.metrics.messages_in.inc();
    api.app.publisher.publish(Publish {
        channel,
        message: message.uuid,
        body,
        seen_key,
        slow: None,
        act: Act::Message,
        done: Done::Published(Box::new(move |outcome| {
            // Whoever asked may have gone.
            let _ = answer.send(outcome);
        })),
    });
    answered.await.unwrap_or(Err(PublishError::Unavailable))
}
