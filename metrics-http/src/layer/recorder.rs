//! Records HTTP requests of a layer: chooses the series, and derives the outcome.

use std::fmt::{self, Debug, Formatter};

use hyper::{
    StatusCode,
    http::{request::Parts, uri::Authority},
};
use metrics_core::UpDownCounter;

use super::{
    families::Families,
    labels::{self, Route, Values},
    settings::{Convention, RouteSource, Side, SkipFn},
};

/// The families of a layer, and how it labels requests.
pub(super) struct Recorder {
    pub(super) families: Families,
    pub(super) side: Side,
    pub(super) convention: Convention,
    pub(super) constant_values: Vec<String>,
    pub(super) has_status_class: bool,
    pub(super) skip: Option<SkipFn>,
    /// `None` if the layer omits the route label.
    pub(super) route_source: Option<RouteSource>,
    pub(super) scheme: Option<String>,
}

/// The label values that are known when a request begins.
#[derive(Debug)]
pub(super) struct RequestInfo {
    method: &'static str,
    destination: Destination,
    is_https: bool,
}

#[derive(Debug)]
enum Destination {
    Route(Route),
    Server(Option<Authority>),
}

/// How a request ended, apart from its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Completion {
    /// The response body was read to its end.
    Complete,
    /// The service or the response body returned an error of this type.
    Failed(&'static str),
    /// The response has this gRPC status, which is an error of the server.
    GrpcError(&'static str),
    Cancelled,
    Panicked,
}

impl Completion {
    /// Turns `Cancelled` into `Complete`, because the response body has been read to its end.
    pub(super) fn at_body_end(self) -> Completion {
        if self == Completion::Cancelled {
            Completion::Complete
        } else {
            self
        }
    }
}

impl RequestInfo {
    pub(super) fn method(&self) -> &'static str {
        self.method
    }
}

impl Recorder {
    pub(super) fn is_grpc(&self) -> bool {
        matches!(self.route_source, Some(RouteSource::Grpc))
    }

    pub(super) fn skips(&self, parts: &Parts) -> bool {
        self.skip.as_ref().is_some_and(|skip| skip(parts))
    }

    pub(super) fn info(&self, parts: &Parts) -> RequestInfo {
        let destination = match (self.side, &self.route_source) {
            (Side::Client, _) => Destination::Server(labels::server(parts)),
            (Side::Server, Some(RouteSource::Axum)) => Destination::Route(Route::from_axum(parts)),
            (Side::Server, Some(RouteSource::Function(route))) => {
                Destination::Route(route(parts).map_or(Route::Unmatched, Route::Function))
            }
            (Side::Server, Some(RouteSource::Grpc)) => {
                Destination::Route(Route::from_grpc(&parts.uri))
            }
            (Side::Server, None) => Destination::Route(Route::Unmatched),
        };
        let other = match self.convention {
            Convention::Prometheus => "other",
            Convention::OpenTelemetry => "_OTHER",
        };
        RequestInfo {
            method: labels::method(&parts.method, other),
            destination,
            is_https: labels::is_https(&parts.uri),
        }
    }

    /// The in-flight series of a request.
    pub(super) fn in_flight(&self, info: &RequestInfo) -> UpDownCounter {
        let mut values = self.leading_values(info);
        if let (Some(source), Destination::Route(route), Convention::Prometheus) =
            (&self.route_source, &info.destination, self.convention)
        {
            values.push(match source {
                // All requests share one value, because only the response tells whether the method
                // exists: with the path as the route, a client could create any number of series.
                RouteSource::Grpc => "grpc",
                RouteSource::Axum | RouteSource::Function(_) => route.text().unwrap_or(UNMATCHED),
            });
        }
        self.families.in_flight.with(values.as_slice())
    }

    /// Records a completed request.
    pub(super) fn record(
        &self,
        info: &RequestInfo,
        status: Option<StatusCode>,
        completion: Completion,
        seconds: f64,
        [request_bytes, response_bytes]: [u64; 2],
    ) {
        let mut values = self.leading_values(info);
        if let (Some(_), Destination::Route(route)) = (&self.route_source, &info.destination) {
            let known = route
                .text()
                .filter(|_| completion != Completion::GrpcError(GRPC_UNIMPLEMENTED));
            values.push(known.unwrap_or(match self.convention {
                Convention::Prometheus => UNMATCHED,
                Convention::OpenTelemetry => "",
            }));
        }
        values.push(match &status {
            None => "",
            Some(status) if self.has_status_class => labels::status_class(*status),
            Some(status) => status.as_str(),
        });
        values.push(match self.convention {
            Convention::Prometheus => outcome(status, completion),
            Convention::OpenTelemetry => self.error_type(status.as_ref(), completion),
        });
        let (values, families) = (values.as_slice(), &self.families);
        if let Some(requests) = &families.requests {
            requests.with(values).inc();
        }
        families.duration.with(values).observe(seconds);
        let sizes = [
            (&families.request_size, request_bytes),
            (&families.response_size, response_bytes),
        ];
        for (size, bytes) in sizes {
            size.with(values).observe(bytes as f64);
        }
    }

    /// The values of constant labels, and of the request's labels except for the route.
    fn leading_values<'a>(&'a self, info: &'a RequestInfo) -> Values<'a> {
        let mut values = Values::default();
        self.constant_values
            .iter()
            .for_each(|value| values.push(value));
        values.push(info.method);
        match &info.destination {
            Destination::Server(server) => {
                values.push(server.as_ref().map_or("unknown", labels::host));
                if self.convention == Convention::OpenTelemetry {
                    values.push(labels::port(server.as_ref(), info.is_https));
                }
            }
            Destination::Route(_) if self.convention == Convention::OpenTelemetry => {
                let scheme = if info.is_https { "https" } else { "http" };
                values.push(self.scheme.as_deref().unwrap_or(scheme));
            }
            Destination::Route(_) => {}
        }
        values
    }

    /// The value of `error_type`; empty if there was no error.
    fn error_type<'a>(&self, status: Option<&'a StatusCode>, completion: Completion) -> &'a str {
        let min_error_status = match self.side {
            Side::Server => 500,
            Side::Client => 400,
        };
        match (completion, status) {
            (Completion::Failed(error) | Completion::GrpcError(error), _) => error,
            (Completion::Panicked, _) => "panic",
            // An error status takes precedence over `cancelled`.
            (_, Some(status)) if status.as_u16() >= min_error_status => status.as_str(),
            (Completion::Cancelled, _) => "cancelled",
            (Completion::Complete, _) => "",
        }
    }
}

/// The value of `outcome`.
fn outcome(status: Option<StatusCode>, completion: Completion) -> &'static str {
    match (completion, status) {
        (Completion::Failed(_) | Completion::GrpcError(_), _) => "error",
        (Completion::Panicked, _) => "panic",
        (_, Some(status)) if status.as_u16() >= 500 => "error",
        (Completion::Cancelled, _) => "cancelled",
        (Completion::Complete, _) => "ok",
    }
}

impl Debug for Recorder {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("side", &self.side)
            .field("convention", &self.convention)
            .finish_non_exhaustive()
    }
}

/// The value of `route` for requests without a route.
const UNMATCHED: &str = "unmatched";
/// The gRPC status for a method that does not exist.
pub(super) const GRPC_UNIMPLEMENTED: &str = "12";
