//! [`Queue`]: samples that wait to be sent by remote write.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use metrics_core::{Delivery, Recipient};
use tokio::sync::Notify;

use super::series::SeriesSample;

/// A bounded queue, filled at an interval and emptied as fast as the server accepts samples.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Notify,
    capacity: usize,
    recipient: Recipient,
    /// A copy of [`Queue::unsent`] for the self-metrics.
    length: Arc<AtomicU64>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<SeriesSample>,
    /// Samples that are being sent; they count towards the capacity.
    in_flight: usize,
    /// The gatherings whose samples are waiting or in flight, the oldest first.
    gatherings: VecDeque<Gathering>,
    is_closed: bool,
}

/// Counts the samples in the queue that come from one gathering of the registry.
struct Gathering {
    waiting: usize,
    in_flight: usize,
    /// `None` if a sample was lost, so that the gathering cannot be delivered completely.
    delivery: Option<Delivery>,
}

impl Queue {
    /// Creates a queue that keeps `length` equal to its number of samples.
    pub(super) fn new(capacity: usize, recipient: Recipient, length: Arc<AtomicU64>) -> Queue {
        Queue {
            state: Mutex::default(),
            changed: Notify::new(),
            capacity,
            recipient,
            length,
        }
    }

    /// Adds the samples of a gathering; drops the oldest waiting ones beyond the capacity and
    /// returns how many.
    ///
    /// The delivery is confirmed once all these samples were [sent](Self::confirm_taken).
    pub(super) fn push(&self, samples: Vec<SeriesSample>, delivery: Option<Delivery>) -> u64 {
        let mut state = self.lock();
        state.gatherings.push_back(Gathering {
            waiting: samples.len(),
            in_flight: 0,
            delivery,
        });
        state.waiting.extend(samples);
        let excess = (state.waiting.len() + state.in_flight).saturating_sub(self.capacity);
        let dropped = excess.min(state.waiting.len());
        state.waiting.drain(..dropped);
        state.move_waiting(dropped, |gathering, _| gathering.delivery = None);
        self.publish_length(&state);
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
                self.publish_length(&state);
                // The samples in flight were refused, unless `confirm_taken` was called.
                for gathering in &mut state.gatherings {
                    if gathering.in_flight > 0 {
                        gathering.in_flight = 0;
                        gathering.delivery = None;
                    }
                }
                let count = state.waiting.len().min(max);
                if count > 0 {
                    state.in_flight = count;
                    state.move_waiting(count, |gathering, moved| gathering.in_flight += moved);
                    return Some(state.waiting.drain(..count).collect());
                }
                if state.is_closed {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// Confirms that the server has accepted the samples of the last [`take`](Self::take), and with
    /// them the delivery of the gatherings that have no further samples in the queue.
    pub(super) fn confirm_taken(&self) {
        let mut delivered = Vec::new();
        let mut state = self.lock();
        state.gatherings.retain_mut(|gathering| {
            let was_taken = std::mem::take(&mut gathering.in_flight) > 0;
            if was_taken && gathering.waiting == 0 {
                delivered.extend(gathering.delivery.take());
            }
            gathering.waiting > 0
        });
        drop(state);
        for delivery in delivered {
            delivery.confirm(self.recipient);
        }
    }

    /// Number of samples that are waiting or in flight.
    pub(super) fn unsent(&self) -> u64 {
        self.lock().unsent()
    }

    fn publish_length(&self, state: &State) {
        self.length.store(state.unsent(), Ordering::Relaxed);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Ignores poisoning, because no code that can panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn unsent(&self) -> u64 {
        (self.waiting.len() + self.in_flight) as u64
    }

    /// Takes the oldest `count` waiting samples out of their gatherings, and calls `moved` with
    /// each gathering and the number of samples taken from it.
    fn move_waiting(&mut self, mut count: usize, moved: impl Fn(&mut Gathering, usize)) {
        for gathering in &mut self.gatherings {
            let of_gathering = gathering.waiting.min(count);
            if of_gathering > 0 {
                gathering.waiting -= of_gathering;
                count -= of_gathering;
                moved(gathering, of_gathering);
            }
        }
        self.gatherings
            .retain(|gathering| gathering.waiting + gathering.in_flight > 0);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use metrics_core::{Counter, DynamicFamily, Options, Registry, testing::Clock};

    use super::*;
    use crate::push::remote_write::series::{Family, SampleValue};

    fn queue(capacity: usize) -> Queue {
        Queue::new(capacity, Recipient::new("test"), Arc::default())
    }

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
        let queue = queue(10);
        assert_eq!(queue.push(samples(0..5), None), 0);
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
        let queue = queue(4);
        assert_eq!(queue.push(samples(0..6), None), 2);
        assert_eq!(times(&queue, 9).await, Some(vec![2, 3, 4, 5]));
    }

    #[tokio::test]
    async fn samples_in_flight_count_towards_the_capacity_and_are_not_dropped() {
        let queue = queue(4);
        queue.push(samples(0..3), None);
        assert_eq!(times(&queue, 3).await, Some(vec![0, 1, 2]));
        assert_eq!(queue.push(samples(3..6), None), 2);
        assert_eq!(queue.unsent(), 4);
        assert_eq!(times(&queue, 9).await, Some(vec![5]));
    }

    /// A registry with one series, which has been idle for its expiry time.
    struct Idle {
        registry: Registry,
        _family: DynamicFamily<Counter>,
        _clock: Clock,
    }

    impl Idle {
        fn new() -> Idle {
            let (registry, clock) = (Registry::new(), Clock::stop());
            let options = Options::new("idle_total", "Idle.").labels(["key"]);
            let hour = Duration::from_hours(1);
            let family: DynamicFamily<Counter> =
                registry.create_family(options.expire(hour)).unwrap();
            family.with(&["a"]).inc();
            registry.gather();
            clock.advance(hour);
            Idle {
                registry,
                _family: family,
                _clock: clock,
            }
        }

        fn delivery(&self) -> Delivery {
            self.registry.gather_for(Recipient::new("test")).1
        }

        fn has_expired(&self) -> bool {
            self.registry.gather()[0].metrics.is_empty()
        }
    }

    #[tokio::test]
    async fn a_gathering_is_delivered_when_its_last_sample_was_accepted() {
        let (queue, idle) = (queue(10), Idle::new());
        queue.push(samples(0..3), Some(idle.delivery()));
        queue.push(samples(3..4), None);
        times(&queue, 2).await;
        queue.confirm_taken();
        assert!(!idle.has_expired());
        times(&queue, 2).await;
        assert!(!idle.has_expired());
        queue.confirm_taken();
        assert!(idle.has_expired());
    }

    #[tokio::test]
    async fn a_gathering_with_refused_samples_is_not_delivered() {
        let (queue, idle) = (queue(10), Idle::new());
        queue.push(samples(0..3), Some(idle.delivery()));
        times(&queue, 2).await;
        times(&queue, 2).await;
        queue.confirm_taken();
        assert!(!idle.has_expired());
    }

    #[tokio::test]
    async fn a_gathering_with_dropped_samples_is_not_delivered() {
        let (queue, idle) = (queue(4), Idle::new());
        queue.push(samples(0..3), Some(idle.delivery()));
        assert_eq!(queue.push(samples(3..5), None), 1);
        times(&queue, 9).await;
        queue.confirm_taken();
        assert!(!idle.has_expired());
    }
}
