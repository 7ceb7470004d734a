//! A frame encoded once for all who see the same, or once for each of two.

use parlor_shared::id::UserId;

use super::view::Viewers;
use crate::websocket::Frame;

/// A frame's encodings, or those of several frames in a row: one for all, or one for each of two.
#[derive(Clone)]
pub enum Frames {
    All(Frame),
    Each {
        one: UserId,
        other: UserId,
        frames: [Frame; 2],
    },
}

impl Frames {
    /// Encodes for each viewer whose frame differs; `None` if `encode` can't.
    pub fn new(viewers: Viewers, encode: impl Fn(UserId) -> Option<String>) -> Option<Self> {
        let frame = |viewer| encode(viewer).map(|text| Frame::text(&text));
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
        let first = rows.clone().next()?;
        let row = |viewer| Frame::row(rows.clone().map(move |frames| frames.for_viewer(viewer)));
        Some(match first {
            Self::All(_) => Self::All(row(UserId::default())?),
            Self::Each { one, other, .. } => Self::Each {
                one: *one,
                other: *other,
                frames: [row(*one)?, row(*other)?],
            },
        })
    }

    /// Bytes of the longest.
    pub fn bytes(&self) -> usize {
        match self {
            Self::All(frame) => frame.plain().len(),
            Self::Each {
                frames: [one, other],
                ..
            } => one.plain().len().max(other.plain().len()),
        }
    }

    /// The frame that `viewer` gets.
    pub fn for_viewer(&self, viewer: UserId) -> &Frame {
        match self {
            Self::All(frame) => frame,
            Self::Each { one, frames, .. } => &frames[usize::from(viewer != *one)],
        }
    }
}
