//! Looks how Redis itself is: its memory, its one busy thread, and whether its disk takes what it
//! writes. It is what most often sets the limit of a whole installation. Of a cluster the master that
//! is worst off counts: the first that is full or busy is what people notice.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parlor_shared::redis::Commands;
use redis::RedisResult;

use crate::{metrics::Metrics, watch::Watch};

/// Several times within a usual interval of scrapes, and nothing that Redis notices.
const INTERVAL: Duration = Duration::from_secs(5);

pub(crate) struct Store {
    pub(crate) commands: Commands,
    pub(crate) metrics: Arc<Metrics>,
    /// What each server had counted when it was looked at last, by its `run_id`.
    pub(crate) counted: Option<HashMap<String, Counted>>,
}

/// What a server counts from its start on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counted {
    /// CPU time of the main thread, in seconds.
    busy: f64,
    evicted_keys: f64,
}

impl Watch for Store {
    const INTERVAL: Duration = INTERVAL;
    const FAILURE: &'static str = "Redis does not tell how it is";

    fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    async fn look(&mut self) -> RedisResult<()> {
        let mut said: Vec<String> = Vec::new();
        for mut server in self.commands.each()? {
            let mut ask = redis::cmd("INFO");
            ask.arg(&["server", "memory", "cpu", "stats", "persistence"]);
            said.push(ask.query_async(&mut server).await?);
        }
        let servers: Vec<Facts<'_>> = said.iter().map(|text| Facts::read(text)).collect();
        self.tell(&servers);
        Ok(())
    }
}

impl Store {
    /// What Redis does not say keeps its last value.
    fn tell(&mut self, servers: &[Facts<'_>]) {
        let metrics = &self.metrics;
        if let Some((used, limit)) = fullest(servers) {
            metrics.redis_memory_used.set(used);
            metrics.redis_memory_limit.set(limit);
        }
        let counted = servers.iter().map(Facts::counted).collect();
        let grown = grown(self.counted.as_ref(), &counted);
        metrics.redis_main_thread_seconds.inc_by(grown.busy);
        metrics.redis_evicted_keys.inc_by(grown.evicted_keys);
        self.counted = Some(counted);
        let well = servers.iter().all(Facts::persistence_is_well);
        metrics.redis_persistence_ok.set(i64::from(well));
    }
}

/// Used and most memory of the server that is nearest to its limit.
fn fullest(servers: &[Facts<'_>]) -> Option<(f64, f64)> {
    let memory = |facts: &Facts<'_>| Some((facts.number("used_memory")?, facts.memory_limit()?));
    let share = |(used, limit): &(f64, f64)| used / limit;
    let all = servers.iter().filter_map(memory);
    all.max_by(|one, other| share(one).total_cmp(&share(other)))
}

/// What came since the last look: the time of the busiest server, and the keys of all. The first look
/// counts from the servers' start; one that is new later begins with nothing.
fn grown(before: Option<&HashMap<String, Counted>>, now: &HashMap<String, Counted>) -> Counted {
    let since = |(server, now): (&String, &Counted)| {
        let start = Counted::default();
        let from = before.map_or(&start, |before| before.get(server).unwrap_or(now));
        Counted {
            busy: (now.busy - from.busy).max(0.0),
            evicted_keys: (now.evicted_keys - from.evicted_keys).max(0.0),
        }
    };
    let all = now.iter().map(since);
    all.fold(Counted::default(), |sum, server| Counted {
        busy: sum.busy.max(server.busy),
        evicted_keys: sum.evicted_keys + server.evicted_keys,
    })
}

/// The answer to `INFO`: `name:value` a line.
struct Facts<'a>(HashMap<&'a str, &'a str>);

impl<'a> Facts<'a> {
    fn read(text: &'a str) -> Self {
        Self(
            text.lines()
                .filter_map(|line| line.trim().split_once(':'))
                .collect(),
        )
    }

    /// By the server's name for its run.
    fn counted(&self) -> (String, Counted) {
        let run = self.0.get("run_id").copied().unwrap_or_default();
        let counted = Counted {
            busy: self.main_thread_seconds().unwrap_or_default(),
            evicted_keys: self.number("evicted_keys").unwrap_or_default(),
        };
        (run.to_owned(), counted)
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.0.get(name)?.parse().ok()
    }

    /// `maxmemory`, or the machine's memory where there is none.
    fn memory_limit(&self) -> Option<f64> {
        self.number("maxmemory")
            .filter(|bytes| *bytes > 0.0)
            .or_else(|| self.number("total_system_memory"))
    }

    /// That of the thread that runs commands; of the whole process where Redis does not tell threads apart.
    fn main_thread_seconds(&self) -> Option<f64> {
        let sum = |user, system| Some(self.number(user)? + self.number(system)?);
        sum("used_cpu_user_main_thread", "used_cpu_sys_main_thread")
            .or_else(|| sum("used_cpu_user", "used_cpu_sys"))
    }

    /// Whether the last write of each kind succeeded; with the usual settings Redis refuses messages
    /// after one that did not.
    fn persistence_is_well(&self) -> bool {
        [
            "rdb_last_bgsave_status",
            "aof_last_write_status",
            "aof_last_bgrewrite_status",
        ]
        .iter()
        .all(|name| self.0.get(name).is_none_or(|status| *status == "ok"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_redis_says() {
        let facts = Facts::read(
            "# Memory\r\nused_memory:100\r\ntotal_system_memory:4000\r\nmaxmemory:200\r\n\
             # CPU\r\nused_cpu_user:9.5\r\nused_cpu_sys:9.5\r\n\
             used_cpu_user_main_thread:1.5\r\nused_cpu_sys_main_thread:0.25\r\n\
             rdb_last_bgsave_status:ok\r\naof_last_write_status:ok\r\n",
        );
        assert_eq!(facts.number("used_memory"), Some(100.0));
        assert_eq!(facts.memory_limit(), Some(200.0));
        assert_eq!(facts.main_thread_seconds(), Some(1.75));
        assert!(facts.persistence_is_well());
    }

    #[test]
    fn what_is_not_said_is_made_up_for_or_left_out() {
        let facts = Facts::read(
            "maxmemory:0\r\ntotal_system_memory:4000\r\nused_cpu_user:2\r\nused_cpu_sys:1\r\n\
             aof_last_write_status:err\r\n",
        );
        assert_eq!(facts.memory_limit(), Some(4000.0));
        assert_eq!(facts.main_thread_seconds(), Some(3.0));
        assert!(!facts.persistence_is_well());
        let nothing = Facts::read("");
        assert_eq!(nothing.memory_limit(), None);
        assert_eq!(nothing.main_thread_seconds(), None);
        assert!(nothing.persistence_is_well());
    }

    #[test]
    fn the_fullest_server_counts() {
        let servers = ["100:200", "100:1000", "150:200"].map(|it| {
            let (used, limit) = it.split_once(':').expect("two");
            format!("used_memory:{used}\r\nmaxmemory:{limit}\r\n")
        });
        let servers: Vec<Facts<'_>> = servers.iter().map(|it| Facts::read(it)).collect();
        assert_eq!(fullest(&servers), Some((150.0, 200.0)));
        assert_eq!(fullest(&[Facts::read("used_memory:1")]), None);
    }

    #[test]
    fn what_servers_count_goes_on_whatever_becomes_of_them() {
        let look = |servers: &[(&str, f64, f64)]| -> HashMap<String, Counted> {
            let counted = |busy, evicted_keys| Counted { busy, evicted_keys };
            let each = servers.iter();
            each.map(|&(run, busy, keys)| (run.to_owned(), counted(busy, keys)))
                .collect()
        };
        let first = look(&[("a", 5.0, 1.0), ("b", 3.0, 2.0)]);
        let grown_to = |before: Option<&HashMap<_, _>>, now| {
            let Counted { busy, evicted_keys } = grown(before, &now);
            (busy, evicted_keys)
        };
        assert_eq!(grown_to(None, first.clone()), (5.0, 3.0));
        // The busiest since, not of all time.
        let next = look(&[("a", 5.5, 1.0), ("b", 5.0, 4.0)]);
        assert_eq!(grown_to(Some(&first), next), (2.0, 2.0));
        // One was started anew, and one has joined.
        let next = look(&[("a2", 0.5, 0.0), ("b", 3.25, 2.0), ("c", 900.0, 9.0)]);
        assert_eq!(grown_to(Some(&first), next), (0.25, 0.0));
    }
}
