//! [`Refusal`]: why a request may not pass, and the response that says so.

use std::time::Duration;

use hyper::{
    Response, StatusCode,
    header::{self, HeaderValue},
};

use crate::scrape::{Body, text};

/// Why a request may not pass.
pub(in crate::server) enum Refusal {
    /// Its host is not served.
    Host,
    /// Its client exceeded the rate limit, and may send another request after this time.
    Rate(Duration),
    /// It has no valid credentials; the server accepts those of these schemes.
    #[cfg(feature = "auth")]
    Credentials(Schemes),
    /// Its password was not checked, because too many others are waiting.
    #[cfg(feature = "auth")]
    PasswordUnchecked,
}

/// Authentication schemes.
#[cfg(feature = "auth")]
#[derive(Clone, Copy)]
pub(in crate::server) struct Schemes {
    pub(super) basic: bool,
    pub(super) bearer: bool,
}

impl Refusal {
    pub(in crate::server) fn response(&self) -> Response<Body> {
        match self {
            Refusal::Host => text(
                StatusCode::MISDIRECTED_REQUEST,
                "this server does not serve the host of the request; use an IP address or \
                 `localhost`, let the program add the name with `ServerBuilder::hosts`, or let a \
                 proxy send `Host: localhost`\n",
            ),
            Refusal::Rate(wait) => {
                let response = text(
                    StatusCode::TOO_MANY_REQUESTS,
                    "this client sends too many requests; try again later\n",
                );
                retry_after(response, wait.as_secs().saturating_add(1))
            }
            #[cfg(feature = "auth")]
            Refusal::Credentials(schemes) => challenge(*schemes),
            #[cfg(feature = "auth")]
            Refusal::PasswordUnchecked => {
                let response = text(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "too many passwords are waiting to be checked; try again later\n",
                );
                retry_after(response, 1)
            }
        }
    }
}

#[cfg(feature = "auth")]
fn challenge(schemes: Schemes) -> Response<Body> {
    let mut response = text(StatusCode::UNAUTHORIZED, "valid credentials are required\n");
    let headers = response.headers_mut();
    if schemes.basic {
        let basic = HeaderValue::from_static("Basic realm=\"metrics\", charset=\"UTF-8\"");
        headers.append(header::WWW_AUTHENTICATE, basic);
    }
    if schemes.bearer {
        let bearer = HeaderValue::from_static("Bearer realm=\"metrics\"");
        headers.append(header::WWW_AUTHENTICATE, bearer);
    }
    response
}

fn retry_after(mut response: Response<Body>, seconds: u64) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}
