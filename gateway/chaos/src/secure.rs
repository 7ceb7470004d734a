//! A Redis that is spoken to over TLS by a user with few rights.

use std::{fs, path::PathBuf};

use parlor_testkit::{RedisServer, SentinelUser, Tls};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use tempfile::TempDir;

use crate::{fleet::Variables, store::Store};

/// The user's name and password.
const USER: (&str, &str) = ("parlor", "correct horse: battery@staple");
/// Those at the sentinels.
const WATCHER: (&str, &str) = ("watcher", "another: horse@battery");

/// What the users may do.
#[derive(Clone, Debug)]
pub struct Rules {
    pub servers: String,
    pub sentinels: String,
}

/// How the parts reach Redis.
#[derive(Debug)]
pub struct Way {
    pub scheme: &'static str,
    pub port: u16,
    pub settings: Variables,
    /// Where Redis is if not at that port.
    pub url: Option<String>,
}

impl Way {
    /// Without TLS, as anybody.
    pub fn open(redis: &RedisServer) -> Self {
        Self {
            scheme: "redis",
            port: redis.port(),
            settings: Variables::new(),
            url: None,
        }
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Certificates of an authority made for one test, in files of a temporary folder.
#[derive(Debug)]
pub struct Secure {
    folder: TempDir,
}

impl Default for Secure {
    fn default() -> Self {
        Self::new()
    }
}

impl Secure {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("parlor-tls-")
            .tempdir()
            .expect("a temporary folder can be made");
        let secure = Self { folder };
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = named("authority");
        let key = KeyPair::generate().expect("a key can be made");
        let authority = CertifiedIssuer::self_signed(params, key).expect("a certificate is signed");
        secure.write("ca.pem", &authority.pem());
        for name in ["server", "client"] {
            let key = KeyPair::generate().expect("a key can be made");
            let addresses = ["127.0.0.1".to_owned()];
            let mut params = CertificateParams::new(addresses).expect("an address");
            // Of another name than its authority, or it is taken for one that signed itself.
            params.distinguished_name = named(name);
            let certificate = params.signed_by(&key, &authority);
            let certificate = certificate.expect("a certificate is signed");
            secure.write(&format!("{name}.pem"), &certificate.pem());
            secure.write(&format!("{name}.key"), &key.serialize_pem());
        }
        secure
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a temporary file can be written");
    }

    /// What servers need.
    pub fn tls(&self) -> Tls {
        Tls {
            authority: self.path("ca.pem"),
            certificate: self.path("server.pem"),
            key: self.path("server.key"),
        }
    }

    /// Who is let in to sentinels.
    pub fn watcher(rules: &Rules) -> SentinelUser {
        SentinelUser {
            name: WATCHER.0.to_owned(),
            password: WATCHER.1.to_owned(),
            rules: rules.sentinels.clone(),
        }
    }

    /// Makes the user on all servers, and tells how the parts come in.
    pub fn way(&self, redis: &Store, rules: &Rules) -> Way {
        for server in redis.servers() {
            let password = format!(">{}", USER.1);
            let mut command = vec!["ACL", "SETUSER", USER.0, "reset", "on", &password];
            command.extend(rules.servers.split_whitespace());
            server.cli(&command);
        }
        let settings = [
            ("REDIS_USERNAME", USER.0.to_owned()),
            ("REDIS_PASSWORD", USER.1.to_owned()),
            ("REDIS_TLS_CA", self.text("ca.pem")),
            ("REDIS_TLS_CERT", self.text("client.pem")),
            ("REDIS_TLS_KEY", self.text("client.key")),
        ];
        let at_sentinels = [
            ("REDIS_SENTINEL_USERNAME", WATCHER.0.to_owned()),
            ("REDIS_SENTINEL_PASSWORD", WATCHER.1.to_owned()),
        ];
        let watched = matches!(redis, Store::Sentinel(_));
        let settings = settings
            .into_iter()
            .chain(at_sentinels.into_iter().filter(|_| watched));
        Way {
            scheme: "rediss",
            port: redis.tls_port().expect("it speaks TLS"),
            settings: settings
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            url: None,
        }
    }
}
