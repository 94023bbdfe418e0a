//! The queue of samples that wait to be sent by remote write.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::series::SeriesSample;

/// A bounded queue, filled at an interval and emptied as fast as the server accepts samples.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Notify,
    capacity: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<SeriesSample>,
    /// Samples that are being sent; they count towards the capacity.
    in_flight: usize,
    is_closed: bool,
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Queue {
        Queue {
            state: Mutex::default(),
            changed: Notify::new(),
            capacity,
        }
    }

    /// Adds samples; drops the oldest waiting ones beyond the capacity and returns how many.
    pub(super) fn push(&self, samples: Vec<SeriesSample>) -> u64 {
        let mut state = self.lock();
        state.waiting.extend(samples);
        let excess = (state.waiting.len() + state.in_flight).saturating_sub(self.capacity);
        let dropped = excess.min(state.waiting.len());
        state.waiting.drain(..dropped);
        drop(state);
        self.changed.notify_one();
        dropped as u64
    }

    /// Announces that nothing more will be added.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_one();
    }

    /// Waits for samples and takes up to `max`; `None` once the queue is closed and empty.
    ///
    /// From this call on, the samples of the previous call no longer count as in flight.
    pub(super) async fn take(&self, max: usize) -> Option<Vec<SeriesSample>> {
        loop {
            {
                let mut state = self.lock();
                state.in_flight = 0;
                let count = state.waiting.len().min(max);
                if count > 0 {
                    state.in_flight = count;
                    return Some(state.waiting.drain(..count).collect());
                }
                if state.is_closed {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// Number of samples that are waiting or in flight.
    pub(super) fn unsent(&self) -> u64 {
        let state = self.lock();
        (state.waiting.len() + state.in_flight) as u64
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Ignores poisoning: no code that can panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::push::remote_write::series::{Family, SampleValue};

    fn samples(times: impl IntoIterator<Item = i64>) -> Vec<SeriesSample> {
        let family = Arc::new(Family {
            name: String::new(),
            help: String::new(),
            unit: String::new(),
            kind: 0,
        });
        let sample = |time| SeriesSample {
            labels: Arc::new([]),
            family: Arc::clone(&family),
            time,
            created: 0,
            value: SampleValue::Float(0.0),
            exemplars: Vec::new(),
        };
        times.into_iter().map(sample).collect()
    }

    async fn times(queue: &Queue, max: usize) -> Option<Vec<i64>> {
        let samples = queue.take(max).await?;
        Some(samples.iter().map(|sample| sample.time).collect())
    }

    #[tokio::test]
    async fn samples_are_taken_in_order_until_the_queue_is_closed_and_empty() {
        let queue = Queue::new(10);
        assert_eq!(queue.push(samples(0..5)), 0);
        assert_eq!(times(&queue, 3).await, Some(vec![0, 1, 2]));
        queue.close();
        assert_eq!(queue.unsent(), 5);
        assert_eq!(times(&queue, 3).await, Some(vec![3, 4]));
        assert_eq!(queue.unsent(), 2);
        assert_eq!(times(&queue, 3).await, None);
        assert_eq!(queue.unsent(), 0);
    }

    #[tokio::test]
    async fn the_oldest_samples_beyond_the_capacity_are_dropped() {
        let queue = Queue::new(4);
        assert_eq!(queue.push(samples(0..6)), 2);
        assert_eq!(times(&queue, 9).await, Some(vec![2, 3, 4, 5]));
    }

    #[tokio::test]
    async fn samples_in_flight_count_towards_the_capacity_and_are_not_dropped() {
        let queue = Queue::new(4);
        queue.push(samples(0..3));
        assert_eq!(times(&queue, 3).await, Some(vec![0, 1, 2]));
        assert_eq!(queue.push(samples(3..6)), 2);
        assert_eq!(queue.unsent(), 4);
        assert_eq!(times(&queue, 9).await, Some(vec![5]));
    }
}
