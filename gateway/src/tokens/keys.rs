//! The issuer's keys: read at start, again from time to time, and when a token names one that is
//! not known, which is how an issuer changes its keys.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use http::{Request, StatusCode};
use parlor_shared::outbound::{self, Outbound};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    TokenError,
    jws::{Algorithm, Key},
};

/// How long a fetch may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// A set of keys is some kilobytes.
const SET_BYTES: usize = 256 * 1_024;
/// Keys of a set; an issuer has a few at a time.
const SET_KEYS: usize = 64;
/// The pause between two fetches that tokens with unknown keys cause: whoever makes such tokens up
/// has the issuer asked no more often.
const FORCED_PAUSE: Duration = Duration::from_secs(10);
/// The pause after a fetch that failed.
const RETRY: Duration = Duration::from_secs(5);

/// The keys. Cheap to clone.
#[derive(Clone)]
pub(super) struct KeySet {
    shared: Arc<Shared>,
}

struct Shared {
    source: Source,
    interval: Duration,
    keys: RwLock<Arc<[Key]>>,
    /// When a token last caused a fetch. Held while one is under way: of many tokens with the new
    /// key one fetches and the others wait for it.
    forced: Mutex<Option<Instant>>,
}

enum Source {
    File(PathBuf),
    Url(Box<(http::Uri, Outbound)>),
}

impl KeySet {
    /// Reads the keys for the first time. An issuer that does not answer is no reason not to start:
    /// people with passwords can come in meanwhile.
    pub async fn new(place: &str, interval: Duration) -> anyhow::Result<Self> {
        let is_url = place.starts_with("http://") || place.starts_with("https://");
        let source = if is_url {
            let uri = place.parse().context("it is no URL")?;
            Source::Url(Box::new((uri, Outbound::new()?)))
        } else {
            Source::File(place.into())
        };
        let set = Self {
            shared: Arc::new(Shared {
                source,
                interval,
                keys: RwLock::new(Arc::from([])),
                forced: Mutex::new(None),
            }),
        };
        match (set.fetch().await, is_url) {
            (Ok(()), _) => {}
            (Err(error), true) => warn!(%error, "the keys of tokens can't be fetched yet"),
            (Err(error), false) => return Err(error),
        }
        Ok(set)
    }

    /// Reads the keys again each interval, until `stop`. What was known stays when that fails.
    pub async fn refresh(self, stop: CancellationToken) {
        loop {
            let wait = if self.known().is_empty() {
                RETRY
            } else {
                self.shared.interval
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            if let Err(error) = self.fetch().await {
                warn!(%error, "the keys of tokens can't be read again");
            }
        }
    }

    /// The keys that may have signed a token: the one it names, or all of its algorithm.
    ///
    /// # Errors
    /// When there is none, also after asking for them again.
    pub async fn candidates(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<Key>, TokenError> {
        if let Some(found) = self.find(id, algorithm) {
            return Ok(found);
        }
        let mut forced = self.shared.forced.lock().await;
        // Another token's fetch may just have brought it.
        if let Some(found) = self.find(id, algorithm) {
            return Ok(found);
        }
        if forced.is_none_or(|at| at.elapsed() >= FORCED_PAUSE) {
            *forced = Some(Instant::now());
            if let Err(error) = self.fetch().await {
                warn!(%error, "the keys of tokens can't be fetched for one that is unknown");
            }
        }
        if self.known().is_empty() {
            return Err(TokenError::NoKeys);
        }
        self.find(id, algorithm).ok_or(TokenError::UnknownKey)
    }

    fn known(&self) -> Arc<[Key]> {
        let keys = self.shared.keys.read();
        Arc::clone(&keys.unwrap_or_else(PoisonError::into_inner))
    }

    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Vec<Key>> {
        let fits =
            |key: &&Key| key.algorithm() == algorithm && (id.is_none() || key.id.as_deref() == id);
        let found: Vec<Key> = self.known().iter().filter(fits).cloned().collect();
        (!found.is_empty()).then_some(found)
    }

    async fn fetch(&self) -> anyhow::Result<()> {
        let text = match &self.shared.source {
            Source::File(path) => std::fs::read(path)
                .with_context(|| format!("the file {} can't be read", path.display()))?
                .into(),
            Source::Url(issuer) => {
                let (uri, outbound) = &**issuer;
                let request = Request::get(uri.clone())
                    .header(
                        http::header::ACCEPT,
                        "application/jwk-set+json, application/json",
                    )
                    .body(outbound::body(""))?;
                let answer = outbound.send(request, FETCH_TIMEOUT, SET_BYTES).await?;
                ensure!(
                    answer.status == StatusCode::OK,
                    "the answer is {}",
                    answer.status
                );
                answer.body
            }
        };
        let keys = read_set(&text)?;
        let before = self.known().len();
        if keys.len() != before {
            info!(keys = keys.len(), "the keys of tokens were read");
        }
        let mut known = self
            .shared
            .keys
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *known = keys.into();
        Ok(())
    }
}

/// The keys of a set that are for signatures by algorithms that are taken.
fn read_set(text: &[u8]) -> anyhow::Result<Vec<Key>> {
    let set: Value = serde_json::from_slice(text)
        .ok()
        .context("the key set is no JSON")?;
    let keys = set["keys"]
        .as_array()
        .context("the key set has no list \"keys\"")?;
    ensure!(
        keys.len() <= SET_KEYS,
        "the key set has more than {SET_KEYS} keys"
    );
    let keys: Vec<Key> = keys.iter().filter_map(Key::from_jwk).collect();
    ensure!(
        !keys.is_empty(),
        "the key set has no key for RS256 or ES256"
    );
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_without_a_key_that_can_be_used_is_refused() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"keys":[]}"#,
            r#"{"keys":[{"kty":"oct","k":"AA"}]}"#,
        ] {
            assert!(read_set(text.as_bytes()).is_err(), "{text}");
        }
    }
}
