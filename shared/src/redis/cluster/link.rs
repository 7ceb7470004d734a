//! One connection of the subscriber's, to one master.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use redis::{Pipeline, PushInfo, PushKind, RedisResult, Value, aio::MultiplexedConnection};
use tokio::{
    sync::{Notify, mpsc},
    time::{MissedTickBehavior, interval},
};
use tracing::warn;

use super::Cluster;
use crate::{
    config::Address,
    id::ChannelId,
    redis::{connect, pubsub::Sink},
};

/// Channels in one pipeline: a reply to each comes back, so it is bounded.
const BATCH_CHANNELS: usize = 500;
/// How often a silent connection is asked whether it is alive.
const WATCHDOG: Duration = Duration::from_secs(5);

/// What a link is to do.
#[derive(Debug)]
pub enum Order {
    Subscribe(ChannelId),
    Unsubscribe(ChannelId),
}

/// What a link tells, each with its number.
#[derive(Debug)]
pub enum Event {
    /// The node sends what is published on the channel from here on.
    Subscribed(u64, ChannelId),
    /// And from here on no more, whether that was asked for or not.
    Unsubscribed(u64, ChannelId),
    /// The node did not take the channel.
    Refused(u64, ChannelId),
    /// The connection is gone. Nothing follows.
    Lost(u64),
}

/// Connects and carries out orders, until the connection breaks or nobody gives orders any more.
pub async fn run(
    cluster: Cluster,
    address: Address,
    number: u64,
    sink: Arc<impl Sink>,
    events: mpsc::UnboundedSender<Event>,
    orders: mpsc::UnboundedReceiver<Order>,
) {
    let broken = Arc::new(Notify::new());
    let pushed = pushes(number, sink, events.clone(), Arc::clone(&broken));
    let config = connect::dedicated_config(connect::RESPONSE_TIMEOUT).set_push_sender(pushed);
    let served = async {
        let connection = cluster.connect(&address, config).await?;
        serve(connection, number, &events, &broken, orders).await
    };
    if let Err(error) = served.await {
        warn!(%error, %address, "a subscriber connection ends");
    }
    // The owner has ended: so have its subscriptions.
    let _ = events.send(Event::Lost(number));
}

/// Takes what Redis pushes. It runs on the connection's own task and never waits.
fn pushes(
    number: u64,
    sink: Arc<impl Sink>,
    events: mpsc::UnboundedSender<Event>,
    broken: Arc<Notify>,
) -> impl Fn(PushInfo) -> Result<(), ()> + Send + Sync + 'static {
    move |info| {
        let mut data = info.data.into_iter();
        let mut text = || match data.next() {
            Some(Value::BulkString(bytes)) => Some(bytes),
            _ => None,
        };
        let channel = |bytes: Option<Vec<u8>>| String::from_utf8(bytes?).ok().map(ChannelId::new);
        match info.kind {
            PushKind::SMessage => {
                if let Some(channel) = channel(text())
                    && let Some(payload) = text()
                {
                    sink.message(channel.as_str(), Bytes::from(payload));
                }
            }
            PushKind::SSubscribe => {
                if let Some(channel) = channel(text()) {
                    let _ = events.send(Event::Subscribed(number, channel));
                }
            }
            PushKind::SUnsubscribe => {
                if let Some(channel) = channel(text()) {
                    let _ = events.send(Event::Unsubscribed(number, channel));
                }
            }
            PushKind::Disconnection => broken.notify_one(),
            _ => {}
        }
        Ok(())
    }
}

async fn serve(
    mut connection: MultiplexedConnection,
    number: u64,
    events: &mpsc::UnboundedSender<Event>,
    broken: &Notify,
    mut orders: mpsc::UnboundedReceiver<Order>,
) -> RedisResult<()> {
    let mut batch = Vec::with_capacity(BATCH_CHANNELS);
    let mut watchdog = interval(WATCHDOG);
    watchdog.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = broken.notified() => return Ok(()),
            _ = watchdog.tick() => {
                // Whatever comes back, something did.
                let _: Value = redis::cmd("PING").query_async(&mut connection).await?;
            }
            count = orders.recv_many(&mut batch, BATCH_CHANNELS) => {
                if count == 0 {
                    return Ok(());
                }
                carry_out(&mut connection, number, events, &mut batch).await?;
            }
        }
    }
}

/// One command a channel, so that each has one answer: one command for several in another slot than
/// the node has would be refused as a whole.
async fn carry_out(
    connection: &mut MultiplexedConnection,
    number: u64,
    events: &mpsc::UnboundedSender<Event>,
    batch: &mut Vec<Order>,
) -> RedisResult<()> {
    let mut pipeline = Pipeline::with_capacity(batch.len());
    for order in &*batch {
        match order {
            Order::Subscribe(channel) => pipeline.cmd("SSUBSCRIBE").arg(channel.as_str()),
            Order::Unsubscribe(channel) => pipeline.cmd("SUNSUBSCRIBE").arg(channel.as_str()),
        };
    }
    pipeline.ignore_errors();
    let replies: Vec<RedisResult<Value>> = pipeline.query_async(connection).await?;
    for (order, reply) in batch.drain(..).zip(replies) {
        if let (Order::Subscribe(channel), Err(_)) = (order, reply) {
            let _ = events.send(Event::Refused(number, channel));
        }
    }
    Ok(())
}
