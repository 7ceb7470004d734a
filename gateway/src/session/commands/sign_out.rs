//! `signOut`, with its block or without.

use std::time::Instant;

use parlor_shared::protocol::{RequestId, ServerFrame, server::SignedOut};

use crate::session::{
    Effects, Session, State,
    effect::{Effect, Work},
    not_signed_in, send,
};

pub fn sign_out(session: &mut Session, id: Option<RequestId>, now: Instant) -> Effects {
    let state = std::mem::replace(&mut session.state, State::Unidentified { since: now });
    let State::Identified(identified) = state else {
        session.state = state;
        return not_signed_in(id);
    };
    let uuid = identified.user.uuid;
    vec![
        Effect::Perform(Work::Unregister {
            user: identified.user,
            revoke: Some(identified.access_key),
        }),
        send(id, ServerFrame::SignOut(SignedOut { uuid })),
    ]
}
