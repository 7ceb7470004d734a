//! Connections to Redis: one that reconnects by itself and that many share, and dedicated ones
//! for those who must know when theirs broke.

use std::{fs, path::Path, time::Duration};

use anyhow::Context as _;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ErrorKind,
    IntoConnectionInfo as _, ProtocolVersion, RedisError, RedisResult, TlsCertificates,
    aio::{AsyncPushSender, ConnectionManagerConfig, MultiplexedConnection},
    io::tcp::TcpSettings,
};
use tracing::{info, warn};

use super::{
    cluster::{Cluster, ClusterCommands, Lines},
    commands::Commands,
    inspect,
    line::{self, Line},
    node::Node,
    scripts,
    sentinel::Sentinels,
    stream::Reader,
};
use crate::{
    config::{Address, RedisLocation, Servers, TlsFiles},
    keyspace::Keyspace,
};

/// How long a command may take. Redis answers within milliseconds or something is wrong; people
/// wait for the answer.
pub const RESPONSE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a connection may take to be made.
pub const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);
/// Commands on their way to the socket. The default of 50 makes senders wait for one another.
const PIPELINE_BUFFER_COMMANDS: usize = 4_096;
/// Pauses between attempts to connect, the first and the longest.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Where Redis is, and what Parlor's keys are called there. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Redis {
    way: Way,
    keyspace: Keyspace,
}

#[derive(Clone, Debug)]
enum Way {
    One(Box<Client>),
    Sentinel(Sentinels),
    Cluster(Cluster, Lines),
}

impl Redis {
    /// Redis at a URL, without files for TLS; nothing is connected yet.
    ///
    /// # Errors
    /// When it is no URL for Redis.
    pub fn new(url: &str, keyspace: Keyspace) -> anyhow::Result<Self> {
        Self::at(&url.into(), keyspace)
    }

    /// Redis where the settings say; nothing is connected yet. Files are read once: a certificate
    /// that is replaced is taken up with the next start.
    ///
    /// # Errors
    /// A sentence when it is no URL for Redis, or a file can't be read or has nothing in it.
    pub fn at(location: &RedisLocation, keyspace: Keyspace) -> anyhow::Result<Self> {
        let servers = location.servers().map_err(anyhow::Error::msg);
        let way = match servers.context("the URL of Redis is of no use")? {
            Servers::One => Way::One(Box::new(client(&location.url, &location.tls)?)),
            Servers::Cluster { first, nodes } => {
                let template = client(&first, &location.tls)?;
                Way::Cluster(Cluster::new(template, nodes), Lines::default())
            }
            Servers::Sentinel {
                first,
                sentinels,
                name,
            } => {
                let template = client(&first, &location.tls)?;
                let own = location.sentinel.clone();
                Way::Sentinel(Sentinels::new(template, sentinels, name, own))
            }
        };
        Ok(Self { way, keyspace })
    }

    /// What keys are called.
    pub fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    /// The cluster, if Redis is one.
    pub fn cluster(&self) -> Option<Cluster> {
        match &self.way {
            Way::Cluster(cluster, _) => Some(cluster.clone()),
            _ => None,
        }
    }

    /// Whether Redis is a cluster.
    pub fn on_cluster(&self) -> bool {
        matches!(self.way, Way::Cluster(..))
    }

    /// The shared connections. Waits for Redis, however long that takes, saying so in the log.
    pub async fn commands(&self) -> Commands {
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_connection_timeout(Some(CONNECTION_TIMEOUT))
            // One try a command: who waits for a command is told at once that Redis is away.
            .set_number_of_retries(1)
            .set_min_delay(BACKOFF.0)
            .set_max_delay(BACKOFF.1)
            .set_pipeline_buffer_size(PIPELINE_BUFFER_COMMANDS);
        let mut backoff = Backoff::default();
        loop {
            let attempt = async {
                let mut commands = self.connect(config.clone()).await?;
                scripts::load_all(&mut commands).await?;
                Ok::<_, RedisError>(commands)
            };
            match attempt.await {
                Ok(commands) => {
                    if backoff.tries > 0 {
                        info!("Redis is reachable now");
                    }
                    return commands;
                }
                Err(error) => {
                    let wait = backoff.next();
                    warn!(%error, retry_in_ms = wait.as_millis(), "waiting for Redis");
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    async fn connect(&self, config: ConnectionManagerConfig) -> RedisResult<Commands> {
        let keyspace = self.keyspace.clone();
        match &self.way {
            Way::One(client) => {
                let node = Node::connect((**client).clone(), config).await?;
                Ok(Commands::one(node, keyspace))
            }
            Way::Sentinel(sentinels) => {
                let (_, client) = sentinels.primary().await?;
                let node = Node::connect(client, config).await?;
                sentinels.lead(&node);
                Ok(Commands::one(node, keyspace))
            }
            Way::Cluster(cluster, _) => {
                let commands = ClusterCommands::connect(cluster.clone(), config).await?;
                Ok(Commands::cluster(commands, keyspace))
            }
        }
    }

    /// A connection to the one server that takes writes, which ends for good when it breaks. What
    /// Redis pushes is given to `sender`, and also when the server is not that any more.
    ///
    /// # Errors
    /// When Redis can't be reached within [`CONNECTION_TIMEOUT`], or is a cluster.
    pub async fn dedicated_with_pushes(
        &self,
        sender: impl AsyncPushSender,
    ) -> RedisResult<MultiplexedConnection> {
        let config = dedicated_config(RESPONSE_TIMEOUT);
        match &self.way {
            Way::One(client) => open(client, config.set_push_sender(sender)).await,
            Way::Sentinel(sentinels) => {
                let (address, client) = sentinels.primary().await?;
                let sender = sentinels.ending(address, sender);
                open(&client, config.set_push_sender(sender)).await
            }
            Way::Cluster(..) => Err(no_single_server()),
        }
    }

    /// A connection of one's own, which ends for good when it breaks.
    ///
    /// # Errors
    /// As [`Self::dedicated_with_pushes`].
    pub async fn dedicated(
        &self,
        response_timeout: Duration,
    ) -> RedisResult<MultiplexedConnection> {
        let config = dedicated_config(response_timeout);
        match &self.way {
            Way::One(client) => open(client, config).await,
            Way::Sentinel(sentinels) => open(&sentinels.primary().await?.1, config).await,
            Way::Cluster(..) => Err(no_single_server()),
        }
    }

    /// What reads streams.
    ///
    /// # Errors
    /// As [`Self::dedicated_with_pushes`].
    pub async fn reader(
        &self,
        commands: &Commands,
        response_timeout: Duration,
    ) -> RedisResult<Reader> {
        match &self.way {
            Way::One(client) => {
                let config = dedicated_config(response_timeout);
                open(client, config).await.map(Reader::waiting)
            }
            Way::Sentinel(sentinels) => {
                let (address, client) = sentinels.primary().await?;
                let connection = open(&client, dedicated_config(response_timeout)).await?;
                Ok(Reader::of_primary(connection, sentinels.clone(), address))
            }
            Way::Cluster(..) => Ok(Reader::asking(commands.clone())),
        }
    }

    /// A connection to publish on to channels in `slot`; on one server, to all. With `anew`, where
    /// the slot is is learnt first.
    ///
    /// # Errors
    /// When the server can't be reached.
    pub async fn line(&self, slot: u16, anew: bool) -> RedisResult<Line> {
        match &self.way {
            Way::Cluster(cluster, lines) => lines.to(cluster, slot, anew).await,
            _ => {
                line::connected(async |broken| {
                    self.dedicated_with_pushes(line::telling(broken)).await
                })
                .await
            }
        }
    }

    /// Whether another server may take over from the one that takes writes now.
    pub fn fails_over(&self) -> bool {
        !matches!(self.way, Way::One(_))
    }
}

/// How a connection is set up that belongs to one user and ends for good when it breaks.
pub(super) fn dedicated_config(response_timeout: Duration) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECTION_TIMEOUT))
        .set_response_timeout(Some(response_timeout))
        .set_pipeline_buffer_size(PIPELINE_BUFFER_COMMANDS)
}

/// A connection of one's own to where a client leads.
pub(super) async fn open(
    client: &Client,
    config: AsyncConnectionConfig,
) -> RedisResult<MultiplexedConnection> {
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

fn no_single_server() -> RedisError {
    let text = "a cluster has no single server to connect to";
    (ErrorKind::InvalidClientConfig, text).into()
}

/// What leads to the server at a URL.
fn client(url: &str, tls: &TlsFiles) -> anyhow::Result<Client> {
    let info = url.into_connection_info();
    let info = info.context("the URL of Redis is of no use")?;
    // Without TCP_NODELAY a pipeline over a real network waits for the peer's delayed ACK.
    let tcp = TcpSettings::default().set_nodelay(true);
    let settings = info
        .redis_settings()
        .clone()
        .set_protocol(ProtocolVersion::RESP3);
    let info = info.set_tcp_settings(tcp).set_redis_settings(settings);
    if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        return Ok(Client::open(info)?);
    }
    // There is one in the process only if somebody chose it; the first choice stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::build_with_tls(info, certificates(tls)?);
    client.context("the certificates for Redis are of no use")
}

/// What leads to the server at `address`, spoken to as the template's is.
pub(super) fn client_at(template: &Client, address: &Address) -> RedisResult<Client> {
    let template = template.get_connection_info();
    let (host, port) = (address.host.clone(), address.port);
    let addr = match template.addr().clone() {
        ConnectionAddr::TcpTls {
            insecure,
            tls_params,
            ..
        } => ConnectionAddr::TcpTls {
            host,
            port,
            insecure,
            tls_params,
        },
        _ => ConnectionAddr::Tcp(host, port),
    };
    Client::open(template.clone().set_addr(addr))
}

fn certificates(files: &TlsFiles) -> anyhow::Result<TlsCertificates> {
    let read = |path: &Path| {
        fs::read(path).with_context(|| format!("the file {} can't be read", path.display()))
    };
    let client_tls = match &files.client {
        Some((certificate, key)) => Some(ClientTlsConfig {
            client_cert: read(certificate)?,
            client_key: read(key)?,
        }),
        None => None,
    };
    let root_cert = files.authority.as_deref().map(read).transpose()?;
    Ok(TlsCertificates {
        client_tls,
        root_cert,
    })
}

/// Pauses between attempts: doubled each time up to a limit, and jittered, so that many processes
/// don't come back in step.
#[derive(Debug, Default)]
pub struct Backoff {
    tries: u32,
}

impl Backoff {
    /// The pause before the next attempt.
    #[allow(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> Duration {
        let doubled = BACKOFF.0 * 2_u32.pow(self.tries.min(10));
        self.tries = self.tries.saturating_add(1);
        doubled.min(BACKOFF.1).mul_f64(rand::random_range(0.5..1.0))
    }

    /// Starts over after a success.
    pub fn reset(&mut self) {
        self.tries = 0;
    }
}

/// Sees whether Redis is fit for what is trusted to it and laid out as this program expects. A Redis
/// in which there is no such Parlor yet is laid out in the keyspace's partitions from here on.
///
/// # Errors
/// A sentence for people with what to change, or that Redis can't be asked.
pub async fn check(commands: &mut Commands) -> anyhow::Result<()> {
    inspect::inspect(commands).await?;
    claim_partitions(commands).await
}

async fn claim_partitions(commands: &mut Commands) -> anyhow::Result<()> {
    let partitions = commands.keyspace().partitions();
    let key = commands.keyspace().partitions_key();
    let found: Option<String> = redis::cmd("SET")
        .arg(&key)
        .arg(partitions)
        .arg("NX")
        .arg("GET")
        .query_async(commands)
        .await?;
    match found {
        Some(found) if found != partitions.to_string() => anyhow::bail!(
            "this Redis holds a Parlor laid out in {found} partitions, but PARTITIONS is {partitions}: \
             set PARTITIONS={found}, or for another Parlor beside it a REDIS_PREFIX"
        ),
        _ => Ok(()),
    }
}
