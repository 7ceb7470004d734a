//! Children must not outlive a test run, not even one that is killed.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

/// Kills a process when this process dies in whatever way.
///
/// A shell reads from a pipe that only this process holds open. When this process is gone the kernel
/// closes the pipe, the read ends, and the shell kills its charge. Linux's parent-death signal would
/// need no shell, but it is tied to the thread that started the child, and test threads come and go.
#[derive(Debug)]
pub(crate) struct Guard(Child);

impl Guard {
    pub(crate) fn of(pid: u32) -> Self {
        let shell = Command::new("/bin/sh")
            .args(["-c", "read _; kill -9 \"$1\"", "guard", &pid.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of reach of a terminal's Ctrl-C, which is one of the deaths to outlive.
            .process_group(0)
            .spawn()
            .expect("/bin/sh starts");
        Self(shell)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Killed before the pipe is closed: the charge's process id may soon be somebody else's.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::wait_until;

    #[tokio::test]
    async fn kills_its_charge_when_the_pipe_closes() {
        let mut charge = Command::new("sleep")
            .arg("1000")
            .spawn()
            .expect("sleep starts");
        let mut guard = Guard::of(charge.id());
        // What the kernel does when the holder of the pipe is gone.
        drop(guard.0.stdin.take());
        wait_until(
            Duration::from_secs(20),
            "the charge is killed",
            async || {
                charge
                    .try_wait()
                    .expect("a child can be waited for")
                    .is_some()
            },
        )
        .await;
    }

    #[test]
    fn leaves_its_charge_alone_when_dropped() {
        let mut charge = Command::new("sleep")
            .arg("1000")
            .spawn()
            .expect("sleep starts");
        drop(Guard::of(charge.id()));
        assert!(
            charge
                .try_wait()
                .expect("a child can be waited for")
                .is_none()
        );
        charge.kill().expect("it runs");
        charge.wait().expect("it was killed");
    }
}
