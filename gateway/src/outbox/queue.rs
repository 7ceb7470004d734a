//! Frames in their order. The first lies in place, since mostly there is only one; what lies behind
//! it is given back as soon as nothing waits.

use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf as _, Bytes};

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Empty when nothing waits: no frame is.
    first: Bytes,
    rest: VecDeque<Bytes>,
}

impl Queue {
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// Puts a frame, which has at least its header, at the end.
    pub fn push(&mut self, frame: Bytes) {
        if self.first.is_empty() {
            self.first = frame;
        } else {
            self.rest.push_back(frame);
        }
    }

    /// Fills `slices` from the front and tells how many it filled.
    pub fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let frames = std::iter::once(&self.first).chain(&self.rest);
        let mut count = 0;
        for (slice, frame) in slices.iter_mut().zip(frames) {
            *slice = IoSlice::new(frame);
            count += 1;
        }
        count
    }

    /// Drops `bytes` from the front.
    pub fn advance(&mut self, mut bytes: usize) {
        while bytes >= self.first.len() {
            bytes -= self.first.len();
            let Some(next) = self.rest.pop_front() else {
                *self = Self::default();
                return;
            };
            self.first = next;
        }
        self.first.advance(bytes);
    }

    /// Drops all but the first frame.
    pub fn keep_first(&mut self) {
        self.rest = VecDeque::new();
    }

    /// The length of the first frame, or of what is left of it.
    pub fn first_bytes(&self) -> usize {
        self.first.len()
    }
}
