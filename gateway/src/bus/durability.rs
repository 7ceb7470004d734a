//! What a message has to have survived before it is acknowledged: nothing more than Redis' own
//! memory, copies on replicas (`WAIT`), or the disk (`WAITAOF`, Redis ≥ 7.2).

use std::time::Duration;

use anyhow::{Context as _, bail};
use parlor_shared::redis::Commands;
use redis::{Pipeline, RedisResult, Value};

/// What is asked of Redis behind every batch of messages.
#[derive(Clone, Copy, Debug)]
pub struct Durability {
    /// Replicas that have to have it.
    pub replicas: u64,
    /// Whether disks have to have it: that of the master and those of the replicas.
    pub fsync: bool,
    /// How long they may take.
    pub timeout: Duration,
}

impl Durability {
    /// Whether there is anything to wait for.
    pub fn waits(&self) -> bool {
        self.replicas > 0 || self.fsync
    }

    /// Adds the command that waits, behind those that it is about.
    pub fn add(&self, pipeline: &mut Pipeline) {
        let timeout_ms = self.timeout.as_millis() as u64;
        if self.fsync {
            let command = pipeline.cmd("WAITAOF").arg(1);
            command.arg(self.replicas).arg(timeout_ms);
        } else if self.replicas > 0 {
            pipeline.cmd("WAIT").arg(self.replicas).arg(timeout_ms);
        }
    }

    /// Whether its answer says that enough have it.
    pub fn is_confirmed(&self, answer: RedisResult<Value>) -> bool {
        let Ok(answer) = answer else { return false };
        if self.fsync {
            redis::from_redis_value::<(u64, u64)>(answer)
                .is_ok_and(|(own, replicas)| own >= 1 && replicas >= self.replicas)
        } else {
            redis::from_redis_value::<u64>(answer).is_ok_and(|count| count >= self.replicas)
        }
    }

    /// Refuses a Redis that can't do what is asked for.
    ///
    /// # Errors
    /// One sentence that says what to change.
    pub async fn check(&self, commands: &mut Commands) -> anyhow::Result<()> {
        if !self.fsync {
            return Ok(());
        }
        let known = parlor_shared::redis::knows(commands, "WAITAOF").await;
        if !known.context("Redis can't be asked for its commands")? {
            bail!("ACK_FSYNC needs Redis 7.2 or newer: upgrade Redis or switch ACK_FSYNC off.");
        }
        let facts: String = redis::cmd("INFO")
            .arg("persistence")
            .query_async(commands)
            .await
            .context("Redis can't be asked for its persistence")?;
        let fact = |name: &str| facts.lines().find_map(|line| line.strip_prefix(name));
        if fact("aof_enabled:").map(str::trim) != Some("1") {
            bail!("ACK_FSYNC needs an append-only file: set appendonly yes in Redis.");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(replicas: u64, fsync: bool) -> Durability {
        let timeout = Duration::from_secs(1);
        Durability {
            replicas,
            fsync,
            timeout,
        }
    }

    #[test]
    fn fewer_than_asked_for_is_no_confirmation() {
        assert!(asks(1, false).is_confirmed(Ok(Value::Int(2))));
        assert!(!asks(2, false).is_confirmed(Ok(Value::Int(1))));
        let both = |own, replicas| Ok(Value::Array(vec![Value::Int(own), Value::Int(replicas)]));
        assert!(asks(0, true).is_confirmed(both(1, 0)));
        assert!(!asks(0, true).is_confirmed(both(0, 0)));
        assert!(!asks(1, true).is_confirmed(both(1, 0)));
        assert!(!asks(1, true).is_confirmed(Ok(Value::Nil)));
        assert!(!asks(0, false).waits() && asks(0, true).waits());
    }

    #[test]
    fn the_disk_is_waited_for_together_with_replicas() {
        let mut pipeline = Pipeline::new();
        asks(2, true).add(&mut pipeline);
        let packed = String::from_utf8(pipeline.get_packed_pipeline()).expect("text");
        assert!(
            packed.contains("WAITAOF") && packed.contains("1000"),
            "{packed}"
        );
    }
}
