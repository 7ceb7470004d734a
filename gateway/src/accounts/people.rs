//! The directory's part in finding people, showing them, and looking after one's own account.

use std::{collections::HashMap, net::IpAddr};

use parlor_shared::{
    id::{SessionId, UserId, Username},
    protocol::{
        client::{Page, Secret},
        people::{Profile, ProfileUpdate, SignedInSession, UserSearch},
        server::Users,
    },
};
use redis::{AsyncCommands as _, Pipeline, RedisResult, pipe};

use super::{Directory, Refusal, by_name, sign_ins, throttle};

impl Directory {
    /// A page of accounts: in the order of registration, or those whose names begin alike.
    ///
    /// # Errors
    /// When Redis can't be asked, as for all functions here that don't say otherwise.
    pub async fn search(&self, search: UserSearch) -> RedisResult<Users> {
        let Some(prefix) = search.prefix else {
            return self.list(search.page).await;
        };
        let mut commands = self.commands.clone();
        let (total, found) = by_name::search(&mut commands, &prefix, search.page).await?;
        let users = self.users_with_status(&found).await?;
        Ok(Users {
            total,
            received: users.len() as u64,
            users,
        })
    }

    /// Enters into the index of names who is not in it. Ends when that is done.
    pub fn fill_index(&self) -> impl Future<Output = ()> + Send + use<> {
        by_name::fill(self.commands.clone())
    }

    /// Whom a text names: of each group of names the first that somebody has.
    pub async fn named(&self, groups: &[Vec<Username>]) -> RedisResult<Vec<UserId>> {
        let mut names: Vec<Username> = groups.iter().flatten().cloned().collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut lookup = pipe();
        for name in &names {
            lookup.get(self.commands.keyspace().users_username_index(name));
        }
        let held: Vec<Option<String>> = lookup.query_async(&mut self.commands.clone()).await?;
        let mut holders: HashMap<Username, UserId> = HashMap::new();
        let mut accounts = Vec::new();
        for (name, held) in names.into_iter().zip(held) {
            match held.as_deref().map(|held| held.split_once(':')) {
                Some(Some(("guest", user))) => {
                    if let Ok(user) = user.parse() {
                        holders.insert(name, user);
                    }
                }
                // An account's place in the list of users. The list is slow to look into.
                Some(None) => accounts.push(name),
                _ => {}
            }
        }
        let namesakes = by_name::namesakes(&mut self.commands.clone(), &accounts).await?;
        for user in self.users(&namesakes).await? {
            if !user.guest {
                holders.insert(user.username, user.uuid);
            }
        }
        let mut users = Vec::new();
        for group in groups {
            let user = group.iter().find_map(|name| holders.get(name));
            if let Some(user) = user.filter(|user| !users.contains(*user)) {
                users.push(*user);
            }
        }
        Ok(users)
    }

    /// Who somebody is. `None` when there is no such user.
    pub async fn profile(&self, user: UserId) -> RedisResult<Option<Profile>> {
        self.forget(user);
        let Some(user) = self.users_with_status(&[user]).await?.pop() else {
            return Ok(None);
        };
        let account = self.commands.keyspace().user_account(user.uuid);
        let (created_at, role): (Option<String>, Option<String>) = self
            .commands
            .clone()
            .hmget(account, &["CreatedAt", "Role"])
            .await?;
        Ok(Some(Profile {
            created_at: created_at.unwrap_or_default(),
            role: role.unwrap_or_else(|| "member".to_owned()),
            online: user.online == Some(true),
            user,
        }))
    }

    /// Changes how a user is shown; gives the profile as it is then.
    pub async fn update_profile(
        &self,
        user: UserId,
        update: ProfileUpdate,
    ) -> RedisResult<Option<Profile>> {
        if self.user(user).await?.is_none() {
            return Ok(None);
        }
        let account = self.commands.keyspace().user_account(user);
        let fields = [
            ("DisplayName", update.display_name),
            ("Color", update.color),
            ("Avatar", update.avatar),
        ];
        let mut change = pipe();
        for (field, value) in fields {
            match value {
                None => {}
                Some(empty) if empty.is_empty() => {
                    change.hdel(&account, field).ignore();
                }
                Some(value) => {
                    change.hset(&account, field, value).ignore();
                }
            }
        }
        if !change.is_empty() {
            let _: () = change.query_async(&mut self.commands.clone()).await?;
        }
        self.profile(user).await
    }

    /// Changes an account's password and ends all its sign-ins but that of `kept`. Gives the
    /// connections that have to go.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub async fn change_password(
        &self,
        (user, name): (UserId, &Username),
        kept: &Secret,
        (old, new): (Secret, Secret),
        address: IpAddr,
    ) -> Result<Vec<SessionId>, Refusal> {
        self.check_password(&old)?;
        self.check_password(&new)?;
        let mut commands = self.commands.clone();
        let limit = self.settings.sign_in_failures;
        throttle::admit(&mut commands, limit, name, address).await?;
        if !self.is_password_of(user, old).await? {
            throttle::failed(&mut commands, limit, address).await?;
            return Err(Refusal::WrongPassword);
        }
        throttle::succeeded(&mut commands, limit, name).await?;
        // First the password, then the keys: who has signed in by the old one in between finds it
        // changed, see `sign_in`.
        self.write_password(user, new).await?;
        Ok(sign_ins::end_others(&mut commands, user, kept).await?)
    }

    /// Notes a connection that signed in by `key`, by what it adds to `steps`: behind those that
    /// tell the registry of the connection. They give one `bool`, `false` when the key was ended
    /// meanwhile: then the connection must not stay.
    pub fn note_session(
        &self,
        steps: &mut Pipeline,
        user: UserId,
        key: &Secret,
        session: SessionId,
        client: &str,
    ) {
        sign_ins::note(steps, self.commands.keyspace(), user, key, session, client);
    }

    /// A user's sign-ins; `current` is the key of the one that asks.
    pub async fn sign_ins(
        &self,
        user: UserId,
        current: &Secret,
    ) -> RedisResult<Vec<SignedInSession>> {
        sign_ins::list(&mut self.commands.clone(), user, current).await
    }

    /// Ends a sign-in, if there is one, and gives the connections that have to go.
    pub async fn end_sign_in(
        &self,
        user: UserId,
        sign_in: SessionId,
    ) -> RedisResult<Vec<SessionId>> {
        sign_ins::end(&mut self.commands.clone(), user, sign_in).await
    }

    /// A page of accounts in the order of registration, and who of them is online.
    async fn list(&self, page: Page) -> RedisResult<Users> {
        let (from, to) = super::list_range(page);
        let (total, entries): (u64, Vec<String>) = pipe()
            .llen(self.commands.keyspace().users())
            .lrange(self.commands.keyspace().users(), from, to)
            .query_async(&mut self.commands.clone())
            .await?;
        let registered = |entry: &String| {
            let entry: super::names::Registered = serde_json::from_str(entry).ok()?;
            Some(entry.uuid)
        };
        let registered: Vec<UserId> = entries.iter().filter_map(registered).collect();
        let users = self.users_with_status(&registered).await?;
        Ok(Users {
            total,
            received: users.len() as u64,
            users,
        })
    }
}
