//! A frame encoded once for all who see the same, or once for each of two.

use bytes::{Bytes, BytesMut};
use parlor_shared::id::UserId;

use super::view::Viewers;
use crate::websocket::text_frame;

/// A frame's encodings, or those of several frames in a row: one for all, or one for each of two.
#[derive(Clone)]
pub enum Frames {
    All(Bytes),
    Each {
        one: UserId,
        other: UserId,
        frames: [Bytes; 2],
    },
}

impl Frames {
    /// Encodes for each viewer whose frame differs; `None` if `encode` can't.
    pub fn new(viewers: Viewers, encode: impl Fn(UserId) -> Option<String>) -> Option<Self> {
        let frame = |viewer| encode(viewer).map(|text| text_frame(&text));
        match viewers {
            Viewers::All => frame(UserId::default()).map(Self::All),
            Viewers::Each(one, other) => Some(Self::Each {
                one,
                other,
                frames: [frame(one)?, frame(other)?],
            }),
        }
    }

    /// Several of one room in a row; `None` for none.
    pub fn together<'a>(rows: impl Iterator<Item = &'a Self> + Clone) -> Option<Self> {
        let mut rest = rows.clone();
        let first = rest.next()?;
        if rest.next().is_none() {
            return Some(first.clone());
        }
        let joined = |viewer| {
            let frames = rows.clone().map(|frames| frames.for_viewer(viewer));
            let mut joined = BytesMut::with_capacity(frames.clone().map(Bytes::len).sum());
            frames.for_each(|frame| joined.extend_from_slice(frame));
            joined.freeze()
        };
        Some(match first {
            Self::All(_) => Self::All(joined(UserId::default())),
            Self::Each { one, other, .. } => Self::Each {
                one: *one,
                other: *other,
                frames: [joined(*one), joined(*other)],
            },
        })
    }

    /// Bytes of the longest.
    pub fn bytes(&self) -> usize {
        match self {
            Self::All(frame) => frame.len(),
            Self::Each {
                frames: [one, other],
                ..
            } => one.len().max(other.len()),
        }
    }

    /// The frame that `viewer` gets.
    pub fn for_viewer(&self, viewer: UserId) -> &Bytes {
        match self {
            Self::All(frame) => frame,
            Self::Each { one, frames, .. } => &frames[usize::from(viewer != *one)],
        }
    }
}
