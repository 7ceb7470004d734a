//! HTTP requests to others: a key set that is fetched, a webhook that is delivered.
//!
//! hyper's client and nothing around it: it follows no redirects, keeps no cookies and asks no
//! proxies. TLS is rustls with ring and Mozilla's roots, so that an image needs no certificates.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::time::timeout;

/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(30);

/// The client. Cheap to clone; its connections are shared.
#[derive(Clone)]
pub struct Outbound {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbound")
    }
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
}

/// Why there is no answer. The texts never name the URL, which may hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    #[error("there was no answer in time")]
    TimedOut,
    #[error("no connection could be made, or it broke")]
    Unreachable,
    #[error("the answer is larger than is taken")]
    TooLarge,
}

impl Outbound {
    /// # Errors
    /// When TLS can't be set up.
    pub fn new() -> anyhow::Result<Self> {
        // Named, because several libraries in one program may each bring a provider.
        let provider = rustls::crypto::ring::default_provider();
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(provider)?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self { client })
    }

    /// Sends a request, and reads at most `body_bytes` of the answer.
    ///
    /// # Errors
    /// When there is no whole answer within `wait`.
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
        wait: Duration,
        body_bytes: usize,
    ) -> Result<Answer, OutboundError> {
        let exchange = async {
            let response = self.client.request(request).await;
            let response = response.map_err(|_| OutboundError::Unreachable)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), body_bytes);
            let body = body.collect().await.map_err(|error| {
                if error.is::<http_body_util::LengthLimitError>() {
                    OutboundError::TooLarge
                } else {
                    OutboundError::Unreachable
                }
            })?;
            Ok(Answer {
                status,
                body: body.to_bytes(),
            })
        };
        timeout(wait, exchange)
            .await
            .unwrap_or(Err(OutboundError::TimedOut))
    }
}

/// A body for [`Outbound::send`].
pub fn body(bytes: impl Into<Bytes>) -> Full<Bytes> {
    Full::new(bytes.into())
}
