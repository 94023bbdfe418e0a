//! The text formats: Prometheus 0.0.4 and OpenMetrics 1.0.

use std::io;

use super::{Exemplar, Head, HistogramValue, Number, Sink, SummaryValue, Value, number};
use crate::{desc::Kind, render};

/// Written text leaves in pieces of about this size.
const PIECE: usize = 32 * 1024;

/// Writes one of the two text formats.
pub(crate) struct Text<'w> {
    out: &'w mut dyn io::Write,
    result: io::Result<()>,
    buffer: Vec<u8>,
    open_metrics: bool,
    /// Whether the births of series are written; OpenMetrics alone has a place for them.
    created: bool,
    /// Labels that the registry gives to every series.
    common: &'w str,
    /// The family that has begun.
    name: String,
    kind: Kind,
    /// Bounds of the last histogram, and their `le` labels.
    bounds: Vec<f64>,
    le: Vec<String>,
}

impl<'w> Text<'w> {
    pub(crate) fn new(
        out: &'w mut dyn io::Write,
        open_metrics: bool,
        created: bool,
        common: &'w str,
    ) -> Self {
        Text {
            out,
            result: Ok(()),
            buffer: Vec::with_capacity(2 * PIECE),
            open_metrics,
            created: created && open_metrics,
            common,
            name: String::new(),
            kind: Kind::Unknown,
            bounds: Vec::new(),
            le: Vec::new(),
        }
    }

    /// Ends the exposition.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if self.open_metrics {
            self.push("# EOF\n");
        }
        self.flush();
        self.result
    }

    fn flush(&mut self) {
        if self.result.is_ok() {
            self.result = self.out.write_all(&self.buffer);
        }
        self.buffer.clear();
    }

    fn push(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
    }

    /// `# TYPE name `, and likewise.
    fn comment(&mut self, keyword: &str, name: (&str, &str), text: &str) {
        for part in ["# ", keyword, " ", name.0, name.1, " "] {
            self.push(part);
        }
        for c in text.chars() {
            match c {
                '\\' => self.push("\\\\"),
                '\n' => self.push("\\n"),
                '"' if self.open_metrics => self.push("\\\""),
                c => self.push(c.encode_utf8(&mut [0; 4])),
            }
        }
        self.push("\n");
    }

    /// Writes `name{labels} value`.
    fn sample(&mut self, suffix: &str, labels: &str, extra: &str, value: Number) {
        self.buffer.extend_from_slice(self.name.as_bytes());
        self.push(suffix);
        let mut open = '{';
        for labels in [self.common, labels, extra] {
            if !labels.is_empty() {
                self.buffer.push(open as u8);
                self.push(labels);
                open = ',';
            }
        }
        self.push(if open == ',' { "} " } else { " " });
        number::write(&mut self.buffer, value, self.open_metrics);
        self.buffer.push(b'\n');
    }

    /// Adds an exemplar to the sample that was just written.
    fn exemplar(&mut self, exemplar: Option<&Exemplar>) {
        let Some(exemplar) = exemplar.filter(|_| self.open_metrics) else {
            return;
        };
        self.buffer.pop();
        self.push(" # {");
        self.push(&exemplar.labels);
        self.push("} ");
        number::write_float(&mut self.buffer, exemplar.value, true);
        // To the millisecond, without an exponent.
        self.push(&format!(" {:.3}\n", exemplar.time));
    }

    fn born(&mut self, labels: &str, created: f64) {
        // What is computed has no birth.
        if self.created && created > 0.0 {
            // To the millisecond, without an exponent.
            let text = format!("{created:.3}\n");
            self.sample("_created", labels, "", Number::Unsigned(0));
            self.buffer.truncate(self.buffer.len() - 2);
            self.push(&text);
        }
    }

    fn histogram(&mut self, labels: &str, value: &HistogramValue<'_>) {
        if self.le.is_empty() || self.bounds != value.bounds {
            self.bounds = value.bounds.to_vec();
            let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
            let label = |bound| {
                let mut text = b"le=\"".to_vec();
                number::write_float(&mut text, bound, self.open_metrics);
                text.push(b'"');
                String::from_utf8_lossy(&text).into_owned()
            };
            self.le = bounds.map(label).collect();
        }
        let mut total = 0_u64;
        let le = std::mem::take(&mut self.le);
        let mut exemplars = value.exemplars;
        for (at, (le, count)) in le.iter().zip(value.counts).enumerate() {
            total = total.saturating_add(*count);
            self.sample("_bucket", labels, le, Number::Unsigned(total));
            let inside = match value.bounds.get(at) {
                Some(bound) => exemplars.partition_point(|exemplar| exemplar.value <= *bound),
                None => exemplars.len(),
            };
            let (of_this, rest) = exemplars.split_at(inside);
            exemplars = rest;
            self.exemplar(of_this.last());
        }
        self.le = le;
        let (sum, count) = match self.kind {
            Kind::GaugeHistogram if self.open_metrics => ("_gsum", "_gcount"),
            // OpenMetrics: no sum where observations may be negative, and no count without a sum.
            Kind::Histogram if self.open_metrics && value.falls => return,
            _ => ("_sum", "_count"),
        };
        self.sample(sum, labels, "", Number::Float(value.sum));
        self.sample(count, labels, "", Number::Unsigned(total));
    }

    fn summary(&mut self, labels: &str, value: &SummaryValue<'_>) {
        for (quantile, estimate) in value.quantiles {
            let mut text = b"quantile=\"".to_vec();
            number::write_float(&mut text, *quantile, self.open_metrics);
            text.push(b'"');
            let label = String::from_utf8_lossy(&text);
            self.sample("", labels, &label, Number::Float(*estimate));
        }
        self.sample("_sum", labels, "", Number::Float(value.sum));
        self.sample("_count", labels, "", Number::Unsigned(value.count));
    }

    fn state_set(&mut self, labels: &str, states: &[&str], active: usize) {
        let name = self.name.clone();
        for (at, state) in states.iter().enumerate() {
            let mut label = String::new();
            render::label(&mut label, &name, state);
            let value = Number::Unsigned(u64::from(at == active));
            self.sample("", labels, &label, value);
        }
    }
}

impl Sink for Text<'_> {
    fn family(&mut self, head: Head<'_>) {
        let Head { prefix, desc } = head;
        self.name.clear();
        self.name.push_str(prefix);
        self.name.push_str(if self.open_metrics {
            desc.family_name()
        } else {
            desc.name()
        });
        self.kind = desc.kind();
        let name = std::mem::take(&mut self.name);
        let name_parts = (name.as_str(), "");
        if self.open_metrics {
            let kind = match self.kind {
                Kind::Unknown => "unknown",
                kind => kind.name(),
            };
            self.comment("TYPE", name_parts, kind);
            if let Some(unit) = desc.unit_name() {
                self.comment("UNIT", name_parts, unit);
            }
            self.comment("HELP", name_parts, desc.help());
        } else {
            let kind = match self.kind {
                Kind::Info | Kind::StateSet => "gauge",
                Kind::GaugeHistogram => "histogram",
                Kind::Unknown => "untyped",
                kind => kind.name(),
            };
            self.comment("HELP", name_parts, desc.help());
            self.comment("TYPE", name_parts, kind);
        }
        self.name = name;
    }

    fn series(&mut self, labels: &str, created: f64, value: Value<'_>) {
        match value {
            Value::Counter(number, exemplar) => {
                let suffix = if self.open_metrics { "_total" } else { "" };
                self.sample(suffix, labels, "", number);
                self.exemplar(exemplar);
                self.born(labels, created);
            }
            Value::Gauge(number) => self.sample("", labels, "", number),
            Value::Histogram(value) => {
                self.histogram(labels, &value);
                self.born(labels, created);
            }
            Value::Summary(value) => {
                self.summary(labels, &value);
                self.born(labels, created);
            }
            Value::Info => {
                let suffix = if self.open_metrics { "_info" } else { "" };
                self.sample(suffix, labels, "", Number::Unsigned(1));
            }
            Value::StateSet(states, active) => self.state_set(labels, states, active),
        }
    }

    fn pause(&mut self) -> bool {
        if self.buffer.len() >= PIECE {
            self.flush();
        }
        self.result.is_ok()
    }
}
