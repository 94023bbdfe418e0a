//! Formats the results of the compile bench as a table, with a verdict on each target.

use std::fmt::{self, Display, Formatter};

use super::{FUNCTIONS, Variant};

/// The results of all variants.
pub(crate) struct Results {
    pub(super) rounds: usize,
    pub(super) measured: Vec<Measured>,
}

/// Median build times and the binary sizes of one variant.
#[derive(Clone)]
pub(super) struct Measured {
    pub(super) variant: Variant,
    /// The version of `tracing`, if the variant uses it.
    pub(super) tracing: Option<String>,
    /// Seconds in debug and in release.
    pub(super) seconds: [f64; 2],
    /// Size of the release binary in bytes: with and without symbols.
    pub(super) bytes: [u64; 2],
}

impl Results {
    fn of(&self, variant: Variant) -> &Measured {
        let is_it = |one: &&Measured| one.variant == variant;
        self.measured
            .iter()
            .find(is_it)
            .expect("every variant is measured")
    }

    /// Build time relative to [`Variant::Instrument`], in debug and in release.
    fn ratio(&self, one: &Measured) -> [f64; 2] {
        let instrument = self.of(Variant::Instrument).seconds;
        [0, 1].map(|profile| one.seconds[profile] / instrument[profile])
    }

    /// Milliseconds that the attributes add per function, in debug and in release.
    fn added_time(&self, one: &Measured) -> [f64; 2] {
        let plain = self.of(Variant::Plain).seconds;
        [0, 1].map(|profile| (one.seconds[profile] - plain[profile]) * 1e3 / FUNCTIONS as f64)
    }

    /// Bytes that the attributes add to the binary per function, with and without symbols.
    fn added_bytes(&self, one: &Measured) -> [f64; 2] {
        let plain = self.of(Variant::Plain).bytes;
        [0, 1].map(|size| (one.bytes[size] as f64 - plain[size] as f64) / FUNCTIONS as f64)
    }

    fn verdict(&self, one: &Measured) -> &'static str {
        if !one.variant.has_target() {
            ""
        } else if self.ratio(one).iter().all(|ratio| *ratio <= 1.0) {
            "met"
        } else {
            "**missed**"
        }
    }
}

impl Display for Results {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { rounds, measured } = self;
        writeln!(
            f,
            "{FUNCTIONS} functions, debug / release; medians of {rounds} interleaved rounds; \
             bytes of the release binary, as Cargo makes it / stripped\n"
        )?;
        writeln!(
            f,
            "| | s | : `instrument` | ms per function | bytes per function | target | |"
        )?;
        writeln!(f, "|---|---:|---:|---:|---:|---:|---|")?;
        for one in measured {
            let seconds = Pair(one.seconds, 2, "");
            let ratio = Pair(self.ratio(one), 2, " ×");
            write!(f, "| {} | {seconds} | {ratio} |", Heading(one))?;
            if one.variant == Variant::Plain {
                write!(f, " – | – |")?;
            } else {
                let time = Pair(self.added_time(one), 2, "");
                let bytes = Pair(self.added_bytes(one), 0, "");
                write!(f, " {time} | {bytes} |")?;
            }
            let target = if one.variant.has_target() {
                "1.00 / 1.00 ×"
            } else {
                "–"
            };
            writeln!(f, " {target} | {} |", self.verdict(one))?;
        }
        Ok(())
    }
}

/// Displays the attributes of a variant and the version of `tracing`.
struct Heading<'a>(&'a Measured);

impl Display for Heading<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(one) = self;
        match one.variant.attributes() {
            [] => f.write_str("no attribute")?,
            attributes => write!(f, "`{}`", attributes.join("` `"))?,
        }
        match &one.tracing {
            Some(version) => write!(f, " {version}"),
            None => Ok(()),
        }
    }
}

/// Displays two numbers, both with a fixed number of decimals, and their unit.
struct Pair([f64; 2], usize, &'static str);

impl Display for Pair {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self([one, other], precision, unit) = self;
        write!(f, "{one:.precision$} / {other:.precision$}{unit}")
    }
}
