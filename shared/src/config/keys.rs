//! The command line of `gateway keys`.

use super::{Common, GatewayConfig, Settings};

/// Counts, lists or removes all that one Parlor has in Redis. Takes the gateway's settings, of which
/// it needs how to reach Redis, and the prefix
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "gateway keys", version)]
pub struct KeysConfig {
    /// What to do
    #[arg(value_enum)]
    pub action: KeysAction,

    /// Remove everything for good: give the prefix, or no-prefix where there is none
    #[arg(long, value_name = "PREFIX", help_heading = "Keys")]
    pub confirm: Option<String>,

    #[command(flatten)]
    pub gateway: GatewayConfig,
}

/// What `gateway keys` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum KeysAction {
    /// Say how many keys there are of each kind
    Count,
    /// Write every key's name, a line each
    List,
    /// Remove every key, with all messages and accounts
    Remove,
}

impl Settings for KeysConfig {
    const ADMIN_ADDRESS: &'static str = GatewayConfig::ADMIN_ADDRESS;

    fn common(&self) -> &Common {
        self.gateway.common()
    }

    fn check(&self) -> Result<(), String> {
        if self.confirm.is_some() && self.action != KeysAction::Remove {
            return Err("The flag --confirm goes with remove only.".to_owned());
        }
        self.gateway.check()
    }
}
