//! [`History`]: the live page's data points of at most the last 15 minutes, serialised as JSON.

use std::collections::VecDeque;

use serde_json::value::RawValue;

/// Points as JSON, the oldest first, limited to [`MAX_POINTS`] and, except for the newest one, to
/// `max_bytes`.
pub(super) struct History {
    points: VecDeque<(u64, Box<RawValue>)>,
    bytes: usize,
    max_bytes: usize,
}

impl History {
    pub(super) fn new(max_bytes: usize) -> History {
        History {
            points: VecDeque::new(),
            bytes: 0,
            max_bytes,
        }
    }

    /// Adds a point and drops the oldest ones beyond the limits; the new point is always kept.
    pub(super) fn push(&mut self, number: u64, point: Box<RawValue>) {
        self.bytes += point.get().len();
        self.points.push_back((number, point));
        while self.points.len() > 1
            && (self.points.len() > MAX_POINTS || self.bytes > self.max_bytes)
        {
            if let Some((_, oldest)) = self.points.pop_front() {
                self.bytes -= oldest.get().len();
            }
        }
    }

    /// The points whose number is higher than `number`.
    pub(super) fn since(&self, number: u64) -> Vec<&RawValue> {
        let newer = self.points.iter().filter(|(at, _)| *at > number);
        newer.map(|(_, point)| &**point).collect()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.points.len()
    }
}

/// 15 minutes of one point per second: the longest time span that the page displays.
const MAX_POINTS: usize = 15 * 60;
/// About twice the size of the points of a typical program in 15 minutes.
pub(super) const MAX_BYTES: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn point(bytes: usize) -> Box<RawValue> {
        RawValue::from_string(format!("\"{}\"", "x".repeat(bytes - 2))).unwrap()
    }

    #[test]
    fn the_history_covers_15_minutes() {
        let mut history = History::new(MAX_BYTES);
        for number in 1..=2_000 {
            history.push(number, point(10));
        }
        assert_eq!(history.len(), MAX_POINTS);
        assert_eq!(history.since(1_990).len(), 10);
        assert_eq!(history.since(0).len(), MAX_POINTS);
    }

    #[test]
    fn the_history_never_exceeds_its_byte_limit() {
        let mut history = History::new(1_000);
        for number in 1..=50 {
            history.push(number, point(300));
            assert!(history.bytes <= 1_000);
        }
        assert_eq!(history.len(), 3);
    }

    #[test]
    fn the_newest_point_is_kept_even_if_it_exceeds_the_limit() {
        let mut history = History::new(1_000);
        history.push(1, point(10));
        history.push(2, point(5_000));
        assert_eq!(history.len(), 1);
        assert_eq!(history.since(1).len(), 1);
    }
}
