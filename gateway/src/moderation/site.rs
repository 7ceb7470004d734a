//! What concerns a user everywhere: role, ban, deletion, a new password.

use parlor_shared::{
    id::{UserId, Username},
    notice::{Notice, Order, Sessions},
    protocol::client::Secret,
    roles::SiteRole,
};

use super::{Actor, Answer, Moderation, away, forbidden, malformed, refusal, until};
use crate::{
    accounts::{Account, Ban, Listed},
    bus::notices,
};

/// What the audit log calls what is done here.
mod action {
    pub const ROLE: &str = "userRole";
    pub const BAN: &str = "userBan";
    pub const UNBAN: &str = "userUnban";
    pub const DELETE: &str = "userDelete";
    pub const RESET: &str = "passwordReset";
}

/// Whether an entry of the audit log is about what a user is on the site.
pub(super) fn concerns_the_site(action: &str) -> bool {
    [
        action::ROLE,
        action::BAN,
        action::UNBAN,
        action::DELETE,
        action::RESET,
    ]
    .contains(&action)
}

impl Moderation {
    /// Has a user's sessions look again whether they may be here, and as what.
    async fn look_again(&self, user: UserId) -> Answer<()> {
        let notice = Notice::order(user, Sessions::All, Order::Verify, None);
        let told = notices::tell(&mut self.commands.clone(), &[notice]).await;
        told.map_err(away)
    }

    /// The account of a name, for the operator.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn account_named(&self, name: &Username) -> Answer<Option<Account>> {
        self.directory.account_named(name).await.map_err(away)
    }

    /// Those with a role above a member's, and those who are banned.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn listed(&self) -> Answer<Vec<Listed>> {
        self.directory.listed().await.map_err(away)
    }

    /// Gives an account a role on the site.
    ///
    /// # Errors
    /// What the asker is told, as for all functions here.
    pub async fn set_site_role(&self, actor: &Actor, user: UserId, role: SiteRole) -> Answer<()> {
        actor.needs(SiteRole::Admin)?;
        if actor.user == Some(user) {
            return Err(forbidden("another admin has to change your role"));
        }
        let account = self.account(user).await?;
        if account.role == SiteRole::Guest {
            return Err(forbidden("guests have no other role: they sign up first"));
        }
        if role == SiteRole::Guest {
            return Err(malformed("an account is a member, a moderator or an admin"));
        }
        self.directory.set_role(user, role).await.map_err(away)?;
        let detail = role.name().to_owned();
        self.note(actor, action::ROLE, None, Some(&account.user), detail)
            .await;
        self.look_again(user).await
    }

    /// Bans a user from the site: their sessions end, and they can't sign in.
    pub async fn ban_from_site(
        &self,
        actor: &Actor,
        user: UserId,
        seconds: Option<u64>,
        reason: Option<&str>,
    ) -> Answer<()> {
        actor.needs(SiteRole::Moderator)?;
        let until = until(seconds)?;
        let account = self.above(actor, user).await?;
        let reason = reason.unwrap_or_default().to_owned();
        let ban = Ban { until, reason };
        self.directory
            .set_ban(user, Some(&ban))
            .await
            .map_err(away)?;
        let detail = super::people::describe(until, &ban.reason);
        self.note(actor, action::BAN, None, Some(&account.user), detail)
            .await;
        self.look_again(user).await
    }

    /// Lets a banned user sign in again.
    pub async fn unban_from_site(&self, actor: &Actor, user: UserId) -> Answer<()> {
        actor.needs(SiteRole::Moderator)?;
        let account = self.above(actor, user).await?;
        self.directory.set_ban(user, None).await.map_err(away)?;
        self.note(
            actor,
            action::UNBAN,
            None,
            Some(&account.user),
            String::new(),
        )
        .await;
        Ok(())
    }

    /// Deletes an account. What it wrote stays, under its name.
    pub async fn delete_account(
        &self,
        actor: &Actor,
        user: UserId,
        password: Option<Secret>,
    ) -> Answer<()> {
        let account = if actor.user == Some(user) {
            let account = self.account(user).await?;
            let password = password
                .ok_or_else(|| forbidden("deleting one's own account takes its password"))?;
            let is_own = self.directory.is_password_of(user, password).await;
            if !is_own.map_err(refusal)? {
                return Err(refusal(crate::accounts::Refusal::WrongPassword));
            }
            account
        } else {
            actor.needs(SiteRole::Admin)?;
            self.above(actor, user).await?
        };
        if account.role == SiteRole::Guest {
            return Err(forbidden("a guest has no account: ban them instead"));
        }
        self.directory.delete(&account.user).await.map_err(away)?;
        self.note(
            actor,
            action::DELETE,
            None,
            Some(&account.user),
            String::new(),
        )
        .await;
        self.look_again(user).await
    }

    /// Gives an account a new password; its sessions end.
    pub async fn reset_password(
        &self,
        actor: &Actor,
        user: UserId,
        password: Secret,
    ) -> Answer<()> {
        actor.needs(SiteRole::Admin)?;
        let account = self.above(actor, user).await?;
        if account.role == SiteRole::Guest {
            return Err(forbidden("a guest has no password"));
        }
        let set = self.directory.set_password(user, password).await;
        set.map_err(refusal)?;
        self.note(
            actor,
            action::RESET,
            None,
            Some(&account.user),
            String::new(),
        )
        .await;
        self.look_again(user).await
    }

    /// A user whose role on the site is below the actor's; the operator stands above all.
    async fn above(&self, actor: &Actor, user: UserId) -> Answer<Account> {
        let account = self.account(user).await?;
        if actor.user.is_some() && account.role.rank() >= actor.role.rank() {
            return Err(forbidden("their role is as high as yours, or higher"));
        }
        Ok(account)
    }
}
