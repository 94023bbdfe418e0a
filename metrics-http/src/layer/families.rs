//! The metrics: their names, and the families of a registry.

use metrics_core::{Counter, DynamicFamily, Error, Histogram, Options, Registry, UpDownCounter};

use super::builder::Settings;

/// Whose requests they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Server,
    Client,
}

/// Whose names and labels the metrics have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Prometheus,
    OpenTelemetry,
}

/// The families that a layer records into.
#[derive(Debug)]
pub(super) struct Families {
    /// OpenTelemetry has the histogram's count in its place.
    pub(super) requests: Option<DynamicFamily<Counter>>,
    pub(super) duration: DynamicFamily<Histogram>,
    pub(super) request_size: DynamicFamily<Histogram>,
    pub(super) response_size: DynamicFamily<Histogram>,
    pub(super) in_flight: DynamicFamily<UpDownCounter>,
}

impl Families {
    /// Makes the families, or finds them.
    #[track_caller]
    pub(super) fn new(registry: &Registry, settings: &Settings) -> Result<Families, Error> {
        let (body, in_flight) = match settings.style {
            Style::Prometheus => ("", "requests_in_flight"),
            Style::OpenTelemetry => ("_body", "active_requests"),
        };
        let ended = || settings.constant_names().chain(settings.ended_labels());
        let running = settings.constant_names().chain(settings.running_labels());
        let histogram = |options: Options, unit: &str, bounds: Option<&[f64]>| {
            let options = options.unit(unit).labels(ended());
            registry.get_or_create_family(settings.buckets(options, bounds))
        };
        let duration = settings.options(
            "request_duration_seconds",
            "Time from a request to the end of its response.",
        );
        let request_size = settings.options(
            &format!("request{body}_size_bytes"),
            "Size of the bodies of requests, as far as they were read.",
        );
        let response_size = settings.options(
            &format!("response{body}_size_bytes"),
            "Size of the bodies of responses, as far as they were read.",
        );
        let requests = settings.options("requests_total", "Requests that have ended.");
        let in_flight = settings.options(in_flight, "Requests that have not ended yet.");
        let sizes = settings.size_bounds();
        // Those first in which layers that are not built alike differ.
        let duration = histogram(duration, "seconds", settings.duration_bounds())?;
        Ok(Families {
            duration,
            request_size: histogram(request_size, "bytes", sizes)?,
            response_size: histogram(response_size, "bytes", sizes)?,
            in_flight: registry.get_or_create_family(in_flight.labels(running))?,
            requests: match settings.style {
                Style::Prometheus => Some(registry.get_or_create_family(requests.labels(ended()))?),
                Style::OpenTelemetry => None,
            },
        })
    }
}

impl Settings {
    #[track_caller]
    fn options(&self, name: &str, help: &str) -> Options {
        let side = match self.side {
            Side::Server => "server",
            Side::Client => "client",
        };
        let options = Options::new(format!("{}http_{side}_{name}", self.prefix), help);
        match self.max_series {
            Some(max) => options.max_series(max),
            None => options,
        }
    }

    fn duration_bounds(&self) -> Option<&[f64]> {
        match (&self.durations, self.native, self.style) {
            (None, None, Style::OpenTelemetry) => Some(&OPEN_TELEMETRY_DURATIONS),
            (bounds, _, _) => bounds.as_deref(),
        }
    }

    fn size_bounds(&self) -> Option<&[f64]> {
        match (&self.sizes, self.native) {
            (None, None) => Some(&SIZES),
            (bounds, _) => bounds.as_deref(),
        }
    }

    fn buckets(&self, options: Options, bounds: Option<&[f64]>) -> Options {
        let options = match bounds {
            Some(bounds) => options.buckets(bounds),
            None => options,
        };
        match self.native {
            Some(growth) => options.native(growth),
            None => options,
        }
    }

    fn constant_names(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().map(|(name, _)| name.as_str())
    }

    /// The labels of what has ended, but for those that the program adds.
    pub(super) fn ended_labels(&self) -> impl Iterator<Item = &str> {
        self.target_labels().chain(match self.style {
            Style::Prometheus => ["status", "outcome"],
            Style::OpenTelemetry => ["http_response_status_code", "error_type"],
        })
    }

    /// The same of what is in flight.
    fn running_labels(&self) -> impl Iterator<Item = &str> {
        // OpenTelemetry does without the route there, which not every server knows at once.
        self.target_labels().filter(|label| *label != "http_route")
    }

    /// What a request is, and what it asks for.
    fn target_labels(&self) -> impl Iterator<Item = &str> {
        let labels: &[&str] = match (self.style, self.side) {
            (Style::Prometheus, Side::Server) => &["method", "route"],
            (Style::Prometheus, Side::Client) => &["method", "host"],
            (Style::OpenTelemetry, Side::Server) => {
                &["http_request_method", "url_scheme", "http_route"]
            }
            (Style::OpenTelemetry, Side::Client) => {
                &["http_request_method", "server_address", "server_port"]
            }
        };
        let with_route = self.routes.is_some();
        let is_route = |label: &str| label == "route" || label == "http_route";
        let wanted = move |label: &&str| with_route || !is_route(label);
        labels.iter().copied().filter(wanted)
    }
}

/// From 256 bytes to 4 MiB.
const SIZES: [f64; 8] = [
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
];

/// What OpenTelemetry advises for durations of HTTP requests.
const OPEN_TELEMETRY_DURATIONS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
