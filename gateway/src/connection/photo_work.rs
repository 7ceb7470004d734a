//! Work around photos: what a message needs to know of its own.

use parlor_shared::protocol::{ErrorBody, ErrorCode, value::Photo};

use super::Connection;
use crate::{
    photos::{Attached, Refusal, Room, Variant, links},
    session::{
        Outcome,
        effect::{PhotoOutcome, PhotoWork, Publication},
    },
};

impl Connection {
    pub(super) async fn photo(&self, work: PhotoWork) -> Outcome {
        let PhotoWork::Attach { photo, publication } = work;
        let photo = self.attach_photo(photo, &publication).await;
        Outcome::Photo(Box::new(PhotoOutcome {
            publication: *publication,
            photo,
        }))
    }

    async fn attach_photo(
        &self,
        id: parlor_shared::id::PhotoId,
        publication: &Publication,
    ) -> Result<Photo, ErrorBody> {
        let refusal = |refusal: Refusal| refusal.body();
        let photos = self.app.photos.as_ref();
        let photos = photos.ok_or_else(|| refusal(Refusal::Off))?;
        let Publication {
            channel, message, ..
        } = publication;
        // One without a name of its own may have to be sent again, and can't be told from another.
        let name = message.client_message_id.as_deref().unwrap_or_default();
        let attached = photos.attach(id, message.sender_uuid, channel, name).await;
        let (width, height) = match attached.map_err(refusal)? {
            Attached::Yes { width, height } => (width, height),
            Attached::NoSuchPhoto => {
                let text = "there is no such photo of yours for this room: upload it for the room, \
                            and send it within the hour";
                return Err(ErrorBody::new(ErrorCode::PhotoRefused, text));
            }
            Attached::Taken => {
                let text = "the photo is in another message: upload it again";
                return Err(ErrorBody::new(ErrorCode::PhotoRefused, text));
            }
        };
        let room = Room {
            channel: channel.clone(),
            peer: message.recipient.as_ref().map(|peer| peer.uuid),
        };
        let is_open = photos.is_open(&room).await.map_err(refusal)?;
        let link = |variant| is_open.then(|| links::path(id, variant));
        Ok(Photo {
            id,
            width,
            height,
            url: link(Variant::Full),
            thumbnail_url: link(Variant::Thumbnail),
        })
    }
}
