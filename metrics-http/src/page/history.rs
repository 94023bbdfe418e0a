//! The last minutes, as the feed sends them.

use std::collections::VecDeque;

use serde_json::value::RawValue;

/// Points as JSON, the oldest first: no more than [`POINTS`] and no more than so many bytes,
/// whatever the program measures.
pub(super) struct History {
    points: VecDeque<(u64, Box<RawValue>)>,
    bytes: usize,
    most: usize,
}

impl History {
    pub(super) fn new(most: usize) -> History {
        History {
            points: VecDeque::new(),
            bytes: 0,
            most,
        }
    }

    /// Adds a point, and drops what it leaves no room for; the latest always stays.
    pub(super) fn push(&mut self, number: u64, point: Box<RawValue>) {
        self.bytes += point.get().len();
        self.points.push_back((number, point));
        while self.points.len() > 1 && (self.points.len() > POINTS || self.bytes > self.most) {
            if let Some((_, oldest)) = self.points.pop_front() {
                self.bytes -= oldest.get().len();
            }
        }
    }

    /// The points after this number.
    pub(super) fn since(&self, number: u64) -> Vec<&RawValue> {
        let newer = self.points.iter().filter(|(own, _)| *own > number);
        newer.map(|(_, point)| &**point).collect()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.points.len()
    }
}

/// A quarter of an hour, the longest time that the page shows.
pub(super) const POINTS: usize = 15 * 60;
/// Bytes of a usual program's quarter of an hour, twice.
pub(super) const BYTES: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn point(bytes: usize) -> Box<RawValue> {
        RawValue::from_string(format!("\"{}\"", "x".repeat(bytes - 2))).unwrap()
    }

    #[test]
    fn it_holds_a_quarter_of_an_hour() {
        let mut history = History::new(BYTES);
        for number in 1..=2_000 {
            history.push(number, point(10));
        }
        assert_eq!(history.len(), POINTS);
        assert_eq!(history.since(1_990).len(), 10);
        assert_eq!(history.since(0).len(), POINTS);
    }

    #[test]
    fn it_never_holds_more_bytes_than_allowed() {
        let mut history = History::new(1_000);
        for number in 1..=50 {
            history.push(number, point(300));
            assert!(history.bytes <= 1_000);
        }
        assert_eq!(history.len(), 3);
    }

    #[test]
    fn the_latest_point_stays_however_large_it_is() {
        let mut history = History::new(1_000);
        history.push(1, point(10));
        history.push(2, point(5_000));
        assert_eq!(history.len(), 1);
        assert_eq!(history.since(1).len(), 1);
    }
}
