//! `profile` and `profileUpdate`: who somebody is, and how one is shown.

use parlor_shared::{
    id::checked_display_name,
    limits,
    protocol::{
        ErrorBody, ErrorCode, RequestId, ServerFrame,
        people::{Profile, ProfileOf, ProfileUpdate},
        value::Look,
    },
};

use crate::session::{Effects, PeopleWork, Session, State, error, not_signed_in, perform, send};

pub fn profile(session: &Session, id: Option<RequestId>, block: ProfileOf) -> Effects {
    if session.user().is_none() {
        return not_signed_in(id);
    }
    let of = block.user_uuid;
    vec![perform(id, PeopleWork::Profile { of })]
}

pub fn update(session: &Session, id: Option<RequestId>, block: ProfileUpdate) -> Effects {
    let Some(user) = session.user() else {
        return not_signed_in(id);
    };
    let user = user.uuid;
    match checked(block) {
        Ok(update) => vec![perform(id, PeopleWork::ProfileUpdate { user, update })],
        Err(text) => vec![error(id, ErrorBody::new(ErrorCode::Malformed, text))],
    }
}

/// The profile was changed, by this session.
pub fn changed(session: &mut Session, id: Option<RequestId>, profile: Box<Profile>) -> Effects {
    look(session, profile.user.look.as_deref());
    vec![send(id, ServerFrame::Profile(profile))]
}

/// What the session's user is shown as from now on.
pub fn look(session: &mut Session, look: Option<&Look>) {
    if let State::Identified(identified) = &mut session.state {
        identified.user.look = look.cloned().map(Box::new);
    }
}

/// The update as it is stored. What is empty stays so: it removes.
fn checked(update: ProfileUpdate) -> Result<ProfileUpdate, String> {
    let ProfileUpdate {
        mut display_name,
        mut color,
        avatar,
    } = update;
    if let Some(name) = display_name.as_mut().filter(|name| !name.is_empty()) {
        *name = checked_display_name(name).map_err(|_| {
            format!(
                "a display name has between 1 and {} characters, none of them for control, \
                 formatting or bidirectional override",
                limits::DISPLAY_NAME_CHARACTERS
            )
        })?;
    }
    if let Some(color) = color.as_mut().filter(|color| !color.is_empty()) {
        let digits = color.strip_prefix('#').unwrap_or_default();
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("a color looks like #336699".to_owned());
        }
        color.make_ascii_lowercase();
    }
    if let Some(avatar) = &avatar {
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if avatar.len() > limits::AVATAR_BYTES || !avatar.bytes().all(is_id) {
            return Err("an avatar is a photo's id".to_owned());
        }
    }
    Ok(ProfileUpdate {
        display_name,
        color,
        avatar,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(display_name: &str, color: &str, avatar: &str) -> ProfileUpdate {
        ProfileUpdate {
            display_name: Some(display_name.into()),
            color: Some(color.into()),
            avatar: Some(avatar.into()),
        }
    }

    #[test]
    fn what_is_fit_is_normalized_and_what_is_empty_removes() {
        let fit = checked(update("  Ann of the Sea ", "#33AAff", "4b1f-0e_2")).unwrap();
        assert_eq!(fit, update("Ann of the Sea", "#33aaff", "4b1f-0e_2"));
        assert_eq!(checked(update("", "", "")), Ok(update("", "", "")));
        let nothing = ProfileUpdate::default();
        assert_eq!(checked(nothing.clone()), Ok(nothing));
    }

    #[test]
    fn what_could_mislead_is_refused() {
        let long = "x".repeat(41);
        for name in [long.as_str(), " ", "a\u{202e}b", "a\nb", "a\u{200b}b"] {
            assert!(checked(update(name, "", "")).is_err(), "{name:?}");
        }
        for color in ["336699", "#33669", "#3366999", "#33669g", "red", "#€€"] {
            assert!(checked(update("", color, "")).is_err(), "{color:?}");
        }
        let long = "x".repeat(65);
        for avatar in [long.as_str(), "a/b", "a b", "ü"] {
            assert!(checked(update("", "", avatar)).is_err(), "{avatar:?}");
        }
    }
}
