//! The directory of users: signing up, signing in, coming back, and looking others up.

mod external;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use parlor_shared::{
    config::RateLimit,
    id::{UserId, Username},
    limits,
    protocol::{
        client::{Credentials, Secret},
        value::{Look, User},
    },
    redis::Commands,
    roles::SiteRole,
};
use redis::{AsyncCommands as _, Pipeline, RedisResult, pipe};

use super::{
    Grant, Identity, Passwords, Refusal, keys,
    known::Known,
    names::{self, Holder},
    throttle,
};

/// How long a guest's name stays theirs until the registry knows their session, in seconds.
const GUEST_RESERVATION_SECONDS: u64 = 3_600;

pub use external::External;

/// What the directory allows.
#[derive(Clone, Copy, Debug)]
pub struct DirectorySettings {
    pub sign_up: bool,
    pub guests: bool,
    pub sign_in_failures: RateLimit,
}

/// The directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Directory {
    pub(super) commands: Commands,
    pub(super) passwords: Passwords,
    pub(super) settings: DirectorySettings,
    known: Arc<Mutex<Known>>,
}

impl Directory {
    pub fn new(commands: Commands, passwords: Passwords, settings: DirectorySettings) -> Self {
        Self {
            commands,
            passwords,
            settings,
            known: Arc::new(Mutex::new(Known::new(Instant::now()))),
        }
    }

    /// Registers a name.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub async fn sign_up(&self, credentials: Credentials) -> Result<Identity, Refusal> {
        let name = Username::new(&credentials.username)?;
        self.check_password(&credentials.password)?;
        if !self.settings.sign_up {
            return Err(Refusal::SignUpDisabled);
        }
        // Looked up first, because hashing is what costs.
        if names::holder(&mut self.commands.clone(), &name).await? != Holder::Nobody {
            return Err(Refusal::NameTaken);
        }
        self.register(name, credentials.password).await
    }

    /// Signs in by password; an unknown name is registered.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub async fn sign_in(
        &self,
        credentials: Credentials,
        address: IpAddr,
    ) -> Result<Identity, Refusal> {
        let name = Username::new(&credentials.username)?;
        self.check_password(&credentials.password)?;
        let mut commands = self.commands.clone();
        let limit = self.settings.sign_in_failures;
        throttle::admit(&mut commands, limit, &name, address).await?;
        let outcome = self.sign_in_admitted(&name, credentials.password).await;
        match outcome {
            Ok(_) => throttle::succeeded(&mut commands, limit, &name).await?,
            Err(Refusal::WrongPassword) => throttle::failed(&mut commands, limit, address).await?,
            Err(_) => {}
        }
        outcome
    }

    async fn sign_in_admitted(
        &self,
        name: &Username,
        password: Secret,
    ) -> Result<Identity, Refusal> {
        let mut commands = self.commands.clone();
        match names::holder(&mut commands, name).await? {
            Holder::Nobody if !self.settings.sign_up => Err(Refusal::NoAccount),
            Holder::Nobody => self.register(name.clone(), password).await,
            Holder::Pending | Holder::Guest => Err(Refusal::NameTaken),
            Holder::Account(user) => {
                let account = commands.keyspace().user_account(user);
                let hash: Option<String> = commands.hget(&account, "PasswordHash").await?;
                let hash = hash.unwrap_or_default();
                if !self.passwords.verify(password, hash.clone()).await? {
                    return Err(Refusal::WrongPassword);
                }
                let role = self.admitted(user).await?;
                let mut identity = self.identify(user, name.clone(), role).await?;
                // Who changes the password does that first and ends the keys then: so either they
                // have ended this one, or here it shows that the password is another.
                let now: Option<String> = commands.hget(&account, "PasswordHash").await?;
                if now.is_none_or(|now| now != hash) {
                    self.revoke(user, &identity.access_key).await?;
                    return Err(Refusal::WrongPassword);
                }
                self.forget(user);
                if let Some(found) = self.user(user).await? {
                    identity.user = found;
                }
                Ok(identity)
            }
        }
    }

    /// Signs in by nickname.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub async fn sign_in_guest(&self, nickname: &str) -> Result<Identity, Refusal> {
        if !self.settings.guests {
            return Err(Refusal::GuestsDisabled);
        }
        let name = Username::new(nickname)?;
        let mut commands = self.commands.clone();
        let (user, key) = names::take_for_guest(&mut commands, &name, GUEST_RESERVATION_SECONDS)
            .await?
            .ok_or(Refusal::NameTaken)?;
        Ok(self.identity(user, name, SiteRole::Guest, key))
    }

    /// Signs in by access key.
    ///
    /// # Errors
    /// [`Refusal::UnknownKey`] when it is not one of the user's.
    pub async fn resume(&self, user: UserId, key: Secret) -> Result<Identity, Refusal> {
        let expiry = keys::good_until(&mut self.commands.clone(), user, &key).await?;
        let expiry = expiry.ok_or(Refusal::UnknownKey)?;
        // As they are shown now, since the session keeps it.
        self.forget(user);
        let user = self.user(user).await?.ok_or(Refusal::UnknownKey)?;
        let grant = Grant::of_key(&key, expiry);
        let role = self.admitted(user.uuid).await?;
        Ok(Identity {
            user,
            access_key: key,
            grant,
            role,
        })
    }

    /// Ends an access key.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn revoke(&self, user: UserId, key: &Secret) -> RedisResult<()> {
        keys::revoke(&mut self.commands.clone(), user, key).await
    }

    /// Keeps a guest's name for as long as they are here, by what it adds to `steps`: behind those
    /// that tell the registry of their session, which lets the name go when the session ends.
    pub fn keep_guest(&self, steps: &mut Pipeline, user: &User) {
        names::keep_guest(steps, self.commands.keyspace(), user.uuid, &user.username);
    }

    async fn register(&self, name: Username, password: Secret) -> Result<Identity, Refusal> {
        let hash = self.passwords.hash(password).await?;
        let user = names::register(&mut self.commands.clone(), &name, &hash)
            .await?
            .ok_or(Refusal::NameTaken)?;
        self.identify(user, name, SiteRole::Member).await
    }

    async fn identify(
        &self,
        uuid: UserId,
        name: Username,
        role: SiteRole,
    ) -> Result<Identity, Refusal> {
        let access_key = keys::issue(&mut self.commands.clone(), uuid).await?;
        Ok(self.identity(uuid, name, role, access_key))
    }

    fn identity(
        &self,
        uuid: UserId,
        name: Username,
        role: SiteRole,
        access_key: Secret,
    ) -> Identity {
        let guest = role == SiteRole::Guest;
        let user = User {
            uuid,
            username: name,
            online: None,
            guest,
            look: None,
        };
        self.known().remember(&user, Instant::now());
        Identity {
            user,
            access_key,
            grant: None,
            role,
        }
    }

    #[allow(
        clippy::unused_self,
        reason = "reads as a check of this directory's rules"
    )]
    pub(super) fn check_password(&self, password: &Secret) -> Result<(), Refusal> {
        if (1..=limits::PASSWORD_BYTES).contains(&password.0.len()) {
            Ok(())
        } else {
            Err(Refusal::BadPassword)
        }
    }

    /// Looks a user up. `None` when there is no such user.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn user(&self, user: UserId) -> RedisResult<Option<User>> {
        Ok(self.users(&[user]).await?.pop())
    }

    /// Looks users up, leaving out those there aren't. Whether they are online is not told.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn users(&self, users: &[UserId]) -> RedisResult<Vec<User>> {
        let now = Instant::now();
        let unknown: Vec<UserId> = {
            let known = self.known();
            let unknown = users.iter().filter(|user| known.needs(**user, now));
            unknown.copied().collect()
        };
        if !unknown.is_empty() {
            let mut lookup = pipe();
            for user in &unknown {
                lookup
                    .cmd("HMGET")
                    .arg(self.commands.keyspace().user_account(*user))
                    .arg(&ACCOUNT_FIELDS);
            }
            let found: Vec<Vec<Option<String>>> =
                lookup.query_async(&mut self.commands.clone()).await?;
            let mut known = self.known();
            for (uuid, fields) in unknown.iter().zip(found) {
                match user_of(*uuid, fields) {
                    Some(user) => known.remember(&user, now),
                    None => known.forget(*uuid),
                }
            }
        }
        let known = self.known();
        Ok(users.iter().filter_map(|user| known.user(*user)).collect())
    }

    /// Looks users up, with whether they are online.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn users_with_status(&self, users: &[UserId]) -> RedisResult<Vec<User>> {
        let mut users = self.users(users).await?;
        let online = self.online(users.iter().map(|user| user.uuid)).await?;
        for (user, online) in users.iter_mut().zip(online) {
            user.online = Some(online);
        }
        Ok(users)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a user looked up anew.
    pub(super) fn forget(&self, user: UserId) {
        self.known().forget(user);
    }

    async fn online(&self, users: impl Iterator<Item = UserId>) -> RedisResult<Vec<bool>> {
        let mut lookup = pipe();
        let mut any = false;
        for user in users {
            lookup.exists(self.commands.keyspace().user_status(user));
            any = true;
        }
        if !any {
            return Ok(Vec::new());
        }
        lookup.query_async(&mut self.commands.clone()).await
    }
}

/// What is read of an account, in the order in which [`user_of`] takes it.
const ACCOUNT_FIELDS: [&str; 5] = ["Username", "Role", "DisplayName", "Color", "Avatar"];

fn user_of(uuid: UserId, fields: Vec<Option<String>>) -> Option<User> {
    let [username, role, display_name, color, avatar] = fields.try_into().ok()?;
    let look = Look {
        display_name,
        color,
        avatar,
    };
    Some(User {
        uuid,
        username: Username::new(&username?).ok()?,
        online: None,
        guest: role.as_deref() == Some("guest"),
        look: look.boxed(),
    })
}
