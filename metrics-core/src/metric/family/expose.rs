//! Reads a family's series and writes them to a [`Sink`].

use crate::{
    describe::kind::Kind,
    metric::{
        family::definition::Family, optional_value, outcome_rows::RowId,
        quantile_sketch::QuantileSketch, series_access,
    },
    sample::{
        batch::HistogramBatch,
        head::SizeEstimate,
        label_encoding::max_protobuf_len,
        sink::Sink,
        value::{HistogramValue, Number, Observations, SummaryValue, Value, with_ordinary_nan},
    },
    series::{cursor::Cursor, id::SeriesId, index::Index},
    storage::{Reader, layout::Layout, native::NativeHistogramSnapshot, scalar},
};

impl Family {
    /// Writes all series.
    pub(crate) fn write_to(&self, sink: &mut dyn Sink, reader: &mut Reader) {
        // Plain counters, and plain classic histograms whose series are in an index, have faster
        // code of their own, because they are usually most of an exposition.
        let is_plain = self.has_one_row() && !self.has_expiry() && !self.exemplars.is_used();
        if is_plain && self.layout == Layout::Count {
            return self.write_counters(sink, reader);
        }
        if is_plain
            && self.desc.kind == Kind::Histogram
            && matches!(self.layout, Layout::Histogram { native: None, .. })
            && let Some(index) = self.open.index.get()
        {
            return self.write_histograms(index, sink, reader);
        }
        let mut native = NativeHistogramSnapshot::default();
        self.for_each_row(
            sink,
            reader,
            Sink::checkpoint,
            |sink, row, labels, created, values| {
                self.write_row(sink, row, labels, created, values, &mut native);
            },
        );
        self.drop_stale_exemplars();
    }

    /// Calls `each` with every exposed row (a series, or one combination of outcome and result
    /// labels in a series of a function): its labels, created timestamp and values.
    ///
    /// `checkpoint` is called while no lock is held; if it returns false, the iteration ends.
    pub(crate) fn for_each_row<S: ?Sized>(
        &self,
        sink: &mut S,
        reader: &mut Reader,
        checkpoint: impl Fn(&mut S) -> bool,
        mut each: impl FnMut(&mut S, RowId, &str, f64, &[u64]),
    ) {
        let mut row_labels = String::new();
        let has_one_row = self.has_one_row();
        let mut each_row = |sink: &mut S, series, labels: &str, created, values: &[u64]| {
            if self.layout.is_absent(values) {
                return;
            }
            let id = |row| RowId { series, row };
            if has_one_row {
                let created = self.layout.period_start(values, created);
                return each(sink, id(0), labels, created, values);
            }
            let rows = values.chunks_exact(self.layout.value_count());
            for (row, values) in rows.enumerate() {
                if self.rows.is_exposed(row, values) {
                    row_labels.clear();
                    row_labels.push_str(labels);
                    self.rows.push_labels(&mut row_labels, row);
                    let created = self.layout.period_start(values, created);
                    each(sink, id(row), &row_labels, created, values);
                }
            }
        };
        if self.is_closed() {
            let (labels, created) = (self.closed.labels(&self.desc), self.created());
            self.region().read(reader, 0..labels.len(), |at, values| {
                let series = SeriesId {
                    place: at as u32,
                    generation: 0,
                };
                each_row(sink, series, &labels[at], created, values);
            });
            checkpoint(sink);
        } else if let Some(index) = self.open.index.get() {
            let mut cursor = Cursor::default();
            while index.read_tile(reader, &mut cursor, |series, labels, created, values| {
                each_row(sink, series, labels, created, values);
            }) {
                if !checkpoint(sink) {
                    return;
                }
            }
        }
    }

    /// Writes one row, as [`for_each_row`](Self::for_each_row) passes it. `native` is scratch space
    /// for a native histogram's buckets.
    #[inline]
    pub(crate) fn write_row(
        &self,
        sink: &mut dyn Sink,
        row: RowId,
        labels: &str,
        created: f64,
        values: &[u64],
        native: &mut NativeHistogramSnapshot,
    ) {
        if let Some(number) = self.number(values) {
            if self.exemplars.is_used() && self.desc.kind == Kind::Counter {
                return self.exemplars.with_row(row, |exemplars| {
                    let value = Value::Counter(number, exemplars.last());
                    sink.write_series(labels, created, value);
                });
            }
            return sink.write_number(labels, created, number);
        }
        match (self.layout, self.desc.kind) {
            (Layout::Empty, _) => sink.write_series(labels, created, Value::Info),
            (Layout::Histogram { .. }, _) => {
                self.write_observations(sink, row, labels, created, values, native);
            }
            _ => {
                let state = Value::StateSet(self.states, values[0] as usize);
                sink.write_series(labels, created, state);
            }
        }
    }

    /// The value of a row, if it is a single number.
    #[inline(always)]
    fn number(&self, values: &[u64]) -> Option<Number> {
        let float = f64::from_bits;
        Some(match self.layout {
            Layout::Empty | Layout::Histogram { .. } => return None,
            Layout::Count => Number::Unsigned(values[0]),
            Layout::FloatCount => Number::Float(float(values[0]).min(f64::MAX)),
            Layout::Float => Number::Float(with_ordinary_nan(float(values[0]))),
            Layout::UpDown => Number::Signed(scalar::difference(values[0], values[1])),
            Layout::Int if self.desc.kind == Kind::StateSet => return None,
            Layout::Int => Number::Signed(values[0] as i64),
            // A gauge without a value is exposed only as a head: `for_each_row` skips its series.
            Layout::OptionalInt => Number::Signed(optional_value::int(values[0])?),
            Layout::OptionalFloat => Number::Float(optional_value::float(values[0])?),
        })
    }

    fn write_observations(
        &self,
        sink: &mut dyn Sink,
        row: RowId,
        labels: &str,
        created: f64,
        values: &[u64],
        native: &mut NativeHistogramSnapshot,
    ) {
        let read = Observations::new(self.layout, values);
        if self.desc.kind == Kind::Histogram {
            let table = self.layout.native_table(values);
            let native = table.map(|table| {
                table.fill(native);
                &*native
            });
            return self.exemplars.with_row(row, |exemplars| {
                let value = Value::Histogram(HistogramValue {
                    bounds: &self.desc.bounds,
                    counts: read.counts,
                    sum: read.sum,
                    allows_negative: self.allows_negative(),
                    native,
                    exemplars,
                });
                sink.write_series(labels, created, value);
            });
        }
        let quantiles = series_access::quantiles(self, row.series);
        write_summary(sink, labels, created, read, &quantiles);
    }

    /// Writes a series of a summary that several families record into: `values` are the sums of
    /// their values, `sketch` has the observations of all of them.
    pub(crate) fn write_merged_summary(
        &self,
        sink: &mut dyn Sink,
        labels: &str,
        created: f64,
        values: &[u64],
        sketch: &QuantileSketch,
    ) {
        let quantiles = sketch.quantiles(&self.desc.bounds);
        let read = Observations::new(self.layout, values);
        write_summary(sink, labels, created, read, &quantiles);
    }

    fn write_counters(&self, sink: &mut dyn Sink, reader: &mut Reader) {
        if self.is_closed() {
            let labels = self.closed.labels(&self.desc);
            let totals = self.region().read_scalars(reader, 0..labels.len());
            for (labels, total) in labels.iter().zip(totals) {
                sink.write_number(labels, self.created(), Number::Unsigned(*total));
            }
            sink.checkpoint();
        } else if let Some(index) = self.open.index.get() {
            let mut cursor = Cursor::default();
            let rendering = sink
                .label_rendering()
                .map(|rendering| index.intern_rendering(rendering));
            while index.read_counters(reader, &mut cursor, rendering.as_ref(), |batch| {
                sink.write_counters(batch);
            }) {
                if !sink.checkpoint() {
                    return;
                }
            }
        }
    }

    fn write_histograms(&self, index: &Index, sink: &mut dyn Sink, reader: &mut Reader) {
        let mut cursor = Cursor::default();
        while index.read_histograms(reader, &mut cursor, |series, values| {
            sink.write_histograms(&HistogramBatch {
                series,
                bounds: &self.desc.bounds,
                allows_negative: self.allows_negative(),
                layout: self.layout,
                values,
            });
        }) {
            if !sink.checkpoint() {
                return;
            }
        }
    }

    /// Drops the exemplars of series that were removed or have expired.
    pub(crate) fn drop_stale_exemplars(&self) {
        if !self.is_closed() {
            let index = self.open.index.get();
            let exists = |series| index.is_some_and(|index| index.contains(series));
            self.exemplars.retain_series(exists);
        }
    }

    /// Whether the family is one number without labels that can be read together with other
    /// families.
    ///
    /// False for a float counter, because reading one must also keep its sum from decreasing.
    pub(crate) fn is_single_number(&self) -> bool {
        self.closed.count == Some(1)
            && self.has_one_row()
            && self.layout != Layout::FloatCount
            && !self.layout.is_optional()
            && self.number(&[0, 0]).is_some()
            && self.closed.labels(&self.desc)[0].is_empty()
    }

    /// The value of a family for which [`is_single_number`](Self::is_single_number) is true.
    #[inline(always)]
    pub(crate) fn single_number(&self, cells: &[u64; 2]) -> Number {
        // `number` returns `Some` if `is_single_number` is true, so the default is not used.
        self.number(cells).unwrap_or(Number::Unsigned(0))
    }

    /// An estimate of what the family adds to an exposition.
    pub(crate) fn size_estimate(&self) -> SizeEstimate {
        let labels = self.desc.const_labels.len() + self.desc.labels.len();
        let (series, (label_bytes, longest_labels)) = if let Some(series) = self.closed.count {
            let rendered = self.closed.labels(&self.desc);
            let lens = || rendered.iter().map(|labels| labels.len());
            let all = max_protobuf_len(lens().sum(), series, labels);
            let longest = max_protobuf_len(lens().max().unwrap_or(0), 1, labels);
            (series, (all, longest))
        } else if let Some(index) = self.open.index.get() {
            index.size(labels)
        } else {
            (0, (0, 0))
        };
        let states = matches!(self.desc.kind, Kind::StateSet).then_some(self.states.len());
        SizeEstimate {
            series: series * self.rows.len() * states.unwrap_or(1),
            label_bytes,
            longest_labels,
            are_numbers: self.has_one_row()
                && self.layout.is_scalar()
                && !self.layout.is_optional()
                && states.is_none()
                && !self.exemplars.is_used(),
            is_native: self.layout.native().is_some(),
        }
    }
}

fn write_summary(
    sink: &mut dyn Sink,
    labels: &str,
    created: f64,
    read: Observations<'_>,
    quantiles: &[(f64, f64)],
) {
    let value = SummaryValue {
        quantiles,
        count: read.count,
        sum: read.sum,
    };
    sink.write_series(labels, created, Value::Summary(value));
}
