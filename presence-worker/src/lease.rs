//! What presence-workers lease: gateways, also those taken for dead until they are back or nothing
//! is left of them.

use std::collections::BTreeSet;

use parlor_shared::{
    id::GatewayId,
    keyspace::Keyspace,
    redis::{Commands, lease::Items},
};
use redis::{RedisResult, pipe};

/// More gateways than anybody runs: a bound on one reply, not on the deployment.
const GATEWAYS_MAX: isize = 10_000;

pub(crate) struct Gateways {
    pub keyspace: Keyspace,
}

impl Items for Gateways {
    type Item = GatewayId;

    async fn list(&self, commands: &mut Commands) -> RedisResult<Vec<GatewayId>> {
        type Names = Vec<String>;
        let (known, dead, awaited): (Names, Names, Names) = pipe()
            .zrange(commands.keyspace().gateways(), 0, GATEWAYS_MAX - 1)
            .zrange(commands.keyspace().gateways_dead(), 0, GATEWAYS_MAX - 1)
            .zrange(commands.keyspace().gateways_awaited(), 0, GATEWAYS_MAX - 1)
            .query_async(commands)
            .await?;
        let names = known.iter().chain(&dead).chain(&awaited);
        let all: BTreeSet<_> = names.filter_map(|name| name.parse().ok()).collect();
        Ok(all.into_iter().collect())
    }

    fn key(&self, gateway: &GatewayId) -> String {
        self.keyspace.presence_lease(*gateway)
    }
}
