//! `users`, `rooms` and `privateRooms`: pages of what there is.

use parlor_shared::protocol::{RequestId, client::Page, people::UserSearch};

use crate::session::{
    Effects, Session,
    effect::{Effect, Work},
    not_signed_in,
};

pub fn users(session: &Session, id: Option<RequestId>, search: UserSearch) -> Effects {
    if session.user().is_none() {
        return not_signed_in(id);
    }
    vec![Effect::Perform(Work::Users { id, search })]
}

pub fn rooms(session: &Session, id: Option<RequestId>, page: Page) -> Effects {
    let Some(user) = session.user() else {
        return not_signed_in(id);
    };
    let user = user.uuid;
    vec![Effect::Perform(Work::Rooms { id, user, page })]
}

pub fn private_rooms(session: &Session, id: Option<RequestId>, page: Page) -> Effects {
    let Some(user) = session.user() else {
        return not_signed_in(id);
    };
    vec![Effect::Perform(Work::PrivateRooms {
        id,
        user: user.uuid,
        page,
    })]
}
