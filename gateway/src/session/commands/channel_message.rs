//! `channelMessage`: a message to a joined room.

use std::time::Instant;

use parlor_shared::{
    id::Address,
    protocol::{
        ErrorBody, ErrorCode, RequestId,
        client::ChannelMessage,
        value::{Message, Recipient},
    },
};

use super::channel_leave::not_joined;
use crate::session::{
    Effects, Session, State,
    effect::{Effect, PhotoOutcome, PhotoWork, Publication, Work},
    error, not_signed_in,
    rate::SharedBucket,
};

pub fn message(
    session: &Session,
    id: Option<RequestId>,
    block: ChannelMessage,
    now: Instant,
) -> Effects {
    let State::Identified(identified) = &session.state else {
        return not_signed_in(id);
    };
    let Ok(address) = block.room.address() else {
        return vec![not_joined(id)];
    };
    let Some(seat) = identified.seat(&address) else {
        return vec![not_joined(id)];
    };
    let may_be_empty = block.photo.is_some();
    let most = session.rules.message_characters;
    if let Err(text) = check_text(&block.message, may_be_empty, most) {
        return vec![error(id, ErrorBody::new(ErrorCode::Message, text))];
    }
    if block.photo.is_some() && session.rules.ready.photos.is_none() {
        let text = "photos are switched off here";
        return vec![error(id, ErrorBody::new(ErrorCode::PhotoRefused, text))];
    }
    if let Err(refusal) = take(&identified.messages, id.as_ref(), now) {
        return refusal;
    }
    let (recipient_uuid, room) = match &address {
        Address::General => (Some(Recipient::General), None),
        Address::Private(user) => (Some(Recipient::User(*user)), None),
        Address::Named(room) => (None, Some(room.clone())),
    };
    let message = Message {
        recipient_uuid,
        recipient: seat.peer.as_deref().cloned(),
        room,
        client_message_id: block.client_message_id,
        ..Message::new(identified.user.clone(), block.message)
    };
    let channel = seat.channel.clone();
    let writer = identified.writer(seat);
    let publication = Box::new(Publication {
        id,
        address,
        channel,
        writer,
        message,
        reply_to: block.reply_to,
        poll: block.poll,
    });
    vec![match block.photo {
        None => Effect::Publish(publication),
        Some(photo) => Effect::Perform(Work::Photo(PhotoWork::Attach { photo, publication })),
    }]
}

/// The message's photo was looked up.
pub fn with_photo(outcome: PhotoOutcome) -> Effects {
    let PhotoOutcome {
        mut publication,
        photo,
    } = outcome;
    match photo {
        Ok(photo) => {
            publication.message.photo = Some(photo);
            vec![Effect::Publish(Box::new(publication))]
        }
        Err(body) => vec![error(publication.id, body)],
    }
}

/// Takes one from the user's messages.
///
/// # Errors
/// The effects that refuse it.
pub fn take(messages: &SharedBucket, id: Option<&RequestId>, now: Instant) -> Result<(), Effects> {
    messages.take(now).map_err(|wait| {
        let text = format!("too many messages: wait {} ms", wait.as_millis());
        let body = ErrorBody::new(ErrorCode::RateLimited, text).retry_after(wait);
        vec![Effect::CountRateLimited, error(id.cloned(), body)]
    })
}

/// Whether a text can be a message; one beside a photo may be empty.
///
/// # Errors
/// What is wrong with it, for people.
pub fn check_text(text: &str, may_be_empty: bool, most_characters: usize) -> Result<(), String> {
    if text.trim().is_empty() && !may_be_empty {
        return Err("a message must not be empty".to_owned());
    }
    // A character has at least one byte: most texts need no count.
    if text.len() > most_characters && text.chars().count() > most_characters {
        return Err(format!(
            "a message has at most {most_characters} characters"
        ));
    }
    Ok(())
}
