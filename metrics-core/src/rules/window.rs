//! [`Window`]: a duration in a rule, such as the range of a query, in the notation of Prometheus.

use std::fmt;

/// A duration that formats as `5m`, `1h30m` or `2s500ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    millis: u64,
}

impl Window {
    /// `seconds` times `scale`, clamped to between a millisecond and a hundred years.
    pub(super) fn scaled(seconds: u64, scale: f64) -> Window {
        let millis = (seconds as f64 * 1000.0 * scale).round();
        // Limits the duration, because Prometheus stores it as nanoseconds in an `i64`, which holds
        // at most 292 years.
        Window {
            millis: millis.clamp(1.0, MAX_MILLIS) as u64,
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.millis;
        for (unit, millis) in UNITS {
            let count = rest / millis;
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
            rest %= millis;
        }
        Ok(())
    }
}

const UNITS: [(&str, u64); 5] = [
    ("d", 24 * 60 * 60 * 1000),
    ("h", 60 * 60 * 1000),
    ("m", 60 * 1000),
    ("s", 1000),
    ("ms", 1),
];

/// A hundred years.
const MAX_MILLIS: f64 = 100.0 * 365.0 * 24.0 * 60.0 * 60.0 * 1000.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_written_as_prometheus_reads_them() {
        for (seconds, scale, text) in [
            (300, 1.0, "5m"),
            (3 * 24 * 3600, 1.0, "3d"),
            (5400, 1.0, "1h30m"),
            (300, 1.0 / 120.0, "2s500ms"),
            (300, 1e-9, "1ms"),
            (300, 1e30, "36500d"),
        ] {
            assert_eq!(Window::scaled(seconds, scale).to_string(), text);
        }
    }
}
