//! [`RegionIndices`]: assigns the indices at which threads find the storage of a metric in their
//! directories (arrays of addresses).
//!
//! A directory reaches at least to the highest index, and each thread pays for that length at its
//! start and at its end. Therefore, dropped regions (the storage of a metric or of some of its
//! series) give their indices back, and new regions get the lowest free indices.

/// The free and the used indices of regions in the threads' directories.
///
/// Indices are taken in runs: `2^k` consecutive indices that begin at a multiple of `2^k`. The runs
/// form a complete binary tree. Taking and releasing a run therefore takes a logarithmic number of
/// steps, and released neighbours combine to a longer free run.
pub(super) struct RegionIndices {
    /// For each node of the tree, 1 + the binary logarithm of the longest free run below it; 0 if
    /// there is none. The root is at 1, and the children of the node `n` at `2 * n` and `2 * n +
    /// 1`.
    longest: Vec<u8>,
}

impl RegionIndices {
    /// No indices, neither free nor used.
    pub(super) const fn new() -> Self {
        RegionIndices {
            longest: Vec::new(),
        }
    }

    /// The number of indices, free and used: 0 or a power of two.
    fn len(&self) -> usize {
        self.longest.len() / 2
    }

    /// The first index of the lowest free run of `2^order` indices, if there is one.
    pub(super) fn lowest_free(&self, order: u32) -> Option<usize> {
        let wanted = order as u8 + 1;
        if *self.longest.get(1)? < wanted {
            return None;
        }
        let (mut node, mut height) = (1, self.len().ilog2());
        while height > order {
            let left = 2 * node;
            node = left + usize::from(self.longest[left] < wanted);
            height -= 1;
        }
        Some((node << order) - self.len())
    }

    /// Marks the run of `2^order` indices from `first` on as used; it must be free.
    pub(super) fn take(&mut self, first: usize, order: u32) {
        self.set(first, order, 0);
    }

    /// Marks a run as free. `first` and `order` are those of an earlier call of
    /// [`take`](Self::take).
    pub(super) fn release(&mut self, first: usize, order: u32) {
        self.set(first, order, order as u8 + 1);
    }

    fn set(&mut self, first: usize, order: u32, longest: u8) {
        let mut node = (self.len() + first) >> order;
        self.longest[node] = longest;
        // The nodes below need no change: their values say that the run is free, and no search
        // reads them until the run is released.
        let mut height = order as u8;
        while node > 1 {
            node /= 2;
            self.longest[node] =
                combined(self.longest[2 * node], self.longest[2 * node + 1], height);
            height += 1;
        }
    }

    /// 1 + the highest used index; 0 if all are free.
    pub(super) fn used_len(&self) -> usize {
        let (mut node, mut len) = (1, self.len());
        let mut end = len;
        loop {
            match self.longest.get(node) {
                None => return 0,
                // No index below this node is free.
                Some(0) => return end,
                Some(longest) if 1 << (longest - 1) == len => return end - len,
                Some(_) => {}
            }
            len /= 2;
            let right = 2 * node + 1;
            let is_right_free = self.longest[right] != 0 && 1 << (self.longest[right] - 1) == len;
            if is_right_free {
                end -= len;
            }
            node = right - usize::from(is_right_free);
        }
    }

    /// The capacity of the list with which [`grow`](Self::grow) adds a free run of `2^order`
    /// indices.
    pub(super) fn grown_capacity(&self, order: u32) -> usize {
        let mut len = (2 * self.len()).max(8);
        // The run must fit into the upper half of the new tree, which is free.
        while len / 2 < 1 << order {
            len *= 2;
        }
        2 * len
    }

    /// Adds free indices after the existing ones, as many as the empty `list` has capacity for.
    /// Moves the old list to `list`, so that the caller frees it without the lock.
    ///
    /// Does nothing if the capacity is too small for a larger tree, for example because another
    /// thread has added indices since the list was allocated.
    pub(super) fn grow(&mut self, list: &mut Vec<u8>) {
        let len = (list.capacity() / 2)
            .checked_ilog2()
            .map_or(0, |log| 1 << log);
        if len <= self.len() {
            return;
        }
        list.resize(2 * len, 0);
        for height in 0..=len.ilog2() {
            let (level, old) = (len >> height, self.len() >> height);
            list[level..2 * level].fill(height as u8 + 1);
            list[level..level + old].copy_from_slice(&self.longest[old..2 * old]);
            if old == 0 && height > 0 {
                let [left, right] = [list[2 * level], list[2 * level + 1]];
                list[level] = combined(left, right, height as u8 - 1);
            }
        }
        std::mem::swap(&mut self.longest, list);
    }
}

/// The value of a node whose children, at `height` above the leaves, have these values.
fn combined(left: u8, right: u8, height: u8) -> u8 {
    if left == height + 1 && right == height + 1 {
        height + 2
    } else {
        left.max(right)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// Takes the lowest free run, after growing if there is none.
    fn take_lowest(indices: &mut RegionIndices, order: u32) -> usize {
        let first = indices.lowest_free(order).unwrap_or_else(|| {
            let mut list = Vec::with_capacity(indices.grown_capacity(order));
            indices.grow(&mut list);
            indices
                .lowest_free(order)
                .expect("the new indices are free")
        });
        indices.take(first, order);
        first
    }

    proptest! {
        #[test]
        fn runs_are_disjoint_aligned_and_as_low_as_possible(
            steps in vec((0..5_u32, any::<prop::sample::Index>(), prop::bool::weighted(0.6)), 1..60)
        ) {
            let mut indices = RegionIndices::new();
            let mut runs: Vec<(usize, u32)> = Vec::new();
            let mut is_used = vec![false; 1 << 11];
            for (order, which, is_taken) in steps {
                if is_taken || runs.is_empty() {
                    let first = take_lowest(&mut indices, order);
                    let len = 1 << order;
                    let is_free = |first: &usize| is_used[*first..first + len].iter().all(|used| !used);
                    let lowest = (0..is_used.len()).step_by(len).find(is_free);
                    prop_assert_eq!(Some(first), lowest);
                    is_used[first..first + len].fill(true);
                    runs.push((first, order));
                } else {
                    let (first, order) = runs.swap_remove(which.index(runs.len()));
                    indices.release(first, order);
                    is_used[first..first + (1 << order)].fill(false);
                }
                let end = is_used.iter().rposition(|used| *used).map_or(0, |at| at + 1);
                prop_assert_eq!(indices.used_len(), end);
            }
        }
    }

    #[test]
    fn indices_in_use_stay_in_use_when_there_are_more() {
        let mut indices = RegionIndices::new();
        for expected in 0..1_000 {
            assert_eq!(take_lowest(&mut indices, 0), expected);
        }
        assert_eq!(indices.used_len(), 1_000);
    }

    #[test]
    fn released_runs_are_taken_as_one_longer_run() {
        let mut indices = RegionIndices::new();
        let runs: Vec<usize> = (0..16).map(|_| take_lowest(&mut indices, 2)).collect();
        for first in runs {
            indices.release(first, 2);
        }
        assert_eq!(indices.used_len(), 0);
        assert_eq!(take_lowest(&mut indices, 6), 0);
    }
}
