//! What a connection's task is woken for, besides its socket.

use std::{
    sync::atomic::{AtomicU8, AtomicU32, Ordering},
    task::Waker,
};

use futures_util::task::AtomicWaker;

/// Something that the connection's task has to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Signal {
    /// The alarm has rung.
    Alarm = 1,
    /// There are orders for the session.
    Orders = 2,
    /// The registry has lost this gateway's sessions.
    RegistryLost = 4,
}

/// A set of signals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals(u8);

impl Signals {
    pub fn has(self, signal: Signal) -> bool {
        self.0 & signal as u8 != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// No alarm is set.
const NO_ALARM: u32 = u32::MAX;

/// The bell of one connection: any number of others ring it, its task alone listens.
#[derive(Debug)]
pub(super) struct Bell {
    raised: AtomicU8,
    /// The tick of the alarm that counts; others of this connection are stale.
    alarm: AtomicU32,
    task: AtomicWaker,
}

impl Bell {
    pub fn new() -> Self {
        Self {
            raised: AtomicU8::new(0),
            alarm: AtomicU32::new(NO_ALARM),
            task: AtomicWaker::new(),
        }
    }

    /// Has the task polled once more.
    pub fn wake(&self) {
        self.task.wake();
    }

    pub fn raise(&self, signal: Signal) {
        self.raised.fetch_or(signal as u8, Ordering::AcqRel);
        self.task.wake();
    }

    /// To be called by the task before it looks for what it would wait for.
    pub fn listen(&self, waker: &Waker) {
        self.task.register(waker);
    }

    /// What was raised since it was last asked.
    pub fn take(&self) -> Signals {
        // Mostly there is nothing, and a load is cheaper.
        if self.raised.load(Ordering::Acquire) == 0 {
            return Signals::default();
        }
        Signals(self.raised.swap(0, Ordering::AcqRel))
    }

    /// Sets the alarm. `false` if it rings as early anyway.
    pub fn set_alarm(&self, tick: u32) -> bool {
        self.alarm.fetch_min(tick, Ordering::AcqRel) > tick
    }

    /// Rings, if the alarm that was set for this tick still counts.
    pub fn ring(&self, tick: u32) {
        let counts =
            self.alarm
                .compare_exchange(tick, NO_ALARM, Ordering::AcqRel, Ordering::Acquire);
        if counts.is_ok() {
            self.raise(Signal::Alarm);
        }
    }
}
