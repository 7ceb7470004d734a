//! How many connections this machine lets a process have.

use anyhow::{Context as _, bail};

/// Files besides connections: the program's own, the gateway's Redis connections and listeners.
const OTHER_FILES: u64 = 100;

/// Raises the limit of open files, which the programs started from here inherit, and refuses what
/// exceeds it. `connections` are those that one process, the tool or a gateway, holds at most.
pub fn make_room(connections: usize) -> anyhow::Result<()> {
    let needed = connections as u64 + OTHER_FILES;
    let limit =
        rlimit::increase_nofile_limit(u64::MAX).context("the limit of open files can't be read")?;
    if limit < needed {
        bail!(
            "{connections} connections need {needed} open files in one process, but the hard limit \
             here is {limit}: raise it (ulimit -Hn as root, or LimitNOFILE) or ask for fewer."
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_are_refused_in_a_sentence() {
        make_room(10).expect("few are no problem");
        let refused = make_room(usize::MAX / 2).expect_err("too many");
        assert!(refused.to_string().contains("but the hard limit here is"));
    }
}
