//! The targets of the recording bench: bounds on ratios of our times to those of LIMIT, of peers,
//! and of our other rows.

use super::{
    Row,
    checks::{Check, Figure, best_of, best_peer, limit, ours},
};

/// Returns all targets.
pub(super) fn targets() -> Vec<Check> {
    let mut targets = counters();
    targets.extend(labels());
    targets.extend(long_labels());
    targets.extend(gauges());
    targets.extend(histograms());
    targets.extend(dynamic_metrics());
    targets.extend(functions());
    targets.extend(layers_and_bridges());
    targets
}

fn counters() -> Vec<Check> {
    let row = Row::Counter;
    vec![
        Check::at_most(row, 1.5, LIMIT, limit(row)),
        Check::two_threads_at_most(row, 1.15),
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
        Check::at_most(Row::FloatCounter, 1.2, LIMIT, limit(Row::FloatCounter)),
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

fn long_labels() -> Vec<Check> {
    let mut checks = vec![Check::at_most(
        Row::LongLabels,
        2.0,
        "our row of short labels",
        ours(Row::OpenLabels),
    )];
    for (row, least, least_on_two) in [
        (Row::LongLabels, 2.5, 8.0),
        (Row::ManyLongLabels, 2.0, 4.0),
        (Row::ZipfLongLabels, 2.0, 4.0),
    ] {
        checks.extend([
            Check::at_most(row, 1.3, LIMIT, limit(row)),
            Check::at_least(row, least, BEST_PEER, best_peer(row)),
            Check::at_least(row, least_on_two, BEST_PEER_ON_TWO, best_peer(row)).on(2),
        ]);
    }
    for row in [
        Row::ScrapedLongLabels,
        Row::StatusCodes,
        Row::Uuids,
        Row::MethodsAndPods,
        Row::AnyLengths,
        Row::FiveLabels,
        Row::TwelveLabels,
        Row::MostSeries,
        Row::ZipfMostSeries,
        Row::LabelledHistogram,
        Row::ManyHistograms,
    ] {
        checks.push(Check::at_most(row, 1.3, LIMIT, limit(row)));
    }
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
    let (row, native, summary) = (Row::Histogram, Row::NativeHistogram, Row::Summary);
    vec![
        Check::at_most(row, 1.3, LIMIT, limit(row)),
        Check::at_least(row, 4.5, BEST_PEER, best_peer(row)),
        Check::at_most(native, 2.0, "our histogram of 14 bounds", ours(row)),
        Check::at_least(native, 3.0, BEST_PEER, best_peer(native)),
        Check::at_most(summary, 1.3, "the bare sketch", limit(summary)),
        Check::two_threads_at_most(summary, 1.15),
        Check::at_least(summary, 2.0, BEST_PEER, best_peer(summary)),
    ]
}

fn dynamic_metrics() -> Vec<Check> {
    let mut checks = Vec::new();
    for (row, declared) in [
        (Row::DynamicShort, Row::OpenLabels),
        (Row::DynamicLong, Row::RouteAndId),
    ] {
        checks.extend([
            Check::at_most(row, 1.4, "the declared counter", ours(declared)),
            Check::two_threads_at_most(row, 1.15),
            Check::at_least(row, 2.5, BEST_PEER, best_peer(row)),
            Check::at_least(row, 8.0, BEST_PEER_ON_TWO, best_peer(row)).on(2),
        ]);
    }
    checks
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
    for (row, label) in [
        (Row::TimedShort, Row::ShortRoute),
        (Row::TimedLong, Row::LongRoute),
    ] {
        let sum = ours(Row::Timed).and(1.2, ours(label));
        checks.push(Check::at_most(
            row,
            1.0,
            "(`#[timed]` + 1.2 × the label)",
            sum,
        ));
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

fn layers_and_bridges() -> Vec<Check> {
    let layer = Row::ServerLayer;
    let mut checks = vec![
        Check::two_threads_at_most(layer, 1.15),
        Check::at_least(layer, 3.0, BEST_PEER, best_peer(layer)),
        Check::at_least(layer, 3.0, BEST_PEER_ON_TWO, best_peer(layer)).on(2),
    ];
    for row in [Row::Facade, Row::FacadeStatic, Row::FacadeConstant] {
        checks.extend([
            Check::at_least(row, 2.0, BEST_PEER, best_peer(row)),
            Check::at_least(row, 6.0, BEST_PEER_ON_TWO, best_peer(row)).on(2),
        ]);
    }
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
