//! A client that behaves as the web client does: it keeps what it has not been told to be stored,
//! comes back after every loss with a growing, random pause, resumes, sends again in order, and
//! remembers what it was told.

mod life;
mod link;
mod names;
mod place;
mod take;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use parlor_shared::id::{Address, UserId};
use tokio::{sync::mpsc, task::JoinHandle};

pub use names::Names;

use crate::{
    ledger::{Ledger, Violation},
    record::RoomRecord,
};

/// What a member is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    pub number: u32,
    /// By their numbers in the ledger.
    pub rooms: Vec<usize>,
    pub names: Names,
    pub gateways: Arc<[String]>,
    pub ledger: Arc<Ledger>,
    pub seed: u64,
    /// Characters that make each text longer.
    pub padding: usize,
    /// Whether silence counts now: there is a load that this member should hear of.
    pub loud: Arc<AtomicBool>,
}

/// The room of a number, where names are plain: General, and named ones.
pub fn address(room: usize) -> Address {
    Names::default().address(room)
}

/// A member that lives in a task of its own.
#[derive(Debug)]
pub struct Member {
    pub number: u32,
    pub rooms: Vec<usize>,
    orders: mpsc::UnboundedSender<Order>,
    record: Arc<Mutex<Record>>,
    task: JoinHandle<()>,
}

/// What a member is asked to do.
#[derive(Clone, Copy, Debug)]
enum Order {
    Say {
        room: usize,
    },
    /// Whether to be connected: the page is closed, or opened again.
    Online(bool),
    /// Whether to read what comes.
    Read(bool),
    Stop,
}

/// All that a member was told.
#[derive(Debug, Default)]
pub struct Record {
    pub user: Option<UserId>,
    pub rooms: HashMap<usize, RoomRecord>,
    /// Signed in, and in every room.
    pub ready: bool,
    /// Wants to be connected.
    pub online: bool,
    /// Messages that nobody has acknowledged yet.
    pub pending: usize,
    pub reconnections: Reconnections,
    /// The longest time without any frame while there was a load.
    pub longest_silence: Duration,
    pub closes: BTreeMap<u16, u64>,
    /// By the error's stable name.
    pub refusals: BTreeMap<String, u64>,
    pub paused_notices: u64,
    pub resumed_notices: u64,
    pub recovered: u64,
    pub not_recovered: u64,
    pub resyncs: u64,
    /// Users that the member was told to have gone offline, or to have left a room.
    pub told_offline: Vec<UserId>,
    pub told_left: Vec<UserId>,
    /// How long acknowledgements took, from the first sending.
    pub slowest_acknowledgement: Duration,
    pub violations: Vec<Violation>,
}

/// How coming back went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reconnections {
    pub count: u64,
    pub attempts: u64,
    pub most_attempts: u64,
    /// From the loss to being in every room again.
    pub longest: Duration,
}

impl Record {
    pub fn acknowledged(&self) -> u64 {
        let counts = self.rooms.values().map(|room| room.acknowledged.len());
        counts.sum::<usize>() as u64
    }

    pub fn deliveries(&self) -> u64 {
        self.rooms.values().map(|room| room.deliveries).sum()
    }
}

impl Member {
    /// Starts to connect.
    pub fn start(plan: Plan) -> Self {
        let (orders, inbox) = mpsc::unbounded_channel();
        let record = Record {
            online: true,
            ..Record::default()
        };
        let record = Arc::new(Mutex::new(record));
        let (number, rooms) = (plan.number, plan.rooms.clone());
        let life = life::Life::new(plan, inbox, Arc::clone(&record));
        Self {
            number,
            rooms,
            orders,
            record,
            task: tokio::spawn(life.run()),
        }
    }

    pub fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the next message to a room, now or as soon as it can be sent.
    pub fn say(&self, room: usize) {
        self.record().pending += 1;
        self.order(Order::Say { room });
    }

    pub fn set_online(&self, online: bool) {
        self.record().online = online;
        self.order(Order::Online(online));
    }

    pub fn set_reading(&self, reading: bool) {
        self.order(Order::Read(reading));
    }

    /// Ends the member; its record stays.
    pub fn stop(&self) {
        self.order(Order::Stop);
    }

    /// Whether it lives no more, which nobody asked for before [`Self::stop`].
    pub fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    fn order(&self, order: Order) {
        // A member that has ended needs no orders.
        let _ = self.orders.send(order);
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.task.abort();
    }
}
