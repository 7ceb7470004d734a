//! Requests about roles, rooms' settings and moderation: who may do what is decided where it is
//! done, see [`crate::session::effect::Moderate`].

use std::time::Instant;

use parlor_shared::{
    limits,
    protocol::{ErrorBody, ErrorCode, RequestId, moderation::Request},
};

use super::channel_leave::not_joined;
use crate::session::{
    Effects, Session, State,
    effect::{Effect, Moderate, Work},
    error, not_signed_in,
};

pub fn moderate(
    session: &Session,
    id: Option<RequestId>,
    request: Request,
    now: Instant,
) -> Effects {
    let State::Identified(identified) = &session.state else {
        return not_signed_in(id);
    };
    if let Request::MessageReport(report) = &request
        && !report
            .room
            .address()
            .is_ok_and(|address| identified.seat(&address).is_some())
    {
        return vec![not_joined(id)];
    }
    if let Some(reason) = request.reason()
        && reason.chars().count() > limits::REASON_CHARACTERS
    {
        let text = format!(
            "a reason has at most {} characters",
            limits::REASON_CHARACTERS
        );
        return vec![error(id, ErrorBody::new(ErrorCode::Malformed, text))];
    }
    // Looking at a room is as cheap as joining it; all else counts like a message.
    if !matches!(request, Request::RoomInfo(_))
        && let Err(wait) = identified.messages.take(now)
    {
        let text = format!("too many requests: wait {} ms", wait.as_millis());
        let body = ErrorBody::new(ErrorCode::RateLimited, text).retry_after(wait);
        return vec![Effect::CountRateLimited, error(id, body)];
    }
    vec![Effect::Perform(Work::Moderate(Box::new(Moderate {
        id,
        user: identified.user.clone(),
        role: identified.role,
        request,
    })))]
}
