//! What a layer knows: which requests it measures, and where and as what it records them.

use std::{
    borrow::Cow,
    fmt::{self, Debug, Formatter},
};

use hyper::{
    StatusCode,
    http::{request::Parts, uri::Authority},
};
use metrics_core::UpDownCounter;

use super::{
    families::{Families, Side, Style},
    labels::{self, Route, Values},
};

/// Whether to skip a request.
pub(super) type Skip = Box<dyn Fn(&Parts) -> bool + Send + Sync>;
/// The route of a request, if it has one.
pub(super) type RouteOf = Box<dyn Fn(&Parts) -> Option<Cow<'static, str>> + Send + Sync>;

/// Where a server's routes come from.
pub(super) enum Routes {
    Matched,
    Given(RouteOf),
    Grpc,
}

/// What the requests of a layer are recorded into, and as what.
pub(super) struct Recorder {
    pub(super) families: Families,
    pub(super) side: Side,
    pub(super) style: Style,
    pub(super) constant: Vec<String>,
    pub(super) status_class: bool,
    pub(super) skip: Option<Skip>,
    /// None, if the layer has no such label.
    pub(super) routes: Option<Routes>,
    pub(super) scheme: Option<String>,
}

/// What a request is recorded as from its beginning.
#[derive(Debug)]
pub(super) struct Subject {
    method: &'static str,
    target: Target,
    is_https: bool,
}

#[derive(Debug)]
enum Target {
    Route(Route),
    Server(Option<Authority>),
}

/// How a request has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Complete,
    /// An error of this type.
    Failed(&'static str),
    /// A response of gRPC with this status, which is the server's fault.
    Refused(&'static str),
    Cancelled,
    Panicked,
}

impl End {
    /// The same of a response whose body has come to its end.
    pub(super) fn at_end(self) -> End {
        if self == End::Cancelled {
            End::Complete
        } else {
            self
        }
    }
}

impl Subject {
    pub(super) fn method(&self) -> &'static str {
        self.method
    }
}

impl Recorder {
    pub(super) fn is_grpc(&self) -> bool {
        matches!(self.routes, Some(Routes::Grpc))
    }

    pub(super) fn skips(&self, parts: &Parts) -> bool {
        self.skip.as_ref().is_some_and(|skip| skip(parts))
    }

    pub(super) fn subject(&self, parts: &Parts) -> Subject {
        let target = match (self.side, &self.routes) {
            (Side::Client, _) => Target::Server(labels::server(parts)),
            (Side::Server, Some(Routes::Matched)) => Target::Route(Route::matched(parts)),
            (Side::Server, Some(Routes::Given(route))) => {
                Target::Route(route(parts).map_or(Route::Unmatched, Route::Given))
            }
            (Side::Server, Some(Routes::Grpc)) => Target::Route(Route::grpc(&parts.uri)),
            (Side::Server, None) => Target::Route(Route::Unmatched),
        };
        let other = match self.style {
            Style::Prometheus => "other",
            Style::OpenTelemetry => "_OTHER",
        };
        Subject {
            method: labels::method(&parts.method, other),
            target,
            is_https: labels::is_https(&parts.uri),
        }
    }

    /// The series of what is in flight.
    pub(super) fn in_flight(&self, subject: &Subject) -> UpDownCounter {
        let mut values = self.values(subject);
        if let (Some(routes), Target::Route(route), Style::Prometheus) =
            (&self.routes, &subject.target, self.style)
        {
            values.push(match routes {
                // Whether there is such a call shows only in the response.
                Routes::Grpc => "grpc",
                Routes::Matched | Routes::Given(_) => route.text().unwrap_or(UNMATCHED),
            });
        }
        self.families.in_flight.with(values.as_slice())
    }

    /// Records a request that has ended.
    pub(super) fn record(
        &self,
        subject: &Subject,
        status: Option<StatusCode>,
        end: End,
        seconds: f64,
        [request_bytes, response_bytes]: [u64; 2],
    ) {
        let mut values = self.values(subject);
        if let (Some(_), Target::Route(route)) = (&self.routes, &subject.target) {
            let known = route.text().filter(|_| end != End::Refused(UNIMPLEMENTED));
            values.push(known.unwrap_or(match self.style {
                Style::Prometheus => UNMATCHED,
                Style::OpenTelemetry => "",
            }));
        }
        values.push(match &status {
            None => "",
            Some(status) if self.status_class => labels::class(*status),
            Some(status) => status.as_str(),
        });
        values.push(match self.style {
            Style::Prometheus => outcome(status, end),
            Style::OpenTelemetry => self.error_type(status.as_ref(), end),
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

    /// The values of the labels that stand before the route.
    fn values<'a>(&'a self, subject: &'a Subject) -> Values<'a> {
        let mut values = Values::default();
        self.constant.iter().for_each(|value| values.push(value));
        values.push(subject.method);
        match &subject.target {
            Target::Server(server) => {
                values.push(server.as_ref().map_or("unknown", labels::host));
                if self.style == Style::OpenTelemetry {
                    values.push(labels::port(server.as_ref(), subject.is_https));
                }
            }
            Target::Route(_) if self.style == Style::OpenTelemetry => {
                let scheme = if subject.is_https { "https" } else { "http" };
                values.push(self.scheme.as_deref().unwrap_or(scheme));
            }
            Target::Route(_) => {}
        }
        values
    }

    /// The value of `error_type`, which is empty where there was no error.
    fn error_type<'a>(&self, status: Option<&'a StatusCode>, end: End) -> &'a str {
        let least = match self.side {
            Side::Server => 500,
            Side::Client => 400,
        };
        match (end, status) {
            (End::Failed(error) | End::Refused(error), _) => error,
            (End::Panicked, _) => "panic",
            // Whether somebody waited for the rest of it or not.
            (_, Some(status)) if status.as_u16() >= least => status.as_str(),
            (End::Cancelled, _) => "cancelled",
            (End::Complete, _) => "",
        }
    }
}

fn outcome(status: Option<StatusCode>, end: End) -> &'static str {
    match (end, status) {
        (End::Failed(_) | End::Refused(_), _) => "error",
        (End::Panicked, _) => "panic",
        (_, Some(status)) if status.as_u16() >= 500 => "error",
        (End::Cancelled, _) => "cancelled",
        (End::Complete, _) => "ok",
    }
}

impl Debug for Recorder {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("side", &self.side)
            .field("style", &self.style)
            .finish_non_exhaustive()
    }
}

/// The route of requests that none was found for.
const UNMATCHED: &str = "unmatched";
/// The status of gRPC for a call that there is not.
pub(super) const UNIMPLEMENTED: &str = "12";
