//! Creates the metric families of a layer, with their names, labels and buckets.

use metrics_core::{Counter, DynamicFamily, Error, Histogram, Options, Registry, UpDownCounter};

use super::settings::{Convention, Settings, Side};

/// The families that a layer records into.
#[derive(Debug)]
pub(super) struct Families {
    /// `None` for OpenTelemetry, which uses the count of `duration` instead.
    pub(super) requests: Option<DynamicFamily<Counter>>,
    pub(super) duration: DynamicFamily<Histogram>,
    pub(super) request_size: DynamicFamily<Histogram>,
    pub(super) response_size: DynamicFamily<Histogram>,
    pub(super) in_flight: DynamicFamily<UpDownCounter>,
}

impl Families {
    /// Creates the families, or finds those of another layer in the registry.
    #[track_caller]
    pub(super) fn new(registry: &Registry, settings: &Settings) -> Result<Families, Error> {
        let (body, in_flight) = match settings.convention {
            Convention::Prometheus => ("", "requests_in_flight"),
            Convention::OpenTelemetry => ("_body", "active_requests"),
        };
        let completed = || settings.constant_names().chain(settings.completed_labels());
        let in_flight_labels = settings.constant_names().chain(settings.in_flight_labels());
        let histogram = |options: Options, unit: &str, bounds: Option<&[f64]>| {
            let options = options.unit(unit).labels(completed());
            registry.get_or_create_family(settings.buckets(options, bounds))
        };
        let duration = settings.options(
            "request_duration_seconds",
            "Time from the request to the end of the response body.",
        );
        let request_size = settings.options(
            &format!("request{body}_size_bytes"),
            "Size of request bodies, as far as they were read.",
        );
        let response_size = settings.options(
            &format!("response{body}_size_bytes"),
            "Size of response bodies, as far as they were read.",
        );
        let requests = settings.options("requests_total", "Completed requests.");
        let in_flight = settings.options(in_flight, "Requests in flight.");
        let sizes = settings.size_bounds();
        // The duration is created first, because layers with different settings usually differ in
        // its labels or buckets, and the error names the first family that clashes.
        let duration = histogram(duration, "seconds", settings.duration_bounds())?;
        Ok(Families {
            duration,
            request_size: histogram(request_size, "bytes", sizes)?,
            response_size: histogram(response_size, "bytes", sizes)?,
            in_flight: registry.get_or_create_family(in_flight.labels(in_flight_labels))?,
            requests: match settings.convention {
                Convention::Prometheus => {
                    Some(registry.get_or_create_family(requests.labels(completed()))?)
                }
                Convention::OpenTelemetry => None,
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
        match (&self.duration_buckets, self.native_growth, self.convention) {
            (None, None, Convention::OpenTelemetry) => Some(&OPEN_TELEMETRY_DURATION_BUCKETS),
            (bounds, _, _) => bounds.as_deref(),
        }
    }

    fn size_bounds(&self) -> Option<&[f64]> {
        match (&self.size_buckets, self.native_growth) {
            (None, None) => Some(&SIZE_BUCKETS),
            (bounds, _) => bounds.as_deref(),
        }
    }

    fn buckets(&self, options: Options, bounds: Option<&[f64]>) -> Options {
        let options = match bounds {
            Some(bounds) => options.buckets(bounds),
            None => options,
        };
        match self.native_growth {
            Some(growth) => options.native(growth),
            None => options,
        }
    }

    fn constant_names(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().map(|(name, _)| name.as_str())
    }

    /// The labels of completed requests, without constant labels.
    pub(super) fn completed_labels(&self) -> impl Iterator<Item = &str> {
        self.request_labels().chain(match self.convention {
            Convention::Prometheus => ["status", "grpc_status", "outcome"],
            Convention::OpenTelemetry => {
                ["http_response_status_code", "rpc_status_code", "error_type"]
            }
        })
    }

    /// The labels of requests in flight, without constant labels.
    fn in_flight_labels(&self) -> impl Iterator<Item = &str> {
        // OpenTelemetry omits the route, because not every server knows it when a request begins.
        self.request_labels().filter(|label| *label != "http_route")
    }

    /// The labels that are known from the request.
    fn request_labels(&self) -> impl Iterator<Item = &str> {
        let labels: &[&str] = match (self.convention, self.side) {
            (Convention::Prometheus, Side::Server) => &["method", "route"],
            (Convention::Prometheus, Side::Client) => &["method", "host"],
            (Convention::OpenTelemetry, Side::Server) => {
                &["http_request_method", "url_scheme", "http_route"]
            }
            (Convention::OpenTelemetry, Side::Client) => {
                &["http_request_method", "server_address", "server_port"]
            }
        };
        let has_route = self.route_source.is_some();
        let is_route = |label: &str| label == "route" || label == "http_route";
        let is_used = move |label: &&str| has_route || !is_route(label);
        labels.iter().copied().filter(is_used)
    }
}

/// The default bounds of body sizes: from 256 bytes to 4 MiB.
const SIZE_BUCKETS: [f64; 8] = [
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
];

/// The buckets that OpenTelemetry recommends for HTTP request durations.
const OPEN_TELEMETRY_DURATION_BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
