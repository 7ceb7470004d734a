//! A real Redis Cluster on loopback.

use std::{ops::RangeInclusive, process::Command, time::Duration};

use super::{RedisServer, Reply, Tls};
use crate::wait_until;

/// Nodes meet, elect and follow within seconds; a busy machine takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
const SLOTS: u32 = 16_384;
/// Keys that are moved at once.
const BATCH_KEYS: &str = "100";

/// Masters with their replicas. Killed when dropped.
#[derive(Debug)]
pub struct RedisCluster {
    /// The masters first, then the replicas of each in turn, then whoever joined later.
    pub nodes: Vec<RedisServer>,
    masters: usize,
    tls: Option<Tls>,
}

impl RedisCluster {
    /// Starts `masters` masters that share the slots evenly, each with `replicas` replicas.
    pub async fn start(masters: usize, replicas: usize) -> Self {
        Self::start_with(masters, replicas, None).await
    }

    /// The same, with nodes that speak TLS, also among each other.
    pub async fn start_with(masters: usize, replicas: usize, tls: Option<Tls>) -> Self {
        let mut nodes = Vec::new();
        for _ in 0..masters * (1 + replicas) {
            nodes.push(node(tls.clone()).await);
        }
        let cluster = Self {
            nodes,
            masters,
            tls,
        };
        for at in 0..masters {
            let bound = |at: usize| u32::try_from(at * SLOTS as usize / masters).expect("a slot");
            let (first, last) = (bound(at).to_string(), (bound(at + 1) - 1).to_string());
            cluster.nodes[at].cli(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
        }
        for at in 0..cluster.nodes.len() {
            // Distinct, so that no two masters have to find out who is right.
            let epoch = (at + 1).to_string();
            cluster.nodes[at].cli(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]);
            if at > 0 {
                cluster.meet(at).await;
            }
        }
        for at in masters..cluster.nodes.len() {
            cluster.follow(at, (at - masters) % masters).await;
        }
        cluster.settled().await;
        cluster
    }

    /// Gives all slots to one node, which may have keys in some.
    pub(super) async fn of(node: RedisServer) -> Self {
        let cluster = Self {
            nodes: vec![node],
            masters: 1,
            tls: None,
        };
        for (first, last) in cluster.unassigned() {
            let (first, last) = (first.to_string(), last.to_string());
            cluster.nodes[0].cli(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
        }
        cluster.settled().await;
        cluster
    }

    /// Ranges of slots that nobody serves.
    fn unassigned(&self) -> Vec<(u32, u32)> {
        let Ok(Reply::Array(ranges)) = self.nodes[0].command(&["CLUSTER", "SLOTS"]) else {
            return vec![(0, SLOTS - 1)];
        };
        let ranges = ranges.iter().filter_map(served);
        let mut taken: Vec<_> = ranges.map(|(slots, _)| slots.into_inner()).collect();
        taken.sort_unstable();
        let (mut free, mut next) = (Vec::new(), 0);
        for (first, last) in taken {
            if first > next {
                free.push((next, first - 1));
            }
            next = last + 1;
        }
        if next < SLOTS {
            free.push((next, SLOTS - 1));
        }
        free
    }

    /// Where the masters that it began with are.
    pub fn url(&self) -> String {
        let nodes = self.nodes[..self.masters].iter();
        let nodes: Vec<_> = nodes
            .map(|node| format!("127.0.0.1:{}", node.tls_port().unwrap_or(node.port())))
            .collect();
        let plain = if self.tls.is_some() {
            "rediss"
        } else {
            "redis"
        };
        format!("{plain}+cluster://{}", nodes.join(","))
    }

    /// Adds a master without slots; gives its place.
    pub async fn add(&mut self) -> usize {
        let node = node(self.tls.clone()).await;
        self.nodes.push(node);
        let at = self.nodes.len() - 1;
        self.meet(at).await;
        at
    }

    /// Takes a node that has no slots out of the cluster and ends it.
    pub fn remove(&mut self, at: usize) {
        let id = self.id(at);
        for (other, node) in self.nodes.iter().enumerate() {
            if other != at {
                // One that is down, or learnt of it from another, knows nothing to forget.
                let _ = node.command(&["CLUSTER", "FORGET", &id]);
            }
        }
        self.nodes[at].kill9();
    }

    /// The name of a node within the cluster.
    pub fn id(&self, at: usize) -> String {
        self.nodes[at].cli(&["CLUSTER", "MYID"])
    }

    /// The place of the master of a slot, as a running node knows it.
    pub fn owner(&self, slot: u16) -> Option<usize> {
        let ports = self.nodes.iter().find_map(|node| slots_of(node, slot))?;
        self.nodes.iter().position(|node| node.port() == ports)
    }

    /// The slot of a key.
    pub fn slot(&self, key: &str) -> u16 {
        let answer = self.any().cli(&["CLUSTER", "KEYSLOT", key]);
        answer.parse().expect("a slot")
    }

    /// Sends a command to the master of its key, which is its second word.
    pub fn cli(&self, args: &[&str]) -> String {
        let slot = self.slot(args[1]);
        let at = self.owner(slot).expect("somebody serves the slot");
        self.nodes[at].cli(args)
    }

    /// Moves a slot and what is in it, in the steps that the tools of Redis take.
    pub fn move_slot(&self, slot: u16, to: usize) {
        let from = self.owner(slot).expect("somebody serves the slot");
        if from == to {
            return;
        }
        let (source, target) = (&self.nodes[from], &self.nodes[to]);
        let (source_id, target_id) = (self.id(from), self.id(to));
        let slot = slot.to_string();
        target.cli(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &source_id]);
        source.cli(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &target_id]);
        let port = target.port().to_string();
        loop {
            let keys = source.cli(&["CLUSTER", "GETKEYSINSLOT", &slot, BATCH_KEYS]);
            if keys.is_empty() {
                break;
            }
            let mut migrate = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
            migrate.extend(keys.lines());
            source.cli(&migrate);
        }
        // The target first: a crash in between leaves a slot that somebody serves.
        target.cli(&["CLUSTER", "SETSLOT", &slot, "NODE", &target_id]);
        source.cli(&["CLUSTER", "SETSLOT", &slot, "NODE", &target_id]);
        for (at, node) in self.nodes.iter().enumerate() {
            if at != from && at != to {
                // Replicas refuse it, and learn of it from their masters.
                let _ = node.command(&["CLUSTER", "SETSLOT", &slot, "NODE", &target_id]);
            }
        }
    }

    /// Moves as many slots from one master to another with the tool of Redis.
    pub async fn reshard(&self, slots: u16, from: usize, to: usize) {
        let any = format!("127.0.0.1:{}", self.nodes[to].port());
        // The tool refuses to begin while one of them has not heard of the last change, and a node
        // that has just come takes no keys yet.
        self.settled().await;
        wait_until(PATIENCE, "the nodes to agree", async || {
            let mut tool = Command::new("redis-cli");
            let check = tool.args(["--cluster", "check", &any]).output();
            check.is_ok_and(|checked| checked.status.success())
        })
        .await;
        let (from, to, slots) = (self.id(from), self.id(to), slots.to_string());
        let run = move || {
            let mut tool = Command::new("redis-cli");
            tool.args(["--cluster", "reshard", &any, "--cluster-from", &from]);
            tool.args(["--cluster-to", &to, "--cluster-slots", &slots]);
            tool.args(["--cluster-yes", "--cluster-pipeline", "100"]);
            tool.output().expect("redis-cli runs")
        };
        let done = tokio::task::spawn_blocking(run).await.expect("it ends");
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{said}");
    }

    /// How many slots a node serves, as it says itself.
    pub fn slots_served(&self, at: usize) -> u32 {
        let node = &self.nodes[at];
        let Ok(Reply::Array(ranges)) = node.command(&["CLUSTER", "SLOTS"]) else {
            return 0;
        };
        let ranges = ranges.iter().filter_map(served);
        let own = ranges.filter(|(_, port)| *port == node.port());
        own.map(|(slots, _)| slots.end() - slots.start() + 1).sum()
    }

    /// Waits until all running nodes agree that every slot is served.
    pub async fn settled(&self) {
        wait_until(PATIENCE, "the cluster to be well", async || {
            self.nodes.iter().all(|node| {
                let Ok(Reply::Text(info)) = node.command(&["CLUSTER", "INFO"]) else {
                    return true;
                };
                info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384")
            })
        })
        .await;
    }

    /// Waits until another node than `at` serves a slot.
    pub async fn taken_over(&self, slot: u16, at: usize) {
        wait_until(PATIENCE, "a replica to take over", async || {
            self.nodes.iter().enumerate().any(|(other, node)| {
                other != at
                    && slots_of(node, slot).is_some_and(|port| port != self.nodes[at].port())
            })
        })
        .await;
    }

    /// Makes a node follow the master at another place, and waits until it does.
    pub async fn follow(&self, at: usize, master: usize) {
        let id = self.id(master);
        let node = &self.nodes[at];
        wait_until(PATIENCE, "a replica to know its master", async || {
            matches!(
                node.command(&["CLUSTER", "REPLICATE", &id]),
                Ok(Reply::Simple(_))
            )
        })
        .await;
        wait_until(PATIENCE, "a replica to follow", async || {
            node.cli(&["INFO", "replication"])
                .contains("master_link_status:up")
        })
        .await;
    }

    async fn meet(&self, at: usize) {
        let (first, node) = (&self.nodes[0], &self.nodes[at]);
        let (port, bus) = (node.port().to_string(), bus_port(node));
        first.cli(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        let id = self.id(at);
        wait_until(PATIENCE, "the nodes to meet", async || {
            let others = self.nodes[..at].iter();
            let mut known = others.map(|other| other.command(&["CLUSTER", "NODES"]));
            known.all(|nodes| nodes.map_or(true, |nodes| nodes.to_string().contains(&id)))
        })
        .await;
    }

    fn any(&self) -> &RedisServer {
        let running = self
            .nodes
            .iter()
            .find(|node| node.command(&["PING"]).is_ok());
        running.expect("a node runs")
    }
}

async fn node(tls: Option<Tls>) -> RedisServer {
    let node = RedisServer::builder().append_only(true).cluster_node();
    let node = match tls {
        // Who asks over TLS is told the ports for it, and who asks without those for that.
        Some(_) => node.tls(tls).option("tls-cluster", "yes"),
        None => node,
    };
    node.launched().await
}

fn bus_port(node: &RedisServer) -> String {
    let setting = node.cli(&["CONFIG", "GET", "cluster-port"]);
    setting.lines().nth(1).expect("a port").to_owned()
}

/// The port of the master that serves a slot, as `node` knows it.
fn slots_of(node: &RedisServer, slot: u16) -> Option<u16> {
    let Ok(Reply::Array(ranges)) = node.command(&["CLUSTER", "SLOTS"]) else {
        return None;
    };
    let mut ranges = ranges.iter().filter_map(served);
    let range = ranges.find(|(slots, _)| slots.contains(&u32::from(slot)));
    range.map(|(_, port)| port)
}

/// The slots of a range of `CLUSTER SLOTS`, and the port of the master that serves them.
fn served(range: &Reply) -> Option<(RangeInclusive<u32>, u16)> {
    let Reply::Array(parts) = range else {
        return None;
    };
    let [
        Reply::Integer(first),
        Reply::Integer(last),
        Reply::Array(master),
        ..,
    ] = parts.as_slice()
    else {
        return None;
    };
    let Some(Reply::Integer(port)) = master.get(1) else {
        return None;
    };
    let slots = u32::try_from(*first).ok()?..=u32::try_from(*last).ok()?;
    Some((slots, u16::try_from(*port).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn slots_move_with_what_is_in_them() {
        let cluster = RedisCluster::start(2, 0).await;
        let slot = cluster.slot("{3}key");
        let from = cluster.owner(slot).expect("an owner");
        assert_eq!(cluster.cli(&["SET", "{3}key", "value"]), "OK");
        cluster.move_slot(slot, 1 - from);
        assert_eq!(cluster.owner(slot), Some(1 - from));
        assert_eq!(cluster.cli(&["GET", "{3}key"]), "value");
    }
}
