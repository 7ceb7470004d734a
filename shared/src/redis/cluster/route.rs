//! Where a command goes, and which commands may overtake one another. Pure.

use redis::{Arg, Cmd, Pipeline, Script};

use crate::{
    keyspace::slots::{hash_tag, slot},
    redis::scripts,
};

/// Where a command goes.
#[derive(Clone, Debug)]
pub enum Target {
    /// To the master of its keys.
    Slot(u16),
    /// To any master: it has no key.
    Any,
    /// To every master: a script is loaded, which has this hash on one server.
    Load(&'static str, &'static Script),
}

/// A command on its way.
#[derive(Debug)]
pub struct Routed<'a> {
    pub target: Target,
    original: &'a Cmd,
    /// The command as a cluster takes it, where that is another.
    rewritten: Option<Cmd>,
}

impl<'a> Routed<'a> {
    pub fn new(command: &'a Cmd) -> Self {
        let mut arguments = simple(command);
        let name = arguments.next().unwrap_or_default();
        let first = arguments.next();
        let (target, rewritten) = match name {
            b"EVALSHA" => {
                let sharded = first.and_then(scripts::sharded);
                let hash = sharded.map(|script| script.get_hash().as_bytes());
                let rewritten = hash
                    .filter(|hash| Some(*hash) != first)
                    .map(|hash| with(command, 1, hash));
                (key(command), rewritten)
            }
            b"PUBLISH" => (first, Some(with(command, 0, b"SPUBLISH"))),
            b"SCRIPT" => {
                let script = arguments.next().and_then(scripts::sharded_of_text);
                let target =
                    script.map_or(Target::Any, |(hash, script)| Target::Load(hash, script));
                return Self {
                    target,
                    original: command,
                    rewritten: None,
                };
            }
            _ => (key(command), None),
        };
        Self {
            target: target.map_or(Target::Any, |key| Target::Slot(slot(key))),
            original: command,
            rewritten,
        }
    }

    pub fn command(&self) -> &Cmd {
        self.rewritten.as_ref().unwrap_or(self.original)
    }

    pub fn slot(&self) -> Option<u16> {
        match self.target {
            Target::Slot(slot) => Some(slot),
            _ => None,
        }
    }

    /// The script that the command runs.
    pub fn script(&self) -> Option<&'static Script> {
        let mut arguments = simple(self.original);
        (arguments.next()? == b"EVALSHA")
            .then(|| arguments.next().and_then(scripts::sharded))
            .flatten()
    }
}

/// Whether a pipeline's commands may run in any order as long as those of one slot stay in theirs:
/// all are the same command on independent keys, or all only read what belongs to rooms.
pub fn is_unordered(pipeline: &Pipeline) -> bool {
    let mut commands = pipeline.cmd_iter();
    let Some(first) = commands.next() else {
        return true;
    };
    let name = name(first);
    if INDEPENDENT.contains(&name) && commands.all(|command| self::name(command) == name) {
        return true;
    }
    pipeline.cmd_iter().all(|command| {
        let tagged = key(command).is_none_or(|key| hash_tag(key).is_some());
        tagged && READS.contains(&self::name(command))
    })
}

/// Commands that Parlor sends in numbers, each about another user, session or room.
const INDEPENDENT: &[&[u8]] = &[
    b"EVALSHA", b"EXISTS", b"EXPIRE", b"GET", b"HGET", b"HLEN", b"HMGET", b"HVALS", b"PUBLISH",
    b"XREAD", b"ZADD", b"ZSCORE",
];

/// Commands that change nothing.
const READS: &[&[u8]] = &[
    b"EXISTS",
    b"GET",
    b"HEXISTS",
    b"HGET",
    b"HGETALL",
    b"HLEN",
    b"HMGET",
    b"LINDEX",
    b"LLEN",
    b"LRANGE",
    b"TIME",
    b"XINFO",
    b"XLEN",
    b"XPENDING",
    b"XRANGE",
    b"XREAD",
    b"ZCARD",
    b"ZCOUNT",
    b"ZRANGE",
    b"ZRANGEBYSCORE",
    b"ZSCORE",
];

/// Commands without a key.
const KEYLESS: &[&[u8]] = &[
    b"ASKING", b"CLIENT", b"CLUSTER", b"COMMAND", b"CONFIG", b"INFO", b"PING", b"ROLE", b"SCRIPT",
    b"TIME", b"WAIT", b"WAITAOF",
];

/// The first key of a command.
fn key(command: &Cmd) -> Option<&[u8]> {
    let mut arguments = simple(command);
    let name = arguments.next()?;
    match name {
        b"EVALSHA" | b"EVAL" => {
            let count = arguments.nth(1)?;
            (count != b"0").then(|| arguments.next()).flatten()
        }
        b"XREAD" | b"XREADGROUP" => {
            arguments.find(|argument| *argument == b"STREAMS")?;
            arguments.next()
        }
        b"XINFO" | b"XGROUP" | b"OBJECT" | b"MEMORY" => arguments.nth(1),
        name if KEYLESS.contains(&name) => None,
        _ => arguments.next(),
    }
}

fn name(command: &Cmd) -> &[u8] {
    simple(command).next().unwrap_or_default()
}

/// Parlor puts no cursors into commands but as plain arguments.
fn simple(command: &Cmd) -> impl Iterator<Item = &[u8]> {
    command.args_iter().map(|argument| match argument {
        Arg::Simple(bytes) => bytes,
        _ => b"0",
    })
}

/// The command with another argument in one place.
fn with(command: &Cmd, place: usize, argument: &[u8]) -> Cmd {
    let mut other = Cmd::new();
    for (at, own) in simple(command).enumerate() {
        other.arg(if at == place { argument } else { own });
    }
    other
}

#[cfg(test)]
mod tests {
    use redis::{cmd, pipe};

    use super::*;

    fn key_of(words: &str) -> Option<String> {
        let mut command = Cmd::new();
        for word in words.split(' ') {
            command.arg(word);
        }
        key(&command).map(|key| String::from_utf8_lossy(key).into_owned())
    }

    #[test]
    fn keys_are_found() {
        for (words, key) in [
            ("GET a", Some("a")),
            ("EVALSHA x 2 a b c", Some("a")),
            ("EVALSHA x 0 c", None),
            ("XREAD COUNT 1 STREAMS a 0", Some("a")),
            ("XREADGROUP GROUP g c COUNT 1 STREAMS a >", Some("a")),
            ("XINFO STREAM a", Some("a")),
            ("TIME", None),
            ("SCRIPT LOAD x", None),
        ] {
            assert_eq!(key_of(words).as_deref(), key, "{words}");
        }
    }

    #[test]
    fn publishing_goes_to_the_shard() {
        let mut command = cmd("PUBLISH");
        command.arg("{3}room").arg("text");
        let routed = Routed::new(&command);
        assert_eq!(routed.slot(), Some(slot(b"3")));
        assert_eq!(
            simple(routed.command()).next(),
            Some(b"SPUBLISH".as_slice())
        );
        let mut command = cmd("EVALSHA");
        let plain = scripts::TYPING.get_hash();
        command.arg(plain).arg(1).arg("{3}").arg("x");
        let routed = Routed::new(&command);
        let hash = simple(routed.command()).nth(1).unwrap();
        assert_ne!(hash, plain.as_bytes(), "it publishes");
        assert_eq!(hash, routed.script().unwrap().get_hash().as_bytes());
        let mut command = cmd("EVALSHA");
        command
            .arg(scripts::STAMP.get_hash())
            .arg(1)
            .arg("gateways");
        let routed = Routed::new(&command);
        assert!(routed.rewritten.is_none(), "it publishes nothing");
    }

    #[test]
    fn only_what_is_independent_is_split() {
        let mut asks = pipe();
        asks.hget("userAccount:1", "Role")
            .hget("userAccount:2", "Role");
        assert!(is_unordered(&asks));
        let mut rooms = pipe();
        rooms
            .hlen("channelUsers:{1}a")
            .hget("channelMeta:{2}b", "access");
        assert!(is_unordered(&rooms));
        let mut people = pipe();
        people.hgetall("signIns:1").hkeys("userSessions:1");
        assert!(!is_unordered(&people));
        let mut writes = pipe();
        writes.set("a", 1).set("b", 1);
        assert!(!is_unordered(&writes));
    }
}
