//! An issuer of tokens: keys made for the test, and a real endpoint that serves the public ones.

use std::{
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, routing::get};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parlor_shared::clock;
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

pub const SECRET: &str = "a secret of the test, long enough for HS256";

/// One key of an issuer.
pub enum Signer {
    Secret(&'static str),
    P256 { id: String, pair: EcdsaKeyPair },
    Rsa { id: String, pair: RsaKeyPair },
}

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Signer {
    pub fn p256(id: &str) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random);
        Self::P256 {
            id: id.to_owned(),
            pair: pair.expect("a key"),
        }
    }

    /// ring makes no RSA keys; the system's OpenSSL does.
    pub fn rsa(id: &str) -> Self {
        let made = Command::new("openssl")
            .args(["genpkey", "-algorithm", "RSA", "-outform", "DER"])
            .args(["-pkeyopt", "rsa_keygen_bits:2048"])
            .output()
            .expect("openssl is installed");
        // Versions differ in which of the two forms they write.
        let pair = RsaKeyPair::from_pkcs8(&made.stdout)
            .or_else(|_| RsaKeyPair::from_der(&made.stdout))
            .expect("a key");
        Self::Rsa {
            id: id.to_owned(),
            pair,
        }
    }

    /// The public key as a set has it.
    pub fn jwk(&self) -> Value {
        match self {
            Self::Secret(_) => panic!("a secret is not published"),
            Self::P256 { id, pair } => {
                let point = pair.public_key().as_ref();
                json!({
                    "kty": "EC", "crv": "P-256", "use": "sig", "kid": id,
                    "x": base64url(&point[1..33]), "y": base64url(&point[33..]),
                })
            }
            Self::Rsa { id, pair } => {
                let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({
                    "kty": "RSA", "alg": "RS256", "kid": id,
                    "n": base64url(public.n), "e": base64url(public.e),
                })
            }
        }
    }

    pub fn sign(&self, claims: &Value) -> String {
        let header = match self {
            Self::Secret(_) => json!({"alg": "HS256", "typ": "JWT"}),
            Self::P256 { id, .. } => json!({"alg": "ES256", "kid": id}),
            Self::Rsa { id, .. } => json!({"alg": "RS256", "kid": id}),
        };
        let message = format!(
            "{}.{}",
            base64url(header.to_string()),
            base64url(claims.to_string())
        );
        let bytes = message.as_bytes();
        let random = SystemRandom::new();
        let signature = match self {
            Self::Secret(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                base64url(hmac::sign(&key, bytes))
            }
            Self::P256 { pair, .. } => base64url(pair.sign(&random, bytes).expect("signs")),
            Self::Rsa { pair, .. } => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature)
                    .expect("signs");
                base64url(signature)
            }
        };
        format!("{message}.{signature}")
    }
}

/// Seconds since 1970, now and `seconds` later.
pub fn in_seconds(seconds: i64) -> u64 {
    (clock::now_ms() / 1_000)
        .checked_add_signed(seconds)
        .expect("a time")
}

/// A frame that signs in by token.
pub fn sign_in(token: &str) -> String {
    json!({"id": 1, "type": "signIn", "signIn": {"token": token}}).to_string()
}

/// The endpoint with the issuer's public keys.
pub struct Issuer {
    pub url: String,
    keys: Arc<Mutex<Value>>,
    asked: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Issuer {
    pub async fn start(signers: &[&Signer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("bound");
        let keys = Arc::new(Mutex::new(Value::Null));
        let asked = Arc::new(AtomicUsize::new(0));
        let (served, counted) = (Arc::clone(&keys), Arc::clone(&asked));
        let answer = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let set = served.lock().expect("no panic").to_string();
            async move { set }
        };
        let router = Router::new().route("/keys", get(answer));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serves");
        });
        let issuer = Self {
            url: format!("http://{address}/keys"),
            keys,
            asked,
            task,
        };
        issuer.publish(signers);
        issuer
    }

    /// Replaces the published keys.
    pub fn publish(&self, signers: &[&Signer]) {
        let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk()).collect();
        *self.keys.lock().expect("no panic") = json!({ "keys": keys });
    }

    /// How often the keys were asked for.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
