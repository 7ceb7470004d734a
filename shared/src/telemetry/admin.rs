//! The server for operators: health and metrics, on a port of its own.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::metrics::CONTENT_TYPE;
use super::{Metrics, Readiness};
use crate::config::ListenAddress;

/// Serves `/healthz`, `/readyz` and `/metrics`.
#[derive(Debug)]
pub struct AdminServer {
    listener: TcpListener,
    state: AdminState,
}

#[derive(Debug, Clone)]
struct AdminState {
    metrics: Metrics,
    readiness: Readiness,
}

impl AdminServer {
    /// Takes the port; the error names the address.
    pub async fn bind(
        address: ListenAddress,
        metrics: Metrics,
        readiness: Readiness,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(&address.candidates()[..])
            .await
            .map_err(|error| {
                let text = format!("the admin address {address} can't be listened on: {error}");
                io::Error::new(error.kind(), text)
            })?;
        Ok(Self {
            listener,
            state: AdminState { metrics, readiness },
        })
    }

    /// The address that was taken, which tells the port when 0 was asked for.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the token is cancelled. Give it the hard token and run it with
    /// `Lifecycle::spawn_background`: readiness has to be told while the program drains. Scrapes under way are cut, nothing of them is worth waiting for.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let router = Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .with_state(self.state);
        tokio::select! {
            result = axum::serve(self.listener, router) => Ok(result?),
            () = stop.cancelled() => Ok(()),
        }
    }
}

async fn readyz(State(state): State<AdminState>) -> (StatusCode, String) {
    match state.readiness.verdict() {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}

async fn metrics(State(state): State<AdminState>) -> Response {
    match state.metrics.render() {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics can't be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.expect("connects");
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("writes");
        let mut response = String::new();
        stream.read_to_string(&mut response).await.expect("reads");
        response
    }

    #[tokio::test]
    async fn tells_health_readiness_and_metrics() {
        let registry = Metrics::new("test").expect("valid");
        let readiness = Readiness::new(&registry).expect("one");
        let redis = readiness.condition("redis");
        let any_port = "127.0.0.1:0".parse().expect("valid");
        let server = AdminServer::bind(any_port, registry, readiness)
            .await
            .expect("binds");
        let address = server.local_addr().expect("bound");
        let stop = CancellationToken::new();
        let running = tokio::spawn(server.run(stop.clone()));

        assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200"));
        redis.fails("connection refused");
        let unready = get(address, "/readyz").await;
        assert!(unready.starts_with("HTTP/1.1 503"), "{unready}");
        assert!(
            unready.ends_with("redis: connection refused\n"),
            "{unready}"
        );
        redis.holds();
        assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));

        let metrics = get(address, "/metrics").await;
        assert!(metrics.contains("text/plain; version=0.0.4"), "{metrics}");
        assert!(
            metrics.contains("parlor_build_info{program=\"test\""),
            "{metrics}"
        );
        assert!(
            metrics.contains("# TYPE process_cpu_seconds_total counter"),
            "{metrics}"
        );
        assert!(get(address, "/").await.starts_with("HTTP/1.1 404"));

        stop.cancel();
        running.await.expect("no panic").expect("no error");
    }

    #[tokio::test]
    async fn a_taken_port_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = taken.local_addr().expect("bound");
        let listen = address.to_string().parse().expect("valid");
        let metrics = Metrics::new("test").expect("valid");
        let readiness = Readiness::new(&metrics).expect("one");
        let error = AdminServer::bind(listen, metrics, readiness).await;
        let error = error.expect_err("the port is taken").to_string();
        assert!(error.contains(&address.to_string()), "{error}");
    }
}
