//! TLS between servers, and who comes to them.

use std::path::PathBuf;

/// PEM files of a server that asks who comes for a certificate of the same authority.
#[derive(Clone, Debug)]
pub struct Tls {
    pub authority: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Tls {
    /// Directives for a server with a port for it beside the plain one, which tests use.
    pub(super) fn options(&self, port: u16) -> [(&'static str, String); 6] {
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        [
            ("tls-port", port.to_string()),
            ("tls-ca-cert-file", text(&self.authority)),
            ("tls-cert-file", text(&self.certificate)),
            ("tls-key-file", text(&self.key)),
            ("tls-auth-clients", "yes".to_owned()),
            // Replicas and sentinels go by it, and tell each other these ports.
            ("tls-replication", "yes".to_owned()),
        ]
    }
}
