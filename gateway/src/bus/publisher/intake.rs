//! What waits to be published, and when it leaves: at once after a quiet time, and else together with
//! what comes within a moment.

use std::time::Duration;

use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

/// Messages in one pipeline.
const BATCH_MESSAGES: usize = 256;
/// From one pipeline to the next, unless it is full. Each costs a write, a reply, a push and several
/// wake-ups here, and Redis as much and a write to its file, however few messages are in it. A timer's
/// step is as long, so a message waits for two of these at most.
const INTERVAL: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(super) struct Intake<T> {
    queue: mpsc::Receiver<T>,
    /// Waits for more, oldest first.
    taken: Vec<T>,
    /// When the last pipeline left.
    left: Option<Instant>,
}

impl<T> Intake<T> {
    pub fn new(queue: mpsc::Receiver<T>) -> Self {
        Self {
            queue,
            taken: Vec::new(),
            left: None,
        }
    }

    /// Waits for what is to leave next, in the order in which it came; `None` when nobody is left to
    /// publish. Nothing is lost when the wait is given up.
    pub async fn next(&mut self) -> Option<Vec<T>> {
        if self.taken.is_empty() && self.queue.recv_many(&mut self.taken, BATCH_MESSAGES).await == 0
        {
            return None;
        }
        if let Some(left) = self.left
            && self.taken.len() < BATCH_MESSAGES
            && left.elapsed() < INTERVAL
        {
            sleep_until(left + INTERVAL).await;
        }
        while self.taken.len() < BATCH_MESSAGES
            && let Ok(one) = self.queue.try_recv()
        {
            self.taken.push(one);
        }
        self.left = Some(Instant::now());
        Some(std::mem::take(&mut self.taken))
    }

    /// Gives back what waits for more, for it can't be sent.
    pub fn give_up(&mut self) -> impl Iterator<Item = T> {
        self.taken.drain(..)
    }

    /// Waits for one, which is not to be sent. To be called with nothing left to give up.
    pub async fn one(&mut self) -> Option<T> {
        self.queue.recv().await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_comes_soon_after_leaves_together_a_moment_later() {
        let (sender, queue) = mpsc::channel(16);
        let mut intake = Intake::new(queue);
        sender.try_send(1).expect("a place");
        assert_eq!(intake.next().now_or_never(), Some(Some(vec![1])));
        let began = Instant::now();
        sender.try_send(2).expect("a place");
        assert_eq!(intake.next().now_or_never(), None, "it waits for more");
        sender.try_send(3).expect("a place");
        drop(sender);
        assert_eq!(intake.next().await, Some(vec![2, 3]));
        assert!(began.elapsed() >= INTERVAL);
        assert_eq!(intake.next().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_waits_after_a_quiet_time() {
        let (sender, queue) = mpsc::channel(16);
        let mut intake = Intake::new(queue);
        for number in 0..3 {
            sender.try_send(number).expect("a place");
            assert_eq!(intake.next().now_or_never(), Some(Some(vec![number])));
            tokio::time::advance(INTERVAL).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_pipeline_does_not_wait() {
        let (sender, queue) = mpsc::channel(3 * BATCH_MESSAGES);
        let mut intake = Intake::new(queue);
        for number in 0..2 * BATCH_MESSAGES {
            sender.try_send(number).expect("a place");
        }
        let batches = [intake.next().now_or_never(), intake.next().now_or_never()];
        let lengths = batches.map(|batch| batch.flatten().map(|it| it.len()));
        assert_eq!(lengths, [Some(BATCH_MESSAGES); 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_can_be_given_up() {
        let (sender, queue) = mpsc::channel(16);
        let mut intake = Intake::new(queue);
        for number in 1..=3 {
            sender.try_send(number).expect("a place");
            assert_eq!(intake.next().now_or_never().is_some(), number == 1);
        }
        assert_eq!(intake.give_up().collect::<Vec<_>>(), [2]);
        assert_eq!(intake.one().now_or_never(), Some(Some(3)));
    }
}
