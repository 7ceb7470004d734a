//! Commands that find the master of their keys, and go after it when it moves.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt as _, future::join_all};
use redis::{
    Cmd, Pipeline, RedisError, RedisFuture, RedisResult, Value,
    aio::{ConnectionLike, ConnectionManagerConfig},
};
use tokio::time::{Instant, sleep};

use super::{
    Cluster, Refusal, Slots, nobody,
    route::{Routed, Target, is_unordered},
};
use crate::{
    config::Address,
    redis::{connect::RESPONSE_TIMEOUT, node::Node},
};

/// How long a command goes after its slot. Whoever waits is told then, as in any other outage.
const FOLLOW: Duration = RESPONSE_TIMEOUT;
/// Pauses between tries, the first and the longest, while nobody can run a command.
const PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(200));

/// The connections that many share: one to each master. Cheap to clone.
#[derive(Clone)]
pub struct ClusterCommands {
    cluster: Cluster,
    shared: Arc<Shared>,
}

struct Shared {
    config: ConnectionManagerConfig,
    /// Connected with the first command that goes there; dropped when the node serves nothing.
    nodes: Mutex<HashMap<Address, Node>>,
}

/// What goes to one node as a whole.
enum Job<'a> {
    Command(&'a Cmd),
    Transaction(&'a Pipeline, usize, usize),
}

impl Job<'_> {
    async fn run(&self, node: &mut Node, asking: bool) -> RedisResult<Vec<Value>> {
        match self {
            Job::Command(command) if asking => {
                let mut pipeline = redis::pipe();
                pipeline.cmd("ASKING").add_command((*command).clone());
                let replies = node.req_packed_commands(&pipeline, 0, 2).await?;
                let reply = replies.into_iter().nth(1).unwrap_or(Value::Nil);
                Ok(vec![reply.extract_error()?])
            }
            // An error of the server's is a value here.
            Job::Command(command) => {
                let reply = node.req_packed_command(command).await?;
                Ok(vec![reply.extract_error()?])
            }
            Job::Transaction(pipeline, offset, count) => {
                node.req_packed_commands(pipeline, *offset, *count).await
            }
        }
    }
}

impl ClusterCommands {
    /// Learns who serves what. Connections are made as they are needed.
    ///
    /// # Errors
    /// When no node can be reached.
    pub async fn connect(cluster: Cluster, config: ConnectionManagerConfig) -> RedisResult<Self> {
        cluster.refresh(&cluster.slots()).await?;
        let nodes = Mutex::default();
        Ok(Self {
            cluster,
            shared: Arc::new(Shared { config, nodes }),
        })
    }

    /// The connection to each master.
    ///
    /// # Errors
    /// When an address is of no use.
    pub fn masters(&self) -> RedisResult<Vec<Node>> {
        let slots = self.cluster.slots();
        slots.masters().iter().map(|it| self.node(it)).collect()
    }

    fn node(&self, address: &Address) -> RedisResult<Node> {
        let nodes = self.shared.nodes.lock();
        let mut nodes = nodes.unwrap_or_else(PoisonError::into_inner);
        if let Some(node) = nodes.get(address) {
            return Ok(node.clone());
        }
        // A new node is a good moment to let go of those that went.
        let slots = self.cluster.slots();
        nodes.retain(|known, _| slots.masters().contains(known));
        let client = self.cluster.client(address)?;
        let node = Node::lazy(client, self.shared.config.clone())?;
        nodes.insert(address.clone(), node.clone());
        Ok(node)
    }

    fn owner(&self, slot: Option<u16>) -> (Arc<Slots>, Option<Address>) {
        let slots = self.cluster.slots();
        let owner = match slot {
            Some(slot) => slots.owner(slot),
            None => slots.masters().first(),
        };
        let owner = owner.cloned();
        (slots, owner)
    }

    /// Runs a job at the master of its slot, wherever that is within [`FOLLOW`].
    async fn follow(
        &self,
        routed: &Routed<'_>,
        slot: Option<u16>,
        job: &Job<'_>,
    ) -> RedisResult<Vec<Value>> {
        let until = Instant::now() + FOLLOW;
        let mut pause = PAUSE.0;
        let mut asked_for = None;
        loop {
            let (slots, owner) = self.owner(slot);
            let asking = asked_for.is_some();
            let address = asked_for.take().or(owner);
            let Some(address) = address else {
                self.wait(&slots, &mut pause, until, nobody()).await?;
                continue;
            };
            let mut node = self.node(&address)?;
            let error = match job.run(&mut node, asking).await {
                Ok(replies) => return Ok(replies),
                Err(error) => error,
            };
            match Refusal::of(&error, &address) {
                Some(Refusal::Moved(slot, to)) if Instant::now() < until => {
                    self.cluster.moved(slot, &to);
                    self.relearn(slots);
                }
                Some(Refusal::Ask(to)) if matches!(job, Job::Command(_)) => asked_for = Some(to),
                Some(Refusal::NotLoaded) => {
                    let Some(script) = routed.script() else {
                        return Err(error);
                    };
                    script.load_async(&mut node).await?;
                    asked_for = asking.then_some(address);
                }
                Some(_) => self.wait(&slots, &mut pause, until, error).await?,
                None if error.is_connection_refusal() => {
                    // It was not sent. Where the slot has another master by now, that one is told.
                    let learnt = self.cluster.refresh(&slots).await?;
                    if slot.is_none_or(|slot| learnt.owner(slot) == Some(&address)) {
                        return Err(error);
                    }
                }
                None => {
                    if error.is_io_error() {
                        self.relearn(slots);
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Waits a little and learns who serves what; gives the error back when time is up.
    async fn wait(
        &self,
        known: &Arc<Slots>,
        pause: &mut Duration,
        until: Instant,
        error: RedisError,
    ) -> RedisResult<()> {
        if Instant::now() + *pause >= until {
            return Err(error);
        }
        sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
        *pause = (*pause * 2).min(PAUSE.1);
        // When nobody answers, the next try tells.
        let _ = self.cluster.refresh(known).await;
        Ok(())
    }

    /// Learns who serves what, some time later.
    fn relearn(&self, known: Arc<Slots>) {
        let cluster = self.cluster.clone();
        let known = if Arc::ptr_eq(&known, &cluster.slots()) {
            known
        } else {
            // A redirection has changed one slot just now; there may be more.
            cluster.slots()
        };
        tokio::spawn(async move {
            // Failing is logged there, and whoever needs to know asks again.
            let _ = cluster.refresh(&known).await;
        });
    }

    async fn command(&self, command: &Cmd) -> RedisResult<Value> {
        let routed = Routed::new(command);
        if let Target::Load(hash, script) = routed.target {
            for mut node in self.masters()? {
                script.load_async(&mut node).await?;
            }
            return Ok(Value::SimpleString(hash.to_owned()));
        }
        self.one(&routed).await
    }

    async fn one(&self, routed: &Routed<'_>) -> RedisResult<Value> {
        let job = Job::Command(routed.command());
        let replies = self.follow(routed, routed.slot(), &job).await?;
        Ok(replies.into_iter().next().unwrap_or(Value::Nil))
    }

    async fn transaction(
        &self,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let routed: Vec<Routed<'_>> = pipeline.cmd_iter().map(Routed::new).collect();
        let Some(first) = routed.first() else {
            return Ok(Vec::new());
        };
        let slot = routed.iter().find_map(Routed::slot);
        let mut whole = Pipeline::with_capacity(routed.len());
        whole.atomic();
        for command in &routed {
            whole.add_command(command.command().clone());
        }
        let job = Job::Transaction(&whole, offset, count);
        self.follow(first, slot, &job).await
    }

    async fn pipeline(&self, pipeline: &Pipeline) -> RedisResult<Vec<Value>> {
        let routed: Vec<Routed<'_>> = pipeline.cmd_iter().map(Routed::new).collect();
        let slots = self.cluster.slots();
        // What has no key goes with the first that has one.
        let default = routed.iter().find_map(Routed::slot).unwrap_or_default();
        let owner = |at: usize| slots.owner(routed[at].slot().unwrap_or(default));
        let mut parts: Vec<Vec<usize>> = Vec::new();
        if is_unordered(pipeline) {
            for at in 0..routed.len() {
                match parts.iter_mut().find(|part| owner(part[0]) == owner(at)) {
                    Some(part) => part.push(at),
                    None => parts.push(vec![at]),
                }
            }
            let sent = parts.iter().map(|part| self.part(&routed, part, default));
            let replies: RedisResult<Vec<_>> = join_all(sent).await.into_iter().collect();
            return Ok(in_order(routed.len(), &parts, replies?));
        }
        for at in 0..routed.len() {
            match parts.last_mut() {
                Some(part) if owner(part[0]) == owner(at) => part.push(at),
                _ => parts.push(vec![at]),
            }
        }
        let mut replies = Vec::with_capacity(parts.len());
        for part in &parts {
            replies.push(self.part(&routed, part, default).await?);
        }
        Ok(in_order(routed.len(), &parts, replies))
    }

    /// Sends one node its part of a pipeline, and goes after what it refused.
    async fn part(
        &self,
        all: &[Routed<'_>],
        part: &[usize],
        default: u16,
    ) -> RedisResult<Vec<Value>> {
        let slot = part
            .iter()
            .find_map(|at| all[*at].slot())
            .unwrap_or(default);
        let (_, owner) = self.owner(Some(slot));
        let mut replies = match owner {
            Some(address) if part.len() > 1 => {
                let mut pipeline = Pipeline::with_capacity(part.len());
                for at in part {
                    pipeline.add_command(all[*at].command().clone());
                }
                let mut node = self.node(&address)?;
                let sent = node.req_packed_commands(&pipeline, 0, part.len()).await;
                match sent {
                    Ok(replies) => replies.into_iter().map(|it| judged(it, &address)).collect(),
                    // Nothing was sent: each finds its way by itself.
                    Err(error) if error.is_connection_refusal() => vec![None; part.len()],
                    Err(error) => {
                        self.relearn(self.cluster.slots());
                        return Err(error);
                    }
                }
            }
            _ => vec![None; part.len()],
        };
        for (at, reply) in part.iter().zip(&mut replies) {
            if reply.is_none() {
                let command = &all[*at];
                let slot = command.slot().unwrap_or(default);
                let job = Job::Command(command.command());
                let followed = self.follow(command, Some(slot), &job).await;
                *reply = Some(match followed {
                    Ok(values) => values.into_iter().next().unwrap_or(Value::Nil),
                    Err(error) => as_reply(error)?,
                });
            }
        }
        Ok(replies.into_iter().flatten().collect())
    }
}

/// A reply, or `None` if the command has to be sent again, elsewhere or later.
fn judged(reply: Value, address: &Address) -> Option<Value> {
    if let Value::ServerError(error) = &reply
        && Refusal::of(&RedisError::from(error.clone()), address).is_some()
    {
        return None;
    }
    Some(reply)
}

/// An error of one command of a pipeline, as a pipeline has it. One of the connection is the whole
/// pipeline's.
fn as_reply(error: RedisError) -> RedisResult<Value> {
    let server_error = error.clone().into_server_errors();
    let server_error = server_error.and_then(|errors| errors.first().cloned());
    server_error
        .map(|(_, error)| Value::ServerError(error))
        .ok_or(error)
}

fn in_order(count: usize, parts: &[Vec<usize>], replies: Vec<Vec<Value>>) -> Vec<Value> {
    let mut all = vec![Value::Nil; count];
    for (part, replies) in parts.iter().zip(replies) {
        for (at, reply) in part.iter().zip(replies) {
            all[*at] = reply;
        }
    }
    all
}

impl ConnectionLike for ClusterCommands {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        self.command(command).boxed()
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        if pipeline.is_transaction() {
            self.transaction(pipeline, offset, count).boxed()
        } else {
            self.pipeline(pipeline).boxed()
        }
    }

    fn get_db(&self) -> i64 {
        0
    }
}
