//! [`SingleRun`]: consecutive families of one unlabelled sample, which are read and encoded in
//! batches.

use crate::{
    metric::family::FamilyRef,
    registry::exposed_family::ExposedFamily,
    sample::{
        head::FamilyHead,
        single::{BATCH_SIZE, LinePrefixes, SingleFamilies, SingleSamples},
        value::Number,
    },
    storage::{Reader, layout::Layout},
};

/// Consecutive families of a registry that consist of a single unlabelled sample each.
#[derive(Debug)]
pub(crate) struct SingleRun {
    /// The position of the run's first family among the registry's families.
    first: usize,
    families: Vec<FamilyRef>,
    /// For each family, whether it is an integer counter, whose value is its first cell.
    are_counters: Vec<bool>,
    prefixes: LinePrefixes,
}

impl SingleRun {
    /// An empty run that begins at position `first` of the registry's families.
    pub(crate) fn new(first: usize) -> Self {
        SingleRun {
            first,
            families: Vec::new(),
            are_counters: Vec::new(),
            prefixes: LinePrefixes::default(),
        }
    }

    pub(crate) fn push(&mut self, family: FamilyRef) {
        self.are_counters.push(family.layout() == Layout::Count);
        self.families.push(family);
    }

    /// The run together with the heads of its families: their names, types and help texts.
    pub(crate) fn with_heads<'a>(
        &'a self,
        exposed: &'a [ExposedFamily],
        prefix: &'a str,
    ) -> SingleRunWithHeads<'a> {
        SingleRunWithHeads {
            run: self,
            exposed: &exposed[self.first..][..self.families.len()],
            prefix,
        }
    }
}

/// A run together with the heads of its families: their names, types and help texts.
#[derive(Debug)]
pub(crate) struct SingleRunWithHeads<'a> {
    run: &'a SingleRun,
    exposed: &'a [ExposedFamily],
    prefix: &'a str,
}

impl SingleRunWithHeads<'_> {
    /// Reads a batch that begins at position `at` of the registry's families.
    ///
    /// A family that can have exemplars cannot be encoded in a batch. The batch ends before such a
    /// family, and may be empty.
    pub(crate) fn read<'a>(&'a self, at: usize, reader: &'a mut Reader) -> SingleSamples<'a> {
        let run = self.run;
        let start = at - run.first;
        // A batch ends at a multiple of `BATCH_SIZE` at the latest. There, `LinePrefixes` finds the
        // prefix of the next family without adding lengths.
        let end = (start - start % BATCH_SIZE + BATCH_SIZE).min(run.families.len());
        let with_exemplar = |family: &FamilyRef| family.exemplars().is_used();
        let families = &run.families[start..end];
        let len = families.iter().position(with_exemplar);
        let range = start..start + len.unwrap_or(families.len());
        let are_counters = &run.are_counters[range.clone()];
        let regions = run.families[range.clone()]
            .iter()
            .map(|family| family.region());
        let words = reader.read_single_series(regions);
        SingleSamples::new(self, &run.prefixes, range, are_counters, words)
    }
}

impl SingleFamilies for SingleRunWithHeads<'_> {
    fn len(&self) -> usize {
        self.exposed.len()
    }

    fn head(&self, at: usize) -> FamilyHead<'_> {
        self.exposed[at].head(self.prefix)
    }

    fn created(&self, at: usize) -> f64 {
        self.run.families[at].created()
    }

    fn number(&self, at: usize, words: &[u64; 2]) -> Number {
        self.run.families[at].single_number(words)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Counter, FloatGauge, Format, Gauge, Options, Registry, UpDownCounter};

    #[test]
    fn a_run_is_encoded_like_the_single_families() {
        let registry = Registry::new();
        let (mut text, mut open_metrics) = (String::new(), String::new());
        for at in 0..300_i64 {
            let family = format!("family_{at:03}");
            let suffix = if at % 4 == 0 { "_total" } else { "" };
            let name = format!("{family}{suffix}");
            let options = Options::new(name.clone(), format!("Number {at}."));
            let number = (at - 100) * 1_234_567;
            let (kind, value) = match at % 4 {
                0 => {
                    let counter = registry.create::<Counter>(options).expect("valid");
                    counter.inc_by(number.unsigned_abs());
                    ("counter", number.unsigned_abs().to_string())
                }
                1 => {
                    registry
                        .create::<Gauge>(options)
                        .expect("valid")
                        .set(number);
                    ("gauge", number.to_string())
                }
                2 => {
                    let gauge = registry.create::<FloatGauge>(options);
                    gauge.expect("valid").set(at as f64 + 0.5);
                    ("gauge", format!("{at}.5"))
                }
                _ => {
                    let up_down = registry.create::<UpDownCounter>(options).expect("valid");
                    let (up, down) = (number.max(0), (-number).max(0));
                    up_down.add(up.unsigned_abs() + 5);
                    up_down.sub(down.unsigned_abs() + 5);
                    ("gauge", number.to_string())
                }
            };
            let lines = |family: &str, is_type_first: bool| {
                let (help, kind) = (
                    format!("# HELP {family} Number {at}.\n"),
                    format!("# TYPE {family} {kind}\n"),
                );
                let head = if is_type_first {
                    kind + &help
                } else {
                    help + &kind
                };
                format!("{head}{name} {value}\n")
            };
            text += &lines(&name, false);
            open_metrics += &lines(&family, true);
        }
        open_metrics += "# EOF\n";
        for _ in 0..2 {
            assert_eq!(registry.encode_to_string(Format::Text), text);
            assert_eq!(registry.encode_to_string(Format::OpenMetrics), open_metrics);
        }
        let mut filtered = Vec::new();
        let written = registry.encode_filtered(Format::Text, &mut filtered, |_| true);
        written.expect("writing to memory does not fail");
        assert!(filtered == text.as_bytes());
    }

    #[test]
    fn a_family_with_an_exemplar_is_encoded_in_its_position_in_the_run() {
        let registry = Registry::new();
        let counters: Vec<Counter<_>> = ["a_total", "b_total", "c_total"]
            .map(|name| registry.create::<Counter>(Options::new(name, "Help.")))
            .map(|counter| counter.expect("valid"))
            .into();
        counters[1].inc_with_exemplar(&[("trace_id", "7")]);
        let text = registry.encode_to_string(Format::OpenMetrics);
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines[0], "a_total 0");
        assert!(
            lines[1].starts_with("b_total 1 # {trace_id=\"7\"} 1.0 "),
            "{text}"
        );
        assert_eq!(lines[2], "c_total 0");
    }
}
