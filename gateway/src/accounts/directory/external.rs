//! Users who have their account elsewhere: they come by token, or a back end makes them known.

use std::time::Duration;

use parlor_shared::{
    clock,
    id::{UserId, Username},
    limits,
    protocol::value::User,
    roles::SiteRole,
};
use redis::{RedisResult, pipe};

use super::Directory;
use crate::{
    accounts::{
        Grant, Identity, Refusal,
        grant::instant_of,
        keys,
        names::{self, Holder},
    },
    tokens::{Claims, external_user},
};

/// Longest name, in characters, that still has room for a number behind it.
const NAME_CHARACTERS: usize = limits::NAME_CHARACTERS - 5;
/// The numbers that are tried in order behind a name that is taken, and how many more by chance.
const NUMBERS: std::ops::RangeInclusive<u32> = 2..=9;
const CHANCES: usize = 20;
/// How often, and how many times, it is looked whether another gateway has made the account.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS: usize = 50;

/// A user of another system.
#[derive(Clone, Copy, Debug)]
pub struct External<'a> {
    pub issuer: &'a str,
    pub subject: &'a str,
    /// The name to take, if it is the user's first time.
    pub name: Option<&'a str>,
    /// Whether a name that is taken gets a number; otherwise it is refused.
    pub numbered: bool,
    /// The site role to have from now on.
    pub role: Option<SiteRole>,
}

impl Directory {
    /// Signs in by a token's claims.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub async fn sign_in_claims(&self, claims: Claims) -> Result<Identity, Refusal> {
        let who = External {
            issuer: &claims.issuer,
            subject: &claims.subject,
            name: claims.name.as_deref(),
            numbered: true,
            role: claims.role,
        };
        let (user, _) = self.external(&who).await?;
        let key_ends = clock::now_ms() + limits::ACCESS_KEY_TTL_SECONDS * 1_000;
        let token_ends = claims.expires_seconds.saturating_mul(1_000);
        let grant = Grant {
            until: instant_of(token_ends),
            rooms: claims.rooms,
            private_rooms: claims.private_rooms,
        };
        let access_key = keys::issue_until(
            &mut self.commands.clone(),
            user.uuid,
            token_ends.min(key_ends),
            &grant.tail(),
        )
        .await?;
        let role = self.admitted(user.uuid).await?;
        Ok(Identity {
            user,
            access_key,
            role,
            grant: Some(grant),
        })
    }

    /// The account of a user from elsewhere, made if there is none, and whether it was. The name of
    /// the first time stays; a name that is taken gets a number, for in other systems names are not
    /// unique, and nobody is to be kept out by a namesake.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub async fn external(&self, who: &External<'_>) -> Result<(User, bool), Refusal> {
        let uuid = external_user(who.issuer, who.subject);
        let mut commands = self.commands.clone();
        for _ in 0..LOOKS {
            if self.registered(uuid).await? {
                if let Some(role) = who.role {
                    self.set_role(uuid, role).await?;
                }
                return Ok((self.shown(uuid).await?, false));
            }
            if names::reserve_user(&mut commands, uuid).await? {
                let made = self.register_external(uuid, who).await;
                if made.is_err() {
                    let _: RedisResult<()> = names::release_user(&mut commands, uuid).await;
                }
                made?;
                return Ok((self.shown(uuid).await?, true));
            }
            // Another gateway is making it: two devices that sign in for the first time at once.
            tokio::time::sleep(LOOK).await;
        }
        Err(Refusal::Unavailable)
    }

    /// The account of a name; `None` for a guest's and one that nobody has.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn account_id(&self, name: &Username) -> RedisResult<Option<UserId>> {
        Ok(
            match names::holder(&mut self.commands.clone(), name).await? {
                Holder::Account(user) => Some(user),
                Holder::Nobody | Holder::Pending | Holder::Guest => None,
            },
        )
    }

    /// Whether an account is there as a whole.
    async fn registered(&self, uuid: UserId) -> RedisResult<bool> {
        let (index, named): (Option<String>, bool) = pipe()
            .get(self.commands.keyspace().users_uuid_index(uuid))
            .hexists(self.commands.keyspace().user_account(uuid), "Username")
            .query_async(&mut self.commands.clone())
            .await?;
        Ok(named && index.is_some_and(|index| index.parse::<u64>().is_ok()))
    }

    /// A user as they are shown now.
    async fn shown(&self, uuid: UserId) -> Result<User, Refusal> {
        self.forget(uuid);
        self.user(uuid).await?.ok_or(Refusal::Unavailable)
    }

    async fn register_external(&self, uuid: UserId, who: &External<'_>) -> Result<(), Refusal> {
        let fields = [
            ("Role", who.role.unwrap_or_default().name()),
            ("Issuer", who.issuer),
            ("Subject", who.subject),
        ];
        let wanted = wanted_name(uuid, who.name);
        let mut commands = self.commands.clone();
        let mut candidates = vec![wanted.clone()];
        if who.numbered {
            let chances = (0..CHANCES).map(|_| rand::random_range(10..10_000_u32));
            let numbers = NUMBERS.chain(chances);
            candidates.extend(numbers.map(|number| format!("{wanted} {number}")));
        }
        for candidate in candidates {
            let name = Username::new(&candidate)?;
            if names::register_as(&mut commands, uuid, &name, &fields).await? {
                return Ok(());
            }
        }
        Err(Refusal::NameTaken)
    }
}

/// The name that a user from elsewhere would have, were it free.
fn wanted_name(uuid: UserId, name: Option<&str>) -> String {
    match name.map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) => {
            let cut: String = name.chars().take(NAME_CHARACTERS).collect();
            cut.trim_end().to_owned()
        }
        None => format!("user {}", &uuid.to_string()[..8]),
    }
}
