//! What Redis is made of in a test.

use std::ops::{Deref, DerefMut};

use parlor_testkit::{RedisCluster, RedisServer, SentinelSet};

/// One server unless the test is about more.
#[derive(Debug)]
pub enum Store {
    One(RedisServer),
    Cluster(RedisCluster),
    Sentinel(Box<SentinelSet>),
}

/// What Redis is to be made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    One,
    /// Masters, and replicas of each.
    Cluster(usize, usize),
    Sentinel,
}

impl Store {
    /// Sends a command to whoever has its key now, which is its second word.
    pub fn cli(&self, args: &[&str]) -> String {
        match self {
            Self::One(server) => server.cli(args),
            Self::Cluster(cluster) => cluster.cli(args),
            Self::Sentinel(set) => set.cli(args),
        }
    }

    /// Where the parts are told that Redis is, if not at one server behind a proxy.
    pub fn url(&self) -> Option<String> {
        match self {
            Self::One(_) => None,
            Self::Cluster(cluster) => Some(cluster.url()),
            Self::Sentinel(set) => Some(set.url()),
        }
    }

    /// All that hold data.
    pub fn servers(&self) -> Vec<&RedisServer> {
        match self {
            Self::One(server) => vec![server],
            Self::Cluster(cluster) => cluster.nodes.iter().collect(),
            Self::Sentinel(set) => vec![&set.primary, &set.replica],
        }
    }

    pub fn cluster(&mut self) -> &mut RedisCluster {
        match self {
            Self::Cluster(cluster) => cluster,
            other => panic!("no cluster: {other:?}"),
        }
    }

    pub fn sentinel(&mut self) -> &mut SentinelSet {
        match self {
            Self::Sentinel(set) => set,
            other => panic!("no sentinels: {other:?}"),
        }
    }
}

/// The one server; of sentinels, the first primary.
impl Deref for Store {
    type Target = RedisServer;

    fn deref(&self) -> &RedisServer {
        match self {
            Self::One(server) => server,
            Self::Cluster(cluster) => &cluster.nodes[0],
            Self::Sentinel(set) => &set.primary,
        }
    }
}

impl DerefMut for Store {
    fn deref_mut(&mut self) -> &mut RedisServer {
        match self {
            Self::One(server) => server,
            Self::Cluster(cluster) => &mut cluster.nodes[0],
            Self::Sentinel(set) => &mut set.primary,
        }
    }
}
