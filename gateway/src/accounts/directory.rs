//! The directory of users: signing up, signing in, coming back, and looking others up.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use parlor_shared::{
    config::RateLimit,
    id::{UserId, Username},
    keyspace, limits,
    protocol::{
        client::{Credentials, Page, Secret},
        server::Users,
        value::User,
    },
    redis::Commands,
};
use redis::{AsyncCommands as _, RedisResult, pipe};

use super::{
    Identity, Passwords, Refusal, keys,
    names::{self, Holder, Registered},
    throttle,
};

/// Names kept in memory; beyond it they are looked up anew. A name never changes.
const KNOWN_USERS: usize = 50_000;
/// How long a guest's name stays theirs until the registry knows their session, in seconds.
const GUEST_RESERVATION_SECONDS: u64 = 3_600;

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
    commands: Commands,
    passwords: Passwords,
    settings: DirectorySettings,
    known: Arc<Mutex<HashMap<UserId, (Username, bool)>>>,
}

impl Directory {
    pub fn new(commands: Commands, passwords: Passwords, settings: DirectorySettings) -> Self {
        Self {
            commands,
            passwords,
            settings,
            known: Arc::default(),
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
                let hash: Option<String> = commands
                    .hget(keyspace::user_account(user), "PasswordHash")
                    .await?;
                if !self
                    .passwords
                    .verify(password, hash.unwrap_or_default())
                    .await?
                {
                    return Err(Refusal::WrongPassword);
                }
                self.identify(user, name.clone(), false).await
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
        let user = names::take_for_guest(&mut commands, &name, GUEST_RESERVATION_SECONDS)
            .await?
            .ok_or(Refusal::NameTaken)?;
        self.identify(user, name, true).await
    }

    /// Signs in by access key.
    ///
    /// # Errors
    /// [`Refusal::UnknownKey`] when it is not one of the user's.
    pub async fn resume(&self, user: UserId, key: Secret) -> Result<Identity, Refusal> {
        let user = self.holder_of(user, &key).await?;
        Ok(Identity {
            user: user.ok_or(Refusal::UnknownKey)?,
            access_key: key,
        })
    }

    /// Whose access key it is; `None` when it is not the user's or has expired.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn holder_of(&self, user: UserId, key: &Secret) -> RedisResult<Option<User>> {
        if keys::check(&mut self.commands.clone(), user, key).await? {
            self.user(user).await
        } else {
            Ok(None)
        }
    }

    /// Ends an access key.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn revoke(&self, user: UserId, key: &Secret) -> RedisResult<()> {
        keys::revoke(&mut self.commands.clone(), user, key).await
    }

    /// Keeps a guest's name for as long as they are here. To be called once the registry knows
    /// their session, which lets the name go when the session ends.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn keep_guest(&self, user: &User) -> RedisResult<()> {
        names::keep_guest(&mut self.commands.clone(), user.uuid, &user.username).await
    }

    async fn register(&self, name: Username, password: Secret) -> Result<Identity, Refusal> {
        let hash = self.passwords.hash(password).await?;
        let user = names::register(&mut self.commands.clone(), &name, &hash)
            .await?
            .ok_or(Refusal::NameTaken)?;
        self.identify(user, name, false).await
    }

    async fn identify(
        &self,
        uuid: UserId,
        name: Username,
        guest: bool,
    ) -> Result<Identity, Refusal> {
        let access_key = keys::issue(&mut self.commands.clone(), uuid).await?;
        self.remember(uuid, &name, guest);
        Ok(Identity {
            user: User {
                uuid,
                username: name,
                online: None,
                guest,
            },
            access_key,
        })
    }

    #[allow(
        clippy::unused_self,
        reason = "reads as a check of this directory's rules"
    )]
    fn check_password(&self, password: &Secret) -> Result<(), Refusal> {
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
        let unknown: Vec<UserId> = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            users
                .iter()
                .filter(|user| !known.contains_key(user))
                .copied()
                .collect()
        };
        if !unknown.is_empty() {
            let mut lookup = pipe();
            for user in &unknown {
                lookup
                    .cmd("HMGET")
                    .arg(keyspace::user_account(*user))
                    .arg("Username")
                    .arg("Role");
            }
            let found: Vec<(Option<String>, Option<String>)> =
                lookup.query_async(&mut self.commands.clone()).await?;
            for (user, (name, role)) in unknown.iter().zip(found) {
                if let Some(Ok(name)) = name.as_deref().map(Username::new) {
                    self.remember(*user, &name, role.as_deref() == Some("guest"));
                }
            }
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let user = |uuid: &UserId| {
            let (username, guest) = known.get(uuid)?.clone();
            Some(User {
                uuid: *uuid,
                username,
                online: None,
                guest,
            })
        };
        Ok(users.iter().filter_map(user).collect())
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

    /// Who has these names, accounts and guests; nobody's are left out.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn named(&self, names: &[Username]) -> RedisResult<HashMap<Username, UserId>> {
        names::holders(&mut self.commands.clone(), names).await
    }

    fn remember(&self, user: UserId, name: &Username, guest: bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_USERS {
            known.clear();
        }
        known.insert(user, (name.clone(), guest));
    }

    /// A page of accounts in the order of registration, and who of them is online.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn list(&self, page: Page) -> RedisResult<Users> {
        let mut commands = self.commands.clone();
        let (from, to) = super::list_range(page);
        let (total, entries): (u64, Vec<String>) = pipe()
            .llen(keyspace::users())
            .lrange(keyspace::users(), from, to)
            .query_async(&mut commands)
            .await?;
        let entries: Vec<Registered> = entries
            .iter()
            .filter_map(|entry| serde_json::from_str(entry).ok())
            .collect();
        let online = self.online(entries.iter().map(|entry| entry.uuid)).await?;
        let users: Vec<User> = entries
            .into_iter()
            .zip(online)
            .map(|(entry, online)| User {
                uuid: entry.uuid,
                username: entry.username,
                online: Some(online),
                guest: false,
            })
            .collect();
        Ok(Users {
            total,
            received: users.len() as u64,
            users,
        })
    }

    async fn online(&self, users: impl Iterator<Item = UserId>) -> RedisResult<Vec<bool>> {
        let mut lookup = pipe();
        let mut any = false;
        for user in users {
            lookup.exists(keyspace::user_status(user));
            any = true;
        }
        if !any {
            return Ok(Vec::new());
        }
        lookup.query_async(&mut self.commands.clone()).await
    }
}
