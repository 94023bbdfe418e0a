//! Prometheus' protobuf format: delimited messages `io.prometheus.client.MetricFamily`.
//!
//! The messages of [`metrics.proto`] are few, so they are encoded by hand. The length of a `Metric`
//! is computed first, so the `Metric` is written from start to end.
//!
//! Each message follows its length. A small family is *held* in the buffer until it is complete,
//! and then its length is inserted. A large one would take much memory, so its length is
//! *announced*: written before the series. The announced length is estimated if each series is one
//! number and needs no escaping; otherwise a first pass measures it. If the series turn out to be
//! shorter, filler fields, which readers skip, complete the message. If they are longer, the other
//! series follow in another message of the same family.
//!
//! [`metrics.proto`]: https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto

mod counters;
mod histogram;
mod labels;
mod timestamp;
mod wire;

use std::io;

use self::{
    histogram::{NativeBuckets, bucket_len, encode_exemplar, for_each_bucket},
    labels::LabelFields,
    timestamp::Time,
    wire::{
        FILLER, SLACK, bytes, double, field_len, fill, long_tag, tag, varint, varint_len, zigzag,
    },
};
use super::{
    buffer::{Buffer, Line},
    outlet::{Outlet, Output, PIECE},
};
use crate::{
    describe::{escaping, escaping::Escaping, kind::Kind, name},
    sample::{
        batch::CounterBatch,
        format::{ExpositionFormat, Format},
        head::{FamilyHead, SizeEstimate},
        label_batch::Form,
        label_encoding::{LabelEncoding, LabelRendering},
        label_text,
        sink::Sink,
        value::{HistogramValue, Number, RenderedExemplar, SummaryValue, Value},
    },
};

/// The most series of a family that is held in memory until its length is known.
const MAX_HELD: usize = 1000;
/// Like [`MAX_HELD`], for families of native histograms, whose series are larger.
const MAX_HELD_NATIVE: usize = 100;

/// Writes the protobuf format.
pub(crate) struct Protobuf<'w> {
    outlet: Outlet<'w>,
    /// The registry's const labels, as fields of a `Metric`.
    const_labels: Vec<u8>,
    escaping: Escaping,
    /// The fields before the metrics in every message of the current family.
    head: Vec<u8>,
    /// The label of a state set: the name of its family.
    state_label: String,
    kind: Kind,
    /// Whether names of labels may need escaping.
    escapes_labels: bool,
    escaped: String,
    message: Message,
    labels: LabelFields,
    /// Allocated for the first batch of counters.
    counters: Option<Box<counters::Scratch>>,
    scratch: String,
    native: NativeBuckets,
    /// Whether timestamps of samples are written.
    has_timestamps: bool,
}

/// The state of the current family's message.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Message {
    /// No message has begun.
    None,
    /// The message starts at this position of the buffer. Its length is inserted before it when it
    /// is complete.
    Held(usize),
    /// The length of the series so far in the first pass, which only measures them.
    Measured(usize),
    /// The length of the message was written before it; this number of bytes is left of it.
    Announced(usize),
}

/// The labels of a series.
#[derive(Clone, Copy)]
enum Labels<'a> {
    /// Text, which [`Protobuf::labels`] has parsed.
    Parsed(&'a str),
    /// Encoded fields of a `Metric`, in two parts.
    Fields(&'a [u8], &'a [u8]),
}

impl<'w> Protobuf<'w> {
    pub(crate) fn new(out: Output<'w>, exposition: ExpositionFormat, const_labels: &str) -> Self {
        let mut this = Protobuf {
            outlet: Outlet::new(out),
            const_labels: Vec::new(),
            escaping: exposition.name_escaping(),
            head: Vec::new(),
            state_label: String::new(),
            kind: Kind::Unknown,
            escapes_labels: false,
            escaped: String::new(),
            message: Message::None,
            labels: LabelFields::default(),
            counters: None,
            scratch: String::new(),
            native: NativeBuckets::default(),
            has_timestamps: !exposition.omits_timestamps,
        };
        this.labels.parse(const_labels);
        let mut buffer = Buffer::default();
        buffer.write(this.labels.room(), |line| {
            this.labels.write(const_labels, line);
        });
        this.const_labels = buffer.as_slice().to_vec();
        this
    }

    /// Ends the exposition.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.end_message();
        self.outlet.finish()
    }

    /// Begins a message that is held until its length is known.
    fn hold(&mut self) {
        self.message = Message::Held(self.outlet.buffer.len());
        self.outlet.buffer.put(&self.head);
    }

    fn end_message(&mut self) {
        match std::mem::replace(&mut self.message, Message::None) {
            Message::None | Message::Measured(_) => {}
            // A family without series is left out.
            Message::Held(start) if self.outlet.buffer.len() == start + self.head.len() => {
                self.outlet.buffer.truncate(start);
            }
            Message::Held(start) => {
                let len = self.outlet.buffer.len() - start;
                let mut prefix = Buffer::default();
                prefix.write(SLACK, |line| varint(line, len as u64));
                self.outlet.buffer.insert(start, prefix.as_slice());
            }
            Message::Announced(left) => fill(&mut self.outlet.buffer, left),
        }
    }

    /// Begins a message whose series have this length.
    fn announce(&mut self, len: usize) {
        let len = self.head.len() + len;
        self.outlet
            .buffer
            .write(SLACK, |line| varint(line, len as u64));
        self.outlet.buffer.put(&self.head);
        self.message = Message::Announced(len - self.head.len());
    }

    /// Writes a `Metric`: its labels, and a value of `size` bytes, for which it reserves `room` bytes
    /// of the buffer. In a first pass, which only measures the series, adds the length of the
    /// `Metric` to the measured length.
    #[inline(always)]
    fn write_metric(
        &mut self,
        labels: Labels<'_>,
        (room, size): (usize, usize),
        value: impl FnOnce(&mut Line<'_>),
    ) {
        let labels_size = match labels {
            Labels::Parsed(_) => self.labels.size,
            Labels::Fields(first, rest) => first.len() + rest.len(),
        };
        let size = self.const_labels.len() + labels_size + size;
        let whole = 1 + varint_len(size as u64) + size;
        if !self.admit(whole) {
            return;
        }
        let room = HEADER + self.const_labels.len() + labels_size + SLACK + room;
        let (fields, const_labels) = (&self.labels, &self.const_labels);
        self.outlet.buffer.write(room, |line| {
            line.put_byte(tag(4, wire::LEN));
            varint(line, size as u64);
            line.put(const_labels);
            match labels {
                Labels::Parsed(text) => fields.write(text, line),
                Labels::Fields(first, rest) => {
                    line.put(first);
                    line.put(rest);
                }
            }
            value(line);
        });
    }

    /// Whether to write a metric of `size` bytes; false in a first pass, which only measures the
    /// series. Begins another message if the metric does not fit into the current one.
    #[inline(always)]
    fn admit(&mut self, size: usize) -> bool {
        match &mut self.message {
            Message::Held(_) => true,
            Message::Announced(left) if size + FILLER <= *left => {
                *left -= size;
                true
            }
            _ => self.admit_elsewhere(size),
        }
    }

    #[cold]
    #[inline(never)]
    fn admit_elsewhere(&mut self, size: usize) -> bool {
        match &mut self.message {
            Message::Measured(measured) => {
                *measured += size;
                false
            }
            Message::None => false,
            Message::Held(_) | Message::Announced(_) => {
                // The series are longer than announced, so the rest goes into another message.
                self.end_message();
                self.hold();
                true
            }
        }
    }

    /// Writes a series whose value is one number. Infos and states are gauges in this format.
    #[inline(always)]
    fn write_plain(&mut self, labels: &str, created: f64, value: f64) {
        self.labels.parse(labels);
        self.write_plain_with(Labels::Parsed(labels), created, value);
    }

    #[inline(always)]
    fn write_plain_with(&mut self, labels: Labels<'_>, created: f64, value: f64) {
        let (field, time) = match self.kind {
            Kind::Counter => (3, Time::new(created)),
            Kind::Unknown => (5, Time::NONE),
            _ => (2, Time::NONE),
        };
        let size = 9 + time.size();
        self.write_metric(labels, (2 + 9 + Time::ROOM, 2 + size), |line| {
            line.put_pair([tag(field, wire::LEN), size as u8]);
            double(line, 1, value);
            time.write(line, 3);
        });
    }

    fn write_counter_with_exemplar(
        &mut self,
        labels: &str,
        created: f64,
        value: f64,
        exemplar: &RenderedExemplar,
    ) {
        self.labels.parse(labels);
        let time = Time::new(created);
        let exemplar = encode_exemplar(exemplar);
        let size = 9 + field_len(exemplar.len()) + time.size();
        let all = 1 + varint_len(size as u64) + size;
        self.write_metric(Labels::Parsed(labels), (all + SLACK, all), |line| {
            line.put_byte(tag(3, wire::LEN));
            varint(line, size as u64);
            double(line, 1, value);
            bytes(line, 2, &exemplar);
            time.write(line, 3);
        });
    }

    fn write_summary(&mut self, labels: &str, created: f64, value: &SummaryValue<'_>) {
        self.labels.parse(labels);
        let time = Time::new(created);
        let count = varint_len(value.count);
        let size = 1 + count + 9 + value.quantiles.len() * (2 + 18) + time.size();
        let all = 1 + varint_len(size as u64) + size;
        self.write_metric(Labels::Parsed(labels), (all + SLACK, all), |line| {
            line.put_byte(tag(4, wire::LEN));
            varint(line, size as u64);
            line.put_byte(tag(1, wire::VARINT));
            varint(line, value.count);
            double(line, 2, value.sum);
            for (quantile, estimate) in value.quantiles {
                line.put_pair([tag(3, wire::LEN), 18]);
                double(line, 1, *quantile);
                double(line, 2, *estimate);
            }
            time.write(line, 4);
        });
    }

    fn write_histogram(&mut self, labels: &str, created: f64, value: &HistogramValue<'_>) {
        self.labels.parse(labels);
        let time = Time::new(created);
        let exemplars: Vec<(f64, Vec<u8>)> = value
            .exemplars
            .iter()
            .map(|exemplar| (exemplar.value, encode_exemplar(exemplar)))
            .collect();
        let count = value.counts.iter().fold(0_u64, |a, b| a.saturating_add(*b));
        let mut size = 1 + varint_len(count) + 9 + time.size();
        for_each_bucket(value, &exemplars, |total, _, exemplar| {
            size += 2 + bucket_len(total, exemplar);
            size += varint_len(bucket_len(total, exemplar) as u64) - 1;
        });
        if let Some(native) = value.native {
            self.native.set(native);
            size += 1 + varint_len(zigzag(native.schema.into())) + 9;
            size += 1 + varint_len(native.zero_count) + self.native.size();
            for (_, exemplar) in &exemplars {
                size += 1 + field_len(exemplar.len());
            }
        }
        let all = 1 + varint_len(size as u64) + size;
        let buckets = std::mem::take(&mut self.native);
        self.write_metric(Labels::Parsed(labels), (all + SLACK, all), |line| {
            line.put_byte(tag(7, wire::LEN));
            varint(line, size as u64);
            line.put_byte(tag(1, wire::VARINT));
            varint(line, count);
            double(line, 2, value.sum);
            for_each_bucket(value, &exemplars, |total, bound, exemplar| {
                line.put_byte(tag(3, wire::LEN));
                varint(line, bucket_len(total, exemplar) as u64);
                line.put_byte(tag(1, wire::VARINT));
                varint(line, total);
                double(line, 2, bound);
                if let Some(exemplar) = exemplar {
                    bytes(line, 3, exemplar);
                }
            });
            if let Some(native) = value.native {
                line.put_byte(tag(5, wire::VARINT));
                varint(line, zigzag(native.schema.into()));
                double(line, 6, native.zero_threshold);
                line.put_byte(tag(7, wire::VARINT));
                varint(line, native.zero_count);
                buckets.write(line);
            }
            time.write(line, 15);
            if value.native.is_some() {
                for (_, exemplar) in &exemplars {
                    long_tag(line, 16, wire::LEN);
                    varint(line, exemplar.len() as u64);
                    line.put(exemplar);
                }
            }
        });
        self.native = buckets;
    }

    /// Writes a gauge for each state.
    fn write_state_set(&mut self, labels: &str, states: &[&str], active: usize) {
        let mut all = std::mem::take(&mut self.scratch);
        for (at, state) in states.iter().enumerate() {
            all.clear();
            all.push_str(labels);
            label_text::push_label(&mut all, &self.state_label, state);
            self.write_plain(&all, 0.0, f64::from(u8::from(at == active)));
        }
        self.scratch = all;
    }

    /// Calls `write` with the labels after their names were escaped.
    #[cold]
    fn with_escaped_labels(&mut self, labels: &str, write: impl FnOnce(&mut Self, &str)) {
        let mut escaped = std::mem::take(&mut self.escaped);
        escaped.clear();
        label_text::push_escaped(labels, self.escaping, &mut escaped);
        self.escapes_labels = false;
        write(self, &escaped);
        self.escapes_labels = true;
        self.escaped = escaped;
    }
}

impl Sink for Protobuf<'_> {
    fn begin_family(&mut self, head: FamilyHead<'_>) {
        self.end_message();
        let FamilyHead { prefix, desc, .. } = head;
        self.kind = desc.kind();
        let name = format!("{prefix}{}", desc.name());
        // `Dots` doubles underscores, so it changes even names without special characters.
        let is_dots = self.escaping == Escaping::Dots;
        let lines = head.cache.for_format(Format::Protobuf);
        let is_plain = !is_dots && (lines.get().is_some() || name::is_legacy_metric(&name));
        self.escapes_labels =
            is_dots || (self.escaping != Escaping::AllowUtf8 && !desc.has_legacy_labels());
        if self.kind == Kind::StateSet {
            self.state_label = escaping::label_name(&name, self.escaping).into_owned();
        }
        let kind = match self.kind {
            Kind::Counter => 0,
            Kind::Gauge | Kind::Info | Kind::StateSet => 1,
            Kind::Summary => 2,
            Kind::Unknown => 3,
            Kind::Histogram => 4,
            Kind::GaugeHistogram => 5,
        };
        let write = || -> Box<[u8]> {
            let mut buffer = Buffer::default();
            for (field, text) in [
                (1, &*escaping::metric_name(&name, self.escaping)),
                (2, desc.help()),
                (5, desc.unit_name().unwrap_or_default()),
            ] {
                if !text.is_empty() {
                    buffer.write(SLACK + text.len(), |line| {
                        bytes(line, field, text.as_bytes());
                    });
                }
            }
            buffer.write(2, |line| line.put_pair([tag(3, wire::VARINT), kind]));
            Box::from(buffer.as_slice())
        };
        self.head.clear();
        if is_plain {
            self.head.extend_from_slice(lines.get_or_init(write));
        } else {
            self.head.extend_from_slice(&write());
        }
        self.hold();
    }

    fn needs_size_pass(&mut self, estimate: &dyn Fn() -> SizeEstimate) -> bool {
        let estimate = estimate();
        let max_held = if estimate.is_native {
            MAX_HELD_NATIVE
        } else {
            MAX_HELD
        };
        if estimate.series <= max_held {
            return false;
        }
        let Message::Held(start) = self.message else {
            return false;
        };
        self.outlet.buffer.truncate(start);
        if estimate.are_numbers && !self.escapes_labels {
            let time = if self.kind == Kind::Counter {
                Time::USUAL
            } else {
                0
            };
            let each = 2 + self.const_labels.len() + 2 + 9 + time;
            let all = estimate.label_bytes + estimate.series * each;
            // The length prefix of a metric of 128 bytes or more takes another byte.
            let longest = each - 2 + estimate.longest_labels;
            let longer = if longest < 0x80 { 0 } else { all / 100 };
            self.announce(all + longer + FILLER);
            return false;
        }
        self.message = Message::Measured(0);
        true
    }

    fn end_size_pass(&mut self) {
        if self.message == Message::Measured(0) {
            return self.hold();
        }
        if let Message::Measured(measured) = self.message {
            // Announces a reserve, because series may be added, and numbers may get longer, before
            // the second pass.
            self.announce(measured + measured / 16 + PIECE + FILLER);
        }
    }

    fn write_series(&mut self, labels: &str, created: f64, value: Value<'_>) {
        if self.escapes_labels {
            return self.with_escaped_labels(labels, |this, labels| {
                this.write_series(labels, created, value);
            });
        }
        match value {
            Value::Counter(number, Some(exemplar)) => {
                self.write_counter_with_exemplar(labels, created, number.as_f64(), exemplar);
            }
            Value::Counter(number, None) | Value::Gauge(number) => {
                self.write_plain(labels, created, number.as_f64());
            }
            Value::Histogram(ref value) => self.write_histogram(labels, created, value),
            Value::Summary(value) => self.write_summary(labels, created, &value),
            Value::Info => self.write_plain(labels, created, 1.0),
            Value::StateSet(states, active) => self.write_state_set(labels, states, active),
        }
    }

    fn write_series_at(&mut self, labels: &str, created: f64, timestamp: i64, value: Value<'_>) {
        // Writes the timestamp as if it were a const label. The fields of a `Metric` may have any
        // order.
        let len = self.const_labels.len();
        if self.has_timestamps {
            let mut field = Buffer::default();
            field.write(SLACK, |line| {
                line.put_byte(tag(6, wire::VARINT));
                varint(line, timestamp as u64);
            });
            self.const_labels.extend_from_slice(field.as_slice());
        }
        self.write_series(labels, created, value);
        self.const_labels.truncate(len);
    }

    fn write_number(&mut self, labels: &str, created: f64, number: Number) {
        if self.escapes_labels {
            return self.with_escaped_labels(labels, |this, labels| {
                this.write_number(labels, created, number);
            });
        }
        self.write_plain(labels, created, number.as_f64());
    }

    fn label_rendering(&mut self) -> Option<LabelRendering<'_>> {
        (!self.escapes_labels).then(|| counters::rendering(&self.const_labels))
    }

    fn write_counters(&mut self, counters: &CounterBatch<'_>) {
        if self.escapes_labels || counters.series.labels.encoding() != LabelEncoding::Protobuf {
            return counters.for_each(|labels, created, total| {
                self.write_number(labels, created, Number::Unsigned(total));
            });
        }
        let mut scratch = self.counters.take().unwrap_or_default();
        let are_ready = counters.series.labels.form == Form::Requested
            && scratch.encode_created(counters.series.created);
        let mut at = 0;
        while at < counters.totals.len() {
            let rest = counters.skip(at);
            let limit = match self.message {
                Message::Held(_) => usize::MAX,
                Message::Announced(left) => left.saturating_sub(FILLER),
                Message::None | Message::Measured(_) => 0,
            };
            let (mut len, mut written) = (0, 0);
            if are_ready {
                let room = counters::room(&rest, self.const_labels.len());
                self.outlet.buffer.write(room, |line| {
                    (len, written) = counters::write(line.rest(), &rest, &mut scratch, limit);
                    line.skip(written);
                });
            }
            if let Message::Announced(left) = &mut self.message {
                *left -= written;
            }
            if let Some(([first, second], created, total)) = rest.skip(len).first() {
                self.write_plain_with(Labels::Fields(first, second), created, total as f64);
            }
            at += len + 1;
        }
        self.counters = Some(scratch);
    }

    fn checkpoint(&mut self) -> bool {
        if !matches!(self.message, Message::Held(_)) {
            self.outlet.flush_if_large();
        }
        self.outlet.is_open()
    }
}

/// The most bytes that the tag and the length before a `Metric` take.
const HEADER: usize = 1 + wire::VARINT_LEN;
