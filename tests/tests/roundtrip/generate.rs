//! Generates random descriptions of valid registries and their recordings.

use metrics_core::Kind;
use proptest::{
    collection::{btree_set, vec},
    num::f64::{INFINITE, NEGATIVE, NORMAL, POSITIVE, QUIET_NAN, SUBNORMAL, ZERO},
    option,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::select,
    strategy::{BoxedStrategy, Union},
};

use crate::model::{Computed, Distribution, Family, Marks, Native, Plan, Recordings, Series, What};

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let prefix = prop_oneof![
        2 => Just(String::new()),
        1 => "[a-zA-Z][a-zA-Z0-9_]{0,5}_",
        // The prefix is also part of the names of state sets, which may not have a colon.
        1 => part(true).prop_map(|part| part.replace(':', "-")),
    ];
    let common = vec((part(true), text()), 0..3).prop_map(|pairs| {
        let named = |(at, (name, value)): (u8, (String, String))| {
            (format!("{name}{}", char::from(b'v' + at)), value)
        };
        (0..).zip(pairs).map(named).collect()
    });
    (
        prefix,
        common,
        vec(any::<bool>().prop_flat_map(family), 0..7),
    )
        .prop_map(|(prefix, common, mut families)| {
            // Each name gets the family's number, because names that differ in their last digit do
            // not clash under any escaping scheme.
            for (at, family) in families.iter_mut().enumerate() {
                let kind = family.what.kind();
                let mut name = format!("{}{at}", family.name);
                if matches!(kind, Kind::Info | Kind::StateSet) {
                    family.unit = "";
                }
                if !family.unit.is_empty() {
                    name = format!("{name}_{}", family.unit);
                }
                match kind {
                    Kind::Counter => name.push_str("_total"),
                    Kind::Info => name.push_str("_info"),
                    // The name is also the name of a label, which may not have a colon.
                    Kind::StateSet => name = name.replace(':', "-"),
                    _ => {}
                }
                if kind == Kind::StateSet && !family.utf8 {
                    name = name.replace('-', "_");
                }
                family.name = name;
            }
            Plan {
                prefix,
                common,
                families,
            }
        })
}

/// Generates the first part of a name; callers append at least one more character.
fn part(utf8: bool) -> BoxedStrategy<String> {
    let legacy = "[a-zA-Z][a-zA-Z0-9_]{0,6}";
    if !utf8 {
        return legacy.boxed();
    }
    let odd = select(vec![
        "http.server.requests",
        "\"quoted\"",
        "back\\slash",
        "{a=\"b\",}",
        "花火",
        "🦀 ü",
        "9",
        ".",
        "#",
        "a b",
        " # {",
        "U__a_2e_b",
        "a_dot_b",
    ]);
    prop_oneof![legacy, odd.prop_map(str::to_owned), "\\PC{1,6}"]
        .prop_filter("reserved", |name| !name.starts_with('_'))
        .prop_filter("control", |name| !name.contains(char::is_control))
        .boxed()
}

fn family(utf8: bool) -> impl Strategy<Value = Family> {
    let name = if utf8 {
        part(true)
    } else {
        "[a-zA-Z][a-zA-Z0-9_:]{0,6}".boxed()
    };
    let labels = vec(part(utf8), 0..7);
    (name, labels, what()).prop_flat_map(move |(name, labels, what)| {
        let labels: Vec<String> = (b'e'..)
            .zip(labels)
            // Each name ends in a capital letter, so that no label is called `le` or `quantile`.
            .map(|(at, name)| format!("{name}{}", char::from(at).to_ascii_uppercase()))
            .collect();
        let most = if labels.is_empty() { 2 } else { 5 };
        let series = vec(
            (vec(text(), labels.len()), recordings(&what), any::<u8>()),
            0..most,
        );
        let unit = select(vec!["", "seconds", "bytes", "ratio"]);
        (Just((name, labels, what)), text(), unit, series).prop_map(
            move |((name, labels, what), help, unit, series)| {
                let mut known = std::collections::BTreeSet::new();
                let has_labels = !labels.is_empty();
                let series = series
                    .into_iter()
                    .map(|(values, recordings, chance)| Series {
                        values,
                        recordings,
                        is_removed: has_labels && chance < 32,
                    });
                let mut series: Vec<Series> = series
                    .filter(|series| known.insert(series.values.clone()))
                    .collect();
                // A metric without labels has its series from the start, with value 0.
                if !has_labels && series.is_empty() && !matches!(what, What::Collector(_)) {
                    series.push(Series {
                        values: Vec::new(),
                        recordings: none(&what),
                        is_removed: false,
                    });
                }
                Family {
                    name,
                    help,
                    unit,
                    utf8,
                    what,
                    labels,
                    series,
                }
            },
        )
    })
}

/// Returns the empty recordings of a kind of family.
fn none(what: &What) -> Recordings {
    match what {
        What::Counter => Recordings::Counts(Vec::new()),
        What::FloatCounter => Recordings::Amounts(Vec::new()),
        What::Gauge => Recordings::Level(0),
        What::FloatGauge => Recordings::Float(0.0),
        What::UpDownCounter => Recordings::Steps(Vec::new()),
        What::Histogram(_) | What::Native(..) => Recordings::Observations(Vec::new()),
        What::Summary(_) => Recordings::Repeated(0.0, 0),
        What::Collector(_) => Recordings::Computed(Computed::Info, None),
    }
}

/// Any text, for help and label values.
fn text() -> BoxedStrategy<String> {
    let odd = select(vec![
        "",
        "back\\slash",
        "\\",
        "\"quoted\"",
        "\"",
        "new\nline\n",
        "\\n",
        "\\\\\"",
        "{a=\"b\",}",
        "# EOF",
        " # {a=\"b\"} 1 1.000",
        "🦀 ü 花火",
        " space ",
        "\t\r\0\u{7f}\u{85}\u{2028}\u{feff}",
    ]);
    prop_oneof![
        3 => "[a-z]{0,9}",
        3 => odd.prop_map(str::to_owned),
        3 => "(?s).{0,12}",
        1 => "(?s)[\\\\\"\na]{0,9}",
        1 => "(?s).{120,140}",
        1 => "[x\"]{250,400}",
    ]
    .boxed()
}

/// Returns one strategy per class of floats, such as subnormal ones.
pub(crate) fn float_classes() -> Vec<BoxedStrategy<f64>> {
    vec![
        ZERO.boxed(),
        SUBNORMAL.boxed(),
        NORMAL.boxed(),
        (POSITIVE | NEGATIVE | NORMAL | SUBNORMAL).boxed(),
        // Medium magnitudes, with few and with many digits.
        (-1e7..1e7).boxed(),
        (-1_000_000_i32..10_000_000)
            .prop_map(|n| f64::from(n) / 1e4)
            .boxed(),
        (any::<i32>(), -20..20_i32)
            .prop_map(|(n, power)| f64::from(n) * 10_f64.powi(power))
            .boxed(),
        any::<i64>().prop_map(|n| n as f64).boxed(),
        (0..64_u32)
            .prop_map(|power| (1_u64 << power) as f64)
            .boxed(),
        // Multiples of 1/8, which are often halfway between two numbers with fewer digits.
        (0..1_u64 << 53).prop_map(|n| n as f64 / 8.0).boxed(),
        (0..1_u64 << 53)
            .prop_map(|n| n as f64 / f64::from(1 << 30))
            .boxed(),
        // Powers of ten and their neighbours.
        (-330..309_i32, -2..3_i64)
            .prop_map(|(power, beside)| {
                let near: f64 = format!("1e{power}").parse().expect("a number");
                f64::from_bits(near.to_bits().saturating_add_signed(beside))
            })
            .boxed(),
        (INFINITE | QUIET_NAN).boxed(),
        select(vec![
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE,
            5e-324,
            999_999.9,
            1e6,
            1e-4,
        ])
        .boxed(),
    ]
}

fn float() -> Union<BoxedStrategy<f64>> {
    Union::new(float_classes())
}

fn finite() -> impl Strategy<Value = f64> {
    float().prop_map(|value| if value.is_finite() { value } else { 1.5 })
}

/// A non-negative amount.
fn amount() -> impl Strategy<Value = f64> {
    finite().prop_map(f64::abs)
}

fn marks() -> impl Strategy<Value = Marks> {
    let text = text().prop_map(|text| text.chars().take(40).collect::<String>());
    let pair = |name| (Just(name), text.clone());
    option::weighted(
        0.3,
        (pair("span_id"), pair("trace_id")).prop_map(|(a, b)| vec![a, b]),
    )
}

fn bounds(negative: bool) -> impl Strategy<Value = Vec<f64>> {
    vec(finite(), 0..6).prop_map(move |mut bounds| {
        for bound in &mut bounds {
            if !negative {
                *bound = bound.abs();
            }
            // Turns -0 into 0, because both are the same bound.
            *bound += 0.0;
        }
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        bounds
    })
}

fn what() -> impl Strategy<Value = What> {
    let quantiles = btree_set(0..=1000_u16, 0..4).prop_map(|of| {
        of.into_iter()
            .map(|thousandth| f64::from(thousandth) / 1e3)
            .collect()
    });
    let kinds = vec![
        Kind::Counter,
        Kind::Gauge,
        Kind::Histogram,
        Kind::GaugeHistogram,
        Kind::Summary,
        Kind::Info,
        Kind::StateSet,
        Kind::Unknown,
    ];
    prop_oneof![
        2 => Just(What::Counter),
        1 => Just(What::FloatCounter),
        1 => Just(What::Gauge),
        1 => Just(What::FloatGauge),
        1 => Just(What::UpDownCounter),
        2 => any::<bool>().prop_flat_map(bounds).prop_map(What::Histogram),
        2 => (-4..=8, option::of(any::<bool>().prop_flat_map(bounds)))
            .prop_map(|(schema, bounds)| What::Native(schema, bounds)),
        1 => quantiles.prop_map(What::Summary),
        8 => select(kinds).prop_map(What::Collector),
    ]
}

fn recordings(what: &What) -> BoxedStrategy<Recordings> {
    let few = 0..6;
    match what {
        What::Counter => {
            let n = prop_oneof![0..10_u64, any::<u64>(), any::<u32>().prop_map(u64::from)];
            vec((n, marks()), few).prop_map(Recordings::Counts).boxed()
        }
        What::FloatCounter => vec((amount(), marks()), few)
            .prop_map(Recordings::Amounts)
            .boxed(),
        What::Gauge => any::<i64>().prop_map(Recordings::Level).boxed(),
        What::FloatGauge => float().prop_map(Recordings::Float).boxed(),
        What::UpDownCounter => vec(-(1_i64 << 60)..1 << 60, few)
            .prop_map(Recordings::Steps)
            .boxed(),
        What::Histogram(bounds) => observations(bounds),
        What::Native(_, bounds) => observations(bounds.as_deref().unwrap_or_default()),
        // 0, or a value that is large enough for the sketch to distinguish it from 0.
        What::Summary(_) => (prop_oneof![Just(0.0), 1e-6..1e9], 0..20_u8)
            .prop_map(|(value, times)| Recordings::Repeated(value, times))
            .boxed(),
        What::Collector(kind) => {
            // The timestamp is in the past or the future, so that it differs from timestamps that
            // the library takes.
            let birth = option::of(prop_oneof![0.0..1.5e9_f64, 3e9..253_402_300_799_f64]);
            (computed(*kind), birth)
                .prop_map(|(computed, birth)| Recordings::Computed(computed, birth))
                .boxed()
        }
    }
}

fn observations(bounds: &[f64]) -> BoxedStrategy<Recordings> {
    let negative = bounds.first().is_some_and(|bound| *bound < 0.0);
    let any = finite().prop_map(move |value| if negative { value } else { value.abs() });
    let value = if bounds.is_empty() {
        any.boxed()
    } else {
        // Observes bounds as well, because a value equal to a bound belongs to the bucket that ends
        // there.
        prop_oneof![any, select(bounds.to_vec())].boxed()
    };
    vec((value, marks()), 0..9)
        .prop_map(Recordings::Observations)
        .boxed()
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![0..5_u64, any::<u16>().prop_map(u64::from), Just(1 << 55)]
}

fn computed(kind: Kind) -> BoxedStrategy<Computed> {
    match kind {
        Kind::Counter => amount().prop_map(Computed::Number).boxed(),
        Kind::Histogram | Kind::GaugeHistogram => distribution(kind == Kind::GaugeHistogram),
        Kind::Summary => {
            let value = prop_oneof![amount(), Just(f64::NAN)];
            let quantiles = (btree_set(0..=1000_u16, 0..5), vec(value, 5));
            (quantiles, any::<u64>(), amount())
                .prop_map(|((quantiles, values), count, sum)| {
                    let quantiles = quantiles.into_iter().map(|it| f64::from(it) / 1e3);
                    Computed::Summary(quantiles.zip(values).collect(), count, sum)
                })
                .boxed()
        }
        Kind::Info => Just(Computed::Info).boxed(),
        Kind::StateSet => {
            let names = btree_set(text().prop_filter("empty", |it| !it.is_empty()), 1..5);
            (names, any::<[bool; 5]>())
                .prop_map(|(names, on)| Computed::States(names.into_iter().zip(on).collect()))
                .boxed()
        }
        _ => float().prop_map(Computed::Number).boxed(),
    }
}

fn distribution(is_gauge: bool) -> BoxedStrategy<Computed> {
    let bounds = any::<bool>().prop_flat_map(bounds);
    let native = option::of((-4..=8, amount(), any::<[bool; 2]>()));
    let counts = vec(count(), 12);
    (bounds, native, counts, amount(), any::<bool>())
        .prop_map(move |(bounds, native, counts, sum, is_negative)| {
            let bounds = bounds.into_iter().chain([f64::INFINITY]);
            let buckets: Vec<(f64, u64)> = bounds.zip(counts.iter().copied()).collect();
            let total: u64 = buckets.iter().map(|(_, count)| count).sum();
            let mut falls = buckets[0].0 < 0.0;
            let native = native.map(|(schema, threshold, sides)| {
                // Spreads the total count over distant and adjacent buckets.
                let part = total / 8;
                let mut native = Native {
                    schema,
                    threshold,
                    ..Native::default()
                };
                let spread = [(-3, part), (0, part), (1, part), (2, 0), (4, part)];
                if sides[0] {
                    native.positive = spread.to_vec();
                }
                if sides[1] {
                    native.negative = spread[2..].to_vec();
                    falls |= !is_gauge;
                }
                let both = native.positive.iter().chain(&native.negative);
                native.zero = total - both.map(|(_, count)| count).sum::<u64>();
                native
            });
            let sum = if falls && is_negative { -sum } else { sum };
            Computed::Distribution(Distribution {
                buckets,
                sum,
                native,
            })
        })
        .boxed()
}
