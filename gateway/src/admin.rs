//! `gateway admin …`: accounts looked after from a shell beside the gateways. What it does takes
//! effect on all that run.

use std::{fmt::Write as _, io::BufRead as _, process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use parlor_shared::{
    clock,
    config::{AdminAction, AdminConfig, GrantedRole, Settings as _},
    id::Username,
    protocol::{ErrorBody, client::Secret},
    redis::Redis,
    roles::SiteRole,
};
use rand::Rng as _;
use tokio::time::timeout;

use crate::{
    accounts::{Account, Directory, DirectorySettings, Listed, Passwords},
    app::hash_settings,
    moderation::{Actor, Moderation},
};

/// How long Redis may take to be there: somebody waits at a shell.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Characters of a password that is made: 20 of 57 are 116 bits.
const PASSWORD_CHARACTERS: usize = 20;
/// Without those that are taken for one another.
const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

/// Does what the command line asks for and tells it: on the standard output with success, on the
/// standard error with failure.
pub async fn run(config: AdminConfig) -> ExitCode {
    match perform(config).await {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn perform(config: AdminConfig) -> anyhow::Result<String> {
    let moderation = connect(&config).await?;
    let operator = Actor::operator("operator");
    if config.action == AdminAction::List {
        let listed = moderation.listed().await.map_err(refused)?;
        return Ok(table(&listed));
    }
    let name = config.name.as_deref().context("Name an account.")?;
    let name = Username::new(name).map_err(|bad| anyhow::anyhow!("No account: {bad}."))?;
    let account = moderation.account_named(&name).await.map_err(refused)?;
    let Some(Account { user, role }) = account else {
        bail!("There is no account named {name}. Guests have none: they sign up first.");
    };
    let id = user.uuid;
    match config.action {
        AdminAction::List => unreachable!("handled before"),
        AdminAction::Grant => {
            let role = match config.role {
                GrantedRole::Admin => SiteRole::Admin,
                GrantedRole::Moderator => SiteRole::Moderator,
            };
            let granted = moderation.set_site_role(&operator, id, role).await;
            granted.map_err(refused)?;
            Ok(format!("{name} has the role {} now.", role.name()))
        }
        AdminAction::Revoke => {
            let revoked = moderation.set_site_role(&operator, id, SiteRole::Member);
            revoked.await.map_err(refused)?;
            let before = role.name();
            Ok(format!("{name} is a member now, and was: {before}."))
        }
        AdminAction::ResetPassword => {
            let (password, made) = if config.stdin {
                (read_password()?, false)
            } else {
                (make_password(), true)
            };
            let reset = moderation.reset_password(&operator, id, Secret(password.clone()));
            reset.await.map_err(refused)?;
            Ok(if made {
                format!("{name} signs in with this password now: {password}")
            } else {
                format!("{name} signs in with the new password now.")
            })
        }
        AdminAction::Ban => {
            let reason = config.reason.as_deref();
            let banned = moderation.ban_from_site(&operator, id, config.seconds, reason);
            banned.await.map_err(refused)?;
            Ok(format!("{name} is banned and signed out everywhere."))
        }
        AdminAction::Unban => {
            let unbanned = moderation.unban_from_site(&operator, id).await;
            unbanned.map_err(refused)?;
            Ok(format!("{name} can sign in again."))
        }
        AdminAction::Delete => {
            let deleted = moderation.delete_account(&operator, id, None).await;
            deleted.map_err(refused)?;
            Ok(format!(
                "{name} is deleted, and the name free. What was written stays."
            ))
        }
    }
}

async fn connect(config: &AdminConfig) -> anyhow::Result<Moderation> {
    let gateway = &config.gateway;
    let redis = Redis::at(&config.common().redis()?, config.common().keyspace())?;
    let Ok(commands) = timeout(CONNECT_TIMEOUT, redis.commands()).await else {
        bail!("Redis can't be reached: give its address as the gateways have it.");
    };
    let passwords = Passwords::new(hash_settings(&gateway.limits))
        .map_err(|error| anyhow::anyhow!("argon2 does not take these parameters: {error}"))?;
    let settings = DirectorySettings {
        sign_up: gateway.sign_up,
        guests: gateway.guests,
        sign_in_failures: gateway.limits.sign_in_failures,
    };
    let directory = Directory::new(commands.clone(), passwords, settings);
    let keyspace = commands.keyspace().clone();
    let names_limit = gateway.limits.presence_names_limit as u64;
    Ok(Moderation::new(
        commands,
        keyspace,
        directory,
        names_limit,
        gateway.create_rooms,
    ))
}

#[allow(clippy::needless_pass_by_value, reason = "maps an error")]
fn refused(body: ErrorBody) -> anyhow::Error {
    anyhow::anyhow!("Refused: {}.", body.error)
}

/// A line of the standard input, without its end.
fn read_password() -> anyhow::Result<String> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.context("The standard input can't be read")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("The standard input has no password.");
    }
    Ok(password.to_owned())
}

fn make_password() -> String {
    let mut random = rand::rng();
    (0..PASSWORD_CHARACTERS)
        .map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())]))
        .collect()
}

fn table(listed: &[Listed]) -> String {
    if listed.is_empty() {
        return "Nobody has a role or is banned. Make an admin: gateway admin grant NAME"
            .to_owned();
    }
    let mut text = String::from("ROLE       NAME");
    for Listed { user, role, ban } in listed {
        let _ = write!(text, "\n{:<10} {}", role.name(), user.username);
        if let Some(ban) = ban {
            text.push_str("  banned");
            if ban.until > 0 {
                let _ = write!(text, " until {}", clock::rfc3339(ban.until));
            }
            if !ban.reason.is_empty() {
                let _ = write!(text, ": {}", ban.reason);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_never_the_same() {
        let (one, other) = (make_password(), make_password());
        assert_eq!(one.len(), PASSWORD_CHARACTERS);
        assert_ne!(one, other);
    }
}
