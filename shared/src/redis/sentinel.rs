//! The primary that sentinels know under a name, and what becomes of it.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use redis::{
    Client, ErrorKind, ProtocolVersion, PushInfo, PushKind, RedisConnectionInfo, RedisError,
    RedisResult, Value,
    aio::{AsyncPushSender, MultiplexedConnection},
};
use tokio::{
    sync::{Mutex, oneshot, watch},
    time::sleep,
};
use tracing::{info, warn};

use super::{
    connect::{client_at, dedicated_config, open},
    node::Node,
};
use crate::config::{Address, Login};

/// How often sentinels are asked who the primary is. They need some seconds for a failover; this
/// adds little to it.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How long a sentinel may take.
const ASK_TIMEOUT: Duration = Duration::from_secs(1);

/// The handle. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sentinels {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// How servers and sentinels alike are spoken to: all but the address.
    template: Client,
    name: String,
    sentinels: Vec<Sentinel>,
    /// What sentinels want to hear, if not the same as servers.
    own: Option<Login>,
    primary: watch::Sender<Option<Address>>,
    watched: AtomicBool,
}

#[derive(Debug)]
struct Sentinel {
    address: Address,
    connection: Mutex<Option<MultiplexedConnection>>,
}

/// Who is the primary, and since which failover.
type Verdict = (u64, Address);

impl Sentinels {
    /// `template` has the servers' credentials, `own` those of the sentinels if they differ.
    pub fn new(
        template: Client,
        sentinels: Vec<Address>,
        name: String,
        own: Option<Login>,
    ) -> Self {
        let sentinel = |address| Sentinel {
            address,
            connection: Mutex::default(),
        };
        Self {
            shared: Arc::new(Shared {
                template,
                name,
                own,
                sentinels: sentinels.into_iter().map(sentinel).collect(),
                primary: watch::Sender::new(None),
                watched: AtomicBool::new(false),
            }),
        }
    }

    /// The primary as the sentinels know it now, and what leads to it.
    ///
    /// # Errors
    /// When no sentinel knows, or the primary is none (yet, or any more).
    pub async fn primary(&self) -> RedisResult<(Address, Client)> {
        self.watch();
        let address = self.shared.ask().await?;
        let client = client_at(&self.shared.template, &address)?;
        let mut connection = open(&client, dedicated_config(ASK_TIMEOUT)).await?;
        // What follows the role differs from one role to the next.
        let role: Vec<Value> = redis::cmd("ROLE").query_async(&mut connection).await?;
        if role.first() != Some(&Value::BulkString(b"master".to_vec())) {
            return Err((ErrorKind::Io, "who the sentinels name is no primary").into());
        }
        Ok((address, client))
    }

    /// Whether an address is still that of the primary, as far as is known.
    pub fn is_primary(&self, address: &Address) -> bool {
        self.shared
            .primary
            .borrow()
            .as_ref()
            .is_none_or(|it| it == address)
    }

    /// Has `node` follow the primary, for as long as it is used.
    pub fn lead(&self, node: &Node) {
        let node = node.downgrade();
        let (mut primary, shared) = (
            self.shared.primary.subscribe(),
            Arc::downgrade(&self.shared),
        );
        tokio::spawn(async move {
            while primary.changed().await.is_ok() {
                let address = primary.borrow_and_update().clone();
                let (Some(node), Some(shared)) = (node.upgrade(), shared.upgrade()) else {
                    return;
                };
                if let Some(address) = address
                    && let Ok(client) = client_at(&shared.template, &address)
                {
                    node.lead_to(client);
                }
            }
        });
    }

    /// What a connection to `address` pushes, to `sender`; which is told that the connection is gone
    /// also when the address is not the primary's any more.
    pub fn ending(
        &self,
        address: Address,
        sender: impl AsyncPushSender,
    ) -> impl Fn(PushInfo) -> Result<(), ()> + Send + Sync + 'static {
        let sender = Arc::new(sender);
        let (alive, gone) = oneshot::channel::<()>();
        let (mut primary, told) = (self.shared.primary.subscribe(), Arc::clone(&sender));
        tokio::spawn(async move {
            let other = |now: &Option<Address>| now.as_ref().is_some_and(|now| *now != address);
            tokio::select! {
                // The connection was dropped, and what it pushes to with it.
                _ = gone => {}
                changed = primary.wait_for(other) => if changed.is_ok() {
                    let (kind, data) = (PushKind::Disconnection, Vec::new());
                    // Whoever it was told has ended.
                    let _ = told.send(PushInfo { kind, data });
                }
            }
        });
        move |push| {
            let _alive = &alive;
            sender.send(push).map_err(drop)
        }
    }

    /// Asks the sentinels again and again, once for all handles.
    fn watch(&self) {
        if self.shared.watched.swap(true, Ordering::AcqRel) {
            return;
        }
        let shared = Arc::downgrade(&self.shared);
        tokio::spawn(async move {
            while let Some(shared) = Weak::upgrade(&shared) {
                // It says in the log what is wrong when somebody needs to know.
                let _ = shared.ask().await;
                drop(shared);
                sleep(ASK_EVERY).await;
            }
        });
    }
}

impl Shared {
    /// Asks all sentinels, and takes the word of who has seen the latest failover.
    async fn ask(&self) -> RedisResult<Address> {
        let answers = join_all(self.sentinels.iter().map(|it| self.ask_one(it))).await;
        let mut failure = None;
        let mut latest: Option<Verdict> = None;
        for answer in answers {
            match answer {
                Ok(verdict) if latest.as_ref().is_none_or(|it| it.0 < verdict.0) => {
                    latest = Some(verdict);
                }
                Ok(_) => {}
                Err(error) => failure = Some(error),
            }
        }
        let Some((_, address)) = latest else {
            return Err(failure.unwrap_or_else(|| (ErrorKind::Io, "there is no sentinel").into()));
        };
        let before = self.primary.send_if_modified(|known| {
            let changed = known.as_ref() != Some(&address);
            *known = Some(address.clone());
            changed
        });
        if before {
            info!(primary = %address, "the sentinels name a primary");
        }
        Ok(address)
    }

    async fn ask_one(&self, sentinel: &Sentinel) -> RedisResult<Verdict> {
        let mut held = sentinel.connection.lock().await;
        let mut connection = match held.take() {
            Some(connection) => connection,
            None => self.connect(&sentinel.address).await?,
        };
        let facts: Vec<(String, String)> = redis::cmd("SENTINEL")
            .arg("MASTER")
            .arg(&self.name)
            .query_async(&mut connection)
            .await?;
        *held = Some(connection);
        let fact = |name: &str| {
            let found = facts.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str())
        };
        let verdict = || {
            let address = Address {
                host: fact("ip")?.to_owned(),
                port: fact("port")?.parse().ok()?,
            };
            Some((fact("config-epoch")?.parse().ok()?, address))
        };
        verdict().ok_or_else(|| {
            let text = "a sentinel gives an answer that is of no use";
            (ErrorKind::Client, text).into()
        })
    }

    /// A sentinel often has no password though the servers have one.
    async fn connect(&self, address: &Address) -> RedisResult<MultiplexedConnection> {
        let client = client_at(&self.template, address)?;
        let config = dedicated_config(ASK_TIMEOUT);
        let info = client.get_connection_info().clone();
        if let Some(own) = &self.own {
            let own = credentials(own.username.as_deref(), own.password.expose());
            return open(&Client::open(info.set_redis_settings(own))?, config).await;
        }
        let refused = match open(&client, config.clone()).await {
            Err(error) if error.kind() == ErrorKind::AuthenticationFailed => error,
            outcome => return outcome,
        };
        let client = Client::open(info.set_redis_settings(anonymous()))?;
        open(&client, config).await.map_err(|_: RedisError| {
            warn!(
                %address,
                "a sentinel wants other credentials than the servers: set redis_sentinel_password"
            );
            refused
        })
    }
}

fn anonymous() -> RedisConnectionInfo {
    RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP3)
}

fn credentials(username: Option<&str>, password: &str) -> RedisConnectionInfo {
    let named = anonymous().set_password(password);
    match username {
        Some(username) => named.set_username(username),
        None => named,
    }
}
