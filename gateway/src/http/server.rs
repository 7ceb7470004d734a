//! Accepts connections and speaks HTTP/1.1 on them until they are upgraded.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{Router, routing::get};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use parlor_shared::config::{AllowedOrigins, GatewayConfig, ListenAddress, Networks};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;
use tracing::{debug, warn};

use super::{admission::Admission, client, photos, upgrade};
use crate::{api, connection::Services};

/// Connections that the kernel holds until they are accepted.
const LISTEN_BACKLOG: i32 = 4_096;
/// Headers beyond this are no browser's.
const HEADER_BYTES: usize = 16 * 1_024;
/// HTTP connections that are not upgraded, at once: files are small and quickly sent.
const HTTP_CONNECTIONS: usize = 8_192;
/// Pause after an accept that failed, for want of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// What the handlers share.
#[derive(Clone)]
pub(super) struct State {
    pub app: Arc<Services>,
    pub admission: Admission,
    pub allowed_origins: AllowedOrigins,
    pub trusted_proxies: Networks,
    pub connections: TaskTracker,
    pub draining: CancellationToken,
    /// Whether permessage-deflate is agreed on with those who offer it.
    pub compression: bool,
    pub github_url: Arc<str>,
}

/// Where a request's TCP connection comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub SocketAddr);

/// The listening server.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    draining: CancellationToken,
    header_timeout: Duration,
}

impl Server {
    /// Listens on the public address.
    ///
    /// # Errors
    /// A sentence when the address is taken or the client's folder is not there.
    pub fn bind(
        app: Arc<Services>,
        config: &GatewayConfig,
        connections: TaskTracker,
    ) -> anyhow::Result<Self> {
        let wanted = config.listen_address();
        let listener =
            listen(wanted).with_context(|| format!("the address {wanted} can't be listened on"))?;
        let address = listener.local_addr()?;
        let draining = CancellationToken::new();
        let limits = &config.limits;
        let state = State {
            admission: Admission::new(
                limits.connections_per_gateway,
                limits.connections_per_address,
                limits.handshake_rate,
            ),
            allowed_origins: config.allowed_origins.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            connections,
            draining: draining.clone(),
            compression: config.delivery.compression,
            github_url: config.github_url.as_str().into(),
            app,
        };
        let issuer = config.jwt.jwt_issuer.as_deref();
        let api = api::router(Arc::clone(&state.app), &config.api, issuer)?;
        let router = Router::new()
            .route("/ws", get(upgrade::upgrade).fallback(upgrade::upgrade))
            .route("/links", get(client::links))
            .merge(photos::routes())
            .with_state(state);
        let router = match api {
            Some(api) => router.nest("/api/v1", api),
            None => router,
        };
        let router = client::serve(router, config.client_dir.as_deref())?;
        Ok(Self {
            listener,
            address,
            router,
            draining,
            header_timeout: limits.header_timeout,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts until `stop`; then upgrades are refused and the port is free.
    pub async fn run(self, stop: CancellationToken) {
        let serving = TaskTracker::new();
        loop {
            let (socket, peer) = tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        warn!(%error, "a connection can't be accepted");
                        tokio::time::sleep(ACCEPT_RETRY).await;
                        continue;
                    }
                },
                () = stop.cancelled() => break,
            };
            if serving.len() >= HTTP_CONNECTIONS {
                debug!(%peer, "too many HTTP connections");
                continue;
            }
            // What waits for a full packet would make every message late.
            let _ = socket.set_nodelay(true);
            serving.spawn(serve(
                socket,
                peer,
                self.router.clone(),
                self.header_timeout,
            ));
        }
        self.draining.cancel();
    }
}

async fn serve(socket: TcpStream, peer: SocketAddr, router: Router, header_timeout: Duration) {
    let service = router.map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request.map(axum::body::Body::new)
    });
    let service = TowerToHyperService::new(service.map_err(|error: Infallible| match error {}));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    if let Err(error) = connection.await {
        debug!(%peer, %error, "an HTTP connection ended badly");
    }
}

fn listen(address: ListenAddress) -> std::io::Result<TcpListener> {
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    for candidate in address.candidates() {
        match listen_on(candidate) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn listen_on(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // All interfaces means both families.
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(LISTEN_BACKLOG)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}
