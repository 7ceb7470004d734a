//! CPU time and memory of processes, from `/proc`.

use std::{fs, time::Duration};

use anyhow::Context as _;

/// Whose CPU is counted.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    pub gateways: Vec<u32>,
    pub redis: Vec<u32>,
    pub workers: Vec<u32>,
}

/// CPU time of those watched, and of the tool itself.
#[derive(Clone, Copy, Debug)]
pub struct Cpu {
    pub gateways: Duration,
    /// What of it was in kernel mode.
    pub gateways_kernel: Duration,
    pub redis: Duration,
    pub workers: Duration,
    pub own: Duration,
}

impl Watched {
    /// CPU time used so far.
    pub fn cpu(&self) -> anyhow::Result<Cpu> {
        let gateways = cpu_time_of(&self.gateways)?;
        Ok(Cpu {
            gateways: gateways.all(),
            gateways_kernel: gateways.kernel,
            redis: cpu_time_of(&self.redis)?.all(),
            workers: cpu_time_of(&self.workers)?.all(),
            own: cpu_time(std::process::id())?.all(),
        })
    }
}

impl Cpu {
    /// What was used from then to now.
    pub fn since(self, before: Self) -> Self {
        Self {
            gateways: self.gateways.saturating_sub(before.gateways),
            gateways_kernel: self.gateways_kernel.saturating_sub(before.gateways_kernel),
            redis: self.redis.saturating_sub(before.redis),
            workers: self.workers.saturating_sub(before.workers),
            own: self.own.saturating_sub(before.own),
        }
    }
}

/// CPU time in each mode.
#[derive(Clone, Copy, Debug, Default)]
struct Time {
    user: Duration,
    kernel: Duration,
}

impl Time {
    fn all(self) -> Duration {
        self.user + self.kernel
    }
}

/// CPU time that a process has used so far, by all its threads.
fn cpu_time(pid: u32) -> anyhow::Result<Time> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("{path} can't be read"))?;
    let (user, kernel) =
        ticks(&stat).with_context(|| format!("{path} is not as proc(5) describes it"))?;
    let per_second = rustix::param::clock_ticks_per_second();
    let time = |ticks: u64| Duration::from_secs_f64(ticks as f64 / per_second as f64);
    Ok(Time {
        user: time(user),
        kernel: time(kernel),
    })
}

/// CPU time of several processes together.
fn cpu_time_of(pids: &[u32]) -> anyhow::Result<Time> {
    pids.iter().try_fold(Time::default(), |sum, pid| {
        let time = cpu_time(*pid)?;
        Ok(Time {
            user: sum.user + time.user,
            kernel: sum.kernel + time.kernel,
        })
    })
}

/// Fields 14 and 15 of `/proc/PID/stat`, user and kernel; the second field, a name, may hold anything.
fn ticks(stat: &str) -> Option<(u64, u64)> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user = fields.next()?.parse().ok()?;
    let kernel = fields.next()?.parse().ok()?;
    Some((user, kernel))
}

/// Resident memory in KiB.
pub fn resident_kib(pid: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("{path} can't be read"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok())
        .with_context(|| format!("{path} has no VmRSS"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_spaces_and_brackets_don_t_shift_fields() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 5000 0 0 0 123 77 0 0 20 0 3 0";
        assert_eq!(ticks(stat), Some((123, 77)));
        assert_eq!(ticks("nonsense"), None);
    }

    #[test]
    fn this_process_is_measured() {
        let pid = std::process::id();
        assert!(resident_kib(pid).expect("it runs") > 100);
        cpu_time_of(&[pid, pid]).expect("it runs");
        assert!(cpu_time(u32::MAX).is_err());
    }
}
