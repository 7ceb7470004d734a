//! The process's own metrics, read from `/proc` with each scrape.
//!
//! The names are those that Prometheus' client libraries agree on, so that common dashboards work.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge};

/// `USER_HZ`, in which the kernel tells CPU times; 100 on every architecture that Linux gives to
/// programs, whatever its internal clock.
const TICKS_PER_SECOND: f64 = 100.0;

const BYTES_PER_KIB: f64 = 1024.0;

#[derive(Clone)]
pub(super) struct ProcessCollector {
    cpu_seconds: Counter,
    start_time: Gauge,
    resident_bytes: Gauge,
    virtual_bytes: Gauge,
    threads: Gauge,
    open_fds: Gauge,
    max_fds: Gauge,
}

/// The fields of interest of `/proc/self/stat`.
#[derive(Debug, PartialEq)]
struct Stat {
    cpu_seconds: f64,
    /// Since the machine was started.
    started_seconds: f64,
}

/// The fields of interest of `/proc/self/status`.
#[derive(Debug, PartialEq)]
struct Status {
    resident_bytes: f64,
    virtual_bytes: f64,
    threads: f64,
}

impl ProcessCollector {
    pub(super) fn new() -> prometheus::Result<Self> {
        let collector = Self {
            cpu_seconds: Counter::new(
                "process_cpu_seconds_total",
                "User and system CPU time spent in seconds.",
            )?,
            start_time: Gauge::new(
                "process_start_time_seconds",
                "Start time of the process since the Unix epoch in seconds.",
            )?,
            resident_bytes: Gauge::new(
                "process_resident_memory_bytes",
                "Resident memory in bytes.",
            )?,
            virtual_bytes: Gauge::new("process_virtual_memory_bytes", "Virtual memory in bytes.")?,
            threads: Gauge::new("process_threads", "Threads of the process.")?,
            open_fds: Gauge::new("process_open_fds", "Open file descriptors.")?,
            max_fds: Gauge::new("process_max_fds", "Limit of open file descriptors.")?,
        };
        if let Some(start) = start_time() {
            collector.start_time.set(start);
        }
        Ok(collector)
    }

    /// What can't be read keeps its last value: a scrape never fails for it.
    fn refresh(&self) {
        if let Some(stat) = read("stat").as_deref().and_then(parse_stat) {
            // Scrapes may overlap; a counter must never be given a negative amount.
            let spent = stat.cpu_seconds - self.cpu_seconds.get();
            self.cpu_seconds.inc_by(spent.max(0.0));
        }
        if let Some(status) = read("status").as_deref().and_then(parse_status) {
            self.resident_bytes.set(status.resident_bytes);
            self.virtual_bytes.set(status.virtual_bytes);
            self.threads.set(status.threads);
        }
        if let Ok(entries) = fs::read_dir("/proc/self/fd") {
            // One of them is the listing itself.
            self.open_fds.set(entries.count().saturating_sub(1) as f64);
        }
        if let Some(limit) = read("limits").as_deref().and_then(parse_max_fds) {
            self.max_fds.set(limit);
        }
    }
}

impl Collector for ProcessCollector {
    fn desc(&self) -> Vec<&Desc> {
        let gauges = [
            &self.start_time,
            &self.resident_bytes,
            &self.virtual_bytes,
            &self.threads,
            &self.open_fds,
            &self.max_fds,
        ];
        let mut descriptions = self.cpu_seconds.desc();
        descriptions.extend(gauges.into_iter().flat_map(Collector::desc));
        descriptions
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.refresh();
        let mut families = self.cpu_seconds.collect();
        for gauge in [
            &self.start_time,
            &self.resident_bytes,
            &self.virtual_bytes,
            &self.threads,
            &self.open_fds,
            &self.max_fds,
        ] {
            families.extend(gauge.collect());
        }
        families
    }
}

fn read(file: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/self/{file}")).ok()
}

fn start_time() -> Option<f64> {
    let started = parse_stat(&read("stat")?)?.started_seconds;
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()?
        .as_secs_f64();
    Some(now - uptime + started)
}

/// See `proc_pid_stat(5)`: the name in the second field may hold spaces and brackets, so fields are
/// counted from its closing bracket.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    let (user, system, started) = (ticks(11)?, ticks(12)?, ticks(19)?);
    Some(Stat {
        cpu_seconds: (user + system) / TICKS_PER_SECOND,
        started_seconds: started / TICKS_PER_SECOND,
    })
}

fn parse_status(text: &str) -> Option<Status> {
    let value = |name: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    Some(Status {
        resident_bytes: value("VmRSS")? * BYTES_PER_KIB,
        virtual_bytes: value("VmSize")? * BYTES_PER_KIB,
        threads: value("Threads")?,
    })
}

fn parse_max_fds(text: &str) -> Option<f64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(f64::INFINITY),
        soft => soft.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_kernel_writes() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194304 1 2 3 4 150 50 0 0 20 0 3 0 1234 99 88 77";
        assert_eq!(
            parse_stat(stat),
            Some(Stat {
                cpu_seconds: 2.0,
                started_seconds: 12.34
            })
        );
        let status = "Name:\tx\nVmSize:\t   8 kB\nVmRSS:\t   4 kB\nThreads:\t3\n";
        let expected = Status {
            resident_bytes: 4096.0,
            virtual_bytes: 8192.0,
            threads: 3.0,
        };
        assert_eq!(parse_status(status), Some(expected));
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files   1024   4096   files\n";
        assert_eq!(parse_max_fds(limits), Some(1024.0));
        assert_eq!(parse_stat("garbage"), None);
        assert_eq!(parse_status(""), None);
    }

    #[test]
    fn this_process_has_plausible_values() {
        let collector = ProcessCollector::new().expect("valid names");
        assert_eq!(collector.collect().len(), collector.desc().len());
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970")
            .as_secs_f64();
        let age = now - collector.start_time.get();
        assert!((-1.0..86_400.0).contains(&age), "{age}");
        assert!(collector.resident_bytes.get() > 100_000.0);
        assert!(collector.threads.get() >= 1.0);
        assert!((3.0..=collector.max_fds.get()).contains(&collector.open_fds.get()));
    }
}
