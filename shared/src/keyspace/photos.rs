//! Names of what is known of photos.

use super::{Family, Keyspace};
use crate::id::PhotoId;

impl Keyspace {
    /// HASH `owner`, `channel`, `peer` (the other one of a private room), `width`, `height`, `bytes` and
    /// `thumbnailBytes`, `type` (the media type of both), `at` (ms of the upload), and once a message has
    /// it, `message` (what names the message). No TTL; goes with the message.
    pub fn photo(&self, photo: PhotoId) -> String {
        self.of(Family::Photo, photo)
    }

    /// ZSET photo → ms when it is to be looked at: deleted unless a message has it by then. No TTL.
    pub fn photos_due(&self) -> String {
        self.one(Family::PhotosDue)
    }

    /// STRING: the key that links to photos of closed rooms are signed with. Made once. No TTL.
    pub fn photo_key(&self) -> String {
        self.one(Family::PhotoKey)
    }

    /// SET of the photos whose messages were deleted or trimmed and that are still known: the worker
    /// that owns the partition forgets them. No TTL.
    pub fn photos_gone(&self, partition: u16) -> String {
        self.of_tag(Family::PhotosGone, self.tag(partition))
    }
}
