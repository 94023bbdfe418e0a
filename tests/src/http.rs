//! A blocking HTTP client with the few features that the tests need.

use std::time::Duration;

use ureq::{Agent, Error};

/// The response of a server.
#[derive(Clone, Debug)]
pub struct Page {
    /// The status code.
    pub status: u16,
    /// The `Content-Type` header; empty if there is none.
    pub content_type: String,
    /// The body.
    pub body: String,
}

/// Sends a GET request and returns the response, whatever its status.
#[track_caller]
pub fn get(url: &str) -> Page {
    try_get(url, &[], None).unwrap_or_else(|error| panic!("GET {url}: {error}"))
}

/// Sends a GET request with an `Accept` header.
#[track_caller]
pub fn get_accepting(url: &str, accept: &str) -> Page {
    try_get(url, &[], Some(accept)).unwrap_or_else(|error| panic!("GET {url}: {error}"))
}

pub(crate) fn try_get(
    url: &str,
    parameters: &[(&str, &str)],
    accept: Option<&str>,
) -> Result<Page, Error> {
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(TIMEOUT))
        .build()
        .into();
    let mut request = agent.get(url).query_pairs(parameters.iter().copied());
    if let Some(accept) = accept {
        request = request.header("accept", accept);
    }
    let mut response = request.call()?;
    let content_type = response
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok());
    Ok(Page {
        status: response.status().as_u16(),
        content_type: content_type.unwrap_or_default().to_owned(),
        body: response
            .body_mut()
            .with_config()
            .limit(u64::MAX)
            .read_to_string()?,
    })
}

/// Sends a POST request without a body and returns the status of the response.
pub(crate) fn try_post(url: &str) -> Result<u16, Error> {
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(TIMEOUT))
        .build()
        .into();
    Ok(agent.post(url).send_empty()?.status().as_u16())
}

const TIMEOUT: Duration = Duration::from_secs(30);
