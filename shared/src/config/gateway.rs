//! Settings of the gateway.

use std::path::PathBuf;

use super::value::{boolean, web_socket_url, web_url};
use super::{
    AllowedOrigins, ApiSettings, Common, DeliverySettings, GatewayLimits, JwtSettings,
    ListenAddress, Networks, PhotoConfig, Settings,
};

/// Holds connections, publishes and subscribes through Redis, serves the web client.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "gateway", version)]
pub struct GatewayConfig {
    #[command(flatten)]
    pub common: Common,

    /// Chat as two guests through the gateways at this URL, whose path is /ws, and exit with 0 if it works
    #[arg(
        long,
        value_name = "URL",
        value_parser = web_socket_url,
        help_heading = "Gateway"
    )]
    pub chat_check: Option<String>,

    /// Address that people connect to; :5555 means all interfaces
    #[arg(
        long,
        env = "SERVER_ADDRESS",
        value_name = "ADDRESS",
        default_value = ":5555",
        help_heading = "Gateway"
    )]
    pub server_address: ListenAddress,

    /// Port that people connect to, in place of the address's
    #[arg(long, env = "PORT", help_heading = "Gateway", value_parser = port)]
    pub port: Option<u16>,

    /// Folder with a client to serve instead of the built-in one
    #[arg(
        long,
        alias = "client-location",
        env = "CLIENT_LOCATION",
        value_name = "FOLDER",
        help_heading = "Gateway"
    )]
    pub client_dir: Option<PathBuf>,

    /// Page of the project, told by /links
    #[arg(
        long,
        env = "GITHUB_URL",
        value_name = "URL",
        default_value = "https://github.com/parlor-chat/parlor",
        value_parser = web_url,
        help_heading = "Gateway"
    )]
    pub github_url: String,

    /// Origins whose pages may connect beside the gateway's own, comma-separated; * allows any
    #[arg(
        long,
        env = "ALLOWED_ORIGINS",
        value_name = "ORIGINS",
        default_value = "",
        help_heading = "Gateway"
    )]
    pub allowed_origins: AllowedOrigins,

    /// Networks of proxies whose X-Forwarded-For is believed, comma-separated
    #[arg(
        long,
        env = "TRUSTED_PROXIES",
        value_name = "NETWORKS",
        default_value = "",
        help_heading = "Gateway"
    )]
    pub trusted_proxies: Networks,

    /// Whether people may come with a nickname and no password
    #[arg(
        long,
        env = "GUESTS",
        value_name = "BOOL",
        num_args = 0..=1,
        default_value = "true",
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        value_parser = boolean,
        help_heading = "Gateway"
    )]
    pub guests: bool,

    /// Whether joining a named room that does not exist creates it
    #[arg(
        long,
        env = "CREATE_ROOMS",
        value_name = "BOOL",
        num_args = 0..=1,
        default_value = "true",
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        value_parser = boolean,
        help_heading = "Gateway"
    )]
    pub create_rooms: bool,

    /// Whether new accounts can be made
    #[arg(
        long,
        env = "SIGN_UP",
        value_name = "BOOL",
        num_args = 0..=1,
        default_value = "true",
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        value_parser = boolean,
        help_heading = "Gateway"
    )]
    pub sign_up: bool,

    #[command(flatten)]
    pub photos: PhotoConfig,

    #[command(flatten)]
    pub limits: GatewayLimits,

    #[command(flatten)]
    pub delivery: DeliverySettings,

    #[command(flatten)]
    pub jwt: JwtSettings,

    #[command(flatten)]
    pub api: ApiSettings,
}

impl GatewayConfig {
    /// Where to listen, with `PORT` applied.
    pub fn listen_address(&self) -> ListenAddress {
        let port = self.port.unwrap_or(self.server_address.port);
        ListenAddress {
            port,
            ..self.server_address
        }
    }
}

impl Settings for GatewayConfig {
    const ADMIN_ADDRESS: &'static str = "127.0.0.1:9100";

    fn common(&self) -> &Common {
        &self.common
    }

    fn check(&self) -> Result<(), String> {
        self.limits.check()?;
        self.jwt.check()
    }
}

fn port(text: &str) -> Result<u16, String> {
    // 0 lets the system choose, which tests rely on.
    text.parse()
        .map_err(|_| "a port number such as 5555".to_owned())
}
