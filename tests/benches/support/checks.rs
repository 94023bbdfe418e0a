//! [`Check`]: a target of the recording bench, that is, a bound on the ratio of two measured times.

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

    fn at_most(row: Row, most: f64, name: &'static str, other: Figure) -> Self {
        Self {
            row,
            ours: ours(row),
            other,
            name,
            bound: Bound::AtMost(most),
        }
    }

    fn at_least(row: Row, least: f64, name: &'static str, other: Figure) -> Self {
        Self {
            bound: Bound::AtLeast(least),
            ..Self::at_most(row, least, name, other)
        }
    }

    /// Takes both figures from the measurement with `threads` threads.
    fn on(mut self, threads: usize) -> Self {
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
    fn on(mut self, threads: usize) -> Self {
        for term in &mut self.terms {
            term.threads = threads;
        }
        self
    }

    /// Adds a multiple of another figure.
    fn and(mut self, factor: f64, other: Self) -> Self {
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

fn ours(row: Row) -> Figure {
    figure(row, Contender::Ours)
}

fn limit(row: Row) -> Figure {
    figure(row, Contender::Limit)
}

fn best_peer(row: Row) -> Figure {
    figure(row, Contender::BestPeer)
}

fn best_of(row: Row, names: &'static [&'static str]) -> Figure {
    figure(row, Contender::BestOf(names))
}

/// Returns all targets.
pub(super) fn checks() -> Vec<Check> {
    let mut checks = counters();
    checks.extend(labels());
    checks.extend(gauges());
    checks.extend(histograms());
    checks.extend(functions());
    checks
}

fn counters() -> Vec<Check> {
    let row = Row::Counter;
    let mut two_threads = Check::at_most(row, 1.15, "one thread, on two threads", ours(row));
    two_threads.ours = ours(row).on(2);
    vec![
        Check::at_most(row, 1.5, LIMIT, limit(row)),
        two_threads,
        Check::at_least(
            row,
            3.5,
            "the best peer that counts per thread",
            best_of(row, &["foundations-metrics"]),
        ),
        Check::at_least(row, 12.0, "plain atomics", best_of(row, PLAIN_ATOMICS)),
        Check::at_least(
            row,
            90.0,
            "plain atomics, on two threads",
            best_of(row, PLAIN_ATOMICS),
        )
        .on(2),
    ]
}

fn labels() -> Vec<Check> {
    let mut checks = vec![Check::at_most(
        Row::ConstantLabels,
        1.5,
        "our counter",
        ours(Row::Counter),
    )];
    for (row, most, least, least_on_two) in [
        (Row::ClosedLabels, 1.4, 2.0, 3.0),
        (Row::OpenLabels, 1.3, 2.7, 12.0),
        (Row::ManyOpenLabels, 1.3, 2.7, 12.0),
    ] {
        checks.extend([
            Check::at_most(row, most, LIMIT, limit(row)),
            Check::at_least(row, least, BEST_PEER, best_peer(row)),
            Check::at_least(row, least_on_two, BEST_PEER_ON_TWO, best_peer(row)).on(2),
        ]);
    }
    checks.push(Check::at_most(
        Row::SameOpenLabels,
        0.5,
        "LIMIT of 100 series",
        limit(Row::OpenLabels),
    ));
    checks
}

fn gauges() -> Vec<Check> {
    let mut checks = Vec::new();
    for row in [Row::GaugeSet, Row::GaugeAdd] {
        checks.extend([
            Check::at_most(row, 1.1, BEST_PEER, best_peer(row)),
            // The target is to be as fast as the best peer. The tolerance of 10 % is for noise.
            Check::at_least(row, 0.9, BEST_PEER, best_peer(row)),
        ]);
    }
    let row = Row::UpDown;
    checks.extend([
        Check::at_most(row, 1.5, LIMIT, limit(row)),
        Check::at_least(row, 12.0, BEST_PEER, best_peer(row)),
    ]);
    checks
}

fn histograms() -> Vec<Check> {
    let (row, native) = (Row::Histogram, Row::NativeHistogram);
    vec![
        Check::at_most(row, 1.3, LIMIT, limit(row)),
        Check::at_least(row, 4.5, BEST_PEER, best_peer(row)),
        Check::at_most(native, 2.0, "our histogram of 14 bounds", ours(row)),
        Check::at_least(native, 3.0, BEST_PEER, best_peer(native)),
    ]
}

fn functions() -> Vec<Check> {
    let mut checks = Vec::new();
    for row in [Row::Timer, Row::Timed, Row::TimedAsync] {
        checks.extend([
            Check::at_most(row, 1.15, LIMIT, limit(row)),
            Check::at_least(row, 1.75, BEST_PEER, best_peer(row)),
        ]);
    }
    checks.push(Check::at_most(
        Row::SystemTimer,
        1.2,
        LIMIT,
        limit(Row::SystemTimer),
    ));
    for row in [Row::Timed, Row::TimedAsync] {
        checks.push(Check::at_least(row, 20.0, AUTOMETRICS, autometrics(row)));
    }
    let row = Row::Counted;
    let call_and_counters = limit(Row::BareCall).and(2.0, limit(Row::Counter));
    checks.extend([
        Check::at_most(
            row,
            1.0,
            "(bare call + 2 × LIMIT of counter)",
            call_and_counters,
        ),
        Check::at_least(row, 1.7, BEST_PEER, best_peer(row)),
        Check::at_least(row, 600.0, AUTOMETRICS, autometrics(row)),
    ]);
    checks
}

fn autometrics(row: Row) -> Figure {
    best_of(row, &[AUTOMETRICS])
}

const LIMIT: &str = "LIMIT";
const BEST_PEER: &str = "the best peer";
const BEST_PEER_ON_TWO: &str = "the best peer, on two threads";
const AUTOMETRICS: &str = "autometrics";
/// Two peers whose counters are one atomic shared by all threads.
const PLAIN_ATOMICS: &[&str] = &["prometheus", "prometheus-client"];
