//! A TCP proxy that stands for the network between two parts, and breaks on demand.

mod pump;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::net::{Shutdown, shutdown};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::free_port;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From whoever connected to the server behind the proxy.
    ToServer,
    /// From the server to whoever connected.
    ToClient,
}

/// What is wrong with the network at the moment.
#[derive(Debug, Clone, Default)]
struct Faults {
    stalled: bool,
    /// By direction.
    delays: [Duration; 2],
    bytes_per_second: Option<u32>,
    /// By direction.
    dropped: [bool; 2],
    /// How often open connections were forgotten; those from before lose all that comes.
    forgotten: u64,
    /// How often each direction was half-closed; connections close when it grows.
    half_closes: [u64; 2],
}

/// A request to the task that owns the listening socket, with its acknowledgement.
#[derive(Debug)]
enum Order {
    Refuse(bool, oneshot::Sender<()>),
    Cut(oneshot::Sender<()>),
}

/// A proxy between a loopback port and a server. Its connections end when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    faults: watch::Sender<Faults>,
    orders: mpsc::Sender<Order>,
    open: Arc<AtomicUsize>,
    stop: CancellationToken,
}

impl Proxy {
    /// Starts to listen; `server` is connected to with each connection that comes.
    pub async fn start(server: SocketAddr) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let listener = TcpListener::bind(address)
            .await
            .expect("a free port can be listened on");
        let (faults, _) = watch::channel(Faults::default());
        let (orders, inbox) = mpsc::channel(1);
        let open = Arc::new(AtomicUsize::new(0));
        let stop = CancellationToken::new();
        let acceptor = Acceptor {
            address,
            server,
            faults: faults.clone(),
            open: open.clone(),
            connections: stop.child_token(),
            stop: stop.clone(),
        };
        tokio::spawn(acceptor.run(listener, inbox));
        Self {
            address,
            faults,
            orders,
            open,
            stop,
        }
    }

    /// In front of a server on a loopback port.
    pub async fn to_port(port: u16) -> Self {
        Self::start(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
    }

    /// Where to connect in place of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Connections that are open now.
    pub fn connections(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// Resets every connection that is open, on both sides; new ones are welcome.
    pub async fn cut(&self) {
        self.order(Order::Cut).await;
    }

    /// Whether new connections are refused, as if nothing listened; open ones are left alone.
    pub async fn refuse(&self, refused: bool) {
        self.order(|done| Order::Refuse(refused, done)).await;
    }

    /// Delays everything by this time, in each direction.
    pub fn delay(&self, delay: Duration) {
        self.faults.send_modify(|faults| faults.delays = [delay; 2]);
    }

    /// Delays what goes in this direction, while the other one is as it was.
    pub fn delay_direction(&self, direction: Direction, delay: Duration) {
        self.faults
            .send_modify(|faults| faults.delays[direction as usize] = delay);
    }

    /// Limits each direction of each connection; `None` lifts the limit.
    pub fn throttle(&self, bytes_per_second: Option<u32>) {
        let limit = bytes_per_second.map(|limit| limit.max(1));
        self.faults
            .send_modify(|faults| faults.bytes_per_second = limit);
    }

    /// Whether nothing moves in either direction, while connections stay open and new ones are
    /// taken: a network that is there and does nothing. Nothing is lost.
    pub fn stall(&self, stalled: bool) {
        self.faults.send_modify(|faults| faults.stalled = stalled);
    }

    /// Whether what goes in this direction vanishes, while the other one works.
    pub fn drop_direction(&self, direction: Direction, dropped: bool) {
        self.faults
            .send_modify(|faults| faults.dropped[direction as usize] = dropped);
    }

    /// Forgets every open connection, as a firewall that restarts: what goes over them vanishes, in
    /// both directions and for good, and neither side is told. New ones work.
    pub fn forget(&self) {
        self.faults.send_modify(|faults| faults.forgotten += 1);
    }

    /// Ends this direction of every open connection with a FIN; the other one goes on.
    pub fn half_close(&self, direction: Direction) {
        self.faults
            .send_modify(|faults| faults.half_closes[direction as usize] += 1);
    }

    async fn order(&self, order: impl FnOnce(oneshot::Sender<()>) -> Order) {
        let (done, acknowledged) = oneshot::channel();
        self.orders.send(order(done)).await.expect("the proxy runs");
        acknowledged.await.expect("the proxy runs");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The task that owns the listening socket.
struct Acceptor {
    address: SocketAddr,
    server: SocketAddr,
    faults: watch::Sender<Faults>,
    open: Arc<AtomicUsize>,
    /// Cancelled to cut the connections of now; replaced by one for those to come.
    connections: CancellationToken,
    stop: CancellationToken,
}

impl Acceptor {
    async fn run(mut self, listener: TcpListener, mut orders: mpsc::Receiver<Order>) {
        let mut listener = Some(listener);
        loop {
            tokio::select! {
                // An order comes before connections that arrive at the same time.
                biased;
                () = self.stop.cancelled() => return,
                Some(order) = orders.recv() => self.obey(order, &mut listener).await,
                Some(client) = accept(listener.as_ref()) => self.connect(client),
            }
        }
    }

    async fn obey(&mut self, order: Order, listener: &mut Option<TcpListener>) {
        let done = match order {
            Order::Refuse(refused, done) => {
                if refused {
                    if let Some(listener) = listener.take() {
                        // Closing alone is not enough: a child that another test is starting at
                        // this moment holds a copy until it executes its program.
                        let _ = shutdown(&listener, Shutdown::Both);
                    }
                } else if listener.is_none() {
                    let again = TcpListener::bind(self.address).await;
                    *listener = Some(again.expect("the own port can be listened on again"));
                }
                done
            }
            Order::Cut(done) => {
                self.connections.cancel();
                self.connections = self.stop.child_token();
                done
            }
        };
        // Who ordered may have given up waiting.
        let _ = done.send(());
    }

    fn connect(&self, client: TcpStream) {
        let (server, stop) = (self.server, self.connections.clone());
        let faults = self.faults.subscribe();
        // Counted here and not in the task: whoever has connected finds it counted.
        let open = Open::new(self.open.clone());
        tokio::spawn(async move {
            let _open = open;
            tokio::select! {
                () = stop.cancelled() => {}
                stream = TcpStream::connect(server) => {
                    // A server that is down looks like a connection that ends at once.
                    if let Ok(stream) = stream {
                        pump::run(client, stream, &faults, &stop).await;
                    }
                }
            }
        });
    }
}

async fn accept(listener: Option<&TcpListener>) -> Option<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.ok().map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

/// Counts a connection for as long as it is open.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn new(count: Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests;
