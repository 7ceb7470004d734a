//! A Redis Cluster: who serves which slot, and commands that find their way. See `README.md` in the
//! folder above for why this is not the library's own.

mod commands;
mod lines;
mod link;
mod refusal;
mod route;
mod slots;
mod subscriber;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, ErrorKind, RedisError, RedisResult, aio::MultiplexedConnection,
};
use tokio::time::timeout;
use tracing::{info, warn};

pub use commands::ClusterCommands;
pub use refusal::{Refusal, was_not_run};
pub use slots::Slots;
pub(super) use {lines::Lines, subscriber::subscriber};

use super::connect::{client_at, dedicated_config};
use crate::config::Address;

/// How long a node may take to tell who serves what; then another is asked.
const ASK_TIMEOUT: Duration = Duration::from_secs(1);

/// The handle. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cluster {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// How each node is spoken to: all but its address.
    template: Client,
    /// The nodes that the settings name.
    seeds: Vec<Address>,
    slots: Mutex<Arc<Slots>>,
    /// The connection that tells who serves what. Who holds the lock asks; the others wait.
    control: tokio::sync::Mutex<Option<(Address, MultiplexedConnection)>>,
}

impl Cluster {
    /// The cluster of these nodes; nothing is connected yet.
    pub fn new(template: Client, seeds: Vec<Address>) -> Self {
        Self {
            shared: Arc::new(Shared {
                template,
                seeds,
                slots: Mutex::default(),
                control: tokio::sync::Mutex::default(),
            }),
        }
    }

    /// What leads to one node.
    pub fn client(&self, address: &Address) -> RedisResult<Client> {
        client_at(&self.shared.template, address)
    }

    /// Who serves what, as far as is known.
    pub fn slots(&self) -> Arc<Slots> {
        let slots = self.shared.slots.lock();
        Arc::clone(&slots.unwrap_or_else(PoisonError::into_inner))
    }

    /// A node said that a slot is another's.
    pub fn moved(&self, slot: u16, to: &Address) {
        let slots = self.shared.slots.lock();
        let mut slots = slots.unwrap_or_else(PoisonError::into_inner);
        if slots.owner(slot) != Some(to) {
            Arc::make_mut(&mut slots).set(slot, to);
        }
    }

    /// Asks who serves what, unless somebody has learnt that since `known`. Many may call this at
    /// once: one asks.
    ///
    /// # Errors
    /// When no node answers.
    pub async fn refresh(&self, known: &Arc<Slots>) -> RedisResult<Arc<Slots>> {
        let mut control = self.shared.control.lock().await;
        let now = self.slots();
        if !Arc::ptr_eq(&now, known) {
            return Ok(now);
        }
        let (slots, connection) = self.ask(control.take()).await?;
        let slots = Arc::new(slots);
        if *slots != *now {
            let masters = slots.masters().len();
            info!(
                masters,
                complete = slots.is_complete(),
                "the cluster's slots"
            );
        }
        *control = Some(connection);
        let current = self.shared.slots.lock();
        *current.unwrap_or_else(PoisonError::into_inner) = Arc::clone(&slots);
        Ok(slots)
    }

    async fn ask(
        &self,
        control: Option<(Address, MultiplexedConnection)>,
    ) -> RedisResult<(Slots, (Address, MultiplexedConnection))> {
        let mut failure = None;
        if let Some((address, mut connection)) = control {
            match ask_node(&address, &mut connection).await {
                Ok(slots) => return Ok((slots, (address, connection))),
                Err(error) => failure = Some((address, error)),
            }
        }
        let known = self.slots();
        let gone = failure.as_ref().map(|(address, _)| address.clone());
        let mut places: Vec<&Address> = known.masters().iter().collect();
        for seed in &self.shared.seeds {
            if !places.contains(&seed) {
                places.push(seed);
            }
        }
        // Who just failed is tried last.
        places.sort_by_key(|place| Some(*place) == gone.as_ref());
        for address in places {
            let asked = async {
                let mut connection = self.connect(address, dedicated_config(ASK_TIMEOUT)).await?;
                let slots = ask_node(address, &mut connection).await?;
                Ok::<_, RedisError>((slots, connection))
            };
            match asked.await {
                Ok((slots, connection)) => return Ok((slots, (address.clone(), connection))),
                Err(error) => failure = Some((address.clone(), error)),
            }
        }
        let (address, error) = failure.ok_or_else(nobody)?;
        warn!(%address, %error, "no node of the cluster tells who serves what");
        Err(error)
    }

    /// A connection to a node.
    ///
    /// # Errors
    /// When it can't be reached.
    pub async fn connect(
        &self,
        address: &Address,
        config: AsyncConnectionConfig,
    ) -> RedisResult<MultiplexedConnection> {
        self.client(address)?
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }
}

/// There is nobody to ask or to send to.
fn nobody() -> RedisError {
    (ErrorKind::Io, "no node of the cluster is known").into()
}

async fn ask_node(address: &Address, connection: &mut MultiplexedConnection) -> RedisResult<Slots> {
    let mut command = redis::cmd("CLUSTER");
    let asked = command.arg("SLOTS").query_async(connection);
    let answer: redis::Value = timeout(ASK_TIMEOUT, asked)
        .await
        .map_err(|_| (ErrorKind::Io, "a node of the cluster does not answer"))??;
    let slots = Slots::read(&answer, address);
    slots
        .filter(|slots| !slots.masters().is_empty())
        .ok_or_else(|| {
            (
                ErrorKind::Client,
                "a node serves no slots: is it part of the cluster?",
            )
                .into()
        })
}
