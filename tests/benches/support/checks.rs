//! [`Check`]: a target of the recording bench, that is, a bound on the ratio of two measured times.
//! `targets.rs` lists the targets.

use super::Row;

/// A target: a bound on the ratio of two figures.
pub(super) struct Check {
    pub(super) row: Row,
    ours: Figure,
    other: Figure,
    /// The printed name of `other`.
    name: &'static str,
    bound: Bound,
}

/// The two groups of targets. Each row of the summary has a verdict on each group.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Against {
    /// Our figure may be at most a multiple of another figure, which is LIMIT's in most targets.
    Limit,
    /// The figure of a peer must be at least a multiple of ours.
    Peers,
}

#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Check {
    pub(super) fn against(&self) -> Against {
        match self.bound {
            Bound::AtMost(_) => Against::Limit,
            Bound::AtLeast(_) => Against::Peers,
        }
    }

    pub(super) fn target(&self) -> String {
        match self.bound {
            Bound::AtMost(most) => format!("≤ {most} × {}", self.name),
            Bound::AtLeast(least) => format!("≥ {least} × as fast as {}", self.name),
        }
    }

    /// Returns the times that the target compares.
    pub(super) fn terms(&self) -> impl Iterator<Item = &Term> {
        self.ours.terms.iter().chain(&self.other.terms)
    }

    /// Returns the ratio and whether it meets the bound; `None` if a figure was not measured.
    pub(super) fn judge(&self, value: impl Fn(&Figure) -> Option<f64>) -> Option<(f64, bool)> {
        let (ours, other) = (value(&self.ours)?, value(&self.other)?);
        Some(match self.bound {
            Bound::AtMost(most) => (ours / other, ours / other <= most),
            Bound::AtLeast(least) => (other / ours, other / ours >= least),
        })
    }

    /// Judges LIMIT instead of this library; `None` for [`Against::Limit`] or if not measured.
    ///
    /// A target that even LIMIT misses is out of reach on this machine.
    pub(super) fn of_limit(&self, value: impl Fn(&Figure) -> Option<f64>) -> Option<(f64, bool)> {
        if self.against() == Against::Limit {
            return None;
        }
        let ours = &self.ours.terms;
        let in_our_place = Self {
            ours: Figure {
                terms: ours
                    .iter()
                    .map(|term| Term {
                        contender: Contender::Limit,
                        ..*term
                    })
                    .collect(),
            },
            other: Figure {
                terms: self.other.terms.clone(),
            },
            ..*self
        };
        in_our_place.judge(value)
    }

    pub(super) fn at_most(row: Row, most: f64, name: &'static str, other: Figure) -> Self {
        Self {
            row,
            ours: ours(row),
            other,
            name,
            bound: Bound::AtMost(most),
        }
    }

    pub(super) fn at_least(row: Row, least: f64, name: &'static str, other: Figure) -> Self {
        Self {
            bound: Bound::AtLeast(least),
            ..Self::at_most(row, least, name, other)
        }
    }

    /// Bounds the time on two threads by a multiple of the time on one thread.
    pub(super) fn two_threads_at_most(row: Row, most: f64) -> Self {
        Self {
            ours: ours(row).on(2),
            ..Self::at_most(row, most, "one thread, on two threads", ours(row))
        }
    }

    /// Takes both figures from the measurement with `threads` threads.
    pub(super) fn on(mut self, threads: usize) -> Self {
        self.ours = self.ours.on(threads);
        self.other = self.other.on(threads);
        self
    }
}

/// A weighted sum of times.
pub(super) struct Figure {
    pub(super) terms: Vec<Term>,
}

/// The time of a row by a contender, multiplied by a factor.
#[derive(Clone, Copy)]
pub(super) struct Term {
    pub(super) factor: f64,
    pub(super) row: Row,
    pub(super) contender: Contender,
    pub(super) threads: usize,
}

/// The contender whose time is used.
#[derive(Clone, Copy)]
pub(super) enum Contender {
    Ours,
    Limit,
    /// The fastest peer.
    BestPeer,
    /// The fastest of the contenders with the listed names.
    BestOf(&'static [&'static str]),
}

impl Figure {
    pub(super) fn on(mut self, threads: usize) -> Self {
        for term in &mut self.terms {
            term.threads = threads;
        }
        self
    }

    /// Adds a multiple of another figure.
    pub(super) fn and(mut self, factor: f64, other: Self) -> Self {
        self.terms.extend(other.terms.into_iter().map(|term| Term {
            factor: factor * term.factor,
            ..term
        }));
        self
    }
}

fn figure(row: Row, contender: Contender) -> Figure {
    let (factor, threads) = (1.0, 1);
    let terms = vec![Term {
        factor,
        row,
        contender,
        threads,
    }];
    Figure { terms }
}

pub(super) fn ours(row: Row) -> Figure {
    figure(row, Contender::Ours)
}

pub(super) fn limit(row: Row) -> Figure {
    figure(row, Contender::Limit)
}

pub(super) fn best_peer(row: Row) -> Figure {
    figure(row, Contender::BestPeer)
}

pub(super) fn best_of(row: Row, names: &'static [&'static str]) -> Figure {
    figure(row, Contender::BestOf(names))
}
