//! `signUp` and `signIn`, and what every way of signing in ends with.

use std::time::Instant;

use parlor_shared::id::UserId;
use parlor_shared::protocol::{
    CloseCode, ErrorBody, ErrorCode, RequestId, ServerFrame,
    client::{Credentials, SignIn},
    server::{Authorized, Departure, Sys},
    value::RoomRef,
};

use super::resume;
use crate::{
    accounts::Refusal,
    session::{
        Effects, Identified, Seat, Session, State,
        effect::{
            Authenticated, AuthenticationOutcome, Effect, Join, Kind, RegistrationOutcome, Work,
        },
        error, send,
    },
    tokens::TokenError,
};

pub fn sign_up(id: Option<RequestId>, credentials: Credentials) -> Effects {
    vec![Effect::Perform(Work::SignUp { id, credentials })]
}

pub fn sign_in(id: Option<RequestId>, block: SignIn) -> Effects {
    vec![Effect::Perform(match block {
        SignIn::Password(credentials) => Work::SignIn { id, credentials },
        SignIn::Token { token } => Work::SignInToken { id, token },
        SignIn::Guest { nickname } => Work::SignInGuest {
            id,
            nickname,
            join: None,
        },
    })]
}

/// Somebody has shown who they are, or has failed to. Who was signed in before goes first: the
/// demo's client signs the next one in on the same socket.
pub fn authenticated(
    session: &mut Session,
    outcome: AuthenticationOutcome,
    now: Instant,
) -> Effects {
    let AuthenticationOutcome { id, kind, identity } = outcome;
    match identity {
        Ok(identity) => {
            let mut effects = if comes_back_to_itself(session, &kind, identity.user.uuid) {
                Vec::new()
            } else {
                leave_user(session, now)
            };
            let authenticated = Authenticated { id, kind, identity };
            effects.push(Effect::Perform(Work::Register(Box::new(authenticated))));
            effects
        }
        Err(refusal) => {
            let mut effects = vec![
                Effect::CountAuthFailure,
                error(id, refused(&kind, &refusal)),
            ];
            if matches!(kind, Kind::Query { .. }) {
                effects.push(Effect::Close(CloseCode::SignInRefused));
            }
            effects
        }
    }
}

/// Whether somebody resumes who is signed in here, as a client does of which a room was refused, or
/// shows a fresh token: nobody goes and nothing is left, so nobody hears of it.
fn comes_back_to_itself(session: &Session, kind: &Kind, user: UserId) -> bool {
    matches!(kind, Kind::Resume { .. } | Kind::Token)
        && session.user().is_some_and(|it| it.uuid == user)
}

/// Takes the session from whoever is signed in.
fn leave_user(session: &mut Session, now: Instant) -> Effects {
    let state = std::mem::replace(&mut session.state, State::Unidentified { since: now });
    let State::Identified(identified) = state else {
        return Vec::new();
    };
    vec![Effect::Perform(Work::Unregister {
        user: identified.user,
        revoke: None,
    })]
}

/// The registry knows the session: from here on somebody is signed in.
pub fn registered(session: &mut Session, outcome: RegistrationOutcome) -> Effects {
    let Authenticated { id, kind, identity } = outcome.authenticated;
    let messages = match outcome.messages {
        Ok(messages) => messages,
        Err(body) => {
            let mut effects = vec![error(id, body)];
            if matches!(kind, Kind::Query { .. }) {
                effects.push(Effect::Close(CloseCode::SignInRefused));
            }
            return effects;
        }
    };
    let user = identity.user.clone();
    let rooms = match &mut session.state {
        State::Identified(before) => std::mem::take(&mut before.rooms),
        State::Unidentified { .. } => Vec::new(),
    };
    session.state = State::Identified(Box::new(Identified {
        user: user.clone(),
        access_key: identity.access_key.clone(),
        role: identity.role,
        messages,
        rooms,
        resumed: Vec::new(),
        grant: identity.grant.map(Box::new),
    }));
    let authorized = Authorized {
        user_uuid: user.uuid,
        access_key: identity.access_key,
        username: user.username.clone(),
        guest: user.guest,
        role: identity.role,
    };
    // Only to this connection: the demo's client takes it for its own identity.
    let own = Sys::SignIn {
        uuid: user.uuid,
        username: user.username.clone(),
    };
    let mut effects = vec![
        send(id.clone(), ServerFrame::Authorized(authorized)),
        send(None, ServerFrame::Sys(own)),
    ];
    effects.extend(leave_what_is_not_granted(session));
    match kind {
        Kind::SignUp | Kind::SignIn | Kind::Token => {}
        Kind::Query { join: address } => {
            effects.push(Effect::Perform(Work::Join(Box::new(Join {
                id: None,
                user,
                role: identity.role,
                address,
                keep_joined: true,
                count: session.rules.join_history,
                resume: None,
            }))));
        }
        Kind::Resume { rooms } => {
            effects.extend(resume::join_again(
                session,
                id,
                (&user, identity.role),
                rooms,
            ));
        }
    }
    effects
}

/// Out of the rooms that a fresh token does not name any more.
fn leave_what_is_not_granted(session: &mut Session) -> Effects {
    let State::Identified(identified) = &mut session.state else {
        return Vec::new();
    };
    let Some(grant) = &identified.grant else {
        return Vec::new();
    };
    let (stay, go) = std::mem::take(&mut identified.rooms)
        .into_iter()
        .partition(|seat| grant.allows(&seat.address));
    identified.rooms = stay;
    let (session, user) = (session.id, identified.user.uuid);
    let leave = |seat: Seat| {
        let room = RoomRef::from(&seat.address);
        let departure = Departure {
            session,
            user,
            room,
            users_total: None,
        };
        let channel = seat.channel;
        [
            Effect::Leave { channel },
            send(None, ServerFrame::ChannelLeave(departure)),
        ]
    };
    go.into_iter().flat_map(leave).collect()
}

fn refused(kind: &Kind, refused: &Refusal) -> ErrorBody {
    if let Refusal::Banned(ban) = refused {
        return ErrorBody::banned("this site", ban.until, &ban.reason);
    }
    let own = if matches!(kind, Kind::SignUp) {
        ErrorCode::SignUp
    } else {
        ErrorCode::SignIn
    };
    refusal(own, refused)
}

/// A refusal as the client is told; `own` is the code of what only the request itself can break.
pub fn refusal(own: ErrorCode, refusal: &Refusal) -> ErrorBody {
    let code = match refusal {
        Refusal::WrongPassword
        | Refusal::BadName(_)
        | Refusal::BadPassword
        | Refusal::SignUpDisabled
        | Refusal::NoAccount => own,
        Refusal::NameTaken => ErrorCode::NameTaken,
        Refusal::GuestsDisabled => ErrorCode::GuestsDisabled,
        Refusal::UnknownKey | Refusal::Token(TokenError::Expired) => ErrorCode::SessionExpired,
        Refusal::TooManyAttempts(_) => ErrorCode::TooManyAttempts,
        Refusal::Overloaded => ErrorCode::Overloaded,
        Refusal::Banned(_) => ErrorCode::Banned,
        Refusal::Unavailable | Refusal::Token(TokenError::NoKeys) => ErrorCode::Unavailable,
        Refusal::Token(_) => ErrorCode::SignIn,
    };
    let body = ErrorBody::new(code, refusal.to_string());
    match refusal {
        Refusal::TooManyAttempts(wait) => body.retry_after(*wait),
        // Long enough for a few passwords to be hashed.
        Refusal::Overloaded => body.retry_after(std::time::Duration::from_secs(1)),
        _ => body,
    }
}
