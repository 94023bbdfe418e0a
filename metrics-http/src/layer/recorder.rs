//! Records HTTP requests of a layer: chooses the series, and derives the outcome.

use std::{
    fmt::{self, Debug, Formatter},
    ptr,
};

use hyper::{
    StatusCode,
    http::{request::Parts, uri::Authority},
};
use metrics_core::{DynamicMetric, UpDownCounter};

use super::{
    families::Families,
    grpc::GrpcStatus,
    labels::{self, Route, Values},
    outcome::{Completion, ResponseStatus, outcome},
    settings::{Convention, RouteSource, Side, SkipFn},
    thread_cache::{self, CacheKey, CompletedSeries, End, RequestSeries},
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
    /// [`thread_cache::hash_request`] of the above.
    hash: u64,
}

#[derive(Debug)]
enum Destination {
    Route(Route),
    Server(Option<Authority>),
}

impl Destination {
    fn text(&self) -> Option<&str> {
        match self {
            Destination::Route(route) => route.text(),
            Destination::Server(server) => server.as_ref().map(Authority::as_str),
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
        let method = labels::method(&parts.method, other);
        let is_https = labels::is_https(&parts.uri);
        let text = destination.text();
        RequestInfo {
            method,
            hash: thread_cache::hash_request(self.address(), method, text, is_https),
            destination,
            is_https,
        }
    }

    fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    fn cache_key<'a>(&self, info: &'a RequestInfo, end: End) -> CacheKey<'a> {
        CacheKey {
            request_hash: info.hash,
            recorder: self.address(),
            method: info.method,
            destination: info.destination.text(),
            is_https: info.is_https,
            end,
        }
    }

    /// Counts a request as in flight.
    pub(super) fn count_begin(&'static self, info: &RequestInfo) {
        let find = || RequestSeries {
            in_flight: self.find_in_flight(info),
            completed: None,
        };
        let key = self.cache_key(info, End::NONE);
        thread_cache::with_series(&key, find, |series| series.in_flight.inc());
    }

    /// Finds the series of requests in flight.
    ///
    /// It is not stored in the request, because another thread may end the request.
    fn find_in_flight(
        &'static self,
        info: &RequestInfo,
    ) -> <UpDownCounter as DynamicMetric>::Series<'static> {
        let values = self.in_flight_values(info);
        self.families.in_flight.with(values.as_slice())
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

    /// Records a completed request, which is no longer in flight.
    pub(super) fn record(
        &'static self,
        info: &RequestInfo,
        status: ResponseStatus,
        completion: Completion,
        seconds: f64,
        [request_bytes, response_bytes]: [u64; 2],
    ) {
        let find = || RequestSeries {
            in_flight: self.find_in_flight(info),
            completed: Some(self.find_completed(info, status, completion)),
        };
        let key = self.cache_key(info, End::new(status, completion));
        thread_cache::with_series(&key, find, |series| {
            series.in_flight.dec();
            let Some(completed) = &series.completed else {
                return;
            };
            if let Some(requests) = &completed.requests {
                requests.inc();
            }
            completed.duration.observe(seconds);
            completed.request_size.observe(request_bytes as f64);
            completed.response_size.observe(response_bytes as f64);
        });
    }

    fn find_completed(
        &'static self,
        info: &RequestInfo,
        status: ResponseStatus,
        completion: Completion,
    ) -> CompletedSeries {
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
        CompletedSeries {
            requests: families.requests.as_ref().map(|all| all.with(values)),
            duration: families.duration.with(values),
            request_size: families.request_size.with(values),
            response_size: families.response_size.with(values),
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
