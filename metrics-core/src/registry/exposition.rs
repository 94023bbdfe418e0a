//! [`Exposition`]: the values of a registry's collectors, from which an exposition is encoded or
//! gathered.

use std::{
    fmt::{self, Debug, Formatter},
    io,
    sync::Arc,
    time::Duration,
};

use crate::{
    format::{Output, protobuf::Protobuf, text::Text},
    registry::{
        collected::Collected, collector_failure::CollectorFailure,
        collector_threads::CollectorResults, delivery::Delivery, exposed_families::ExposedFamilies,
        handle::Registry, selection::Selection, settings::Settings,
    },
    sample::{
        format::{ExpositionFormat, Format},
        sink::Sink,
    },
    series::recipients::Recipient,
};

/// An exposition whose collectors have run, and which is not encoded yet.
///
/// [`Registry::collect_for`] returns it, for servers that answer with an error instead of an
/// exposition without the families of [collectors that failed](Self::failures).
#[must_use = "an exposition does nothing before `encode`"]
pub struct Exposition<'f> {
    format: ExpositionFormat,
    values: ExpositionValues<'f>,
}

/// The families of an exposition, and the values of its collectors.
pub(crate) struct ExpositionValues<'f> {
    settings: Arc<Settings>,
    families: Arc<ExposedFamilies>,
    filter: Option<&'f dyn Fn(&str) -> bool>,
    /// `None` if the families are gathered as data.
    format: Option<ExpositionFormat>,
    collected: Vec<Option<Arc<Collected>>>,
    failures: Vec<CollectorFailure>,
    delivery: Delivery,
}

impl Registry {
    /// Runs the collectors for a recipient, without encoding anything yet.
    ///
    /// [`Exposition::encode`] continues where this function ends; together they do the same as
    /// [`encode_for`](Self::encode_for).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use metrics_core::{Format, Recipient, Registry};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (registry, archive) = (Registry::new(), Recipient::new("archive"));
    /// let timeout = Duration::from_millis(500);
    /// let exposition = registry.collect_for(archive, Format::Text, timeout, None);
    /// if let [failure, ..] = exposition.failures() {
    ///     return Err(failure.to_string().into());
    /// }
    /// let mut text = Vec::new();
    /// let delivery = exposition.encode(&mut text)?;
    /// delivery.confirm(archive);
    /// # Ok(())
    /// # }
    /// ```
    pub fn collect_for<'f>(
        &self,
        recipient: Recipient,
        exposition: impl Into<ExpositionFormat>,
        timeout: Duration,
        filter: Option<&'f dyn Fn(&str) -> bool>,
    ) -> Exposition<'f> {
        let format = exposition.into();
        Exposition {
            format,
            values: self.run_collectors(Some(recipient), Some(format), timeout, filter),
        }
    }

    /// Runs the collectors of the selected families; without a recipient, no series expire.
    ///
    /// The caller must not hold a lock of the registry, because a collector may use the registry.
    pub(crate) fn run_collectors<'f>(
        &self,
        recipient: Option<Recipient>,
        format: Option<ExpositionFormat>,
        timeout: Duration,
        filter: Option<&'f dyn Fn(&str) -> bool>,
    ) -> ExpositionValues<'f> {
        let settings = self.settings();
        let families = self.exposed_families();
        let selection = Selection::new(&settings.prefix, filter, format);
        let mut delivery = Delivery::start(&families, recipient, selection);
        let CollectorResults {
            mut collected,
            failures,
        } = self.collector_threads().run(
            &families,
            settings,
            timeout,
            delivery.exposition(),
            families.selected_collectors(selection),
        );
        families.drop_duplicates(&mut collected);
        delivery.note_collected(recipient, &collected);
        ExpositionValues {
            settings: Arc::clone(settings),
            families,
            filter,
            format,
            collected,
            failures,
            delivery,
        }
    }
}

impl Exposition<'_> {
    /// The collectors whose families the exposition lacks, because they panicked or did not return
    /// in time.
    pub fn failures(&self) -> &[CollectorFailure] {
        &self.values.failures
    }

    /// Approximate memory of the collectors' values, which are held until the exposition is
    /// encoded.
    #[doc(hidden)]
    pub fn collected_bytes(&self) -> usize {
        let collected = self.values.collected.iter().flatten();
        collected.map(|collected| collected.bytes()).sum()
    }

    /// Encodes the exposition and writes it to `out`.
    ///
    /// The program confirms the result once the recipient has the exposition; see
    /// [`Registry::encode_for`].
    ///
    /// # Errors
    ///
    /// If writing to `out` fails.
    pub fn encode(self, out: &mut impl io::Write) -> io::Result<Delivery> {
        self.encode_to(Output::Writer(out))
    }

    pub(crate) fn encode_to(self, out: Output<'_>) -> io::Result<Delivery> {
        let Exposition { format, values } = self;
        let settings = &*values.settings;
        let const_labels = settings.rendered_const_labels(format);
        if format.format == Format::Protobuf {
            let mut protobuf = Protobuf::new(out, format, &const_labels);
            values.write_to(&mut protobuf);
            protobuf.finish()?;
        } else {
            let mut text = Text::new(out, format, settings.writes_created(), const_labels);
            values.write_to(&mut text);
            text.finish()?;
        }
        if !matches!(format.format, Format::Text | Format::TextV1) {
            values.families.request_exemplars(values.selection());
        }
        Ok(values.delivery)
    }
}

impl ExpositionValues<'_> {
    fn selection(&self) -> Selection<'_> {
        Selection::new(&self.settings.prefix, self.filter, self.format)
    }

    /// Writes the selected families to `sink`.
    pub(crate) fn write_to(&self, sink: &mut dyn Sink) {
        let reader = self.delivery.reader();
        let selection = self.selection();
        self.families
            .collect(&self.settings, &self.collected, sink, selection, reader);
    }

    pub(crate) fn into_delivery(self) -> Delivery {
        self.delivery
    }
}

impl Debug for Exposition<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exposition")
            .field("failures", &self.values.failures)
            .finish_non_exhaustive()
    }
}
