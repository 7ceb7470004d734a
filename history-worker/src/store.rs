//! Looks how Redis itself is: its memory, its one busy thread, and whether its disk takes what it
//! writes. It is what most often sets the limit of a whole installation.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parlor_shared::redis::Commands;
use prometheus::Counter;
use redis::RedisResult;

use crate::{metrics::Metrics, watch::Watch};

/// Several times within a usual interval of scrapes, and nothing that Redis notices.
const INTERVAL: Duration = Duration::from_secs(5);

pub(crate) struct Store {
    pub(crate) commands: Commands,
    pub(crate) metrics: Arc<Metrics>,
}

impl Watch for Store {
    const INTERVAL: Duration = INTERVAL;
    const FAILURE: &'static str = "Redis does not tell how it is";

    fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    async fn look(&mut self) -> RedisResult<()> {
        let facts: String = redis::cmd("INFO")
            .arg(&["memory", "cpu", "stats", "persistence"])
            .query_async(&mut self.commands)
            .await?;
        self.tell(&Facts::read(&facts));
        Ok(())
    }
}

impl Store {
    /// What Redis does not say keeps its last value.
    fn tell(&self, facts: &Facts) {
        let metrics = &self.metrics;
        if let Some(bytes) = facts.number("used_memory") {
            metrics.redis_memory_used.set(bytes);
        }
        if let Some(bytes) = facts.memory_limit() {
            metrics.redis_memory_limit.set(bytes);
        }
        if let Some(seconds) = facts.main_thread_seconds() {
            advance(&metrics.redis_main_thread_seconds, seconds);
        }
        if let Some(keys) = facts.number("evicted_keys") {
            advance(&metrics.redis_evicted_keys, keys);
        }
        metrics
            .redis_persistence_ok
            .set(i64::from(facts.persistence_is_well()));
    }
}

/// Follows a counter of Redis', which begins anew when Redis does.
fn advance(counter: &Counter, to: f64) {
    if to < counter.get() {
        counter.reset();
    }
    counter.inc_by(to - counter.get());
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
    fn a_counter_follows_and_begins_anew_when_redis_does() {
        let counter = Counter::new("a", "b").expect("valid");
        for to in [5.0, 5.0, 7.5, 2.0] {
            advance(&counter, to);
            assert!((counter.get() - to).abs() < 1e-9);
        }
    }
}
