//! Who people are: accounts with a password, guests with a nickname, and the access keys that let
//! both come back.

mod by_name;
mod directory;
mod governance;
mod grant;
mod keys;
mod known;
mod names;
mod passwords;
mod people;
mod sign_ins;
mod throttle;

pub use directory::{Directory, DirectorySettings, External};
pub use governance::{Account, Ban, Listed, Standing};
pub use grant::Grant;
pub use passwords::{HashSettings, Passwords};

use std::time::Duration;

use parlor_shared::{
    id::NameError,
    protocol::client::{Page, Secret},
    protocol::value::User,
    roles::SiteRole,
};

use crate::tokens::TokenError;

/// Somebody who has shown who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub user: User,
    pub access_key: Secret,
    /// What a token has granted; `None` for one who came by password or nickname.
    pub grant: Option<Grant>,
    pub role: SiteRole,
}

/// Why somebody is not let in. The texts are for people and name neither passwords nor keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("wrong password")]
    WrongPassword,
    #[error("the name is taken: choose another or sign in with its password")]
    NameTaken,
    #[error("{0}")]
    BadName(#[from] NameError),
    #[error("a password has between 1 and 1024 bytes")]
    BadPassword,
    #[error("new accounts are not made here")]
    SignUpDisabled,
    #[error("there is no account of that name, and new ones are not made here")]
    NoAccount,
    #[error("nicknames without a password are not taken here: sign in with an account")]
    GuestsDisabled,
    #[error("the access key is unknown or has expired: sign in again")]
    UnknownKey,
    #[error("banned")]
    Banned(Ban),
    #[error("too many failed attempts: wait {} s", .0.as_secs().max(1))]
    TooManyAttempts(Duration),
    #[error("{0}")]
    Token(#[from] TokenError),
    #[error("too many people are signing in: try again in a moment")]
    Overloaded,
    #[error("the storage can't be reached: try again in a moment")]
    Unavailable,
}

impl From<redis::RedisError> for Refusal {
    fn from(error: redis::RedisError) -> Self {
        tracing::warn!(%error, "an account can't be looked up");
        Self::Unavailable
    }
}

/// The indices of a page, as Redis' ranges want them: both ends included, nothing for an empty page.
pub fn list_range(page: Page) -> (isize, isize) {
    let from = isize::try_from(page.offset).unwrap_or(isize::MAX);
    match page.limit() {
        // A range that ends at -1 would be all there is.
        0 => (1, 0),
        limit => (from, from.saturating_add(limit as isize - 1)),
    }
}
