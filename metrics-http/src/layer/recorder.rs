//! Records HTTP requests of a layer: chooses the series, and derives the outcome.

use std::fmt::{self, Debug, Formatter};

use hyper::{
    StatusCode,
    http::{request::Parts, uri::Authority},
};

use super::{
    families::Families,
    grpc::GrpcStatus,
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

/// The statuses of a response.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ResponseStatus {
    /// `None` if there was no response.
    pub(super) http: Option<StatusCode>,
    pub(super) is_grpc: bool,
    /// `None` if the response is not one of gRPC, or ended before its status.
    pub(super) grpc: Option<GrpcStatus>,
}

/// How a request ended, apart from its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Completion {
    /// The response body was read to its end.
    Complete,
    /// The service or the response body returned an error of this type.
    Failed(&'static str),
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

    /// Counts a request as in flight.
    pub(super) fn count_begin(&self, info: &RequestInfo) {
        let values = self.in_flight_values(info);
        self.families.in_flight.with(values.as_slice()).inc();
    }

    /// Ends what [`count_begin`](Self::count_begin) has begun.
    ///
    /// Looks the series up again, because a metric that can be stored in the request would have a
    /// reference count, for which threads would contend.
    pub(super) fn count_end(&self, info: &RequestInfo) {
        let values = self.in_flight_values(info);
        self.families.in_flight.with(values.as_slice()).dec();
    }

    fn in_flight_values<'a>(&'a self, info: &'a RequestInfo) -> Values<'a> {
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
        values
    }

    /// Records a completed request.
    pub(super) fn record(
        &self,
        info: &RequestInfo,
        status: ResponseStatus,
        completion: Completion,
        seconds: f64,
        [request_bytes, response_bytes]: [u64; 2],
    ) {
        let mut values = self.leading_values(info);
        if let (Some(source), Destination::Route(route)) = (&self.route_source, &info.destination) {
            let known = route.text().filter(|_| source.is_known(status));
            values.push(known.unwrap_or(match self.convention {
                Convention::Prometheus => UNMATCHED,
                Convention::OpenTelemetry => "",
            }));
        }
        values.push(match &status.http {
            None => "",
            Some(status) if self.has_status_class => labels::status_class(*status),
            Some(status) => status.as_str(),
        });
        values.push(status.grpc.map_or("", GrpcStatus::name));
        values.push(match self.convention {
            Convention::Prometheus => outcome(status, completion),
            Convention::OpenTelemetry => self.error_type(&status, completion),
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
    fn error_type<'a>(&self, status: &'a ResponseStatus, completion: Completion) -> &'a str {
        let is_error = |status: &StatusCode| match self.side {
            Side::Server => status.as_u16() >= 500,
            Side::Client => status.as_u16() >= 400,
        };
        let is_grpc_error = |status: &GrpcStatus| match self.side {
            Side::Server => status.is_server_error(),
            Side::Client => *status != GrpcStatus::OK,
        };
        // An error status takes precedence over `cancelled`.
        let status_error = match (&status.http, status.grpc) {
            (Some(http), _) if is_error(http) => Some(http.as_str()),
            (_, grpc) => grpc.filter(is_grpc_error).map(GrpcStatus::name),
        };
        match completion {
            Completion::Failed(error) => error,
            Completion::Panicked => "panic",
            Completion::Cancelled => status_error.unwrap_or("cancelled"),
            Completion::Complete => status_error.unwrap_or_default(),
        }
    }
}

/// The value of `outcome`.
fn outcome(status: ResponseStatus, completion: Completion) -> &'static str {
    let has_error_status = status.http.is_some_and(|status| status.as_u16() >= 500)
        || status.grpc.is_some_and(|status| status != GrpcStatus::OK);
    match completion {
        Completion::Failed(_) => "error",
        Completion::Panicked => "panic",
        _ if has_error_status => "error",
        Completion::Cancelled => "cancelled",
        Completion::Complete => "ok",
    }
}

impl RouteSource {
    /// Whether the route of a request with this response exists, because clients could otherwise
    /// create any number of series.
    fn is_known(&self, status: ResponseStatus) -> bool {
        match self {
            RouteSource::Axum | RouteSource::Function(_) => true,
            // A call without a response keeps its route, because an existing method may have been
            // waiting when its client disconnected.
            RouteSource::Grpc => {
                let is_implemented = status.grpc != Some(GrpcStatus::UNIMPLEMENTED);
                status.http.is_none() || status.is_grpc && is_implemented
            }
        }
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
