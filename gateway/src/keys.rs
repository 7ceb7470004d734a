//! `gateway keys …`: all that one Parlor has in Redis, counted, listed or removed. What others have
//! there stays.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, bail};
use parlor_shared::{
    config::{KeysAction, KeysConfig, Settings as _},
    keyspace::{Family, Prefix},
    redis::{
        Commands, Redis,
        inventory::{self, Alive, Counts},
    },
};
use tokio::time::timeout;

/// How long Redis may take to be there: somebody waits at a shell.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// What confirms where there is no prefix to be named.
const NO_PREFIX: &str = "no-prefix";
/// Removed keys between two lines that say how far it is.
const TOLD_KEYS: u64 = 10_000;
/// Walks through the keys before it is said that they do not end. One finds all but what moves or is
/// written meanwhile.
const WALKS: usize = 5;

/// Does what the command line asks for and tells it: on the standard output with success, on the
/// standard error with failure and how far it is.
pub async fn run(config: KeysConfig) -> ExitCode {
    match perform(&config).await {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has enough, as `head` has.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

async fn perform(config: &KeysConfig) -> anyhow::Result<()> {
    let redis = Redis::at(&config.common().redis()?, config.common().keyspace())?;
    let Ok(mut commands) = timeout(CONNECT_TIMEOUT, redis.commands()).await else {
        bail!("Redis can't be reached: give its address as the gateways have it.");
    };
    let done = match config.action {
        KeysAction::Count => count(&commands).await,
        KeysAction::List => list(&commands).await,
        KeysAction::Remove => remove(&mut commands, config.confirm.as_deref()).await,
    };
    done.map_err(|error| match error.downcast_ref::<redis::RedisError>() {
        Some(cause) if cause.code() == Some("NOPERM") => error.context(
            "Redis does not let this user look at all keys: take one who may use SCAN, TYPE and UNLINK",
        ),
        _ => error,
    })
}

/// This Parlor, in a sentence.
fn parlor(prefix: &Prefix) -> String {
    if prefix.is_empty() {
        "the Parlor without a prefix".to_owned()
    } else {
        format!("the Parlor with the prefix {prefix}")
    }
}

async fn count(commands: &Commands) -> anyhow::Result<()> {
    let counts = inventory::count(commands).await?;
    writeln!(
        io::stdout(),
        "{}",
        table(commands.keyspace().prefix(), &counts)
    )?;
    Ok(())
}

fn table(prefix: &Prefix, counts: &Counts) -> String {
    let mut text = String::from("      KEYS  KIND");
    for (family, keys) in &counts.own {
        let _ = write!(text, "\n{keys:>10}  {}", family.title());
    }
    let _ = write!(
        text,
        "\n{:>10}  in all, of {}",
        counts.total(),
        parlor(prefix)
    );
    if counts.others > 0 {
        let _ = write!(text, "\n{}", left_alone(prefix, counts.others));
    }
    text
}

fn left_alone(prefix: &Prefix, others: u64) -> String {
    format!("{others:>10}  more begin with {prefix} and are not Parlor's: they are left alone")
}

async fn list(commands: &Commands) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout());
    let walking = inventory::walk(commands, async |own: &[(String, Family)], _| {
        for (name, _) in own {
            // What clients name may have anything in it, and a line is a key.
            if name.contains(char::is_control) {
                writeln!(out, "{}", name.escape_default())?;
            } else {
                writeln!(out, "{name}")?;
            }
        }
        anyhow::Ok(())
    });
    walking.await?;
    out.flush()?;
    Ok(())
}

async fn remove(commands: &mut Commands, confirm: Option<&str>) -> anyhow::Result<()> {
    let prefix = commands.keyspace().prefix().clone();
    let wanted = if prefix.is_empty() {
        NO_PREFIX
    } else {
        prefix.as_str()
    };
    let counts = inventory::count(commands).await?;
    let all = counts.total();
    if confirm != Some(wanted) {
        bail!(
            "This removes {all} keys for good, all messages and accounts of {}: say --confirm={wanted} if it is meant.",
            parlor(&prefix)
        );
    }
    refuse_alive(inventory::alive(commands).await?)?;
    let mut removed = 0;
    for _ in 0..WALKS {
        let mut told = removed;
        let found = inventory::remove(commands, |by_now| {
            if removed + by_now >= told + TOLD_KEYS {
                told = removed + by_now;
                eprintln!("{told} of {all} keys are removed");
            }
        });
        let found = found.await.with_context(|| {
            format!("Redis failed after {removed} keys or more were removed; run this again")
        })?;
        removed += found;
        if found == 0 {
            let mut out = io::stdout();
            writeln!(out, "{removed} keys of {} are removed.", parlor(&prefix))?;
            if counts.others > 0 {
                writeln!(out, "{}", left_alone(&prefix, counts.others))?;
            }
            return Ok(());
        }
    }
    bail!(
        "{removed} keys are removed and there are new ones: something still writes; stop all programs of {} and run this again.",
        parlor(&prefix)
    )
}

fn refuse_alive(alive: Alive) -> anyhow::Result<()> {
    let programs = [
        ("gateways", alive.gateways),
        ("history-workers", alive.history_workers),
        ("presence-workers", alive.presence_workers),
    ];
    let running: Vec<String> = programs
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{name}: {count}"))
        .collect();
    if !running.is_empty() {
        bail!(
            "Programs of this Parlor run ({}): stop them all and try again; one that was killed counts for 15 seconds.",
            running.join(", ")
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_by_kind() {
        let mut counts = Counts::default();
        counts.own.insert(Family::Users, 1);
        counts.own.insert(Family::UserAccount, 12);
        counts.own.insert(Family::GatewaysDead, 1);
        let told = table(&Prefix::default(), &counts);
        let wanted = "      KEYS  KIND
         1  {gateways}:dead
        12  userAccount
         1  users
        14  in all, of the Parlor without a prefix";
        assert_eq!(told, wanted);
        counts.others = 3;
        let told = table(&"a:".parse().expect("a prefix"), &counts);
        let end = "
        14  in all, of the Parlor with the prefix a:
         3  more begin with a: and are not Parlor's: they are left alone";
        assert!(told.ends_with(end), "{told}");
    }

    #[test]
    fn what_runs_is_named() {
        let alive = Alive {
            gateways: 2,
            presence_workers: 1,
            ..Alive::default()
        };
        let refused = refuse_alive(alive).unwrap_err().to_string();
        assert!(
            refused.contains("(gateways: 2, presence-workers: 1)"),
            "{refused}"
        );
        assert!(refuse_alive(Alive::default()).is_ok());
    }
}
