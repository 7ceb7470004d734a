//! The house reads like its plan: who imports whom, where Redis is spoken to, how long files grow.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// A file that grows beyond this is two files. Tables and tests of one thing may be longer; those
/// are named in [`LONG_FILES`] with their reason.
const FILE_LINES: usize = 400;

/// Files that are long for a reason.
const LONG_FILES: &[(&str, &str)] = &[
    (
        "gateway/src/rooms/room.rs",
        "the whole contract of order, which is read as one",
    ),
    (
        "shared/src/protocol/client.rs",
        "all requests and how they are read, in one place",
    ),
    (
        "shared/src/protocol/server.rs",
        "all frames and how they are written, in one place",
    ),
];

/// Within the gateway, a module's files may `use crate::` these modules only.
const GATEWAY_IMPORTS: &[(&str, &[&str])] = &[
    ("session", &["session", "accounts", "tokens"]),
    ("websocket", &["websocket"]),
    ("outbox", &["websocket"]),
    ("accounts", &["accounts", "tokens"]),
    ("tokens", &["tokens"]),
    ("metrics", &[]),
    ("user_limits", &["session"]),
    ("bus", &["bus", "metrics"]),
    ("rooms", &["rooms", "bus", "metrics", "outbox", "websocket"]),
    (
        "connection",
        &[
            "connection",
            "session",
            "rooms",
            "bus",
            "outbox",
            "websocket",
            "accounts",
            "metrics",
            "user_limits",
            "tokens",
            "moderation",
            "photos",
        ],
    ),
    (
        "api",
        &[
            "api",
            "connection",
            "session",
            "bus",
            "accounts",
            "tokens",
            "moderation",
        ],
    ),
    // Beside connections, which use it, and the HTTP API and the operator's command, which do too.
    ("moderation", &["moderation", "accounts", "bus"]),
    // A program of its own: wired like the gateway, of two of its parts.
    ("admin", &["accounts", "app", "moderation"]),
    // The same, of no part.
    ("keys", &[]),
    ("photos", &["photos", "user_limits"]),
    (
        "http",
        &["http", "api", "connection", "websocket", "photos"],
    ),
];

/// What pure code knows nothing of.
const IMPURE: &[&str] = &[
    "tokio",
    " redis::",
    "axum",
    "hyper",
    "TcpStream",
    "std::fs",
    "SystemTime",
];
/// Where decisions are made.
const PURE: &[&str] = &[
    "gateway/src/session",
    "gateway/src/websocket",
    "gateway/src/bus/witness.rs",
    "gateway/src/bus/typing/throttle.rs",
    "gateway/src/connection/pages.rs",
    "gateway/src/photos/picture.rs",
    "gateway/src/rooms/room.rs",
    "gateway/src/rooms/room/catching_up.rs",
    "gateway/src/rooms/frames.rs",
    "gateway/src/rooms/ring.rs",
    "gateway/src/rooms/view.rs",
    "shared/src/protocol",
    "shared/src/event.rs",
    "shared/src/id.rs",
    "shared/src/keyspace.rs",
    "shared/src/keyspace",
    "shared/src/cursor.rs",
];

/// Where Redis is spoken to.
const REDIS_FOLDERS: &[&str] = &[
    "shared/src/redis",
    "shared/testkit",
    "gateway/src/accounts",
    "gateway/src/api",
    "gateway/src/bus",
    "gateway/src/connection",
    "gateway/src/moderation",
    "gateway/src/photos/records.rs",
    "history-worker/src",
    "presence-worker/src",
    "gateway/bench",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("shared lies in the workspace")
        .to_owned()
}

/// The workspace's Rust sources by their path from the root, without generated and tested code.
fn sources() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let root = root();
    let mut folders: Vec<PathBuf> = ["shared", "gateway", "history-worker", "presence-worker"]
        .iter()
        .map(|member| root.join(member))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the workspace") {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if path.is_dir() {
                if !matches!(name, "target" | "node_modules" | "web") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(&root).expect("below the root");
                let text = fs::read_to_string(&path).expect("a source file");
                found.insert(relative.to_string_lossy().into_owned(), text);
            }
        }
    }
    assert!(found.len() > 50, "the sources were not found");
    found
}

/// A file's code up to its tests, without comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .filter(|line| !line.trim_start().starts_with("//"))
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

fn is_below(path: &str, place: &str) -> bool {
    path == place || path.starts_with(&format!("{place}/"))
}

#[test]
fn modules_of_the_gateway_import_only_what_stands_below_them() {
    for (path, text) in sources() {
        let Some(inside) = path.strip_prefix("gateway/src/") else {
            continue;
        };
        let module = inside
            .split('/')
            .next()
            .unwrap_or_default()
            .trim_end_matches(".rs");
        let Some((_, allowed)) = GATEWAY_IMPORTS.iter().find(|(name, _)| *name == module) else {
            assert!(
                matches!(module, "app" | "lib" | "main"),
                "{path}: add {module} to the table"
            );
            continue;
        };
        let code: String = code(&text).collect::<Vec<_>>().join("\n");
        for (at, _) in code.match_indices("crate::") {
            let rest = &code[at + "crate::".len()..];
            if let Some(group) = rest.strip_prefix('{') {
                let mut depth = 1;
                let group: String = group
                    .chars()
                    .take_while(|character| {
                        depth += match character {
                            '{' => 1,
                            '}' => -1,
                            _ => 0,
                        };
                        depth > 0
                    })
                    .collect();
                for import in top_level(&group) {
                    assert!(
                        allowed.contains(&import.as_str()),
                        "{path} imports crate::{import}"
                    );
                }
            } else {
                let import = first_word(rest);
                assert!(allowed.contains(&import), "{path} imports crate::{import}");
            }
        }
    }
}

/// The first words of a `use` group's items: `a::b, c::{d, e}` gives `a` and `c`.
fn top_level(group: &str) -> Vec<String> {
    let (mut items, mut depth) = (vec![String::new()], 0);
    for character in group.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(String::new()),
            _ => {}
        }
        if depth == 0 && character != ',' {
            items.last_mut().expect("never empty").push(character);
        }
    }
    items
        .iter()
        .map(|item| first_word(item.trim()).to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

fn first_word(text: &str) -> &str {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    &text[..end]
}

#[test]
fn workers_know_neither_the_gateway_nor_each_other() {
    for (path, text) in sources() {
        let forbidden: &[&str] = if is_below(&path, "history-worker") {
            &["parlor_gateway", "parlor_presence_worker"]
        } else if is_below(&path, "presence-worker") {
            &["parlor_gateway", "parlor_history_worker"]
        } else if is_below(&path, "shared/src") {
            &[
                "parlor_gateway",
                "parlor_history_worker",
                "parlor_presence_worker",
            ]
        } else {
            continue;
        };
        let code: String = code(&text).collect::<Vec<_>>().join(
            "
",
        );
        for name in forbidden {
            assert!(!code.contains(&format!("{name}::")), "{path} knows {name}");
        }
    }
}

#[test]
fn what_decides_does_no_io() {
    for (path, text) in sources() {
        if is_test(&path) || !PURE.iter().any(|place| is_below(&path, place)) {
            continue;
        }
        for line in code(&text) {
            for word in IMPURE {
                assert!(!line.contains(word), "{path} is pure but says: {line}");
            }
        }
    }
}

#[test]
fn redis_is_spoken_to_in_few_places() {
    for (path, text) in sources() {
        if is_test(&path) || REDIS_FOLDERS.iter().any(|place| is_below(&path, place)) {
            continue;
        }
        for line in code(&text) {
            let speaks = line.contains("redis::cmd")
                || line.contains("redis::pipe")
                || line.contains("use redis::")
                || line.contains("invoke_async");
            assert!(!speaks, "{path} speaks to Redis: {line}");
        }
    }
}

#[test]
fn keys_are_built_in_one_module() {
    let names = [
        "userAccount:",
        "userStatus:",
        "userSession:",
        "userSessions:",
        "gatewaySessions:",
        "channelMeta:",
        "channelUsers:",
        "channelMessages:",
        "channelSessions:",
        "era:",
        "historyLease:",
        "presenceLease:",
        "usersUsernameListIndex:",
        "usersUUIDListIndex:",
        "access_key:",
        "readCursors:",
        "mentions:",
        "signIns:",
        "sessionSignIns:",
        "channelChanges:",
        "typingTold:",
        "usersByName",
        "photo:",
        "photosDue",
        "photoKey",
    ];
    for (path, text) in sources() {
        if path.starts_with("shared/src/keyspace") || is_test(&path) {
            continue;
        }
        for line in code(&text) {
            for name in names {
                assert!(
                    !line.contains(&format!("\"{name}")),
                    "{path} builds a key: {line}"
                );
            }
        }
    }
}

#[test]
fn files_stay_short() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        if is_test(&path) || LONG_FILES.iter().any(|(long, _)| *long == path) {
            continue;
        }
        // A file's own tests stand below it and count less.
        let code_lines = text
            .lines()
            .take_while(|line| !line.starts_with("#[cfg(test)]"))
            .count();
        assert!(
            code_lines <= FILE_LINES,
            "{path} has grown to {code_lines} lines ({lines} with tests)"
        );
    }
    for (path, _) in LONG_FILES {
        assert!(
            sources().contains_key(*path),
            "{path} is listed as long and is not there"
        );
    }
    for program in ["gateway", "history-worker", "presence-worker"] {
        let main = &sources()[&format!("{program}/src/main.rs")];
        assert!(
            main.lines().count() < 100,
            "{program}'s start-up story is longer than a screen"
        );
    }
}

#[test]
fn scripts_say_what_they_do() {
    let folder = root().join("shared/src/redis/lua");
    for entry in fs::read_dir(folder).expect("the scripts") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a script");
        assert!(
            text.starts_with("-- "),
            "{} begins with what it does",
            path.display()
        );
        assert!(
            text.contains("-- KEYS") && text.contains("-- ARGV"),
            "{}",
            path.display()
        );
        assert!(
            !text.contains("'KEYS',"),
            "{} walks all keys",
            path.display()
        );
    }
}
