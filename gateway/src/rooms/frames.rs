//! A frame encoded once for all who see the same, or once for each of two.

use bytes::Bytes;
use parlor_shared::id::UserId;

use super::view::Viewers;
use crate::websocket::text_frame;

/// A frame's encodings: one for all, or one for each of two.
pub enum Frames {
    All(Bytes),
    Each { one: UserId, frames: [Bytes; 2] },
}

impl Frames {
    /// Encodes for each viewer whose frame differs; `None` if `encode` can't.
    pub fn new(viewers: Viewers, encode: impl Fn(UserId) -> Option<String>) -> Option<Self> {
        let frame = |viewer| encode(viewer).map(|text| text_frame(&text));
        match viewers {
            Viewers::All => frame(UserId::default()).map(Self::All),
            Viewers::Each(one, other) => Some(Self::Each {
                one,
                frames: [frame(one)?, frame(other)?],
            }),
        }
    }

    /// The frame that `viewer` gets.
    pub fn for_viewer(&self, viewer: UserId) -> &Bytes {
        match self {
            Self::All(frame) => frame,
            Self::Each { one, frames } => &frames[usize::from(viewer != *one)],
        }
    }
}
