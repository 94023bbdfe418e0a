//! Families of one number each, side by side: many programs have few others, and what each of them
//! takes beside its line is not to be looked for all over the memory.

use std::{ops::Range, sync::OnceLock};

use crate::{
    format::{Format, Head, Number},
    metric::family::FamilyRef,
    registry::groups::Group,
    sample::texts::Texts,
    storage::{cell::Reader, layout::Layout},
};

/// Families of one series without labels that is one number, one after the other.
#[derive(Debug)]
pub(crate) struct Singles {
    /// Where the first one stands among all families.
    first: usize,
    families: Vec<Single>,
    /// What stands before their numbers in a format: their heads, and how their lines begin.
    text: OnceLock<Texts>,
    open_metrics: OnceLock<Texts>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Single {
    family: FamilyRef,
    /// Whether it is one that counts in whole steps: of those nothing else has to be known, and
    /// they are most.
    counts: bool,
}

impl Singles {
    /// None so far, and the first one would stand there.
    pub(crate) fn new(first: usize) -> Self {
        Singles {
            first,
            families: Vec::new(),
            text: OnceLock::new(),
            open_metrics: OnceLock::new(),
        }
    }

    pub(crate) fn push(&mut self, family: FamilyRef) {
        let counts = family.layout() == Layout::Count;
        self.families.push(Single { family, counts });
    }

    /// Reads some, from the one on that stands there among all `groups`: as far as each is one
    /// number, and nothing but that.
    pub(crate) fn read<'a>(
        &'a self,
        groups: &'a [Group],
        prefix: &'a str,
        at: usize,
        reader: &'a mut Reader,
    ) -> SomeSingles<'a> {
        let from = at - self.first;
        // Up to there texts stand together.
        let to = (from - from % AT_ONCE + AT_ONCE).min(self.families.len());
        let some = &self.families[from..to];
        let is_used = |single: &Single| single.family.exemplars().is_used();
        let some = &some[..some.iter().position(is_used).unwrap_or(some.len())];
        SomeSingles {
            all: self,
            groups: &groups[self.first..][..self.families.len()],
            prefix,
            range: from..from + some.len(),
            values: reader.read_singles(
                some.iter()
                    .map(|single| (&single.family.region, single.counts)),
            ),
        }
    }
}

/// Some of them, and what they are worth.
#[derive(Debug)]
pub(crate) struct SomeSingles<'a> {
    all: &'a Singles,
    groups: &'a [Group],
    prefix: &'a str,
    range: Range<usize>,
    values: &'a [[u64; 2]],
}

impl<'a> SomeSingles<'a> {
    pub(crate) fn len(&self) -> usize {
        self.range.len()
    }

    /// Where they stand among all in a row.
    pub(crate) fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// The heads of all in a row.
    pub(crate) fn all_heads(&self) -> impl Iterator<Item = Head<'a>> {
        self.groups.iter().map(|group| group.head(self.prefix))
    }

    /// What all in a row begin with in a format of text.
    pub(crate) fn texts(&self, format: Format) -> &'a OnceLock<Texts> {
        match format {
            Format::OpenMetrics => &self.all.open_metrics,
            _ => &self.all.text,
        }
    }

    /// Each, and its words.
    #[inline(always)]
    pub(crate) fn words(&self) -> impl Iterator<Item = (&'a Single, &'a [u64; 2])> + use<'a> {
        self.families().iter().zip(self.values)
    }

    /// Those that these are.
    pub(crate) fn families(&self) -> &'a [Single] {
        &self.all.families[self.range.clone()]
    }

    /// One of them, and its words.
    pub(crate) fn get(&self, at: usize) -> Option<(&'a Single, &'a [u64; 2])> {
        Some((self.families().get(at)?, self.values.get(at)?))
    }

    /// Their heads, births and numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Head<'a>, f64, Number)> {
        let heads = self.groups[self.range.clone()].iter();
        let heads = heads.map(|group| group.head(self.prefix));
        let series = heads.zip(self.words());
        series.map(|(head, (single, words))| (head, single.family.created(), single.number(words)))
    }
}

impl Single {
    /// Whether it counts in whole steps, which are then the first of its words.
    #[inline(always)]
    pub(crate) fn counts(&self) -> bool {
        self.counts
    }

    pub(crate) fn number(&self, words: &[u64; 2]) -> Number {
        self.family.single(words)
    }
}

/// So many are read at once; a power of two, and no more than there are texts together.
pub(crate) const AT_ONCE: usize = 128;

#[cfg(test)]
mod tests {
    use crate::{Counter, FloatGauge, Format, Gauge, Options, Registry, UpDownCounter};

    #[test]
    fn families_of_any_numbers_are_written_as_each_would_be_alone() {
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
        written.expect("memory takes everything");
        assert!(filtered == text.as_bytes());
    }

    #[test]
    fn one_that_has_an_exemplar_stands_among_them_with_it() {
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
