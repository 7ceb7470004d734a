//! The connection to one server that many share, replaced when it answers nobody any more.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures_util::FutureExt as _;
use redis::{
    Client, Cmd, Pipeline, RedisFuture, RedisResult, Value,
    aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig},
};
use tracing::warn;

/// The connection that many share: it pipelines their commands and reconnects by itself. A command
/// during an outage fails within [`super::connect::RESPONSE_TIMEOUT`]. Cheap to clone.
///
/// The library reconnects when a connection breaks. One that the network has forgotten does not
/// break: what is written to it vanishes, and for as long as it is kept, every command times out.
/// So the first command that does has the connection replaced by a new one, which is made with the
/// next command.
#[derive(Clone)]
pub struct Node {
    shared: Arc<Shared>,
}

struct Shared {
    config: ConnectionManagerConfig,
    current: Mutex<Current>,
}

#[derive(Clone)]
struct Current {
    /// Which connection it is: of those that wait for one, the first replaces it.
    number: u64,
    client: Client,
    manager: ConnectionManager,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Node")
    }
}

impl Node {
    /// Connects.
    ///
    /// # Errors
    /// When Redis can't be reached.
    pub(super) async fn connect(
        client: Client,
        config: ConnectionManagerConfig,
    ) -> RedisResult<Self> {
        let manager = ConnectionManager::new_with_config(client.clone(), config.clone()).await?;
        Ok(Self::new(client, config, manager))
    }

    /// Connects with the first command.
    ///
    /// # Errors
    /// When the settings don't go together.
    pub(super) fn lazy(client: Client, config: ConnectionManagerConfig) -> RedisResult<Self> {
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), config.clone())?;
        Ok(Self::new(client, config, manager))
    }

    fn new(client: Client, config: ConnectionManagerConfig, manager: ConnectionManager) -> Self {
        let current = Mutex::new(Current {
            number: 0,
            client,
            manager,
        });
        let shared = Arc::new(Shared { config, current });
        Self { shared }
    }

    /// Goes to another server from here on.
    pub(super) fn lead_to(&self, client: Client) {
        let current = self.shared.current.lock();
        let mut current = current.unwrap_or_else(PoisonError::into_inner);
        if current.client.get_connection_info().addr() != client.get_connection_info().addr() {
            current.replace(client, &self.shared.config);
        }
    }

    pub(super) fn downgrade(&self) -> WeakNode {
        WeakNode(Arc::downgrade(&self.shared))
    }

    fn current(&self) -> Current {
        let current = self.shared.current.lock();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has a connection replaced that did not answer in time.
    fn judge<T>(&self, number: u64, outcome: &RedisResult<T>) {
        if !outcome.as_ref().is_err_and(redis::RedisError::is_timeout) {
            return;
        }
        let current = self.shared.current.lock();
        let mut current = current.unwrap_or_else(PoisonError::into_inner);
        if current.number != number {
            return;
        }
        warn!("a connection to Redis does not answer and is replaced");
        let client = current.client.clone();
        current.replace(client, &self.shared.config);
    }
}

impl Current {
    fn replace(&mut self, client: Client, config: &ConnectionManagerConfig) {
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), config.clone());
        if let Ok(manager) = manager {
            *self = Self {
                number: self.number + 1,
                client,
                manager,
            };
        }
    }
}

/// Does not keep a connection that nobody uses any more.
pub(super) struct WeakNode(Weak<Shared>);

impl WeakNode {
    pub(super) fn upgrade(&self) -> Option<Node> {
        let shared = self.0.upgrade()?;
        Some(Node { shared })
    }
}

impl ConnectionLike for Node {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        async move {
            let Current {
                number,
                mut manager,
                ..
            } = self.current();
            let outcome = manager.req_packed_command(command).await;
            self.judge(number, &outcome);
            outcome
        }
        .boxed()
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        async move {
            let Current {
                number,
                mut manager,
                ..
            } = self.current();
            let outcome = manager.req_packed_commands(pipeline, offset, count).await;
            self.judge(number, &outcome);
            outcome
        }
        .boxed()
    }

    fn get_db(&self) -> i64 {
        self.current().manager.get_db()
    }
}
