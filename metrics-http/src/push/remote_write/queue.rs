//! The points that wait to be sent.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::series::Point;

/// A bounded queue, filled at intervals and emptied at the pace of the network.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Notify,
    capacity: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Point>,
    /// Taken, and not yet done with.
    taken: usize,
    closed: bool,
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Queue {
        Queue {
            state: Mutex::default(),
            changed: Notify::new(),
            capacity,
        }
    }

    /// Adds points, at the cost of the oldest ones where there are too many; returns how many
    /// these are.
    pub(super) fn push(&self, points: Vec<Point>) -> u64 {
        let mut state = self.lock();
        state.waiting.extend(points);
        let surplus = (state.waiting.len() + state.taken).saturating_sub(self.capacity);
        let surplus = surplus.min(state.waiting.len());
        state.waiting.drain(..surplus);
        drop(state);
        self.changed.notify_one();
        surplus as u64
    }

    /// Nothing will be added.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// Waits for up to so many points; `None` when there are none and will be none. What was
    /// taken before is done with.
    pub(super) async fn take(&self, most: usize) -> Option<Vec<Point>> {
        loop {
            {
                let mut state = self.lock();
                state.taken = 0;
                let some = state.waiting.len().min(most);
                if some > 0 {
                    state.taken = some;
                    return Some(state.waiting.drain(..some).collect());
                }
                if state.closed {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// How many points have not arrived.
    pub(super) fn left(&self) -> u64 {
        let state = self.lock();
        (state.waiting.len() + state.taken) as u64
    }

    /// Whether only what was left at the end is being sent.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Nothing that panics is called under this lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::push::remote_write::series::{Family, PointValue};

    fn points(times: impl IntoIterator<Item = i64>) -> Vec<Point> {
        let family = Arc::new(Family {
            name: String::new(),
            help: String::new(),
            unit: String::new(),
            kind: 0,
        });
        let point = |time| Point {
            labels: Arc::new([]),
            family: Arc::clone(&family),
            time,
            start: 0,
            value: PointValue::Float(0.0),
            exemplars: Vec::new(),
        };
        times.into_iter().map(point).collect()
    }

    async fn times(queue: &Queue, most: usize) -> Option<Vec<i64>> {
        let points = queue.take(most).await?;
        Some(points.iter().map(|point| point.time).collect())
    }

    #[tokio::test]
    async fn points_are_taken_in_order_and_end_when_the_queue_is_closed() {
        let queue = Queue::new(10);
        assert_eq!(queue.push(points(0..5)), 0);
        assert_eq!(times(&queue, 3).await, Some(vec![0, 1, 2]));
        queue.close();
        assert_eq!(queue.left(), 5);
        assert_eq!(times(&queue, 3).await, Some(vec![3, 4]));
        assert_eq!(queue.left(), 2);
        assert_eq!(times(&queue, 3).await, None);
        assert_eq!(queue.left(), 0);
    }

    #[tokio::test]
    async fn the_oldest_go_where_there_are_too_many() {
        let queue = Queue::new(4);
        assert_eq!(queue.push(points(0..6)), 2);
        assert_eq!(times(&queue, 9).await, Some(vec![2, 3, 4, 5]));
    }

    #[tokio::test]
    async fn what_was_taken_counts_and_stays() {
        let queue = Queue::new(4);
        queue.push(points(0..3));
        assert_eq!(times(&queue, 3).await, Some(vec![0, 1, 2]));
        assert_eq!(queue.push(points(3..6)), 2);
        assert_eq!(queue.left(), 4);
        assert_eq!(times(&queue, 9).await, Some(vec![5]));
    }
}
