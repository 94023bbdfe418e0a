//! Contender of the encoding bench: the crate measured.

use measured::{
    Counter, CounterVec, HistogramVec, LabelGroup, MetricGroup,
    metric::{MetricFamilyEncoding, group::Encoding, histogram::Thresholds, name::MetricName},
    text::TextEncoder,
};
use paracord::ParaCord;

use crate::{
    common::{Column, Role},
    expositions::{Encoder, Race, Work, inputs},
};

struct Measured<Group>(Group);

impl<Group> Encoder for Measured<Group>
where
    Group: for<'a> MetricGroup<TextEncoder<&'a mut Vec<u8>>>,
{
    fn encode(&mut self, out: &mut Vec<u8>) {
        let mut encoder = TextEncoder::new(out);
        let written = self.0.collect_group_into(&mut encoder);
        written
            .and_then(|()| encoder.flush())
            .expect("writing to memory does not fail");
    }
}

/// Families with names known only at run time.
struct Families(Vec<(&'static MetricName, Counter)>);

impl<E: Encoding> MetricGroup<E> for Families
where
    Counter: MetricFamilyEncoding<E>,
{
    fn collect_group_into(&self, encoder: &mut E) -> Result<(), E::Err> {
        for (name, counter) in &self.0 {
            encoder.write_help(name, inputs::HELP)?;
            counter.collect_family_into(name, encoder)?;
        }
        Ok(())
    }
}

#[derive(MetricGroup)]
struct Counters {
    /// Requests since the start.
    http_requests_total: CounterVec<TripleSet>,
}

#[derive(MetricGroup)]
struct Histograms {
    /// Durations of requests.
    http_request_duration_seconds: HistogramVec<PairSet, 14>,
}

#[derive(LabelGroup)]
#[label(set = TripleSet)]
struct Triple<'a> {
    #[label(dynamic_with = ParaCord, default)]
    tenant: &'a str,
    #[label(dynamic_with = ParaCord, default)]
    route: &'a str,
    #[label(dynamic_with = ParaCord, default)]
    status: &'a str,
}

#[derive(LabelGroup)]
#[label(set = PairSet)]
struct Pair<'a> {
    #[label(dynamic_with = ParaCord, default)]
    tenant: &'a str,
    #[label(dynamic_with = ParaCord, default)]
    route: &'a str,
}

pub(crate) fn enter(race: &mut Race, work: Work) {
    match work {
        Work::Families => race.enter(work, PEER, || Measured(families(work))),
        Work::Histograms => race.enter(work, PEER, || Measured(histograms(work))),
        Work::Counters(_) | Work::Threads(_) | Work::Shuffled => {
            race.enter(work, PEER, || Measured(counters(work)));
        }
    }
}

fn families(work: Work) -> Families {
    let family = |index| {
        let counter = Counter::new();
        counter.get_metric().inc_by(inputs::count(index));
        (MetricName::from_str(inputs::family(index).leak()), counter)
    };
    Families((0..work.series()).map(family).collect())
}

fn counters(work: Work) -> Counters {
    let counters = CounterVec::new();
    for index in 0..work.series() {
        let [tenant, route, status] = &inputs::triple(index);
        let labels = Triple {
            tenant,
            route,
            status,
        };
        counters.inc_by(labels, inputs::count(index));
    }
    Counters {
        http_requests_total: counters,
    }
}

fn histograms(work: Work) -> Histograms {
    let histograms = HistogramVec::with_metadata(Thresholds::with_buckets(inputs::BOUNDS));
    for index in 0..work.series() {
        let [tenant, route] = &inputs::pair(index);
        let series = histograms.with_labels(Pair { tenant, route });
        inputs::seconds(index).for_each(|time| histograms.get_metric(series).observe(time));
    }
    Histograms {
        http_request_duration_seconds: histograms,
    }
}

const PEER: Column = Column {
    name: "measured",
    package: Some("measured"),
    role: Role::Peer,
};
