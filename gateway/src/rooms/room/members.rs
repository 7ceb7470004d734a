//! The members of a room: in a row, to be gone through for each message, and found by session, so
//! that coming and going costs the same in a room of any size.

use std::{
    collections::HashMap,
    ops::{Index, IndexMut},
    slice,
};

use parlor_shared::id::SessionId;

use super::Member;

/// The members.
#[derive(Debug)]
pub(super) struct Members<S> {
    row: Vec<Member<S>>,
    /// Where in the row a session is.
    places: HashMap<SessionId, u32>,
}

impl<S> Default for Members<S> {
    fn default() -> Self {
        Self {
            row: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<S> Members<S> {
    pub fn is_empty(&self) -> bool {
        self.row.is_empty()
    }

    /// Where a session's member is, until one goes.
    pub fn place(&self, session: SessionId) -> Option<usize> {
        self.places.get(&session).map(|at| *at as usize)
    }

    /// Takes in a session that is no member.
    pub fn push(&mut self, member: Member<S>) {
        self.places.insert(member.session, self.row.len() as u32);
        self.row.push(member);
    }

    pub fn remove(&mut self, session: SessionId) {
        let Some(at) = self.places.remove(&session) else {
            return;
        };
        self.row.swap_remove(at as usize);
        if let Some(moved) = self.row.get(at as usize) {
            self.places.insert(moved.session, at);
        }
    }

    pub fn iter(&self) -> slice::Iter<'_, Member<S>> {
        self.row.iter()
    }

    pub fn iter_mut(&mut self) -> slice::IterMut<'_, Member<S>> {
        self.row.iter_mut()
    }
}

impl<S> Index<usize> for Members<S> {
    type Output = Member<S>;

    fn index(&self, at: usize) -> &Member<S> {
        &self.row[at]
    }
}

impl<S> IndexMut<usize> for Members<S> {
    fn index_mut(&mut self, at: usize) -> &mut Member<S> {
        &mut self.row[at]
    }
}
