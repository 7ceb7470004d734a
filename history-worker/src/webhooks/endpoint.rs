//! The endpoint: a request, signed, and whether it was taken.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use http::{Request, Uri, header};
use parlor_shared::{
    config::Secret,
    hex,
    outbound::{self, Outbound, OutboundError},
};
use ring::hmac;
use tokio::sync::Semaphore;

/// Requests under way at once, over all partitions.
const CONCURRENCY: usize = 16;
/// What is read of an answer. Its text matters to nobody; a short one lets the connection be used
/// again.
const ANSWER_BYTES: usize = 64 * 1_024;

/// Where events go. Cheap to clone.
#[derive(Clone)]
pub(super) struct Endpoint {
    uri: Uri,
    keys: Arc<[hmac::Key]>,
    outbound: Outbound,
    wait: Duration,
    permits: Arc<Semaphore>,
}

/// Why an event was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotTaken {
    #[error("{0}")]
    NoAnswer(#[from] OutboundError),
    /// A redirect among them: following one would hand messages to whoever it names.
    #[error("the answer was {0}")]
    Status(u16),
}

impl Endpoint {
    pub fn new(url: &Secret, secrets: &[Secret], wait: Duration) -> anyhow::Result<Self> {
        // Not told which URL: it may hold a secret.
        let uri = url.expose().parse().ok();
        let key = |secret: &Secret| hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        Ok(Self {
            uri: uri.context("webhook_url is no URL")?,
            keys: secrets.iter().map(key).collect(),
            outbound: Outbound::new()?,
            wait,
            permits: Arc::new(Semaphore::new(CONCURRENCY)),
        })
    }

    /// Sends an event once.
    pub async fn send(&self, id: &str, payload: String, now_ms: u64) -> Result<(), NotTaken> {
        let signature = signature(&self.keys, now_ms / 1_000, &payload);
        let request = Request::post(self.uri.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "Parlor")
            .header("Parlor-Event-Id", id)
            .header("Parlor-Signature", signature)
            .body(outbound::body(payload))
            .map_err(|_| OutboundError::Unreachable)?;
        let _permit = self.permits.acquire().await;
        let answer = self.outbound.send(request, self.wait, ANSWER_BYTES).await;
        match answer {
            Ok(answer) if answer.status.is_success() => Ok(()),
            Ok(answer) => Err(NotTaken::Status(answer.status.as_u16())),
            Err(error) => Err(error.into()),
        }
    }
}

/// `t=<seconds>,v1=<hex>`, with a `v1` for each key: HMAC-SHA256 of `<seconds>.<body>`. The time is
/// that of the attempt, so that the endpoint can refuse what somebody recorded long ago.
fn signature(keys: &[hmac::Key], seconds: u64, body: &str) -> String {
    let mut text = format!("t={seconds}");
    let signed = format!("{seconds}.{body}");
    for key in keys {
        text.push_str(",v1=");
        text.push_str(&hex::encode(hmac::sign(key, signed.as_bytes()).as_ref()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_signs_the_time_and_the_body() {
        let key = |secret: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, secret);
        // printf '1795277278.{}' | openssl dgst -sha256 -hmac key
        let text = signature(&[key(b"key"), key(b"other")], 1_795_277_278, "{}");
        let parts: Vec<_> = text.split(',').collect();
        assert_eq!(parts[0], "t=1795277278");
        assert_eq!(
            parts[1],
            "v1=31c360c8f81509722a2277ad67c23ea9a07390bbf0c2aa0b4490655c97f78aa4"
        );
        assert_eq!(parts.len(), 3);
        assert_ne!(parts[1], parts[2]);
    }
}
