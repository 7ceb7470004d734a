//! What a token says of a user, and for how long.

use std::collections::BTreeSet;

use parlor_shared::{
    id::{RoomName, UserId},
    limits,
    roles::SiteRole,
};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::TokenError;

/// How far the clocks of the issuer and of this machine may be apart, in seconds.
const LEEWAY_SECONDS: u64 = 60;
/// `OpenID` Connect has subjects of at most 255 characters.
const SUBJECT_BYTES: usize = 255;
/// Rooms that one token may name.
const ROOMS: usize = 1_000;
/// Namespace of the version 5 UUIDs of users who come from elsewhere.
const NAMESPACE: Uuid = Uuid::from_u128(0x7061_726c_6f72_4075_8f73_6572_0000_0001);

/// A site role that others may give: an account's, for a guest has none.
pub fn account_role(text: &str) -> Option<SiteRole> {
    SiteRole::read(text).filter(|role| *role != SiteRole::Guest)
}

/// What tokens must say.
pub(super) struct Expected {
    pub issuer: Option<String>,
    pub audience: Option<String>,
    pub role_max: SiteRole,
    pub private_rooms: bool,
}

/// Under which names they say it.
pub(super) struct ClaimNames {
    pub name: String,
    pub role: String,
    pub rooms: String,
}

/// A token's claims, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `""` when it tells none and none is asked for.
    pub issuer: String,
    pub subject: String,
    pub name: Option<String>,
    /// Capped; `None` when the token tells none.
    pub role: Option<SiteRole>,
    /// The only rooms that may be joined, by their names; `""` is General. `None` for any.
    pub rooms: Option<BTreeSet<String>>,
    /// Whether private rooms may be joined too.
    pub private_rooms: bool,
    /// Until when it is believed, in seconds since 1970, the leeway included.
    pub expires_seconds: u64,
}

impl Claims {
    pub(super) fn read(
        payload: &Map<String, Value>,
        expected: &Expected,
        names: &ClaimNames,
        now_seconds: u64,
    ) -> Result<Self, TokenError> {
        let expires = time(payload, "exp")?.ok_or_else(|| missing("exp"))?;
        let expires_seconds = expires.saturating_add(LEEWAY_SECONDS);
        if expires_seconds <= now_seconds {
            return Err(TokenError::Expired);
        }
        if time(payload, "nbf")?.is_some_and(|from| from > now_seconds + LEEWAY_SECONDS) {
            return Err(TokenError::TooEarly);
        }
        let issuer = text(payload, "iss")?;
        if let Some(expected) = &expected.issuer {
            let issuer = issuer.ok_or_else(|| missing("iss"))?;
            if issuer != expected {
                return Err(TokenError::Issuer);
            }
        }
        if let Some(expected) = &expected.audience {
            let audience = payload.get("aud").ok_or_else(|| missing("aud"))?;
            let meant = match audience {
                Value::String(one) => one == expected,
                Value::Array(several) => several.iter().any(|one| one == expected.as_str()),
                _ => return Err(bad("aud", "a text or a list of texts")),
            };
            if !meant {
                return Err(TokenError::Audience);
            }
        }
        let subject = text(payload, "sub")?.ok_or_else(|| missing("sub"))?;
        if !(1..=SUBJECT_BYTES).contains(&subject.len()) {
            return Err(bad("sub", "a text of 1 to 255 bytes"));
        }
        let role = match text(payload, &names.role)? {
            None => None,
            Some(role) => Some(
                account_role(role)
                    .ok_or_else(|| bad(&names.role, "admin, moderator or member"))?
                    .min(expected.role_max),
            ),
        };
        let rooms = match payload.get(&names.rooms) {
            None | Some(Value::Null) => None,
            Some(rooms) => {
                Some(room_names(rooms).ok_or_else(|| bad(&names.rooms, "a list of rooms' names"))?)
            }
        };
        Ok(Self {
            issuer: issuer.unwrap_or_default().to_owned(),
            subject: subject.to_owned(),
            name: text(payload, &names.name)?.map(str::to_owned),
            role,
            private_rooms: rooms.is_none() || expected.private_rooms,
            rooms,
            expires_seconds,
        })
    }
}

/// The user that a subject of an issuer is, the same on every gateway without asking Redis.
pub fn external_user(issuer: &str, subject: &str) -> UserId {
    // An issuer is a URI or empty and holds no line break, so no two pairs give the same text.
    let name = format!("{issuer}\n{subject}");
    UserId(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
}

fn missing(claim: &str) -> TokenError {
    TokenError::Missing(claim.to_owned())
}

fn bad(claim: &str, form: &'static str) -> TokenError {
    TokenError::BadClaim(claim.to_owned(), form)
}

fn text<'a>(payload: &'a Map<String, Value>, claim: &str) -> Result<Option<&'a str>, TokenError> {
    match payload.get(claim) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(bad(claim, "a text")),
    }
}

/// A `NumericDate`: seconds since 1970, perhaps with a fraction.
fn time(payload: &Map<String, Value>, claim: &str) -> Result<Option<u64>, TokenError> {
    let Some(value) = payload.get(claim) else {
        return Ok(None);
    };
    let seconds = value.as_u64().or_else(|| {
        let seconds = value.as_f64().filter(|seconds| *seconds >= 0.0)?;
        Some(seconds as u64)
    });
    seconds
        .map(Some)
        .ok_or_else(|| bad(claim, "seconds since 1970"))
}

fn room_names(value: &Value) -> Option<BTreeSet<String>> {
    let names = value.as_array().filter(|names| names.len() <= ROOMS)?;
    let name = |value: &Value| match value.as_str()? {
        "" => Some(String::new()),
        name if name.len() <= limits::NAME_BYTES => {
            RoomName::new(name).ok().map(|name| name.to_string())
        }
        _ => None,
    };
    names.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_795_277_278;

    fn read(payload: Value) -> Result<Claims, TokenError> {
        let Value::Object(payload) = payload else {
            panic!("claims are an object")
        };
        let expected = Expected {
            issuer: Some("https://id.example".into()),
            audience: Some("parlor".into()),
            role_max: SiteRole::Moderator,
            private_rooms: false,
        };
        let names = ClaimNames {
            name: "name".into(),
            role: "role".into(),
            rooms: "rooms".into(),
        };
        Claims::read(&payload, &expected, &names, NOW)
    }

    fn good() -> Value {
        json!({"iss": "https://id.example", "aud": ["x", "parlor"], "sub": "7", "exp": NOW + 300})
    }

    fn with(claim: &str, value: Value) -> Result<Claims, TokenError> {
        let mut claims = good();
        claims[claim] = value;
        read(claims)
    }

    fn without(claim: &str) -> Result<Claims, TokenError> {
        let mut claims = good();
        claims.as_object_mut().unwrap().remove(claim);
        read(claims)
    }

    #[test]
    fn good_claims_are_read() {
        let claims = read(good()).unwrap();
        assert_eq!((claims.subject.as_str(), claims.role), ("7", None));
        assert_eq!(claims.expires_seconds, NOW + 360);
        assert!(claims.rooms.is_none() && claims.private_rooms);
        let claims = with("rooms", json!(["lobby", ""])).unwrap();
        assert!(!claims.private_rooms);
        assert_eq!(
            claims.rooms.unwrap(),
            BTreeSet::from([String::new(), "lobby".to_owned()])
        );
    }

    #[test]
    fn every_rule_is_told_by_its_claim() {
        for claim in ["exp", "sub", "iss", "aud"] {
            assert_eq!(without(claim), Err(TokenError::Missing(claim.into())));
        }
        assert_eq!(with("iss", "other".into()), Err(TokenError::Issuer));
        assert_eq!(with("aud", "other".into()), Err(TokenError::Audience));
        assert_eq!(with("aud", json!(["other"])), Err(TokenError::Audience));
        let wrong: [(&str, Value); 8] = [
            ("exp", "1795277578".into()),
            ("exp", json!(-1)),
            ("nbf", "soon".into()),
            ("aud", json!({})),
            ("sub", json!(7)),
            ("sub", "".into()),
            ("role", "guest".into()),
            ("rooms", "lobby".into()),
        ];
        for (claim, value) in wrong {
            let refused = with(claim, value.clone());
            assert!(
                matches!(&refused, Err(TokenError::BadClaim(named, _)) if named == claim),
                "{claim} {value}: {refused:?}"
            );
        }
    }

    #[test]
    fn times_have_a_leeway_of_a_minute() {
        assert!(with("exp", json!(NOW - 59)).is_ok());
        assert_eq!(with("exp", json!(NOW - 60)), Err(TokenError::Expired));
        assert!(with("nbf", json!(NOW + 60)).is_ok());
        assert_eq!(with("nbf", json!(NOW + 61)), Err(TokenError::TooEarly));
        let fraction = with("exp", json!(NOW as f64 + 0.5)).unwrap();
        assert_eq!(fraction.expires_seconds, NOW + 60);
    }

    #[test]
    fn roles_are_capped() {
        let role = |name: &str| with("role", name.into()).unwrap().role;
        assert_eq!(role("admin"), Some(SiteRole::Moderator));
        assert_eq!(role("member"), Some(SiteRole::Member));
    }

    #[test]
    fn users_from_elsewhere_are_the_same_everywhere() {
        let user = external_user("https://id.example", "7");
        assert_eq!(user, external_user("https://id.example", "7"));
        assert_ne!(user, external_user("https://id.example", "8"));
        assert_ne!(user, external_user("https://other.example", "7"));
    }
}
