//! The command line of `gateway admin`.

use super::{Common, GatewayConfig, Settings};

/// Looks after accounts: the first admin, roles, bans, passwords. Takes the gateway's settings, of
/// which it needs how to reach Redis
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "gateway admin", version)]
pub struct AdminConfig {
    /// What to do
    #[arg(value_enum)]
    pub action: AdminAction,

    /// Name of the account; none for list
    pub name: Option<String>,

    /// Role to grant: admin or moderator
    #[arg(long, value_enum, default_value = "admin", help_heading = "Admin")]
    pub role: GrantedRole,

    /// How long a ban lasts, in seconds; for ever if it is left out
    #[arg(long, value_name = "SECONDS", help_heading = "Admin")]
    pub seconds: Option<u64>,

    /// Why somebody is banned
    #[arg(long, value_name = "TEXT", help_heading = "Admin")]
    pub reason: Option<String>,

    /// Read the new password from the standard input, a line, instead of making one
    #[arg(long, help_heading = "Admin")]
    pub stdin: bool,

    #[command(flatten)]
    pub gateway: GatewayConfig,
}

/// What `gateway admin` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum AdminAction {
    /// Give an account a role
    Grant,
    /// Take an account's role
    Revoke,
    /// List who has a role or is banned
    List,
    /// Give an account a new password and end its sessions
    ResetPassword,
    /// End an account's sessions and keep it from signing in
    Ban,
    /// Let a banned account sign in again
    Unban,
    /// Delete an account; what it wrote stays
    Delete,
}

/// A role that can be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum GrantedRole {
    Admin,
    Moderator,
}

impl Settings for AdminConfig {
    const ADMIN_ADDRESS: &'static str = GatewayConfig::ADMIN_ADDRESS;

    fn common(&self) -> &Common {
        self.gateway.common()
    }

    fn check(&self) -> Result<(), String> {
        if self.name.is_none() && self.action != AdminAction::List {
            return Err("Name the account: gateway admin ACTION NAME.".to_owned());
        }
        self.gateway.check()
    }
}
