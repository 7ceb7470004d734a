//! Roles, rooms' settings and moderation: what connections, the HTTP API and the operator's command
//! do with rooms and people. Nothing here is tied to a connection.
//!
//! What concerns a room is one script, which tells the room's gateways; what concerns a user on the
//! site is written to their account and told to the gateways that hold their sessions. Whoever does
//! not hear of it finds it: see `rooms/task/policy.rs` and [`watch`].

mod audit;
mod people;
mod rooms;
mod site;
pub mod watch;

use parlor_shared::{
    id::{Address, ChannelId, RoomName, UserId},
    keyspace::Keyspace,
    protocol::{
        ErrorBody, ErrorCode,
        value::{RoomRef, User},
    },
    redis::{
        Commands,
        moderation::{By, Place, Refused},
    },
    roles::SiteRole,
};
use redis::RedisError;
use tracing::warn;

use crate::accounts::{Account, Directory, Refusal};

pub use watch::Watch;

/// What is asked of a moderation: the answer, or what the asker is told.
pub type Answer<T> = Result<T, ErrorBody>;

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// `None` for the operator and for programs.
    pub user: Option<UserId>,
    /// For the audit log.
    pub name: String,
    pub role: SiteRole,
}

impl Actor {
    /// A user who is signed in.
    pub fn user(user: &User, role: SiteRole) -> Self {
        Self {
            user: Some(user.uuid),
            name: user.username.to_string(),
            role,
        }
    }

    /// One who may do everything and is no user: the operator at the command line, or a program
    /// with an API key.
    pub fn operator(name: &str) -> Self {
        Self {
            user: None,
            name: name.to_owned(),
            role: SiteRole::Admin,
        }
    }

    fn by(&self) -> By {
        By {
            user: self.user,
            role: self.role,
        }
    }

    fn needs(&self, role: SiteRole) -> Answer<()> {
        if self.role >= role {
            return Ok(());
        }
        let text = format!("only a {} of the site may do that", role.name());
        Err(forbidden(&text))
    }
}

/// The handle. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Moderation {
    commands: Commands,
    keyspace: Keyspace,
    directory: Directory,
    names_limit: u64,
    create_rooms: bool,
}

/// A room that has roles.
struct Room {
    channel: ChannelId,
    /// `None` for General.
    name: Option<RoomName>,
    /// How blocks name it.
    block: RoomRef,
}

impl Room {
    fn place(&self) -> Place<'_> {
        Place {
            channel: &self.channel,
            room: self.name.as_ref(),
        }
    }
}

impl Moderation {
    /// `names_limit`: users above which rooms are told counts, not names. `create_rooms`: whether
    /// everybody may make rooms.
    pub fn new(
        commands: Commands,
        keyspace: Keyspace,
        directory: Directory,
        names_limit: u64,
        create_rooms: bool,
    ) -> Self {
        Self {
            commands,
            keyspace,
            directory,
            names_limit,
            create_rooms,
        }
    }

    fn room(&self, room: &RoomRef) -> Answer<Room> {
        let address = room
            .address()
            .map_err(|bad| ErrorBody::new(ErrorCode::Join, bad.to_string()))?;
        let Some(channel) = self.keyspace.fixed_channel(&address) else {
            return Err(forbidden("a private room has no roles and no settings"));
        };
        let block = RoomRef::from(&address);
        let name = match address {
            Address::Named(name) => Some(name),
            _ => None,
        };
        Ok(Room {
            channel,
            name,
            block,
        })
    }

    async fn account(&self, user: UserId) -> Answer<Account> {
        let account = self.directory.account(user).await;
        account
            .map_err(away)?
            .ok_or_else(|| ErrorBody::new(ErrorCode::NoSuchUser, "there is no such user"))
    }
}

fn forbidden(text: &str) -> ErrorBody {
    ErrorBody::new(ErrorCode::Forbidden, text)
}

fn malformed(text: impl Into<String>) -> ErrorBody {
    ErrorBody::new(ErrorCode::Malformed, text)
}

#[allow(clippy::needless_pass_by_value, reason = "maps an error")]
fn away(error: RedisError) -> ErrorBody {
    warn!(%error, "Redis can't be asked");
    let text = "the storage can't be reached: try again in a moment";
    ErrorBody::new(ErrorCode::Unavailable, text).retry_after(std::time::Duration::from_secs(2))
}

#[allow(clippy::needless_pass_by_value, reason = "maps an error")]
fn refusal(refusal: Refusal) -> ErrorBody {
    let code = match refusal {
        Refusal::WrongPassword | Refusal::BadPassword => ErrorCode::SignIn,
        Refusal::Overloaded => ErrorCode::Overloaded,
        Refusal::TooManyAttempts(wait) => {
            return ErrorBody::new(ErrorCode::TooManyAttempts, refusal.to_string())
                .retry_after(wait);
        }
        _ => ErrorCode::Unavailable,
    };
    ErrorBody::new(code, refusal.to_string())
}

fn refused(refused: Refused) -> ErrorBody {
    match refused {
        Refused::NoRoom => ErrorBody::new(ErrorCode::Join, "there is no such room"),
        Refused::Exists => ErrorBody::new(ErrorCode::NameTaken, "there is a room of that name"),
        Refused::Forbidden => forbidden(
            "your role does not allow that: it takes a higher one than theirs, a moderator's at least",
        ),
        Refused::Banned => forbidden("they are banned from the room: lift the ban first"),
        Refused::Full => ErrorBody::new(
            ErrorCode::TooLarge,
            "the room has as many of these as it may have",
        ),
    }
}

/// Until when something holds that is to last `seconds`, in ms since 1970; 0 for ever.
fn until(seconds: Option<u64>) -> Answer<u64> {
    use parlor_shared::{clock, limits::LONGEST_SECONDS};
    match seconds {
        None => Ok(0),
        Some(seconds) if (1..=LONGEST_SECONDS).contains(&seconds) => {
            Ok(clock::now_ms() + seconds * 1_000)
        }
        Some(_) => Err(malformed(format!(
            "seconds are at least 1 and at most {LONGEST_SECONDS}; left out for ever"
        ))),
    }
}

/// RFC 3339, of what ends.
fn end(until_ms: u64) -> Option<String> {
    (until_ms > 0).then(|| parlor_shared::clock::rfc3339(until_ms))
}
