//! The Lua scripts. Each `.lua` file says what it does, what it takes and what it gives. A script of
//! several files begins with functions that it shares with others.

use std::sync::LazyLock;

use redis::{RedisError, ServerErrorKind, aio::ConnectionLike};

pub use redis::Script;

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident $($file:literal)+),* $(,)?) => {
        $(
            $(#[$doc])*
            pub static $name: LazyLock<Script> = LazyLock::new(|| {
                Script::new(concat!($(include_str!(concat!("lua/", $file, ".lua"))),+))
            });
        )*

        /// Loads every script, so that `EVALSHA` finds them from the start.
        ///
        /// # Errors
        /// When Redis can't be reached or refuses a script.
        pub async fn load_all(connection: &mut impl ConnectionLike) -> redis::RedisResult<()> {
            $( $name.load_async(connection).await?; )*
            Ok(())
        }
    };
}

scripts! {
    PUBLISH "number" "publish",
    CHANGE "number" "change",
    TALLY "number" "tally",
    JOIN "join",
    RENEW "renew",
    WITNESS "witness",
    LEAVE "leave",
    PRESENCE "presence",
    OCCUPANCY "occupancy",
    STAMP "stamp",
    CONDEMN "condemn",
    LEASE_TAKE "lease_take",
    DELETE_IF_EQUAL "delete_if_equal",
    REPLACE_IF_EQUAL "replace_if_equal",
    PERSIST "forget" "persist",
    HISTORY "history",
    ENTRIES "entries",
    TRIM "forget" "trim",
    PHOTO_ATTACH "photo_attach",
    PHOTO_DISCARD "photo_discard",
    PHOTOS_CLAIM "photos_claim",
}

/// Whether Redis does not know the script: it restarted or its scripts were flushed.
pub fn is_not_loaded(error: &RedisError) -> bool {
    error.kind() == redis::ErrorKind::Server(ServerErrorKind::NoScript)
}
