//! Follows the audit log for what concerns users on the site, should the notice of it have been
//! lost: then their sessions look again whether they may be here.

use std::time::Duration;

use parlor_shared::{
    notice::{Notice, Order, Sessions},
    redis::Commands,
};
use redis::RedisResult;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tracing::warn;

use super::{
    audit::{Raw, read},
    site::concerns_the_site,
};

/// Entries read at once.
const PAGE_ENTRIES: usize = 500;

/// The watch. [`Watch::run`] is its life.
#[derive(Debug)]
pub struct Watch {
    commands: Commands,
    every: Duration,
    orders: mpsc::Sender<Notice>,
    /// The last entry seen; `None` until the log was looked at.
    last: Option<String>,
}

impl Watch {
    /// `orders`: where notices for this gateway's own sessions go.
    pub fn new(commands: Commands, every: Duration, orders: mpsc::Sender<Notice>) -> Self {
        Self {
            commands,
            every,
            orders,
            last: None,
        }
    }

    /// Works until the gateway drops it.
    pub async fn run(mut self) {
        let mut looks = interval(self.every);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            if let Err(error) = self.look().await {
                warn!(%error, "the audit log can't be followed yet");
            }
        }
    }

    async fn look(&mut self) -> RedisResult<()> {
        let Some(last) = &mut self.last else {
            // Sessions that come from here on find what was decided before.
            self.last = Some(self.newest().await?);
            return Ok(());
        };
        loop {
            let found: Vec<Raw> = redis::cmd("XRANGE")
                .arg(self.commands.keyspace().audit_log())
                .arg(format!("({last}"))
                .arg("+")
                .arg("COUNT")
                .arg(PAGE_ENTRIES)
                .query_async(&mut self.commands)
                .await?;
            for raw in &found {
                last.clone_from(&raw.0);
                if let Some(entry) = read(raw)
                    && concerns_the_site(&entry.action)
                    && let Some(user) = entry.user_uuid
                {
                    let notice = Notice::order(user, Sessions::All, Order::Verify, None);
                    let _ = self.orders.send(notice).await;
                }
            }
            if found.len() < PAGE_ENTRIES {
                return Ok(());
            }
        }
    }

    async fn newest(&mut self) -> RedisResult<String> {
        let newest: Vec<Raw> = redis::cmd("XREVRANGE")
            .arg(self.commands.keyspace().audit_log())
            .arg("+")
            .arg("-")
            .arg("COUNT")
            .arg(1)
            .query_async(&mut self.commands)
            .await?;
        Ok(newest
            .into_iter()
            .next()
            .map_or_else(|| "0-0".to_owned(), |(id, _)| id))
    }
}
