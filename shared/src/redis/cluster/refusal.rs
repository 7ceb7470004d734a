//! What a node of a cluster says instead of running a command. Pure.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::slots::redirection;
use crate::config::Address;

/// Why a command was not run. It certainly was not: it may be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The slot is another node's (`MOVED`).
    Moved(u16, Address),
    /// The slot is on its way to another node, and the key is there already (`ASK`).
    Ask(Address),
    /// Nobody can run it just now: some of the keys are on their way (`TRYAGAIN`), the node starts
    /// (`LOADING`), is a replica (`READONLY`, `MASTERDOWN`), or misses the majority (`CLUSTERDOWN`).
    Wait,
    /// The node does not know the script (`NOSCRIPT`).
    NotLoaded,
}

impl Refusal {
    /// Reads an error that the node at `asked` gave; `None` if it is no refusal of this kind.
    pub fn of(error: &RedisError, asked: &Address) -> Option<Self> {
        if error.kind() == ErrorKind::Server(ServerErrorKind::ExecAbort) {
            // The first command that was refused says why the transaction was.
            let inner = error.clone().into_server_errors()?;
            return inner
                .iter()
                .find_map(|(_, error)| Self::of(&RedisError::from(error.clone()), asked));
        }
        let ErrorKind::Server(kind) = error.kind() else {
            return None;
        };
        match kind {
            ServerErrorKind::Moved => {
                let (address, slot) = error.redirect_node()?;
                Some(Self::Moved(slot, redirection(address, asked)?))
            }
            ServerErrorKind::Ask => {
                let (address, _) = error.redirect_node()?;
                Some(Self::Ask(redirection(address, asked)?))
            }
            ServerErrorKind::NoScript => Some(Self::NotLoaded),
            kind => is_for_later(kind).then_some(Self::Wait),
        }
    }
}

/// Whether the same node, or the one that takes over from it, will run the command later.
fn is_for_later(kind: ServerErrorKind) -> bool {
    matches!(
        kind,
        ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::BusyLoading
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ReadOnly
    )
}

/// Whether a command was refused because of where it was sent or when: it was not run, and may be
/// sent again.
pub fn was_not_run(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::Ask) => true,
        ErrorKind::Server(kind) => is_for_later(kind),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<Refusal> {
        let asked = Address {
            host: "me".to_owned(),
            port: 1,
        };
        let value = redis::parse_redis_value(text.as_bytes()).expect("a reply");
        let error = value.extract_error().expect_err("an error");
        Refusal::of(&error, &asked)
    }

    #[test]
    fn refusals_are_told_from_errors() {
        let there = Address {
            host: "10.0.0.1".to_owned(),
            port: 7_000,
        };
        assert_eq!(
            refusal("-MOVED 42 10.0.0.1:7000\r\n"),
            Some(Refusal::Moved(42, there.clone()))
        );
        assert_eq!(
            refusal("-ASK 42 10.0.0.1:7000\r\n"),
            Some(Refusal::Ask(there))
        );
        assert_eq!(refusal("-NOSCRIPT none\r\n"), Some(Refusal::NotLoaded));
        for wait in [
            "TRYAGAIN",
            "CLUSTERDOWN",
            "LOADING",
            "MASTERDOWN",
            "READONLY",
        ] {
            assert_eq!(refusal(&format!("-{wait} x\r\n")), Some(Refusal::Wait));
        }
        assert_eq!(refusal("-WRONGTYPE x\r\n"), None);
        assert_eq!(refusal("-CROSSSLOT x\r\n"), None);
    }
}
