//! Accounts as those who run the site see them: roles, bans, new passwords, deletion.

use parlor_shared::{
    clock,
    id::{UserId, Username},
    protocol::{client::Secret, value::User},
    roles::{self, SiteRole},
};
use redis::{AsyncCommands as _, RedisResult, pipe};

use super::{
    Directory, Refusal, by_name, keys,
    names::{self, Holder},
};

/// What takes the place of a deleted account in the list of users: it is no account, and the others
/// keep their places.
const TOMBSTONE: &str = "{}";

/// A ban from the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Milliseconds since 1970; 0 for ever.
    pub until: u64,
    pub reason: String,
}

/// What a user is on the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub role: SiteRole,
    /// Only one that holds now.
    pub ban: Option<Ban>,
}

/// A user, and what they are on the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub user: User,
    pub role: SiteRole,
}

/// Somebody with a role or a ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub user: User,
    pub role: SiteRole,
    pub ban: Option<Ban>,
}

impl Directory {
    /// What a user is on the site; `None` when there is no such user any more.
    ///
    /// # Errors
    /// When Redis can't be asked, as for most functions here.
    pub async fn standing(&self, user: UserId) -> RedisResult<Option<Standing>> {
        type Fields = (Option<String>, Option<String>, Option<u64>, Option<String>);
        let (name, role, until, reason): Fields = redis::cmd("HMGET")
            .arg(self.commands.keyspace().user_account(user))
            .arg(&["Username", "Role", "BannedUntil", "BanReason"])
            .query_async(&mut self.commands.clone())
            .await?;
        if name.is_none() {
            return Ok(None);
        }
        let held = until.filter(|until| roles::holds(*until, clock::now_ms()));
        Ok(Some(Standing {
            role: role.as_deref().and_then(SiteRole::read).unwrap_or_default(),
            ban: held.map(|until| Ban {
                until,
                reason: reason.unwrap_or_default(),
            }),
        }))
    }

    /// The role of a user who may be here.
    ///
    /// # Errors
    /// [`Refusal::UnknownKey`] when there is no such user any more, [`Refusal::Banned`].
    pub async fn admitted(&self, user: UserId) -> Result<SiteRole, Refusal> {
        let standing = self.standing(user).await?.ok_or(Refusal::UnknownKey)?;
        match standing.ban {
            Some(ban) => Err(Refusal::Banned(ban)),
            None => Ok(standing.role),
        }
    }

    /// The role of a user who may go on under an access key.
    ///
    /// # Errors
    /// As [`Self::admitted`], and [`Refusal::UnknownKey`] when the key was ended.
    pub async fn verify(&self, user: UserId, key: &Secret) -> Result<SiteRole, Refusal> {
        let role = self.admitted(user).await?;
        let until = keys::good_until(&mut self.commands.clone(), user, key).await?;
        if until.is_some() {
            Ok(role)
        } else {
            Err(Refusal::UnknownKey)
        }
    }

    /// The role of a user who may be here, if that is an access key of theirs.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn holder_of(&self, user: UserId, key: &Secret) -> RedisResult<Option<SiteRole>> {
        let until = keys::good_until(&mut self.commands.clone(), user, key).await?;
        let standing = self.standing(user).await?;
        let may_be_here = standing.filter(|it| until.is_some() && it.ban.is_none());
        Ok(may_be_here.map(|it| it.role))
    }

    /// Whether a password is that of an account.
    ///
    /// # Errors
    /// [`Refusal::Overloaded`] when too many wait to be hashed.
    pub async fn is_password_of(&self, user: UserId, password: Secret) -> Result<bool, Refusal> {
        let hash: Option<String> = self
            .commands
            .clone()
            .hget(self.commands.keyspace().user_account(user), "PasswordHash")
            .await?;
        let hash = hash.unwrap_or_default();
        self.passwords.verify(password, hash).await
    }

    /// A user with their role, by id.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn account(&self, user: UserId) -> RedisResult<Option<Account>> {
        let Some(standing) = self.standing(user).await? else {
            return Ok(None);
        };
        let user = self.user(user).await?;
        let role = standing.role;
        Ok(user.map(|user| Account { user, role }))
    }

    /// An account with its role, by name. Guests have none.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn account_named(&self, name: &Username) -> RedisResult<Option<Account>> {
        match names::holder(&mut self.commands.clone(), name).await? {
            Holder::Account(user) => self.account(user).await,
            Holder::Nobody | Holder::Pending | Holder::Guest => Ok(None),
        }
    }

    /// Gives an account a role.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn set_role(&self, user: UserId, role: SiteRole) -> RedisResult<()> {
        let mut write = pipe();
        write
            .hset(
                self.commands.keyspace().user_account(user),
                "Role",
                role.name(),
            )
            .ignore();
        let id = user.to_string();
        if role > SiteRole::Member {
            write
                .hset(self.commands.keyspace().site_roles(), id, role.name())
                .ignore();
        } else {
            write
                .hdel(self.commands.keyspace().site_roles(), id)
                .ignore();
        }
        write.query_async(&mut self.commands.clone()).await
    }

    /// Bans a user from the site, or lifts the ban.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn set_ban(&self, user: UserId, ban: Option<&Ban>) -> RedisResult<()> {
        let (account, id) = (
            self.commands.keyspace().user_account(user),
            user.to_string(),
        );
        let mut write = pipe();
        if let Some(Ban { until, reason }) = ban {
            let until = until.to_string();
            let fields = [("BannedUntil", until.as_str()), ("BanReason", reason)];
            write.hset_multiple(account, &fields).ignore();
            write
                .hset(self.commands.keyspace().site_bans(), id, until)
                .ignore();
        } else {
            write.hdel(account, &["BannedUntil", "BanReason"]).ignore();
            write
                .hdel(self.commands.keyspace().site_bans(), id)
                .ignore();
        }
        write.query_async(&mut self.commands.clone()).await
    }

    /// Gives an account a new password, and ends all of its access keys.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub async fn set_password(&self, user: UserId, password: Secret) -> Result<(), Refusal> {
        self.check_password(&password)?;
        self.write_password(user, password).await?;
        keys::revoke_all(&mut self.commands.clone(), user).await?;
        Ok(())
    }

    pub(super) async fn write_password(
        &self,
        user: UserId,
        password: Secret,
    ) -> Result<(), Refusal> {
        let hash = self.passwords.hash(password).await?;
        let mut commands = self.commands.clone();
        Ok(commands
            .hset(commands.keyspace().user_account(user), "PasswordHash", hash)
            .await?)
    }

    /// Deletes an account: its name is free, nobody comes back by its keys. What it wrote stays.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn delete(&self, user: &User) -> RedisResult<()> {
        let mut commands = self.commands.clone();
        let (id, by_uuid) = (
            user.uuid.to_string(),
            commands.keyspace().users_uuid_index(user.uuid),
        );
        // Nobody signs in or comes back from here on.
        keys::revoke_all(&mut commands, user.uuid).await?;
        let place: Option<isize> = commands.get(&by_uuid).await?;
        let mut delete = pipe();
        delete
            .del(commands.keyspace().user_account(user.uuid))
            .ignore()
            .hdel(commands.keyspace().site_roles(), &id)
            .ignore()
            .hdel(commands.keyspace().site_bans(), &id)
            .ignore()
            .del(by_uuid)
            .ignore();
        if let Some(place) = place {
            delete
                .cmd("LSET")
                .arg(commands.keyspace().users())
                .arg(place)
                .arg(TOMBSTONE)
                .ignore();
        }
        for key in [
            commands.keyspace().read_cursors(user.uuid),
            commands.keyspace().mentions(user.uuid),
            commands.keyspace().sign_ins(user.uuid),
            commands.keyspace().private_rooms(user.uuid),
        ] {
            delete.del(key).ignore();
        }
        by_name::leave(&mut delete, commands.keyspace(), &user.username, user.uuid);
        // The name last: it is not taken again while something of the account is left.
        delete
            .del(commands.keyspace().users_username_index(&user.username))
            .ignore();
        let _: () = delete.query_async(&mut commands).await?;
        self.forget(user.uuid);
        Ok(())
    }

    /// Looks a user up anew next time.
    pub fn changed(&self, user: UserId) {
        self.forget(user);
    }

    /// Those with a role above a member's, and those who are banned.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn listed(&self) -> RedisResult<Vec<Listed>> {
        let mut commands = self.commands.clone();
        let (privileged, banned): (Vec<String>, Vec<String>) = pipe()
            .hkeys(commands.keyspace().site_roles())
            .hkeys(commands.keyspace().site_bans())
            .query_async(&mut commands)
            .await?;
        let mut ids: Vec<UserId> = privileged
            .iter()
            .chain(&banned)
            .filter_map(|id| id.parse().ok())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let mut listed = Vec::new();
        for id in ids {
            let user = self.user(id).await?;
            let standing = self.standing(id).await?;
            if let (Some(user), Some(Standing { role, ban })) = (user, standing) {
                if ban.is_none() {
                    let _: () = commands
                        .hdel(commands.keyspace().site_bans(), id.to_string())
                        .await?;
                }
                if ban.is_some() || role > SiteRole::Member {
                    listed.push(Listed { user, role, ban });
                }
            }
        }
        listed.sort_by(|one, other| {
            let names = || one.user.username.as_str().cmp(other.user.username.as_str());
            other.role.cmp(&one.role).then_with(names)
        });
        Ok(listed)
    }
}
