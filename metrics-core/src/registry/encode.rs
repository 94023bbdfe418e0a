//! Encodes a registry's metrics in an exposition format.

use std::{io, time::Duration};

use crate::{
    format::Output,
    registry::{delivery::Delivery, handle::Registry},
    sample::format::{ExpositionFormat, Format},
    series::recipients::Recipient,
};

const PROGRAM: Recipient = Recipient::PROGRAM;

impl Registry {
    /// Encodes all metrics and writes them to `out`.
    ///
    /// A declaration that clashes is left out, so that the exposition is valid; see
    /// [`check`](Self::check).
    ///
    /// # Errors
    ///
    /// If writing to `out` fails.
    pub fn encode(
        &self,
        exposition: impl Into<ExpositionFormat>,
        out: &mut impl io::Write,
    ) -> io::Result<()> {
        self.encode_within(exposition, out, Duration::MAX, None)
    }

    /// Encodes the families for which `filter` accepts the name or one of the sample names.
    ///
    /// # Errors
    ///
    /// If writing to `out` fails.
    pub fn encode_filtered(
        &self,
        exposition: impl Into<ExpositionFormat>,
        out: &mut impl io::Write,
        filter: impl Fn(&str) -> bool,
    ) -> io::Result<()> {
        self.encode_within(exposition, out, Duration::MAX, Some(&filter))
    }

    /// Encodes all families, or those that `filter` selects, for a scraper with a timeout.
    ///
    /// Waits for collectors no longer than `timeout` or
    /// [`collector_timeout`](Registry::collector_timeout), whichever is shorter.
    ///
    /// # Errors
    ///
    /// If writing to `out` fails.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use metrics_core::{Format, Registry};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut text = Vec::new();
    /// let timeout = Duration::from_millis(500);
    /// Registry::new().encode_within(Format::Text, &mut text, timeout, None)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn encode_within(
        &self,
        exposition: impl Into<ExpositionFormat>,
        out: &mut impl io::Write,
        timeout: Duration,
        filter: Option<&dyn Fn(&str) -> bool>,
    ) -> io::Result<()> {
        let delivery = self.encode_for(PROGRAM, exposition, out, timeout, filter)?;
        delivery.confirm(PROGRAM);
        Ok(())
    }

    /// Encodes all metrics as a string, for the text formats.
    ///
    /// [`Format::Protobuf`] is binary: for it, the string is empty. Use
    /// [`encode_to_vec`](Self::encode_to_vec).
    pub fn encode_to_string(&self, exposition: impl Into<ExpositionFormat>) -> String {
        let exposition = exposition.into();
        if exposition.format == Format::Protobuf {
            return String::new();
        }
        let mut out = Vec::new();
        self.encode_to_vec(exposition, &mut out);
        // The text formats are UTF-8.
        String::from_utf8(out).unwrap_or_default()
    }

    /// Encodes all metrics into `out`, replacing its content.
    ///
    /// Faster than [`encode`](Self::encode) into a new vector: a vector that is passed again is
    /// overwritten in place, and grows only if the exposition has become larger. Do not clear it
    /// between calls, or its memory is initialised again.
    ///
    /// ```
    /// use metrics_core::{Counter, Format, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// let jobs = registry.create::<Counter>(Options::new("jobs_total", "Jobs done."))?;
    /// let mut out = Vec::new();
    /// for done in 1..=3 {
    ///     jobs.inc();
    ///     registry.encode_to_vec(Format::Text, &mut out);
    ///     assert!(out.ends_with(format!("\njobs_total {done}\n").as_bytes()));
    /// }
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn encode_to_vec(&self, exposition: impl Into<ExpositionFormat>, out: &mut Vec<u8>) {
        let out = Output::Memory(out);
        // Always `Ok`, because writing to memory does not fail.
        if let Ok(delivery) = self.encode_to(PROGRAM, exposition.into(), out, Duration::MAX, None) {
            delivery.confirm(PROGRAM);
        }
    }

    /// Encodes like [`encode_within`](Self::encode_within) for a recipient to which the program
    /// sends the exposition itself.
    ///
    /// Idle series of metrics with `#[expire]` leave only after the program has
    /// [confirmed](Delivery::confirm) that the exposition arrived; the other functions that encode
    /// regard their exposition as delivered when they return.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use metrics_core::{Format, Recipient, Registry};
    ///
    /// # fn send(_: &[u8]) -> std::io::Result<()> { Ok(()) }
    /// # fn main() -> std::io::Result<()> {
    /// let (registry, archive) = (Registry::new(), Recipient::new("archive"));
    /// let mut text = Vec::new();
    /// let timeout = Duration::from_millis(500);
    /// let delivery = registry.encode_for(archive, Format::Text, &mut text, timeout, None)?;
    /// if send(&text).is_ok() {
    ///     delivery.confirm(archive);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If writing to `out` fails.
    pub fn encode_for(
        &self,
        recipient: Recipient,
        exposition: impl Into<ExpositionFormat>,
        out: &mut impl io::Write,
        timeout: Duration,
        filter: Option<&dyn Fn(&str) -> bool>,
    ) -> io::Result<Delivery> {
        let out = Output::Writer(out);
        self.encode_to(recipient, exposition.into(), out, timeout, filter)
    }

    fn encode_to(
        &self,
        recipient: Recipient,
        exposition: ExpositionFormat,
        out: Output<'_>,
        timeout: Duration,
        filter: Option<&dyn Fn(&str) -> bool>,
    ) -> io::Result<Delivery> {
        let collected = self.collect_for(recipient, exposition, timeout, filter);
        collected.encode_to(out)
    }
}

/// Encodes all metrics of the global registry and writes them to `out`; see [`Registry::encode`].
///
/// # Errors
///
/// If writing to `out` fails.
///
/// ```
/// use metrics_core::{Format, encode};
///
/// let mut out = Vec::new();
/// encode(Format::OpenMetrics, &mut out)?;
/// assert!(out.ends_with(b"# EOF\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn encode(exposition: impl Into<ExpositionFormat>, out: &mut impl io::Write) -> io::Result<()> {
    Registry::global().encode(exposition, out)
}

/// Encodes all metrics of the global registry as a string; see [`Registry::encode_to_string`].
///
/// ```
/// use metrics_core::{Format, encode_to_string, metrics};
///
/// metrics! {
///     /// Beans counted.
///     static BEANS: Counter = "demo_beans_total";
/// }
///
/// BEANS.inc();
/// assert!(encode_to_string(Format::Text).contains("demo_beans_total 1\n"));
/// ```
pub fn encode_to_string(exposition: impl Into<ExpositionFormat>) -> String {
    Registry::global().encode_to_string(exposition)
}
