//! `sessions`, `sessionEnd` and `passwordChange`: who may come back as this user.

use parlor_shared::protocol::{
    ErrorBody, ErrorCode, RequestId,
    people::{PasswordChange, SessionEnd},
};

use crate::session::{Effects, PeopleWork, Session, State, error, not_signed_in, perform};

pub fn sessions(session: &Session, id: Option<RequestId>) -> Effects {
    let State::Identified(identified) = &session.state else {
        return not_signed_in(id);
    };
    let work = PeopleWork::Sessions {
        user: identified.user.uuid,
        access_key: identified.access_key.clone(),
    };
    vec![perform(id, work)]
}

pub fn end(session: &Session, id: Option<RequestId>, block: SessionEnd) -> Effects {
    let Some(user) = session.user() else {
        return not_signed_in(id);
    };
    let work = PeopleWork::SessionEnd {
        user: user.uuid,
        session: block.session_uuid,
    };
    vec![perform(id, work)]
}

pub fn password_change(session: &Session, id: Option<RequestId>, block: PasswordChange) -> Effects {
    let State::Identified(identified) = &session.state else {
        return not_signed_in(id);
    };
    if identified.user.guest {
        let text = "a guest has no password to change: sign up for an account";
        return vec![error(id, ErrorBody::new(ErrorCode::Forbidden, text))];
    }
    let work = PeopleWork::PasswordChange {
        user: identified.user.clone(),
        access_key: identified.access_key.clone(),
        old: block.old,
        new: block.new,
    };
    vec![perform(id, work)]
}
