//! The connections for commands that many share, whatever Redis is made of.

use redis::{Cmd, Pipeline, RedisFuture, RedisResult, Value, aio::ConnectionLike};

use super::{cluster::ClusterCommands, node::Node};
use crate::keyspace::Keyspace;

/// The connections that many share: they pipeline commands and reconnect by themselves. A command
/// during an outage fails within [`super::connect::RESPONSE_TIMEOUT`]. Cheap to clone.
///
/// On a cluster each command goes to the master of its keys, and a pipeline is split among masters;
/// what has to stay together stays in one slot.
#[derive(Clone)]
pub struct Commands {
    way: Way,
    keyspace: Keyspace,
}

#[derive(Clone)]
enum Way {
    One(Node),
    Cluster(ClusterCommands),
}

impl std::fmt::Debug for Commands {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Commands")
    }
}

impl Commands {
    pub(super) fn one(node: Node, keyspace: Keyspace) -> Self {
        let way = Way::One(node);
        Self { way, keyspace }
    }

    pub(super) fn cluster(commands: ClusterCommands, keyspace: Keyspace) -> Self {
        let way = Way::Cluster(commands);
        Self { way, keyspace }
    }

    /// What keys are called: every command that names one asks here.
    pub fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    /// Whether they find their way in a cluster.
    pub fn on_cluster(&self) -> bool {
        matches!(self.way, Way::Cluster(_))
    }

    /// Each server that takes writes, by itself: for questions that are about the server.
    ///
    /// # Errors
    /// When an address is of no use.
    pub fn each(&self) -> RedisResult<Vec<Self>> {
        match &self.way {
            Way::One(_) => Ok(vec![self.clone()]),
            Way::Cluster(commands) => {
                let one = |node| Self::one(node, self.keyspace.clone());
                Ok(commands.masters()?.into_iter().map(one).collect())
            }
        }
    }
}

impl ConnectionLike for Commands {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match &mut self.way {
            Way::One(node) => node.req_packed_command(command),
            Way::Cluster(commands) => commands.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match &mut self.way {
            Way::One(node) => node.req_packed_commands(pipeline, offset, count),
            Way::Cluster(commands) => commands.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match &self.way {
            Way::One(node) => node.get_db(),
            Way::Cluster(commands) => commands.get_db(),
        }
    }
}
